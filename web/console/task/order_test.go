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
	"urncast/registry/workspace"
	"urncast/registry/workspace/workspacetest"
	"urncast/web/console/page"
	"urncast/web/guard"
)

// A rename for which there is no room says so to everybody, and when to come again; what
// came of it is told by another instance in the same words.
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

// Of two pages that wait for one order both are answered, though what came of it is told and
// forgotten: the second is led to its address again.
func TestTwoPagesWaitForAnOrder(t *testing.T) {
	kit := page.New(&page.Kit{Guard: &guard.Guard{Access: &access.Control{}}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	ts := &Tasks{Kit: kit, Store: &workspacetest.Store{}}
	drawn := 0
	o := &Order{Section: "/structures", Address: "/x", Draw: func(http.ResponseWriter, *http.Request, int, *Result) { drawn++ }}
	there, err := ts.Store.BeginTask(t.Context(), &workspace.Task{ID: "1", User: "anna", Address: "/x"})
	if err == nil {
		err = ts.Store.EndTask(t.Context(), "1", nil, []byte(`{"view": {}}`))
	}
	if err != nil {
		t.Fatal(err)
	}
	there.Ended = true
	for _, want := range []int{http.StatusOK, http.StatusSeeOther} {
		w := httptest.NewRecorder()
		ts.tell(w, httptest.NewRequest("GET", "/x", nil), o, there)
		if w.Code != want {
			t.Errorf("a page is answered with %d, not %d: %s", w.Code, want, w.Body)
		}
	}
	there.Ended = false // as a page knows it that waits for the end
	w := httptest.NewRecorder()
	if ts.meet(w, httptest.NewRequest("GET", "/x", nil), o, there); w.Code != http.StatusSeeOther {
		t.Errorf("a page that waited is answered with %d: %s", w.Code, w.Body)
	}
	if drawn != 1 {
		t.Errorf("it was drawn %d times", drawn)
	}
}
