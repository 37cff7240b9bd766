package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"urncast/registry"
	"urncast/web"
)

// A live page reconnects both after its stream ends and after an error response, which a browser by
// itself does not retry.
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
		t.Errorf("the browser reports %q", c)
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

// Pages show what another administrator changed in the meantime, which run was interrupted, and
// whose time zone the days are in; they fit every width.
func TestWhatIsSaidOfOthers(t *testing.T) {
	s, r, store := serveStore(t)
	b := open(t, s.URL)
	b.visit("/settings")
	if _, err := r.SaveSettings(t.Context(), registry.Settings{AllowDangling: true, Keep: registry.Keep{Transactions: 10, Days: 30}}, nil, registry.Actor{User: "bert"}); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.SetValue("#days", "7"), chromedp.Click(`form[action="/settings"] button`), chromedp.WaitVisible(`//*[contains(., "Save puts them over those")]`))
	if days := value[string](b, `document.getElementById("days").value`); days != "7" {
		t.Errorf("the field has %q", days)
	}
	b.look("settings-changed")
	b.do(chromedp.Click(`form[action="/settings"] button`), chromedp.WaitVisible(`//*[contains(., "Saved, for submissions from now on")]`))
	if now, err := r.Settings(t.Context()); err != nil || now.Keep.Days != 7 || now.AllowDangling {
		t.Errorf("the saved settings are %+v, %v", now, err)
	}
	if _, err := store.Pool().Exec(t.Context(), `
		INSERT INTO housekeeping_runs (horizon, after, user_name, keep_transactions, keep_days, documents) VALUES (1, 0, 'bert', 10, 7, 4)`); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Pool().Exec(t.Context(), `UPDATE housekeeping SET horizon = 1`); err != nil {
		t.Fatal(err)
	}
	if broken, err := r.NoteBrokenHousekeeping(t.Context()); broken == nil || err != nil {
		t.Fatal(broken, err)
	}
	b.visit("/settings")
	b.do(chromedp.WaitVisible(`//*[contains(., "The last run was broken off")]`))
	b.look("settings-broken")
	b.visit("/audit")
	if text := value[string](b, `document.getElementById("log").textContent`); !strings.Contains(text, "Housekeeping broken off") {
		t.Errorf("the audit log shows %s", text)
	}
	b.visit("/audit") // the first visit told the server the zone
	if zone, said := value[string](b, `Intl.DateTimeFormat().resolvedOptions().timeZone`), value[string](b, `document.querySelector("input[name=zone]").value`); zone != said {
		t.Errorf("days are in %s, and the reader is in %s", said, zone)
	}
	b.look("audit-days")
	if c := b.complaints(); len(c) > 0 {
		t.Errorf("the browser reports %q", c)
	}
}
