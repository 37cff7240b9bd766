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

	"urncast/producer/control"
	"urncast/producer/producertest"
	"urncast/web/answer"
	"urncast/web/guard"
)

// TestWhoLeavesIsNoError checks that a client that leaves early is not logged as the
// server's error, and that an error of the server is logged even if the client has left as
// well.
func TestWhoLeavesIsNoError(t *testing.T) {
	for name, c := range map[string]struct {
		begun bool // of a stream whose status has been sent
		err   error
		wants string
	}{
		"left":   {false, fmt.Errorf("asking: %w", context.Canceled), "level=INFO"},
		"stream": {true, errInside, "level=INFO"},
		"broken": {false, errInside, "level=ERROR"},
	} {
		var log bytes.Buffer
		s := newServer(complete(Options{Log: slog.New(slog.NewTextHandler(&log, nil))}))
		s.handler()
		ctx, leave := context.WithCancel(t.Context())
		h := s.observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c.begun {
				w.WriteHeader(http.StatusOK)
			}
			leave()
			answer.WriteError(w, r, 500, "The log could not be read: %s", c.err)
		}))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/api/v1/transactions", nil))
		if line := log.String(); !strings.Contains(line, c.wants) || strings.Contains(line, "status=499") != (name == "left") {
			t.Errorf("%s: the log says %s", name, line)
		}
	}
}

// TestReadyzWaitsForNobodyForLong checks that /readyz answers "not ready" in time when the
// database does not answer.
func TestReadyzWaitsForNobodyForLong(t *testing.T) {
	h := New(complete(Options{Ready: func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(3 * readyPatience):
			return nil
		}
	}}))
	if resp := get(t, h, "/readyz"); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readyz says %d", resp.StatusCode)
	}
}

// TestReadsHaveAnEnd checks that a list or a page ends with a sentence when the database
// does not answer, and that a stream goes on.
func TestReadsHaveAnEnd(t *testing.T) {
	d := &stalled{Directory: producertest.Directory{{Name: "main"}}}
	d.stall(true)
	s := newServer(complete(Options{Producers: &control.Producers{Directory: d}}))
	s.patience.read = 300 * time.Millisecond
	server := httptest.NewServer(s.handler())
	defer server.Close()
	for _, path := range []string{"/api/v1/producers", "/producers"} {
		began := time.Now()
		resp, err := server.Client().Do(pageRequest(t, server.URL+path))
		if err != nil {
			t.Fatal(err)
		}
		body := text(t, resp)
		resp.Body.Close()
		if took := time.Since(began); took > 10*time.Second || resp.StatusCode < 500 || !strings.Contains(body, "could not be") && !strings.Contains(body, "did not answer") {
			t.Errorf("%s: after %s %s: %.300s", path, took, resp.Status, body)
		}
	}
	long := map[string]bool{}
	for _, rt := range newServer(complete(Options{})).routes() {
		long[rt.Pattern] = rt.Long
	}
	for pattern, ends := range map[string]bool{"GET /structures": true, "GET /{$}": true, "GET /api/v1/producers": true, "GET /structures/{type}/{agency}/{id}/{version}": true,
		"GET /live/dashboard": false, "GET /sdmx/v2/structure/{type}": false, "GET /transactions.csv": false, "POST /submit": false,
		"GET /api/v1/transactions/{number}/structures": false, "GET /structures/{type}/{agency}/{id}/{version}/download": false} {
		r, end := usualPatience.bounded(httptest.NewRequest("GET", "/", nil), &guard.Route{Pattern: pattern, Long: long[pattern]})
		if _, bounded := r.Context().Deadline(); bounded != ends {
			t.Errorf("%s: bounded %v", pattern, bounded)
		}
		end()
	}
}
