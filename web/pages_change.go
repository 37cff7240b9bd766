package web

import (
	"context"
	"errors"
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
	o, err := s.Registry.Submit(r.Context(), in)
	var invalid *registry.InvalidError
	switch {
	case errors.As(err, &invalid):
		s.kit.DrawError(w, r, http.StatusUnprocessableEntity, "/structures", "Nothing was deleted", page.Sentence(invalid.Text))
		return
	case err != nil:
		s.kit.DrawTrouble(w, r, "/structures", err)
		return
	}
	if len(o.Transactions) > 0 {
		http.Redirect(w, r, ui.TransactionPath(o.Transactions[0]), http.StatusSeeOther)
		return
	}
	d := &structures.Deletion{URN: u}
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
		s.kit.DrawTrouble(w, r, "/structures", err)
		return
	}
	status := http.StatusOK
	if !dry {
		status = http.StatusConflict
	}
	s.kit.Draw(w, r, status, structures.DeletionPage(s.kit.Frame(r, "Delete "+u.ID, "/structures"), d))
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
	if s.tasks.Resume(w, r, v.Address()) {
		return
	}
	in := registry.Rename{Structure: u, NewID: v.NewID, DryRun: dry, Request: answer.Request(r)}
	if !dry {
		in.Force = page.Prose(q, "force")
	}
	if v.AllVersions {
		in.Structure.Version = ""
	}
	s.sendRename(w, r, v.Address(), u.Short()+" → "+v.NewID, dry, func(ctx context.Context, t *task.Task) (http.HandlerFunc, bool) {
		in.Progress = t.Told
		o, err := s.Registry.Rename(ctx, in)
		switch {
		case errors.Is(err, registry.ErrNotFound):
			return s.noStructure, false
		case err == nil && len(o.Transactions) == 0:
			v.Results = o.Results
			v.Topics, err = s.topicsFor(ctx, u)
		}
		return s.renamed(o, err, dry, &v.Wrong, draw)
	})
}

// renamed draws what came of a rename, or would, and says whether it is done. What is
// wrong with the id that was typed goes beside it. The outcome, which may be large, is
// not kept.
func (s *server) renamed(o *registry.Outcome, err error, dry bool, wrong *string, draw func(http.ResponseWriter, *http.Request, int)) (http.HandlerFunc, bool) {
	var sent []registry.Number
	if o != nil {
		sent = o.Transactions
	}
	var invalid *registry.InvalidError
	if errors.As(err, &invalid) {
		*wrong = page.Sentence(invalid.Text)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case invalid != nil:
			draw(w, r, http.StatusUnprocessableEntity)
		case dry && errors.Is(err, context.Canceled):
			s.kit.DrawError(w, r, http.StatusConflict, "/structures", "This preview was broken off",
				"You asked for another one, or the server is being stopped. Load the page again to begin anew.")
		case err != nil && (dry || answer.Busy(err) != nil): // of which nothing was begun
			s.kit.DrawTrouble(w, r, "/structures", err)
		case err != nil:
			s.kit.DrawError(w, r, http.StatusInternalServerError, "/structures", "The rename broke off",
				page.Sentence(answer.Private(w, r, err).Error())+" All of it is written or nothing: if Transactions does not have it, rename again.")
		case len(sent) > 0:
			http.Redirect(w, r, ui.TransactionPath(sent[0]), http.StatusSeeOther)
		case dry:
			draw(w, r, http.StatusOK)
		default:
			draw(w, r, http.StatusConflict)
		}
	}, len(sent) > 0
}

// sendRename begins a rename, or its preview, and answers with what comes of it.
func (s *server) sendRename(w http.ResponseWriter, r *http.Request, address, subject string, dry bool, work func(context.Context, *task.Task) (http.HandlerFunc, bool)) {
	s.tasks.Send(w, r, task.Order{Address: address, Section: "/structures", Work: work,
		Begin: task.Far{Writes: !dry, Renames: true, Subject: subject, Phase: task.Comparing, Waits: true},
		Broken: func(defect error) http.HandlerFunc {
			drawn, _ := s.renamed(nil, defect, dry, nil, nil)
			return drawn
		}})
}
