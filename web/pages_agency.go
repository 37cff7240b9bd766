package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/console/record"
	"urncast/web/console/structures"
	"urncast/web/console/task"
)

// agencyPage asks for an agency's new id, and shows what would follow.
func (s *server) agencyPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if s.tasks.Resume(w, r, s.agencyOrder(r, q, true)) {
		return
	}
	v := s.agencyView(w, r, q)
	switch {
	case v == nil:
	case v.Wrong != "":
		s.drawAgency(w, r, http.StatusUnprocessableEntity, v)
	case v.NewID == "":
		s.drawAgency(w, r, http.StatusOK, v)
	default:
		s.tasks.Send(w, r, s.agencyOrder(r, q, true))
	}
}

// renameAgency renames. What the preview said may not hold any more: then the page says
// what does.
func (s *server) renameAgency(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.kit.DrawError(w, r, http.StatusBadRequest, "/structures", "The form could not be read", err.Error()+".")
		return
	}
	o := s.agencyOrder(r, r.PostForm, false)
	if s.tasks.Resume(w, r, o) {
		return
	}
	v := s.agencyView(w, r, r.PostForm)
	if v == nil {
		return
	}
	if v.NewID == "" && v.Wrong == "" {
		v.Wrong = structures.AgencyIDMissing
	}
	if v.Wrong != "" {
		s.drawAgency(w, r, http.StatusUnprocessableEntity, v)
		return
	}
	s.tasks.Send(w, r, o)
}

// agencyAddress is where a rename of an agency, or its preview, is found.
func agencyAddress(r *http.Request, q url.Values) string {
	return structures.AgencyPath(r.PathValue("agency")) + "?" + url.Values{"id": {page.Word(q, "id")}}.Encode()
}

// agencyOrder is the rename of an agency that a request asks for, or its preview.
func (s *server) agencyOrder(r *http.Request, q url.Values, dry bool) *task.Order {
	v := &structures.AgencyRenaming{Agency: r.PathValue("agency"), NewID: page.Word(q, "id")}
	o := &task.Order{Kind: "rename", Address: agencyAddress(r, q), Section: "/structures", Subject: v.Agency + " → " + v.NewID, Writes: !dry, Broke: "The rename broke off", Again: "rename", Missing: s.noStructure}
	o.Draw = func(w http.ResponseWriter, r *http.Request, status int, a *task.Result) {
		if v.Wrong = a.Invalid; v.Wrong == "" {
			if err := json.Unmarshal(a.View, v); err != nil {
				s.kit.DrawTrouble(w, r, "/structures", err)
				return
			}
		}
		s.drawAgency(w, r, status, v)
	}
	in := registry.Rename{Agency: v.Agency, NewAgency: v.NewID, DryRun: dry, Request: answer.Request(r)}
	if !dry {
		in.Force = page.Prose(q, "force") // why what is stable shall be renamed, too
	}
	o.Do = func(ctx context.Context, t *task.Task, key string) (*registry.Outcome, any, error) {
		in.Progress, in.Key = t.Told, key
		made, err := s.Registry.Rename(ctx, in)
		if err != nil || len(made.Transactions) > 0 {
			return made, nil, err
		}
		t.Update(func(f *task.Far) { f.Phase = task.Fitting })
		found := *v
		return made, &found, s.fillAgency(ctx, &found, made)
	}
	return o
}

func (s *server) drawAgency(w http.ResponseWriter, r *http.Request, status int, v *structures.AgencyRenaming) {
	s.kit.Draw(w, r, status, structures.AgencyRenamingPage(s.kit.Frame(r, "Rename agency "+v.Agency, "/structures"), v))
}

// agencyView begins the page with what was asked for; nil if there is no such agency,
// which is answered.
func (s *server) agencyView(w http.ResponseWriter, r *http.Request, q url.Values) *structures.AgencyRenaming {
	v := &structures.AgencyRenaming{Agency: r.PathValue("agency"), NewID: page.Word(q, "id")}
	there := false
	err := sdmx.CheckAgency(v.Agency)
	if err == nil {
		if there, err = s.Registry.AgencyExists(r.Context(), v.Agency); err != nil {
			s.kit.DrawTrouble(w, r, "/structures", err)
			return nil
		}
	}
	switch {
	case !there:
		s.kit.DrawError(w, r, http.StatusNotFound, "/structures", "There is no agency "+strings.ToValidUTF8(v.Agency, ""),
			"It maintains no structure, and no agency scheme holds it. If it was renamed just now, Transactions has it as the newest.")
		return nil
	case v.NewID == v.Agency:
		v.Wrong = v.Agency + " is its id already. Type another one."
	case q.Has("id") && v.NewID == "":
		v.Wrong = structures.AgencyIDMissing
	}
	return v
}

// fillAgency puts what would follow into the page.
func (s *server) fillAgency(ctx context.Context, v *structures.AgencyRenaming, o *registry.Outcome) error {
	for i := range o.Results {
		v.Take(&o.Results[i])
	}
	return s.record.EachDelivery(ctx, o, func(route *producer.Route, d record.Delivery) {
		seen := structures.RenamedOn{Delivery: d}
		for i := range o.Results {
			u := o.Results[i].URN
			switch passes := route.Filter.Passes(u); {
			case o.Results[i].Verdict == registry.Deleted && passes:
				seen.Tombstones++
			case o.Results[i].Verdict == registry.Created && !passes && route.Filter.Passes(v.Was(u)):
				seen.Lost++
			}
		}
		v.Topics = append(v.Topics, seen)
	})
}
