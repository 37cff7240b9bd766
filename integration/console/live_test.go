package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"urncast/web"
)

// A page that is live connects again, whatever kept it from that: a stream that ends, and
// an answer that is an error, which a browser alone does not try a second time.
func TestLivePageConnectsAgain(t *testing.T) {
	_, _, h := build(t, "console_live", "", web.Options{Environment: "Test"})
	var broken atomic.Bool
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/live/") {
			if asked.Add(1); broken.Load() {
				http.Error(w, "not now", http.StatusServiceUnavailable)
				return
			}
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	b := open(t, s.URL)
	broken.Store(true)
	b.visit("/")
	wait(t, "two refusals", func() bool { return asked.Load() >= 2 })
	wait(t, "the page to say that it is not live", func() bool {
		return value[string](b, `document.getElementById("live").textContent`) != "Live"
	})
	b.shoot("live-lost")
	broken.Store(false)
	wait(t, "the page to be live again", func() bool {
		return value[string](b, `document.getElementById("live").textContent`) == "Live"
	})
	if c := b.complaints(); len(c) > 0 {
		t.Errorf("the page complains: %q", c)
	}
}

func wait(t *testing.T, what string, until func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !until(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 30 s for %s", what)
		}
	}
}
