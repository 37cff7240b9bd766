package structures

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/plan"
	"urncast/registry/workspace/workspacetest"
	"urncast/web/console/page"
	"urncast/web/console/record"
	"urncast/web/console/task"
	"urncast/web/guard"
)

// ask sends a request to the pages over a store, as somebody with agencies.
func ask(store registry.Store, who access.Principal, method, path, form string) *httptest.ResponseRecorder {
	kit := page.New(&page.Kit{Guard: &guard.Guard{Access: &access.Control{}}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	r := plan.New(store)
	pages := &Pages{Kit: kit, Record: &record.Reader{Kit: kit, Registry: r}, Registry: r, Tasks: &task.Tasks{Kit: kit, Store: &workspacetest.Store{}, Recorded: r.Recorded}}
	mux := http.NewServeMux()
	routes := pages.Routes()
	kit.Guard.Know(routes)
	for _, rt := range routes {
		mux.HandleFunc(rt.Pattern, rt.Handle)
	}
	req := httptest.NewRequest(method, path, strings.NewReader(form))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, req.WithContext(access.With(req.Context(), who)))
	return w
}

// A full is a registry's store that has no room for a submission.
type full struct{ registry.Store }

func (full) Update(context.Context, registry.Ahead, func(registry.Tx) error) error {
	return fmt.Errorf("reading: %w", registry.ErrOverloaded)
}

// Where there is no room, renames and deletions say so, and when to come again.
func TestNoRoomForAChange(t *testing.T) {
	anna := access.Principal{Name: "anna", Role: access.Maintainer, Agencies: []string{"BIS"}}
	for _, path := range []string{"/structures/codelist/BIS/CL_A/1.0/rename", "/structures/codelist/BIS/CL_A/1.0/delete"} {
		w := ask(full{}, anna, "POST", path, "id=CL_B")
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "5" || !strings.Contains(w.Body.String(), "oo many submissions are under way") {
			t.Errorf("%s: %d, Retry-After %q: %s", path, w.Code, w.Header().Get("Retry-After"), w.Body)
		}
	}
}
