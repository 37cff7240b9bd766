package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/console/structures"
	"urncast/web/console/task"
	"urncast/web/console/ui"
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
	in := registry.Submission{Mode: registry.ModeDelete, Deletions: []sdmx.Ref{sdmx.RefTo(u)}, DryRun: dry, Request: answer.Request(r)}
	if !dry {
		if err := r.ParseForm(); err != nil {
			s.kit.DrawError(w, r, http.StatusBadRequest, "/structures", "The form could not be read", err.Error()+".")
			return
		}
		in.Force = page.Prose(r.PostForm, "force")
	}
	o := &task.Order{Kind: "delete", Once: true, Address: ui.StructurePath(u) + "/delete", Section: "/structures", Subject: u.Short(), Writes: !dry, Broke: "The deletion broke off", Again: "delete", Missing: s.noStructure}
	o.Draw = func(w http.ResponseWriter, r *http.Request, status int, a *task.Result) {
		if a.Invalid != "" {
			s.kit.DrawError(w, r, status, "/structures", "Nothing was deleted", a.Invalid)
			return
		}
		d := &structures.Deletion{URN: u}
		if err := json.Unmarshal(a.View, d); err != nil {
			s.kit.DrawTrouble(w, r, "/structures", err)
			return
		}
		s.kit.Draw(w, r, status, structures.DeletionPage(s.kit.Frame(r, "Delete "+u.ID, "/structures"), d))
	}
	o.Do = func(ctx context.Context, t *task.Task, key string) (*registry.Outcome, any, error) {
		in.Progress, in.Key = t.Told, key
		made, err := s.Registry.Submit(ctx, in)
		if err != nil || len(made.Transactions) > 0 {
			return made, nil, err
		}
		d := &structures.Deletion{URN: u}
		for i := range made.Results {
			for _, p := range made.Results[i].Problems {
				if p.Reason == registry.ReasonMissing {
					return nil, nil, registry.ErrNotFound
				}
				d.Problems = append(d.Problems, p)
			}
		}
		d.Topics, err = s.topicsFor(ctx, u)
		return made, d, err
	}
	if !s.tasks.Resume(w, r, o) {
		s.tasks.Send(w, r, o)
	}
}

// topicsFor are the topics on which a structure is published.
func (s *server) topicsFor(ctx context.Context, u sdmx.URN) ([]string, error) {
	producers, err := s.kit.ListProducers(ctx)
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
		s.kit.DrawError(w, r, http.StatusBadRequest, "/structures", "The form could not be read", err.Error()+".")
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
	v := &structures.Renaming{URN: u, NewID: page.Word(q, "id"), AllVersions: q.Get("versions") != "this"}
	draw := func(w http.ResponseWriter, r *http.Request, status int) {
		s.kit.Draw(w, r, status, structures.RenamingPage(s.kit.Frame(r, "Rename "+u.ID, "/structures"), v))
	}
	if v.NewID == "" {
		last, err := s.Registry.History(r.Context(), u, 0, 1)
		switch {
		case err != nil:
			s.kit.DrawTrouble(w, r, "/structures", err)
		case len(last) == 0 || last[0].Kind == registry.Delete:
			s.noStructure(w, r)
		default:
			draw(w, r, http.StatusOK)
		}
		return
	}
	o := &task.Order{Kind: "rename", Address: v.Address(), Section: "/structures", Subject: u.Short() + " → " + v.NewID, Writes: !dry, Broke: "The rename broke off", Again: "rename", Missing: s.noStructure}
	o.Draw = func(w http.ResponseWriter, r *http.Request, status int, a *task.Result) {
		if v.Wrong = a.Invalid; v.Wrong == "" {
			if err := json.Unmarshal(a.View, v); err != nil {
				s.kit.DrawTrouble(w, r, "/structures", err)
				return
			}
		}
		draw(w, r, status)
	}
	in := registry.Rename{Structure: u, NewID: v.NewID, DryRun: dry, Request: answer.Request(r)}
	if !dry {
		in.Force = page.Prose(q, "force")
	}
	if v.AllVersions {
		in.Structure.Version = ""
	}
	o.Do = func(ctx context.Context, t *task.Task, key string) (*registry.Outcome, any, error) {
		in.Progress, in.Key = t.Told, key
		made, err := s.Registry.Rename(ctx, in)
		if err != nil || len(made.Transactions) > 0 {
			return made, nil, err
		}
		found := *v
		found.Results = made.Results
		found.Topics, err = s.topicsFor(ctx, u)
		return made, &found, err
	}
	if !s.tasks.Resume(w, r, o) {
		s.tasks.Send(w, r, o)
	}
}
