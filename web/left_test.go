package web

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"urncast/web/rest"
)

// A client that does not wait is no error of the server's; a server's own error is one
// though the client has gone too.
func TestWhoLeavesIsNoError(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		wants string
	}{
		"left":   {fmt.Errorf("asking: %w", context.Canceled), "level=INFO"},
		"broken": {inside, "level=ERROR"},
	} {
		var log bytes.Buffer
		s := newServer(Options{Password: "correct-horse", Log: slog.New(slog.NewTextHandler(&log, nil))})
		s.handler()
		ctx, leave := context.WithCancel(t.Context())
		h := s.observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			leave()
			rest.WriteError(w, r, 500, "The log could not be read: %s", c.err)
		}))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/api/v1/transactions", nil))
		if line := log.String(); !strings.Contains(line, c.wants) || strings.Contains(line, "status=499") != (name == "left") {
			t.Errorf("%s: the log says %s", name, line)
		}
	}
}

// A database that says nothing makes the server not ready, and not silent.
func TestReadyzWaitsForNobodyForLong(t *testing.T) {
	h := New(Options{Password: "correct-horse", Log: slog.New(slog.DiscardHandler), Ready: func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(3 * readyPatience):
			return nil
		}
	}})
	if resp := get(t, h, "/readyz"); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readyz says %d", resp.StatusCode)
	}
}
