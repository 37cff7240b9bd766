package connection

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"urncast/internal/secret"
	"urncast/producer"
	"urncast/registry"
)

// Bounds of one connection.
const (
	propertiesMax = 500
	filesMax      = 32
	fileBytesMax  = 1 << 20
	textBytesMax  = 1 << 20 // of Edit.Text, and of one value
)

// A draft is an edit merged with the saved connection, which supplies the secrets and
// files that the edit keeps.
type draft struct {
	client   Client
	was      *Stored // nil if nothing is saved
	next     *Connection
	times    map[string]time.Time // when kept files were uploaded
	lines    map[string]int       // by property, of those that come from Edit.Text
	redact   *strings.Replacer
	findings []Finding
}

// draft merges an edit with the saved connection and checks it. Properties that cannot be
// set or kept are among the findings, as Refused.
func (c *Connections) draft(ctx context.Context, e Edit) (*draft, error) {
	switch {
	case len(e.Text) > textBytesMax:
		return nil, producer.BadEdit("The text has %d bytes, more than the %d that a client.properties may have",
			len(e.Text), textBytesMax)
	case !utf8.ValidString(e.Text):
		return nil, producer.BadEdit("The text is not UTF-8, so its letters cannot be told for sure: convert it first")
	case len(e.Properties) > propertiesMax || len(e.Files) > filesMax:
		return nil, producer.BadEdit("A connection has up to %d properties and %d files, not %d and %d",
			propertiesMax, filesMax, len(e.Properties), len(e.Files))
	}
	d := &draft{client: c.Client, times: map[string]time.Time{}}
	d.next = &Connection{Name: e.Name, Properties: map[string]string{}, Files: map[string][]byte{}, Revision: e.Revision}
	if c.isFixed(e.Name) {
		d.was = split(c.Fixed, c.Client.Secret)
	} else {
		was, err := c.Store.Connection(ctx, e.Name)
		if err != nil && !errors.Is(err, registry.ErrNotFound) {
			return nil, err
		}
		d.was = was
	}
	for name, f := range e.Files {
		if err := d.file(name, f); err != nil {
			return nil, err
		}
	}
	refused := d.merge(&e)
	d.check()
	d.findings = append(d.findings, refused...)
	slices.SortStableFunc(d.findings, func(a, b Finding) int { return a.Line - b.Line })
	return d, nil
}

// merge sets the properties of the text, then those given one by one, and returns the
// findings on those that cannot be set.
func (d *draft) merge(e *Edit) (refused []Finding) {
	if e.Text != "" {
		d.next.Properties, d.findings = d.client.Parse(e.Text)
		d.lines = d.client.Lines(e.Text)
	}
	for name, p := range e.Properties {
		delete(d.lines, name) // the value does not come from that line
		if value, why := d.property(name, p); why == "" {
			d.next.Properties[name] = value
		} else {
			delete(d.next.Properties, name)
			refused = append(refused, Finding{Name: name, Verdict: Refused, Text: why})
		}
	}
	for name, value := range d.next.Properties {
		if strings.ContainsRune(name+value, 0) { // a zero cannot be written to a file, a protocol or a jsonb
			delete(d.next.Properties, name)
			refused = append(refused, Finding{Name: strings.ReplaceAll(name, "\x00", "?"), Line: d.lines[name], Verdict: Refused,
				Text: "It holds a zero character: remove it."})
		}
	}
	slices.SortFunc(refused, func(a, b Finding) int { return strings.Compare(a.Name, b.Name) })
	return refused
}

// check adds the client's findings on the properties. Secrets are cut out of them.
func (d *draft) check() {
	d.redact = redactor(d.next, d.client.Secret)
	for _, f := range d.client.Check(d.next) {
		if f.Line == 0 {
			f.Line = d.lines[f.Name]
		}
		d.findings = append(d.findings, f)
	}
	for i := range d.findings {
		f := &d.findings[i]
		f.Text = d.redact.Replace(f.Text)
		f.Becomes = slices.Clone(f.Becomes)
		for j := range f.Becomes {
			f.Becomes[j] = d.redact.Replace(f.Becomes[j])
		}
	}
}

// property returns the value of a property of an edit, which may be the saved secret, or
// the reason why it has none.
func (d *draft) property(name string, p secret.Property) (value, why string) {
	switch {
	case !p.Set && len(p.Value) > textBytesMax:
		return "", fmt.Sprintf("The value has %d bytes, more than the %d that one may have.", len(p.Value), textBytesMax)
	case !p.Set:
		return p.Value, ""
	case d.was == nil:
		return "", "No value is saved that could be kept: give the value."
	case d.was.Key != nil:
		return "", fmt.Sprintf("The value that is saved cannot be kept: %s; or give the value anew.", d.was.Key)
	}
	value, ok := d.was.Secrets[name]
	if !ok {
		return "", "No secret of this name is saved that could be kept: give the value."
	}
	return value, ""
}

// file puts a file of an edit into the draft.
func (d *draft) file(name string, f File) error {
	if name == "" || len(name) > 128 || strings.Trim(name, nameBytes) != "" || strings.Trim(name, ".") == "" {
		return producer.BadEdit("The name %q is not one for a file: up to 128 letters, digits, dots, underscores and hyphens",
			name)
	}
	if f.Content != nil {
		if len(f.Content) > fileBytesMax {
			return producer.BadEdit("File %s has %d bytes, more than the %d that an uploaded file may have",
				name, len(f.Content), fileBytesMax)
		}
		d.next.Files[name] = f.Content
		return nil
	}
	if d.was == nil || d.was.Key == nil && d.was.Contents[name] == nil {
		return producer.BadEdit("No file %s is saved that could be kept: give its content", name)
	}
	if d.was.Key != nil {
		return producer.BadEdit("File %s cannot be kept: %s; or upload it anew", name, d.was.Key)
	}
	d.next.Files[name], d.times[name] = d.was.Contents[name], d.was.Files[name].At
	return nil
}

// stored returns the draft as a store keeps it.
func (d *draft) stored() *Stored {
	s := split(d.next, d.client.Secret)
	now := time.Now().UTC().Truncate(time.Second)
	for name, f := range s.Files {
		if f.At = d.times[name]; f.At.IsZero() {
			f.At = now
		}
		s.Files[name] = f
	}
	return s
}

// A change is what the audit keeps of a changed property: its values, or only a word if
// they are secret.
type change struct {
	Before *string `json:"before,omitempty"`
	After  *string `json:"after,omitempty"`
	Secret string  `json:"secret,omitempty"` // "set", "changed" or "removed"
}

// detail is the Detail of a registry.Act about a connection.
type detail struct {
	Properties map[string]change `json:"properties,omitempty"`
	Files      map[string]string `json:"files,omitempty"` // "added", "changed" or "removed"
	// Failed are the servers that failed, of a connection that was saved nevertheless.
	Failed []Tried `json:"savedAlthoughFailed,omitempty"`
}

func (d *detail) hasChanges() bool { return len(d.Properties)+len(d.Files) > 0 }

// changes compares two states of a connection. A secret that cannot be opened
// counts as changed.
func changes(was, next *Stored, failed []Tried) *detail {
	d := &detail{Properties: map[string]change{}, Files: map[string]string{}, Failed: failed}
	if was == nil {
		was = &Stored{}
	}
	for name := range union(was.Properties, next.Properties) {
		a, had := was.Properties[name]
		b, has := next.Properties[name]
		c := change{}
		if had && !a.Set {
			c.Before = &a.Value
		}
		if has && !b.Set {
			c.After = &b.Value
		}
		if a.Set || b.Set {
			c.Secret = changeWord(a.Set, b.Set, "set")
		}
		if a == b && had == has && (!a.Set || was.Key == nil && was.Secrets[name] == next.Secrets[name]) {
			continue
		}
		d.Properties[name] = c
	}
	for name := range union(was.Files, next.Files) {
		_, had := was.Files[name]
		_, has := next.Files[name]
		if had && has && was.Key == nil && string(was.Contents[name]) == string(next.Contents[name]) {
			continue
		}
		d.Files[name] = changeWord(had, has, "added")
	}
	return d
}

func changeWord(had, has bool, added string) string {
	switch {
	case !had:
		return added
	case !has:
		return "removed"
	}
	return "changed"
}

func union[V any](a, b map[string]V) map[string]V {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]V{}
	}
	maps.Copy(out, b)
	return out
}
