package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"urncast/registry"
	"urncast/registry/access"
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
	up := &upload{last: &checked{err: none}}
	v, err := s.checkView(t.Context(), up, "", 0)
	if err != nil || v.Unread != nil || !strings.Contains(v.Broke, "too many submissions") {
		t.Errorf("the check says %+v, %v", v, err)
	}
}

// Whoever discards his files keeps nothing of their check in memory for the rest of the hour.
func TestADiscardedUploadLetsGo(t *testing.T) {
	u := &uploads{}
	up, _, err := u.take(formOf(t, 10), "anna")
	if err != nil {
		t.Fatal(err)
	}
	u.forget(up, "discarded")
	if up.expiry.Stop() {
		t.Error("a timer holds it still")
	}
}
