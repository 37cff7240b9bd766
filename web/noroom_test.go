package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"urncast/registry"
	"urncast/registry/access"
)

// TestNoRoomOnPages checks that every reader of a page without room for its work is told
// so, and when to try again.
func TestNoRoomOnPages(t *testing.T) {
	s := newServer(complete(Options{}))
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
