package structures

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
	"urncast/web/console/task"
)

// agencyPage asks for an agency's new id, and shows what would follow.
func (s *Pages) agencyPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if s.Tasks.Resume(w, r, s.agencyOrder(r, q, true)) {
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
		s.Tasks.Send(w, r, s.agencyOrder(r, q, true))
	}
}

// renameAgency renames. If the preview does not hold any more, the page says what does.
func (s *Pages) renameAgency(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.DrawError(w, r, http.StatusBadRequest, "/structures", "The form could not be read", err.Error()+".")
		return
	}
	o := s.agencyOrder(r, r.PostForm, false)
	if s.Tasks.Resume(w, r, o) {
		return
	}
	v := s.agencyView(w, r, r.PostForm)
	if v == nil {
		return
	}
	if v.NewID == "" && v.Wrong == "" {
		v.Wrong = AgencyIDMissing
	}
	if v.Wrong != "" {
		s.drawAgency(w, r, http.StatusUnprocessableEntity, v)
		return
	}
	s.Tasks.Send(w, r, o)
}

// agencyAddress is the address of a rename of an agency, or of its preview.
func agencyAddress(r *http.Request, q url.Values) string {
	return AgencyPath(r.PathValue("agency")) + "?" + url.Values{"id": {page.Word(q, "id")}}.Encode()
}

// agencyOrder is the order for the rename that a request asks for, or for its preview.
func (s *Pages) agencyOrder(r *http.Request, q url.Values, dry bool) *task.Order {
	v := &AgencyRenaming{Agency: r.PathValue("agency"), NewID: page.Word(q, "id")}
	o := &task.Order{Kind: "rename", Address: agencyAddress(r, q), Section: "/structures", Subject: v.Agency + " → " + v.NewID, Writes: !dry, Broke: "The rename broke off", Again: "rename", Missing: s.noStructure}
	o.Draw = func(w http.ResponseWriter, r *http.Request, status int, a *task.Result) {
		if v.Wrong = a.Invalid; v.Wrong == "" {
			if err := json.Unmarshal(a.View, v); err != nil {
				s.DrawTrouble(w, r, "/structures", err)
				return
			}
		}
		s.drawAgency(w, r, status, v)
	}
	in := registry.Rename{Agency: v.Agency, NewAgency: v.NewID, DryRun: dry, Request: answer.Request(r)}
	if !dry {
		in.Force = page.Prose(q, "force") // why stable structures shall be renamed, too
	}
	o.Do = func(ctx context.Context, t *task.Task, key string) (*registry.Outcome, any, error) {
		in.Progress, in.Key = t.Report, key
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

func (s *Pages) drawAgency(w http.ResponseWriter, r *http.Request, status int, v *AgencyRenaming) {
	s.Draw(w, r, status, AgencyRenamingPage(s.Frame(r, "Rename agency "+v.Agency, "/structures"), v))
}

// agencyView makes the page with the reader's input; nil if there is no such agency, and
// the answer has been written.
func (s *Pages) agencyView(w http.ResponseWriter, r *http.Request, q url.Values) *AgencyRenaming {
	v := &AgencyRenaming{Agency: r.PathValue("agency"), NewID: page.Word(q, "id")}
	there := false
	err := sdmx.CheckAgency(v.Agency)
	if err == nil {
		if there, err = s.Registry.AgencyExists(r.Context(), v.Agency); err != nil {
			s.DrawTrouble(w, r, "/structures", err)
			return nil
		}
	}
	switch {
	case !there:
		s.DrawError(w, r, http.StatusNotFound, "/structures", "There is no agency "+strings.ToValidUTF8(v.Agency, ""),
			"It maintains no structure, and no agency scheme holds it. If it was renamed just now, Transactions has it as the newest.")
		return nil
	case v.NewID == v.Agency:
		v.Wrong = v.Agency + " is its id already. Type another one."
	case q.Has("id") && v.NewID == "":
		v.Wrong = AgencyIDMissing
	}
	return v
}

// fillAgency adds the consequences to the page.
func (s *Pages) fillAgency(ctx context.Context, v *AgencyRenaming, o *registry.Outcome) error {
	for i := range o.Results {
		v.Take(&o.Results[i])
	}
	return s.Record.EachDelivery(ctx, o, func(route *producer.Route, d record.Delivery) {
		seen := RenamedOn{Delivery: d}
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
