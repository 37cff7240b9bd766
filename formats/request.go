package formats

import (
	"fmt"
	"slices"
	"strings"

	"urncast/formats/codec"
	"urncast/formats/scan"
	"urncast/sdmx"
)

// An Action is what a RegistryInterface message asks to be done with a structure, in the words of
// the schema.
type Action string

// The actions. Append adds what is new, Replace stores the structure in place of the one that is
// there, Delete deletes it, and Information does nothing: the structure is there for the reader.
const (
	ActionAppend      Action = "Append"
	ActionReplace     Action = "Replace"
	ActionDelete      Action = "Delete"
	ActionInformation Action = "Information"
)

var actions = []Action{ActionAppend, ActionReplace, ActionDelete, ActionInformation}

// A Request is what a RegistryInterface message asks to be done.
type Request struct {
	// Actions has every structure or registration of the message, with its own action, or that of
	// the message; empty if the message names neither. The schema's default is Append.
	Actions map[sdmx.URN]Action
	// Version is that of SDMX-ML in which the message is, as the answer should be.
	Version string
}

// The versions of SDMX-ML whose requests are read.
const (
	Version20 = "2.0"
	Version21 = "2.1"
	Version30 = "3.0"
)

// registryInterface reads a RegistryInterface message, which submits structures (SDMX-ML 2.1) or
// registrations (2.0, 2.1 and 3.0).
func (r *reading) registryInterface(root codec.Tag) error {
	registrations := "SubmitRegistrationsRequest"
	if r.version == Version20 {
		registrations = "SubmitRegistrationRequest"
	}
	empty := r.tags.Here().ErrorAtRoot("this RegistryInterface message asks for nothing; a SubmitStructureRequest or a " + registrations + " is expected in it")
	err := r.parts("/RegistryInterface", root, func(path string, tag codec.Tag) error {
		switch {
		case tag.Namespace != scan.SpaceMessage || tag.Name != registrations && tag.Name != "SubmitStructureRequest":
			return r.unexpected(tag, "a RegistryInterface message that submits: it has Header, SubmitStructureRequest or "+registrations+", and Footer")
		case r.summary.Request != nil:
			return r.tags.Here().ErrorAtRoot("a RegistryInterface message has one request, and this is a second; send it in a message of its own")
		}
		r.summary.Request = &Request{Actions: map[sdmx.URN]Action{}, Version: r.version}
		switch {
		case tag.Name != registrations:
			return r.submitStructures(path, tag)
		case r.version == Version20:
			return r.submitRegistrations20(path, tag)
		}
		return r.submitRegistrations(path, tag)
	})
	if err == nil && r.summary.Request == nil {
		return empty
	}
	return err
}

// A submitted is an element SubmittedStructure: a structure with an action of its own.
type submitted struct {
	ref    sdmx.Ref
	action Action
	fail   func(text string) error // about its place
}

// submitStructures reads a SubmitStructureRequest: structures, and after them those to which
// another action applies.
func (r *reading) submitStructures(path string, tag codec.Tag) error {
	doc := r.tags.Here()
	if r.version != Version21 {
		return doc.ErrorAtRoot("this is a SubmitStructureRequest of SDMX-ML " + r.version + ", whose structures this version does not read yet; send SDMX-ML 2.1, SDMX-JSON 2.0 or Fusion-JSON")
	}
	whole, err := actionOf(doc, doc.RootAttr("action"))
	if err != nil {
		return err
	}
	r.remarkOnDependencies(doc, doc.RootAttr("externalDependencies"))
	r.remarkOnAttributes()
	request := r.summary.Request
	yield := r.yield
	r.yield = func(m sdmx.Maintainable, where string) error {
		request.Actions[sdmx.URNOf(m).Clone()] = whole
		return yield(m, where)
	}
	var named []submitted
	count := 0
	err = r.children(path, tag, func(tag codec.Tag) error {
		at := path + "/" + clip(tag.Name, 60)
		r.tags.SetPath(at)
		switch {
		case tag.Name == "Structures" && tag.Namespace == scan.SpaceStructure:
			return r.list(at, tag)
		case tag.Name == "SubmittedStructure" && tag.Namespace == scan.SpaceRegistry:
			count++
			r.tags.SetPath(fmt.Sprintf("%s[%d]", at, count))
			s, err := r.submittedStructure(r.tags.Here())
			named = append(named, s)
			return err
		case tag.Name == "StructureLocation" && tag.Namespace == scan.SpaceRegistry:
			return r.tags.Here().ErrorAtRoot("the request names the address of its structures (StructureLocation), and this registry fetches nothing; send the structures in the request (Structures)")
		}
		return r.unexpected(tag, "a SubmitStructureRequest, which has Structures and SubmittedStructure")
	})
	if err != nil {
		return err
	}
	return request.override(named)
}

// override gives structures their own actions.
func (q *Request) override(named []submitted) error {
	own := map[sdmx.URN]Action{}
	for _, s := range named {
		if _, known := q.Actions[s.ref.URN]; !known || s.ref.Item != "" {
			return s.fail(fmt.Sprintf("%s is not among the structures of this message, so its action can apply to nothing; put it there, or leave out this SubmittedStructure", s.ref))
		}
		if before, twice := own[s.ref.URN]; twice && before != s.action {
			return s.fail(fmt.Sprintf("%s has a second action of its own, and it is another one; name one", s.ref))
		}
		if own[s.ref.URN] = s.action; s.action != "" {
			q.Actions[s.ref.URN] = s.action
		}
	}
	return nil
}

func (r *reading) submittedStructure(doc *codec.Document) (s submitted, err error) {
	var action, dependencies string
	fault, err := doc.Read(codec.ML21, func(c *codec.C) {
		c.Attr("action", "", &action)
		c.Attr("externalDependencies", "", &dependencies)
		c.Ref("reg:MaintainableObject", "", sdmx.ClassUnknown, &s.ref)
	})
	switch {
	case err != nil:
		return s, err
	case fault != nil:
		return s, fault
	case s.ref.IsZero():
		return s, doc.ErrorAtRoot("a SubmittedStructure must name its structure, in MaintainableObject")
	}
	r.remarkOnDependencies(doc, dependencies)
	r.addRemarks(doc, "")
	s.fail = doc.FailLater()
	s.action, err = actionOf(doc, action)
	return s, err
}

// actionOf returns the action with a name; none if the name is empty.
func actionOf(doc *codec.Document, name string) (Action, error) {
	a := Action(strings.TrimSpace(name))
	if a != "" && !slices.Contains(actions, a) {
		return "", doc.ErrorAtRoot(fmt.Sprintf("the action %q is none of SDMX 2.1: expected Append, Replace, Delete or Information", clip(name, 60)))
	}
	return a, nil
}

// remarkOnDependencies remarks on the wish that structures be fetched from elsewhere.
func (r *reading) remarkOnDependencies(doc *codec.Document, wish string) {
	if wish = strings.TrimSpace(wish); wish != "" && wish != "false" && wish != "0" {
		doc.RemarkAtRoot("externalDependencies asks for structures to be fetched from their addresses, and this registry fetches nothing: what is referred to must be in it, or in the message")
	}
}

// submitRegistrations reads a SubmitRegistrationsRequest: registrations, each with its action.
func (r *reading) submitRegistrations(path string, tag codec.Tag) error {
	r.remarkOnAttributes()
	count := 0
	return r.children(path, tag, func(tag codec.Tag) error {
		count++
		at := fmt.Sprintf("%s/%s[%d]", path, clip(tag.Name, 60), count)
		r.tags.SetPath(at)
		doc := r.tags.Here()
		if tag.Name != "RegistrationRequest" || tag.Namespace != scan.SpaceRegistry {
			return r.unexpected(tag, "a SubmitRegistrationsRequest, which has RegistrationRequest")
		}
		action, err := actionOf(doc, doc.RootAttr("action"))
		if err == nil && action == "" {
			err = doc.ErrorAtRoot("the RegistrationRequest has no action: expected Append, Replace, Delete or Information")
		}
		if err != nil {
			return err
		}
		r.remarkOnAttributes()
		return r.registrationRequest(at, tag, action)
	})
}

// registrationRequest reads the registration in a RegistrationRequest.
func (r *reading) registrationRequest(path string, tag codec.Tag, action Action) error {
	fail, count := r.tags.Here().FailLater(), 0
	defer r.acting(&action, fail)()
	err := r.children(path, tag, func(tag codec.Tag) error {
		r.tags.SetPath(path + "/" + clip(tag.Name, 60))
		if count++; tag.Name != "Registration" || tag.Namespace != scan.SpaceRegistry || count > 1 {
			return r.unexpected(tag, "a RegistrationRequest, which has one Registration")
		}
		return r.structure(r.tags.Here(), sdmx.ClassRegistration)
	})
	if err == nil && count == 0 {
		err = fail("a RegistrationRequest has a Registration, and this one has none")
	}
	return err
}

// acting notes an action for each registration that is read, until what it returns is called. The
// action is looked at when the registration has been read; fail returns an error with its place.
func (r *reading) acting(action *Action, fail func(string) error) (end func()) {
	yield := r.yield
	r.yield = func(m sdmx.Maintainable, where string) error {
		u := sdmx.URNOf(m).Clone()
		if before, twice := r.summary.Request.Actions[u]; twice && before != *action {
			return fail(fmt.Sprintf("%s is in the message twice, to %s and to %s it; send it once", u, before, *action))
		}
		r.summary.Request.Actions[u] = *action
		return yield(m, where)
	}
	return func() { r.yield = yield }
}
