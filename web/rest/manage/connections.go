package manage

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"time"

	"urncast/internal/secret"
	"urncast/producer"
	"urncast/producer/connection"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/web/answer"
	"urncast/web/guard"
	"urncast/web/rest/wire"
)

// Connections serves the connections to Kafka. Secrets can be set and are never shown.
type Connections struct {
	Connections *connection.Connections
	Audit       *access.Control
}

// Routes need an administrator, reads too, because they show how the clusters are set up.
func (c *Connections) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/connections", Level: guard.Admin, Act: "Seeing connections", Handle: c.list},
		{Pattern: "GET /api/v1/connections/{name}", Level: guard.Admin, Act: "Seeing a connection", Handle: c.get},
		{Pattern: "PUT /api/v1/connections/{name}", Level: guard.Admin, Act: "Saving a connection", Body: guard.Files, Handle: c.put},
		{Pattern: "DELETE /api/v1/connections/{name}", Level: guard.Admin, Act: "Deleting a connection", Handle: c.delete},
		{Pattern: "POST /api/v1/connections/check", Level: guard.Admin, Act: "Checking a connection", Body: guard.Files, Handle: c.check},
		{Pattern: "POST /api/v1/connections/test", Level: guard.Admin, Act: "Testing a connection", Body: guard.Files, Handle: c.testEdited},
		{Pattern: "POST /api/v1/connections/{name}/test", Level: guard.Admin, Act: "Testing a connection", Body: guard.Files, Handle: c.testSaved},
		{Pattern: "GET /api/v1/kafka-properties", Level: guard.Admin, Act: "Seeing the properties of connections", Handle: c.properties},
	}
}

// An Edit is a connection as a request has it. What Get showed may be sent back: its name,
// properties, files and revision count.
type Edit struct {
	connection.Shown
	Text string      `json:"text"` // a client.properties; properties go before its lines
	Test TestOptions `json:"test"` // for a test alone
}

func (e *Edit) edit() connection.Edit {
	return connection.Edit{Name: e.Name, Text: e.Text, Properties: e.Properties, Files: e.Files, Revision: e.Revision}
}

// Tried is the trial of one bootstrap server.
type Tried struct {
	connection.Tried
	TookMs int64 `json:"tookMs"`
}

func triedOf(in []connection.Tried) []Tried {
	out := make([]Tried, len(in))
	for i, t := range in {
		out[i] = Tried{t, t.Took.Milliseconds()}
	}
	return out
}

// SavedConnection answers a save.
type SavedConnection struct {
	Connection connection.Shown     `json:"connection"`
	Changed    bool                 `json:"changed"`
	Findings   []connection.Finding `json:"findings"`
	Servers    []Tried              `json:"servers"`
}

// RefusedConnection is the Problem of a refused save.
type RefusedConnection struct {
	answer.Problem
	Findings []connection.Finding `json:"findings"`
	Servers  []Tried              `json:"servers,omitempty"`
}

// list serves GET /api/v1/connections.
func (c *Connections) list(w http.ResponseWriter, r *http.Request) {
	all, err := c.Connections.List(r.Context())
	wire.Reply(w, r, http.StatusOK, map[string]any{"connections": append([]connection.Shown{}, all...)}, err, writeConnectionError)
}

// get serves GET /api/v1/connections/{name}.
func (c *Connections) get(w http.ResponseWriter, r *http.Request) {
	s, err := c.Connections.Get(r.Context(), r.PathValue("name"))
	if err != nil {
		writeConnectionError(w, r, err)
		return
	}
	wire.Tag(w, s.Revision)
	wire.WriteJSON(w, http.StatusOK, s)
}

// put serves PUT /api/v1/connections/{name}: the whole connection. With anyway=true it is
// saved although bootstrap servers failed their trial.
func (c *Connections) put(w http.ResponseWriter, r *http.Request) {
	e, ok := readEdit(w, r)
	if !ok {
		return
	}
	if !wire.Onto(w, r, &e.Revision) {
		return
	}
	anyway := false
	if text := r.URL.Query().Get("anyway"); text != "" {
		var err error
		if anyway, err = strconv.ParseBool(text); err != nil {
			answer.WriteError(w, r, http.StatusBadRequest, "anyway=%q is neither true nor false.", text)
			return
		}
	}
	s, err := c.Connections.Save(r.Context(), e.edit(), anyway, answer.Actor(r))
	if err != nil {
		writeConnectionError(w, r, err)
		return
	}
	status := http.StatusOK
	if e.Revision == 0 {
		status = http.StatusCreated
	}
	findings := append([]connection.Finding{}, s.Findings...)
	wire.Tag(w, s.Shown.Revision)
	wire.WriteJSON(w, status, SavedConnection{s.Shown, s.Changed, findings, triedOf(s.Servers)})
}

// delete serves DELETE /api/v1/connections/{name}.
func (c *Connections) delete(w http.ResponseWriter, r *http.Request) {
	var revision int64 // 0 without If-Match: any
	if !wire.Onto(w, r, &revision) {
		return
	}
	wire.ReplyDone(w, r, c.Connections.Delete(r.Context(), r.PathValue("name"), revision, answer.Actor(r)), writeConnectionError)
}

// check serves POST /api/v1/connections/check: a client.properties as text, or an Edit.
// Check connects to nothing and keeps nothing.
func (c *Connections) check(w http.ResponseWriter, r *http.Request) {
	e, ok := readEdit(w, r)
	if !ok {
		return
	}
	findings, err := c.Connections.Check(r.Context(), e.edit())
	wire.Reply(w, r, http.StatusOK, map[string]any{"findings": append([]connection.Finding{}, findings...)}, err, writeConnectionError)
}

// properties serves GET /api/v1/kafka-properties.
func (c *Connections) properties(w http.ResponseWriter, _ *http.Request) {
	wire.WriteJSON(w, http.StatusOK, map[string]any{"properties": c.Connections.Properties()})
}

// readEdit reads a request's Edit to the end of its body: only then does a handler notice
// that the client leaves. If it returns false, the answer has been written.
func readEdit(w http.ResponseWriter, r *http.Request) (*Edit, bool) {
	e := &Edit{}
	b, ok := wire.ReadBody(w, r)
	if !ok {
		return nil, false
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // an unreadable one is taken for JSON
	if media == "text/plain" {
		e.Text = string(b)
	} else if err := wire.Decode(b, e); err != nil {
		answer.WriteError(w, r, http.StatusBadRequest, "The body must be JSON with properties, files and revision: %s", err)
		return nil, false
	}
	if name := r.PathValue("name"); name != "" {
		e.Name = name
	}
	return e, true
}

// writeConnectionError answers with the status that fits an error.
func writeConnectionError(w http.ResponseWriter, r *http.Request, err error) {
	var refused *connection.RefusedError
	if errors.As(err, &refused) {
		const status = http.StatusUnprocessableEntity
		p := answer.Problem{Title: http.StatusText(status), Status: status, Detail: refused.Error() + ".", CorrelationID: r.Header.Get("X-Correlation-Id")}
		findings := append([]connection.Finding{}, refused.Findings...)
		wire.WriteJSONAs(w, answer.MediaProblem, status, RefusedConnection{p, findings, triedOf(refused.Servers)})
		return
	}
	status, text := connectionStatus(w, r, err)
	answer.WriteError(w, r, status, "%s.", text)
}

// connectionStatus gives the status and the sentence of an error.
func connectionStatus(w http.ResponseWriter, r *http.Request, err error) (int, string) {
	var conflict *connection.ConflictError
	var used *connection.InUseError
	var fixed *connection.FixedError
	var bad *producer.BadEditError
	switch {
	case errors.As(err, &bad):
		return http.StatusBadRequest, err.Error()
	case errors.Is(err, registry.ErrNotFound):
		return http.StatusNotFound, fmt.Sprintf("There is no connection %q", r.PathValue("name"))
	case errors.As(err, &conflict):
		return wire.Conflicting(r), err.Error()
	case errors.As(err, &used), errors.As(err, &fixed):
		return http.StatusConflict, err.Error()
	case errors.Is(err, connection.ErrBusy):
		return http.StatusTooManyRequests, err.Error()
	case errors.Is(err, secret.ErrNoKey):
		return http.StatusConflict, "The connection was not saved, for it has secrets, and " + err.Error()
	}
	return http.StatusInternalServerError, "The connections could not be read or written: " + answer.Private(w, r, err).Error()
}

// A duration is a text such as "10s" in JSON.
type duration time.Duration

// UnmarshalJSON implements json.Unmarshaler.
func (d *duration) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		if v, err := time.ParseDuration(text); err == nil && v >= 0 {
			*d = duration(v)
			return nil
		}
	}
	return errors.New(`a time is a text such as "10s" or "1m30s"`)
}
