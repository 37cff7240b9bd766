package task

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/web/console/page"
	"urncast/web/guard"
)

// TestNoRoomForAnOrder checks that every reader of a rename without room is told so, and
// when to try again, and that another instance shows its result in the same words.
func TestNoRoomForAnOrder(t *testing.T) {
	kit := page.New(&page.Kit{Guard: &guard.Guard{Access: &access.Control{}}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	ts := &Tasks{Kit: kit}
	a := resultOf(nil, nil, fmt.Errorf("reading: %w", registry.ErrOverloaded))
	r := httptest.NewRequest("GET", "/x", nil)
	w := httptest.NewRecorder()
	ts.drawResult(w, r.WithContext(access.With(r.Context(), access.Principal{Name: "anna", Role: access.Maintainer})), &Order{Section: "/structures"}, true, a)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "5" || !strings.Contains(w.Body.String(), "oo many submissions are under way") {
		t.Errorf("%d, Retry-After %q: %s", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
}
