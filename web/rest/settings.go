package rest

import (
	"errors"
	"net/http"

	"urncast/registry"
)

// A Rules serves the settings of the registry.
type Rules struct {
	Registry Registry
}

// Get serves GET /api/v1/settings.
func (s *Rules) Get(w http.ResponseWriter, r *http.Request) {
	now, err := s.Registry.Settings(r.Context())
	if err != nil {
		WriteError(w, r, http.StatusInternalServerError, "The settings could not be read: %s", err)
		return
	}
	writeJSON(w, http.StatusOK, now)
}

// Put serves PUT /api/v1/settings: all rules, so that none changes unsaid. What
// housekeeping keeps came later, and stays as it is where it is not said.
func (s *Rules) Put(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AllowDangling   *bool `json:"allowDangling"`
		RequireAgencies *bool `json:"requireAgencies"`
		Housekeeping    *struct {
			Transactions *int64 `json:"keepTransactions"`
			Days         *int   `json:"keepDays"`
		} `json:"housekeeping"`
	}
	b, ok := readBody(w, r)
	if !ok {
		return
	}
	if err := decode(b, &in); err != nil || in.AllowDangling == nil || in.RequireAgencies == nil ||
		in.Housekeeping != nil && (in.Housekeeping.Transactions == nil || in.Housekeeping.Days == nil) {
		WriteError(w, r, http.StatusBadRequest, `The body must be JSON with allowDangling and requireAgencies, each true or false, `+
			`and may have housekeeping with keepTransactions and keepDays, both numbers; 0 and 0 keep everything.`)
		return
	}
	now, err := s.Registry.Settings(r.Context())
	if err != nil {
		WriteError(w, r, http.StatusInternalServerError, "The settings could not be read: %s", err)
		return
	}
	now.AllowDangling, now.RequireAgencies = *in.AllowDangling, *in.RequireAgencies
	if in.Housekeeping != nil {
		now.Keep = registry.Keep{Transactions: *in.Housekeeping.Transactions, Days: *in.Housekeeping.Days}
	}
	var invalid *registry.InvalidError
	switch _, err := s.Registry.SaveSettings(r.Context(), now, Actor(r)); {
	case errors.As(err, &invalid):
		WriteError(w, r, http.StatusBadRequest, "%s", invalid)
	case err != nil:
		WriteError(w, r, http.StatusInternalServerError, "The settings could not be saved: %s", err)
	default:
		writeJSON(w, http.StatusOK, now)
	}
}
