package rest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"urncast/producer"
	"urncast/registry/access"
)

// Management serves the producer's commands.
type Management struct{ Producer *producer.Admin }

// Status serves GET /api/v1/producer.
func (m *Management) Status(w http.ResponseWriter, r *http.Request) {
	s, err := m.Producer.Status(r.Context())
	if err != nil {
		WriteError(w, r, http.StatusInternalServerError, "The producer's state could not be read: %s", err)
		return
	}
	writeJSON(w, http.StatusOK, s)
}

// Command serves POST /api/v1/producer/{command}: start, suspend, resume or
// skip.
func (m *Management) Command(w http.ResponseWriter, r *http.Request) {
	var in struct {
		How  string `json:"how"`
		Keep bool   `json:"keep"`
		producer.Skip
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil && !errors.Is(err, io.EOF) {
		WriteError(w, r, http.StatusBadRequest, "The body must be JSON: %s", err)
		return
	}
	user := access.From(r.Context()).Name
	var err error
	switch command := r.PathValue("command"); command {
	case "start":
		err = m.Producer.Start(r.Context(), in.How, user)
	case "suspend":
		err = m.Producer.Suspend(r.Context(), in.Keep, user)
	case "resume":
		err = m.Producer.Resume(r.Context(), user)
	case "skip":
		err = m.Producer.Skip(r.Context(), in.Skip, actor(r))
	default:
		WriteError(w, r, http.StatusNotFound, "A producer has the commands start, suspend, resume and skip, not %q.", command)
		return
	}
	switch {
	case errors.Is(err, producer.ErrCommand):
		WriteError(w, r, http.StatusConflict, "%s", err)
	case err != nil:
		WriteError(w, r, http.StatusInternalServerError, "The command could not be recorded: %s", err)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
