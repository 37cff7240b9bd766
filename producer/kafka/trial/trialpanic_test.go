package trial

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"urncast/producer/connection"
)

// A panic in a call of a connection test fails its step and is in the log, with where it was.
func TestPanicInATrialIsInTheLog(t *testing.T) {
	var log bytes.Buffer
	trial := &trial{client: &Client{Log: slog.New(slog.NewTextHandler(&log, nil))}, connection: &connection.Connection{Name: "main"}}
	o := trial.call(t.Context(), func() outcome { panic("planted") })
	if o.state != connection.StepFailed || !strings.Contains(o.finding, "defect of the program") || strings.Contains(o.finding, "planted") {
		t.Errorf("the step says %+v", o)
	}
	if text := log.String(); !strings.Contains(text, "planted") || !strings.Contains(text, "trialpanic_test.go") || !strings.Contains(text, "connection=main") {
		t.Errorf("the log says %s", text)
	}
}
