package connections

import (
	"context"
	"encoding/json"
	"errors"
	"maps"

	"urncast/internal/secret"
	"urncast/producer/connection"
	"urncast/registry"
	"urncast/registry/workspace"
)

// Drafts stores edits of connections that are not saved, for all instances.
type Drafts interface {
	CreateDraft(ctx context.Context, d *workspace.Draft) error
	SaveDraft(ctx context.Context, d *workspace.Draft) error
	Draft(ctx context.Context, id, user string) (*workspace.Draft, error)
	DropDraft(ctx context.Context, id, user string) error
}

// A draft is the unsaved edits of a connection. It is kept in the database, so that
// secrets and files need not travel to the browser and back with each step. Each request
// has a copy of its own.
type draft struct {
	id, user string
	path     string // the name in the path; empty for a new connection
	revision int64  // the draft's revision in the database; 0 before it is stored

	edit connection.Edit
	// typed are the secrets that were typed into the draft; replace those with a field for
	// a new value.
	typed, replace map[string]bool
	// text is the pasted text without its secrets, which are in pasted.
	text   string
	pasted map[string]string
	test   map[string]string // the fields of the form of a test
}

func newDraft(path, user string, saved connection.Shown) *draft {
	one := &draft{user: user, path: path, typed: map[string]bool{}, replace: map[string]bool{}, pasted: map[string]string{}, test: map[string]string{}}
	one.edit = connection.Edit{Name: saved.Name, Properties: maps.Clone(saved.Properties), Files: maps.Clone(saved.Files), Revision: saved.Revision}
	if one.edit.Properties == nil {
		one.edit.Properties = map[string]secret.Property{}
	}
	if one.edit.Files == nil {
		one.edit.Files = map[string]connection.File{}
	}
	return one
}

// draftContent is a draft as the database keeps it, without its secrets.
type draftContent struct {
	Name       string
	Properties map[string]secret.Property
	Files      map[string]connection.File // those that are saved already
	Revision   int64
	Typed      map[string]bool
	Replace    map[string]bool
	Text       string
	Test       map[string]string
}

// draftSecrets are the secrets of a draft. They include files, as in a connection.
type draftSecrets struct {
	Properties map[string]string `json:",omitempty"`
	Files      map[string][]byte `json:",omitempty"`
	Pasted     map[string]string `json:",omitempty"`
}

// encode splits a draft into what the database keeps in the clear and what it keeps
// sealed.
func (d *draft) encode() (content, secrets []byte, err error) {
	c := draftContent{Name: d.edit.Name, Properties: map[string]secret.Property{}, Files: map[string]connection.File{}, Revision: d.edit.Revision, Typed: d.typed, Replace: d.replace, Text: d.text, Test: d.test}
	hidden := draftSecrets{Properties: map[string]string{}, Files: map[string][]byte{}, Pasted: d.pasted}
	for name, p := range d.edit.Properties {
		if d.typed[name] {
			hidden.Properties[name] = p.Value
		} else {
			c.Properties[name] = p
		}
	}
	for name, f := range d.edit.Files {
		if f.Content != nil {
			hidden.Files[name] = f.Content
		} else {
			c.Files[name] = f
		}
	}
	if content, err = json.Marshal(c); err == nil && len(hidden.Properties)+len(hidden.Files)+len(hidden.Pasted) > 0 {
		secrets, err = json.Marshal(hidden)
	}
	return content, secrets, err
}

// decodeDraft is the inverse of encode.
func decodeDraft(in *workspace.Draft) (*draft, error) {
	var c draftContent
	var hidden draftSecrets
	err := json.Unmarshal(in.Content, &c)
	if err == nil && len(in.Secrets) > 0 {
		if json.Unmarshal(in.Secrets, &hidden) != nil {
			err = errors.New("what is secret in the edits is no JSON: a newer program wrote it") // the decoder's message would show some of it
		}
	}
	if err != nil {
		return nil, err
	}
	d := newDraft(in.Path, in.User, connection.Shown{Name: c.Name, Properties: c.Properties, Files: c.Files, Revision: c.Revision})
	d.id, d.revision, d.text = in.ID, in.Revision, c.Text
	maps.Copy(d.typed, c.Typed)
	maps.Copy(d.replace, c.Replace)
	maps.Copy(d.test, c.Test)
	maps.Copy(d.pasted, hidden.Pasted)
	for name, value := range hidden.Properties {
		d.edit.Properties[name] = secret.Property{Value: value}
	}
	for name, content := range hidden.Files {
		d.edit.Files[name] = connection.File{Content: content}
	}
	return d, nil
}

// draftOf returns a user's draft of a connection. If it is gone d is nil, and why tells
// the user the reason.
func (s *Pages) draftOf(ctx context.Context, id, path, user string) (d *draft, why string, err error) {
	if id == "" {
		return nil, "", nil
	}
	found, err := s.Drafts.Draft(ctx, id, user)
	switch {
	case errors.Is(err, registry.ErrNotFound), err == nil && found.Path != path:
		return nil, "they were saved, or nobody went on with them for an hour", nil
	case err != nil:
		return nil, "", err
	case found.Gone != "":
		return nil, found.Gone, nil
	}
	d, err = decodeDraft(found)
	return d, "", err
}

// keepDraft stores a draft over the revision that was read.
func (s *Pages) keepDraft(ctx context.Context, d *draft) error {
	content, secrets, err := d.encode()
	if err != nil {
		return err
	}
	kept := &workspace.Draft{ID: d.id, User: d.user, Path: d.path, Content: content, Secrets: secrets, Revision: d.revision}
	if d.id == "" {
		err = s.Drafts.CreateDraft(ctx, kept)
	} else {
		err = s.Drafts.SaveDraft(ctx, kept)
	}
	if err == nil {
		d.id, d.revision = kept.ID, kept.Revision
	}
	return err
}

// wanted is a copy of the edit that later steps do not change.
func (d *draft) wanted() connection.Edit {
	e := d.edit
	e.Properties, e.Files = maps.Clone(e.Properties), maps.Clone(e.Files)
	return e
}

// shownEdit is the edit without its secrets.
func (d *draft) shownEdit() connection.Edit {
	e := d.wanted()
	for name := range d.typed {
		if _, ok := e.Properties[name]; ok {
			e.Properties[name] = secret.Property{Set: true}
		}
	}
	return e
}

// set sets a property; isSecret says that its value is not to be shown.
func (d *draft) set(name, value string, isSecret bool) {
	d.edit.Properties[name] = secret.Property{Value: value}
	delete(d.replace, name)
	if isSecret {
		d.typed[name] = true
	}
}

func (d *draft) unset(name string) {
	delete(d.edit.Properties, name)
	delete(d.typed, name)
	delete(d.replace, name)
}
