package answer

import (
	"context"
	"errors"
	"net/http"
)

// Plain answers with a line of plain text.
func Plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the reader has gone; nobody is left to tell
}

// Left reports whether the client does not wait for its answer any more; not that the
// request's time is over.
func Left(r *http.Request) bool { return errors.Is(r.Context().Err(), context.Canceled) }
