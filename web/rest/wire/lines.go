package wire

import (
	"encoding/json"
	"errors"
	"net/http"
)

const mediaLines = "application/x-ndjson"

// Lines is an answer of JSON lines, each sent as it happens. The status is sent with the
// first line: an error before it has a status of its own.
type Lines struct {
	w     http.ResponseWriter
	begun bool
	bytes int64
}

// NewLines returns an answer without lines; nothing is written yet.
func NewLines(w http.ResponseWriter) *Lines { return &Lines{w: w} }

// Begun reports whether a line was sent, and with it the status.
func (l *Lines) Begun() bool { return l.begun }

// Bytes is how many bytes were sent so far.
func (l *Lines) Bytes() int64 { return l.bytes }

// Send sends a line. It fails if the client has left, or has not read for so long that it
// counts as gone.
func (l *Lines) Send(v any) error {
	if !l.begun {
		l.w.Header().Set("Content-Type", mediaLines)
		l.w.Header().Set("Cache-Control", "no-store")
		l.w.Header().Set("X-Accel-Buffering", "no") // otherwise a proxy collects lines
		l.begun = true
	}
	b, err := json.Marshal(v)
	if err != nil { // a defect: all types can be encoded
		panic(err)
	}
	_, err = l.w.Write(append(b, '\n'))
	l.bytes += int64(len(b)) + 1
	return errors.Join(err, http.NewResponseController(l.w).Flush())
}
