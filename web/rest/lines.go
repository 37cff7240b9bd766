package rest

import (
	"encoding/json"
	"errors"
	"net/http"
)

const mediaLines = "application/x-ndjson"

// lines writes an answer of JSON lines, each sent as it happens. The status is sent with
// the first line: an error before it has a status of its own.
type lines struct {
	w     http.ResponseWriter
	begun bool
	bytes int64 // written so far
}

// write writes a line. It fails if the client has left, or has not read for so long that
// it counts as gone.
func (l *lines) write(v any) error {
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
