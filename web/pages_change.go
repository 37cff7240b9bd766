package web

import (
	"context"
	"errors"
	"net/http"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console"
	"urncast/web/rest"
)

// deletionPage asks whether a structure shall go.
func (s *server) deletionPage(w http.ResponseWriter, r *http.Request) {
	u, ok := structureOf(r)
	if !ok {
		s.noStructure(w, r)
		return
	}
	s.remove(w, r, u, true)
}

// deletion deletes it, if that may still be.
func (s *server) deletion(w http.ResponseWriter, r *http.Request) {
	u, ok := structureOf(r)
	if !ok {
		s.noStructure(w, r)
		return
	}
	s.remove(w, r, u, false)
}

// remove asks the registry to delete, or what would be in the way.
func (s *server) remove(w http.ResponseWriter, r *http.Request, u sdmx.URN, dry bool) {
	o, err := s.Registry.Submit(r.Context(), registry.Submission{Mode: registry.ModeDelete, Deletions: []sdmx.Ref{sdmx.RefTo(u)}, DryRun: dry, Request: rest.Request(r)})
	if err != nil {
		s.drawTrouble(w, r, "/structures", err)
		return
	}
	if len(o.Transactions) > 0 {
		http.Redirect(w, r, console.TransactionPath(o.Transactions[0]), http.StatusSeeOther)
		return
	}
	d := &console.Deletion{URN: u}
	for i := range o.Results {
		for _, p := range o.Results[i].Problems {
			if p.Reason == registry.ReasonMissing {
				s.noStructure(w, r)
				return
			}
			d.Problems = append(d.Problems, p)
		}
	}
	if d.Topics, err = s.topicsFor(r.Context(), u); err != nil {
		s.drawTrouble(w, r, "/structures", err)
		return
	}
	status := http.StatusOK
	if !dry {
		status = http.StatusConflict
	}
	s.draw(w, r, status, console.DeletionPage(s.frame(r, "Delete "+u.ID, "/structures"), d))
}

// topicsFor are the topics on which a structure is published.
func (s *server) topicsFor(ctx context.Context, u sdmx.URN) ([]string, error) {
	producers, err := s.producers(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for i := range producers {
		if !producers[i].Started {
			continue
		}
		for _, route := range producers[i].Settings.Routes {
			if route.Filter.Passes(u) {
				out = append(out, route.Topic)
			}
		}
	}
	return out, nil
}

// renamingPage asks for a new id, and shows what would follow.
func (s *server) renamingPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.rename(w, r, word(q, "id"), q.Get("versions") != "this", true)
}

// renaming renames.
func (s *server) renaming(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.drawError(w, r, http.StatusBadRequest, "/structures", "The form could not be read", err.Error()+".")
		return
	}
	s.rename(w, r, word(r.PostForm, "id"), r.PostForm.Get("versions") != "this", false)
}

func (s *server) rename(w http.ResponseWriter, r *http.Request, id string, all, dry bool) {
	u, ok := structureOf(r)
	if !ok {
		s.noStructure(w, r)
		return
	}
	v := &console.Renaming{URN: u, NewID: id, AllVersions: all}
	status := http.StatusOK
	if id != "" {
		n := registry.Rename{Structure: u, NewID: id, DryRun: dry, Request: rest.Request(r)}
		if all {
			n.Structure.Version = ""
		}
		o, err := s.Registry.Rename(r.Context(), n)
		var invalid *registry.InvalidError
		switch {
		case errors.As(err, &invalid):
			v.Wrong, status = sentenceOf(invalid.Text), http.StatusUnprocessableEntity
		case errors.Is(err, registry.ErrNotFound):
			s.noStructure(w, r)
			return
		case err != nil:
			s.drawTrouble(w, r, "/structures", err)
			return
		case len(o.Transactions) > 0:
			http.Redirect(w, r, console.TransactionPath(o.Transactions[0]), http.StatusSeeOther)
			return
		default:
			v.Results = o.Results
			if !dry {
				status = http.StatusConflict
			}
			if v.Topics, err = s.topicsFor(r.Context(), u); err != nil {
				s.drawTrouble(w, r, "/structures", err)
				return
			}
		}
	}
	s.draw(w, r, status, console.RenamingPage(s.frame(r, "Rename "+u.ID, "/structures"), v))
}
