package rest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"urncast/formats"
	"urncast/registry"
)

// Where too much is under way every door says 503, and when to come again.
func TestOverloadedIsForNow(t *testing.T) {
	for _, err := range []error{registry.ErrOverloaded, fmt.Errorf("reading: %w", registry.ErrOverloaded)} {
		for _, path := range []string{"/sdmx/v2/structure", "/api/v1/structures/rename"} {
			w := httptest.NewRecorder()
			submitError(w, httptest.NewRequest(http.MethodPost, path, nil), err)
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "5" {
				t.Errorf("%s answers %d, Retry-After %q: %s", path, w.Code, w.Header().Get("Retry-After"), w.Body)
			}
		}
	}
	w := httptest.NewRecorder()
	submitError(w, httptest.NewRequest(http.MethodPost, "/sdmx/v2/structure", nil), &formats.Error{Text: "wrong"})
	if w.Code != http.StatusBadRequest {
		t.Errorf("a wrong file answers %d", w.Code)
	}
}
