package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console/structures"
	"urncast/web/console/task"
	"urncast/web/console/ui"
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
	in := registry.Submission{Mode: registry.ModeDelete, Deletions: []sdmx.Ref{sdmx.RefTo(u)}, DryRun: dry, Request: rest.Request(r)}
	if !dry {
		if err := r.ParseForm(); err != nil {
			s.drawError(w, r, http.StatusBadRequest, "/structures", "The form could not be read", err.Error()+".")
			return
		}
		in.Force = prose(r.PostForm, "force")
	}
	e := &errand{kind: "delete", once: true, address: ui.StructurePath(u) + "/delete", subject: u.Short(), writes: !dry, broke: "The deletion broke off", again: "delete", missing: s.noStructure}
	e.draw = func(w http.ResponseWriter, r *http.Request, status int, a *result) {
		if a.Invalid != "" {
			s.drawError(w, r, status, "/structures", "Nothing was deleted", a.Invalid)
			return
		}
		d := &structures.Deletion{URN: u}
		if err := json.Unmarshal(a.View, d); err != nil {
			s.drawTrouble(w, r, "/structures", err)
			return
		}
		s.draw(w, r, status, structures.DeletionPage(s.frame(r, "Delete "+u.ID, "/structures"), d))
	}
	e.do = func(ctx context.Context, t *task.Running, key string) (*registry.Outcome, any, error) {
		in.Told, in.Key = t.Told, key
		o, err := s.Registry.Submit(ctx, in)
		if err != nil || len(o.Transactions) > 0 {
			return o, nil, err
		}
		d := &structures.Deletion{URN: u}
		for i := range o.Results {
			for _, p := range o.Results[i].Problems {
				if p.Reason == registry.ReasonMissing {
					return nil, nil, registry.ErrNotFound
				}
				d.Problems = append(d.Problems, p)
			}
		}
		d.Topics, err = s.topicsFor(ctx, u)
		return o, d, err
	}
	if !s.resume(w, r, e) {
		s.send(w, r, e)
	}
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
	s.rename(w, r, r.URL.Query(), true)
}

// renaming renames.
func (s *server) renaming(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.drawError(w, r, http.StatusBadRequest, "/structures", "The form could not be read", err.Error()+".")
		return
	}
	s.rename(w, r, r.PostForm, false)
}

func (s *server) rename(w http.ResponseWriter, r *http.Request, q url.Values, dry bool) {
	u, ok := structureOf(r)
	if !ok {
		s.noStructure(w, r)
		return
	}
	v := &structures.Renaming{URN: u, NewID: word(q, "id"), AllVersions: q.Get("versions") != "this"}
	draw := func(w http.ResponseWriter, r *http.Request, status int) {
		s.draw(w, r, status, structures.RenamingPage(s.frame(r, "Rename "+u.ID, "/structures"), v))
	}
	if v.NewID == "" {
		last, err := s.Registry.History(r.Context(), u, 0, 1)
		switch {
		case err != nil:
			s.drawTrouble(w, r, "/structures", err)
		case len(last) == 0 || last[0].Kind == registry.Delete:
			s.noStructure(w, r)
		default:
			draw(w, r, http.StatusOK)
		}
		return
	}
	e := &errand{kind: "rename", address: v.Address(), subject: u.Short() + " → " + v.NewID, writes: !dry, broke: "The rename broke off", again: "rename", missing: s.noStructure}
	e.draw = func(w http.ResponseWriter, r *http.Request, status int, a *result) {
		if v.Wrong = a.Invalid; v.Wrong == "" {
			if err := json.Unmarshal(a.View, v); err != nil {
				s.drawTrouble(w, r, "/structures", err)
				return
			}
		}
		draw(w, r, status)
	}
	in := registry.Rename{Structure: u, NewID: v.NewID, DryRun: dry, Request: rest.Request(r)}
	if !dry {
		in.Force = prose(q, "force")
	}
	if v.AllVersions {
		in.Structure.Version = ""
	}
	e.do = func(ctx context.Context, t *task.Running, key string) (*registry.Outcome, any, error) {
		in.Told, in.Key = t.Told, key
		o, err := s.Registry.Rename(ctx, in)
		if err != nil || len(o.Transactions) > 0 {
			return o, nil, err
		}
		found := *v
		found.Results = o.Results
		found.Topics, err = s.topicsFor(ctx, u)
		return o, &found, err
	}
	if !s.resume(w, r, e) {
		s.send(w, r, e)
	}
}
