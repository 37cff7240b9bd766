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

	"urncast/registry"
	"urncast/registry/access"
	"urncast/sdmx"
)

// Where there is no room, pages say so to everybody, and when to come again.
func TestNoRoomOnPages(t *testing.T) {
	s := newServer(Options{Password: "correct-horse", Log: slog.New(slog.DiscardHandler)})
	s.handler()
	none := fmt.Errorf("reading: %w", registry.ErrOverloaded)
	for name, handle := range map[string]http.HandlerFunc{
		"page": func(w http.ResponseWriter, r *http.Request) { s.kit.DrawTrouble(w, r, "/", none) },
	} {
		r := httptest.NewRequest("GET", "/x", nil)
		w := httptest.NewRecorder()
		handle(w, r.WithContext(access.With(r.Context(), access.Principal{Name: "anna", Role: access.Maintainer})))
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "5" || !strings.Contains(w.Body.String(), "oo many submissions are under way") {
			t.Errorf("%s: %d, Retry-After %q: %s", name, w.Code, w.Header().Get("Retry-After"), w.Body)
		}
	}
}

// A silent is a registry's store that says why it does not answer.
type silent struct{ registry.Store }

func (silent) Counts(context.Context) (map[sdmx.Class]int, registry.Number, error) {
	return nil, 0, errInside
}

// What keeps the live dashboard from showing everything is in the log, once, and not on
// the page, which admins and others are shown alike.
func TestTroubleOfTheLiveDashboard(t *testing.T) {
	var log bytes.Buffer
	s := newServer(Options{Registry: registry.New(silent{}), Password: "correct-horse", Log: slog.New(slog.NewTextHandler(&log, nil))})
	gather := s.watchDashboard("")
	for range 3 {
		parts, _, err := gather(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var drawn bytes.Buffer
		for _, p := range parts {
			if err := p.Draw.Render(t.Context(), &drawn); err != nil {
				t.Fatal(err)
			}
		}
		if page := drawn.String(); strings.Contains(page, "db7.internal") || !strings.Contains(page, "log has the cause") {
			t.Errorf("the page says %s", page)
		}
	}
	if n := strings.Count(log.String(), "db7.internal"); n != 1 {
		t.Errorf("the log has it %d times: %s", n, &log)
	}
}
