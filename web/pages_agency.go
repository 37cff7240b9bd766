package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console"
	"urncast/web/rest"
)

// agencyPage asks for an agency's new id, and shows what would follow.
func (s *server) agencyPage(w http.ResponseWriter, r *http.Request) {
	v := s.agencyView(w, r, r.URL.Query())
	if v == nil {
		return
	}
	status := http.StatusOK
	switch {
	case v.Wrong != "":
		status = http.StatusUnprocessableEntity
	case v.NewID != "":
		o, err := s.Registry.Rename(r.Context(), s.agencyRename(r, v, true))
		if s.notRenamed(w, r, v, err) {
			return
		}
		if v.Wrong != "" {
			status = http.StatusUnprocessableEntity
		} else if err := s.fillAgency(r.Context(), v, o); err != nil {
			s.drawTrouble(w, r, "/structures", err)
			return
		}
	}
	s.drawAgency(w, r, status, v)
}

// renameAgency renames. What the preview said may not hold any more: then the page says
// what does.
func (s *server) renameAgency(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.drawError(w, r, http.StatusBadRequest, "/structures", "The form could not be read", err.Error()+".")
		return
	}
	v := s.agencyView(w, r, r.PostForm)
	if v == nil {
		return
	}
	if v.NewID == "" && v.Wrong == "" {
		v.Wrong = console.AgencyIDMissing
	}
	if v.Wrong != "" {
		s.drawAgency(w, r, http.StatusUnprocessableEntity, v)
		return
	}
	o, err := s.Registry.Rename(r.Context(), s.agencyRename(r, v, false))
	switch {
	case s.notRenamed(w, r, v, err):
	case v.Wrong != "":
		s.drawAgency(w, r, http.StatusUnprocessableEntity, v)
	case len(o.Transactions) > 0:
		http.Redirect(w, r, console.TransactionPath(o.Transactions[0]), http.StatusSeeOther)
	default:
		if err := s.fillAgency(r.Context(), v, o); err != nil {
			s.drawTrouble(w, r, "/structures", err)
			return
		}
		s.drawAgency(w, r, http.StatusConflict, v)
	}
}

func (s *server) drawAgency(w http.ResponseWriter, r *http.Request, status int, v *console.AgencyRenaming) {
	s.draw(w, r, status, console.AgencyRenamingPage(s.frame(r, "Rename agency "+v.Agency, "/structures"), v))
}

// agencyView begins the page with what was asked for; nil if there is no such agency,
// which is answered.
func (s *server) agencyView(w http.ResponseWriter, r *http.Request, q url.Values) *console.AgencyRenaming {
	v := &console.AgencyRenaming{Agency: r.PathValue("agency"), NewID: word(q, "id")}
	there := false
	err := sdmx.CheckAgency(v.Agency)
	if err == nil {
		if there, err = s.Registry.AgencyThere(r.Context(), v.Agency); err != nil {
			s.drawTrouble(w, r, "/structures", err)
			return nil
		}
	}
	switch {
	case !there:
		s.drawError(w, r, http.StatusNotFound, "/structures", "There is no agency "+strings.ToValidUTF8(v.Agency, ""),
			"It maintains no structure, and no agency scheme holds it. If it was renamed just now, Transactions has it as the newest.")
		return nil
	case v.NewID == v.Agency:
		v.Wrong = v.Agency + " is its id already. Type another one."
	case q.Has("id") && v.NewID == "":
		v.Wrong = console.AgencyIDMissing
	}
	return v
}

func (s *server) agencyRename(r *http.Request, v *console.AgencyRenaming, dry bool) registry.Rename {
	return registry.Rename{Agency: v.Agency, NewAgency: v.NewID, DryRun: dry, Request: rest.Request(r)}
}

// notRenamed puts an error to the field if it is about what was typed. If it says true,
// the answer has been written.
func (s *server) notRenamed(w http.ResponseWriter, r *http.Request, v *console.AgencyRenaming, err error) bool {
	var invalid *registry.InvalidError
	switch {
	case errors.As(err, &invalid):
		v.Wrong = sentenceOf(invalid.Text)
	case err != nil:
		s.drawTrouble(w, r, "/structures", err)
		return true
	}
	return false
}

// fillAgency puts what would follow into the page.
func (s *server) fillAgency(ctx context.Context, v *console.AgencyRenaming, o *registry.Outcome) error {
	for i := range o.Results {
		v.Take(&o.Results[i])
	}
	return s.eachWhither(ctx, o, func(route *producer.Route, w console.Whither) {
		seen := console.RenamedOn{Whither: w}
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
