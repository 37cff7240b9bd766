package manage

import (
	"net/http"
	"time"

	"urncast/internal/secret"
	"urncast/producer/connection"
	"urncast/web/answer"
	"urncast/web/rest/wire"
)

// TestOptions say what a connection test tries.
type TestOptions struct {
	Topic        string   `json:"topic"`   // the producer's if empty
	Scratch      string   `json:"scratch"` // a topic for what is committed and read back; left out if empty
	MakeScratch  bool     `json:"makeScratch"`
	Prefix       string   `json:"prefix"` // of transactional ids; the producer's if empty
	Bytes        int      `json:"bytes"`  // of a large message that is sent; if 0, limits are read
	Compressible bool     `json:"compressible"`
	StepTimeout  duration `json:"stepTimeout"`
}

func (o *TestOptions) test() connection.Test {
	return connection.Test{Topic: o.Topic, Scratch: o.Scratch, MakeScratch: o.MakeScratch, Prefix: o.Prefix,
		Bytes: o.Bytes, Compressible: o.Compressible, StepTimeout: time.Duration(o.StepTimeout)}
}

// A Step is one line of a test's answer.
type Step struct {
	connection.Step
	TookMs int64 `json:"tookMs"`
}

// testSaved serves POST /api/v1/connections/{name}/test, a test of the saved connection;
// the body is TestOptions.
func (c *Connections) testSaved(w http.ResponseWriter, r *http.Request) {
	var o TestOptions
	b, ok := wire.ReadBody(w, r)
	if !ok {
		return
	}
	if err := wire.Decode(b, &o); err != nil {
		answer.WriteError(w, r, http.StatusBadRequest, "The body must be JSON that says what to test, or empty: %s", err)
		return
	}
	c.test(w, r, connection.Edit{Name: r.PathValue("name")}, o)
}

// testEdited serves POST /api/v1/connections/test, whose body is an Edit: secrets that it
// keeps are those of the connection that it names. Nothing is saved.
func (c *Connections) testEdited(w http.ResponseWriter, r *http.Request) {
	e, ok := readEdit(w, r)
	if !ok {
		return
	}
	edit := e.edit()
	if edit.Properties == nil {
		edit.Properties = map[string]secret.Property{} // an edit, even if it is empty
	}
	c.test(w, r, edit, e.Test)
}

// test answers with a line of JSON for each step, sent as it happens. The test ends when
// the client leaves. The status is sent with the first line: an error before it has a
// status of its own, an error after it is a line.
func (c *Connections) test(w http.ResponseWriter, r *http.Request, e connection.Edit, o TestOptions) {
	out := wire.NewLines(w)
	var failed []string
	err := c.Connections.Test(r.Context(), e, o.test(), func(s connection.Step) {
		if s.State == connection.StepFailed {
			failed = append(failed, s.ID)
		}
		_ = out.Send(Step{s, s.Took.Milliseconds()}) // if the client has left, the request's context ends
	})
	if out.Begun() {
		if e.Name == "" {
			e.Name = "a connection that is not saved"
		}
		c.Audit.Record(r.Context(), connection.ActTested, e.Name, connection.TestRecord{Edited: e.Properties != nil, Failed: append([]string{}, failed...),
			Ended: err == nil, Topic: o.Topic, Scratch: o.Scratch})
	}
	switch {
	case r.Context().Err() != nil || err == nil && out.Begun():
	case err == nil:
		answer.WriteError(w, r, http.StatusInternalServerError, "The test ended without a step.")
	case !out.Begun():
		writeConnectionError(w, r, err)
	default:
		_, text := connectionStatus(w, r, err)
		_ = out.Send(map[string]string{"error": text}) // as above
	}
}
