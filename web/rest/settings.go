package rest

import (
	"encoding/json"
	"io"
	"net/http"

	"urncast/registry"
)

// A Rules serves the settings of the registry.
type Rules struct{ Registry Registry }

// settings is registry.Settings in JSON.
type settings struct {
	AllowDangling   bool `json:"allowDangling"`
	RequireAgencies bool `json:"requireAgencies"`
}

// Get serves GET /api/v1/settings.
func (s *Rules) Get(w http.ResponseWriter, r *http.Request) {
	now, err := s.Registry.Settings(r.Context())
	if err != nil {
		WriteError(w, r, http.StatusInternalServerError, "The settings could not be read: %s", err)
		return
	}
	writeJSON(w, http.StatusOK, settings(now))
}

// Put serves PUT /api/v1/settings: all of them, so that none changes unsaid.
func (s *Rules) Put(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AllowDangling   *bool `json:"allowDangling"`
		RequireAgencies *bool `json:"requireAgencies"`
	}
	d := json.NewDecoder(io.LimitReader(r.Body, 1<<16))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil || in.AllowDangling == nil || in.RequireAgencies == nil {
		WriteError(w, r, http.StatusBadRequest, `The body must be JSON with allowDangling and requireAgencies, each true or false.`)
		return
	}
	if err := s.Registry.SaveSettings(r.Context(), registry.Settings{AllowDangling: *in.AllowDangling, RequireAgencies: *in.RequireAgencies}); err != nil {
		WriteError(w, r, http.StatusInternalServerError, "The settings could not be saved: %s", err)
		return
	}
	writeJSON(w, http.StatusOK, settings{*in.AllowDangling, *in.RequireAgencies})
}
