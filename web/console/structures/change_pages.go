package structures

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/sdmx"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/console/task"
	"urncast/web/console/ui"
)

// deletionPage asks for confirmation that a structure is deleted.
func (s *Pages) deletionPage(w http.ResponseWriter, r *http.Request) {
	u, ok := structureOf(r)
	if !ok {
		s.noStructure(w, r)
		return
	}
	s.remove(w, r, u, true)
}

// deletion deletes a structure, or says why it cannot be deleted.
func (s *Pages) deletion(w http.ResponseWriter, r *http.Request) {
	u, ok := structureOf(r)
	if !ok {
		s.noStructure(w, r)
		return
	}
	s.remove(w, r, u, false)
}

// remove deletes a structure; with dry it only asks the registry whether it could.
func (s *Pages) remove(w http.ResponseWriter, r *http.Request, u sdmx.URN, dry bool) {
	in := registry.Submission{Mode: registry.ModeDelete, Deletions: []sdmx.Ref{sdmx.RefTo(u)}, DryRun: dry, Request: answer.Request(r)}
	if !dry {
		if err := r.ParseForm(); err != nil {
			s.DrawError(w, r, http.StatusBadRequest, "/structures", "The form could not be read", err.Error()+".")
			return
		}
		in.Force = page.Prose(r.PostForm, "force")
	}
	o := &task.Order{Kind: "delete", Once: true, Address: ui.StructurePath(u) + "/delete", Section: "/structures", Subject: u.Short(), Writes: !dry, Broke: "The deletion broke off", Again: "delete", Missing: s.noStructure}
	o.Draw = func(w http.ResponseWriter, r *http.Request, status int, a *task.Result) {
		if a.Invalid != "" {
			s.DrawError(w, r, status, "/structures", "Nothing was deleted", a.Invalid)
			return
		}
		d := &Deletion{URN: u}
		if err := json.Unmarshal(a.View, d); err != nil {
			s.DrawTrouble(w, r, "/structures", err)
			return
		}
		s.Draw(w, r, status, DeletionPage(s.Frame(r, "Delete "+u.ID, "/structures"), d))
	}
	o.Do = func(ctx context.Context, t *task.Task, key string) (*registry.Outcome, any, error) {
		in.Progress, in.Key = t.Report, key
		made, err := s.Registry.Submit(ctx, in)
		if err != nil || len(made.Transactions) > 0 {
			return made, nil, err
		}
		d := &Deletion{URN: u}
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
	if !s.Tasks.Resume(w, r, o) {
		s.Tasks.Send(w, r, o)
	}
}

// topicsFor returns the topics on which a structure is published.
func (s *Pages) topicsFor(ctx context.Context, u sdmx.URN) ([]string, error) {
	producers, err := s.Producers.List(ctx)
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
func (s *Pages) renamingPage(w http.ResponseWriter, r *http.Request) {
	s.rename(w, r, r.URL.Query(), true)
}

// renaming renames a structure.
func (s *Pages) renaming(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.DrawError(w, r, http.StatusBadRequest, "/structures", "The form could not be read", err.Error()+".")
		return
	}
	s.rename(w, r, r.PostForm, false)
}

func (s *Pages) rename(w http.ResponseWriter, r *http.Request, q url.Values, dry bool) {
	u, ok := structureOf(r)
	if !ok {
		s.noStructure(w, r)
		return
	}
	v := &Renaming{URN: u, NewID: page.Word(q, "id"), AllVersions: q.Get("versions") != "this",
		MayRenameAgency: mayRenameAgency(access.From(r.Context()), u.Agency)}
	draw := func(w http.ResponseWriter, r *http.Request, status int) {
		s.Draw(w, r, status, RenamingPage(s.Frame(r, "Rename "+u.ID, "/structures"), v))
	}
	if v.NewID == "" {
		last, err := s.Registry.History(r.Context(), u, 0, 1)
		switch {
		case err != nil:
			s.DrawTrouble(w, r, "/structures", err)
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
				s.DrawTrouble(w, r, "/structures", err)
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
		in.Progress, in.Key = t.Report, key
		made, err := s.Registry.Rename(ctx, in)
		if err != nil || len(made.Transactions) > 0 {
			return made, nil, err
		}
		found := *v
		found.Results = made.Results
		found.Topics, err = s.topicsFor(ctx, u)
		return made, &found, err
	}
	if !s.Tasks.Resume(w, r, o) {
		s.Tasks.Send(w, r, o)
	}
}
