package manage

import (
	"context"
	"errors"
	"net/http"

	"urncast/registry"
	"urncast/web/answer"
	"urncast/web/guard"
	"urncast/web/rest/wire"
)

// A Rules serves the settings of the registry.
type Rules struct {
	Registry Settings
}

// Settings keeps the settings of the registry; *plan.Registry implements it.
type Settings interface {
	Settings(context.Context) (registry.Settings, error)
	SaveSettings(ctx context.Context, s registry.Settings, read *registry.Settings, by registry.Actor) (changed bool, err error)
}

// Routes are for all who may read the registry; changing settings needs an administrator.
func (s *Rules) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/settings", Level: guard.Read, Handle: s.get},
		{Pattern: "PUT /api/v1/settings", Level: guard.Admin, Act: "Changing the settings", Body: guard.Lists, Handle: s.put},
	}
}

// get serves GET /api/v1/settings.
func (s *Rules) get(w http.ResponseWriter, r *http.Request) {
	now, err := s.Registry.Settings(r.Context())
	if err != nil {
		answer.WriteError(w, r, http.StatusInternalServerError, "The settings could not be read: %s", err)
		return
	}
	writeSettings(w, now)
}

// writeSettings answers with settings and their entity tag.
func writeSettings(w http.ResponseWriter, now registry.Settings) {
	wire.SetTag(w, now.Revision())
	wire.WriteJSON(w, http.StatusOK, now)
}

// settingsRead returns the settings that If-Match of a request names; nil without that
// header. If ok is false, they are not the current ones, and the answer has been written.
func settingsRead(w http.ResponseWriter, r *http.Request, now registry.Settings) (read *registry.Settings, ok bool) {
	revisions, ok := wire.IfMatch(w, r)
	if !ok || revisions == nil {
		return nil, ok
	}
	var last *registry.Settings
	for _, revision := range revisions {
		s, err := registry.SettingsOf(revision)
		if err == nil && s == now {
			return &s, true
		}
		if err == nil {
			last = &s
		}
	}
	refused := &registry.SettingsChangedError{Now: now}
	if last == nil {
		answer.WriteError(w, r, http.StatusPreconditionFailed, "If-Match names no settings that there were, so nothing was saved. GET /api/v1/settings gives those of now with their ETag.")
		return nil, false
	}
	refused.Read = *last
	writeSettingsChanged(w, r, refused)
	return nil, false
}

// writeSettingsChanged answers 412 with the differences, and the entity tag of now.
func writeSettingsChanged(w http.ResponseWriter, r *http.Request, e *registry.SettingsChangedError) {
	wire.SetTag(w, e.Now.Revision())
	answer.WriteError(w, r, http.StatusPreconditionFailed, "%s Read them again, and save on what they are.", e)
}

// put serves PUT /api/v1/settings. All rules are required, so that none changes by
// omission; the fields of housekeeping are newer, and stay as they are if left out. With
// If-Match nothing is saved over somebody else's change.
func (s *Rules) put(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AllowDangling   *bool `json:"allowDangling"`
		RequireAgencies *bool `json:"requireAgencies"`
		Housekeeping    *struct {
			Transactions *int64 `json:"keepTransactions"`
			Days         *int   `json:"keepDays"`
		} `json:"housekeeping"`
	}
	b, ok := wire.ReadBody(w, r)
	if !ok {
		return
	}
	if err := wire.Decode(b, &in); err != nil || in.AllowDangling == nil || in.RequireAgencies == nil ||
		in.Housekeeping != nil && (in.Housekeeping.Transactions == nil || in.Housekeeping.Days == nil) {
		answer.WriteError(w, r, http.StatusBadRequest, `The body must be JSON with allowDangling and requireAgencies, each true or false, `+
			`and may have housekeeping with keepTransactions and keepDays, both numbers; 0 and 0 keep everything.`)
		return
	}
	keep := func(now registry.Keep) registry.Keep {
		if in.Housekeeping == nil {
			return now
		}
		return registry.Keep{Transactions: *in.Housekeeping.Transactions, Days: *in.Housekeeping.Days}
	}
	s.save(w, r, func(now registry.Settings) registry.Settings {
		return registry.Settings{AllowDangling: *in.AllowDangling, RequireAgencies: *in.RequireAgencies, Keep: keep(now.Keep)}
	})
}

// save saves what change makes of the current settings, and answers. If somebody else
// saves at the same moment and the request has no If-Match, save starts anew: fields that
// the request leaves out then keep their new values.
func (s *Rules) save(w http.ResponseWriter, r *http.Request, change func(now registry.Settings) registry.Settings) {
	now, err := s.Registry.Settings(r.Context())
	if err != nil {
		answer.WriteError(w, r, http.StatusInternalServerError, "The settings could not be read: %s", err)
		return
	}
	onto, ok := settingsRead(w, r, now)
	if !ok {
		return
	}
	next, said := change(now), onto != nil
	if !said {
		onto = &now
	}
	var invalid *registry.InvalidError
	var changed *registry.SettingsChangedError
	switch _, err := s.Registry.SaveSettings(r.Context(), next, onto, answer.Actor(r)); {
	case errors.As(err, &changed) && !said:
		s.save(w, r, change)
	case errors.As(err, &changed):
		writeSettingsChanged(w, r, changed)
	case errors.As(err, &invalid):
		answer.WriteError(w, r, http.StatusBadRequest, "%s", invalid)
	case err != nil:
		answer.WriteError(w, r, http.StatusInternalServerError, "The settings could not be saved: %s", err)
	default:
		writeSettings(w, next)
	}
}
