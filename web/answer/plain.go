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
	_, _ = w.Write([]byte(text)) // fails only if the reader has left
}

// Left reports whether the client has stopped waiting for its answer. A request whose time
// limit has passed does not count.
func Left(r *http.Request) bool { return errors.Is(r.Context().Err(), context.Canceled) }
