package console

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"urncast/integration/rig/pg"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/postgres"
	"urncast/web"
)

// serveNew serves a registry that nobody has set up, and gives the code of its log.
func serveNew(t *testing.T) (s *httptest.Server, code string) {
	t.Helper()
	store, err := postgres.Open(t.Context(), pg.Start(t).Database(t, "console_access"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	log := &strings.Builder{}
	c := &access.Control{Store: store.Access(), Log: slog.New(slog.NewTextHandler(log, nil))}
	if err := c.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = httptest.NewServer(web.New(web.Options{Registry: registry.New(store), Access: c, ReadsClosed: true, Environment: "Test", Log: slog.New(slog.DiscardHandler)}))
	t.Cleanup(s.Close)
	return s, regexp.MustCompile(`code=(\S+)`).FindStringSubmatch(log.String())[1]
}

// look looks at a page in every width and theme.
func (b *browser) look(name, path string) {
	b.t.Helper()
	for _, width := range []int64{1440, 768, 375} {
		for _, theme := range []string{"light", "dark"} {
			at := fmt.Sprintf("%s-%d-%s", name, width, theme)
			b.show(width, theme)
			b.visit(path)
			b.shoot(at)
			b.accessible(at)
			if over := value[int](b, `document.documentElement.scrollWidth - window.innerWidth`); over > 0 {
				b.t.Errorf("%s is %d pixels too wide", at, over)
			}
		}
	}
	b.show(1440, "light")
	for _, complaint := range b.complaints() {
		b.t.Errorf("%s: %s", name, complaint)
	}
}

// heading checks which page is there.
func (b *browser) heading(want string) {
	b.t.Helper()
	if got := strings.TrimSpace(value[string](b, `document.querySelector("h1").innerText`)); got != want {
		b.t.Fatalf("the page is %q, not %q", got, want)
	}
}

// fill fills in the page's form and sends it.
func (b *browser) fill(fields map[string]string) {
	b.t.Helper()
	for id, text := range fields {
		b.do(chromedp.SetValue("#"+id, text))
	}
	if _, err := chromedp.RunResponse(b.Context, chromedp.Click("form.lines button")); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.WaitReady("main"))
}

// From the code in the log to a token, as a person does it: the first administrator
// signs in, makes an account and a token, looks at the audit log, and signs out. Each
// page on the way is looked at in every width and theme.
func TestAccessFromTheCodeInTheLog(t *testing.T) {
	s, code := serveNew(t)
	b := open(t, s.URL)
	b.do(network.SetExtraHTTPHeaders(network.Headers{})) // signed in by the cookie alone
	b.visit("/audit")                                    // leads to the sign-in, and that to the set-up
	b.heading("Make the first administrator")
	b.look("first-run", "/setup")
	b.visit("/setup")
	b.fill(map[string]string{"code": code, "name": "metadata-desk", "password": "short"})
	b.heading("Make the first administrator")
	if focus := value[string](b, `document.activeElement.id`); focus != "errors" {
		t.Errorf("focus is on %q, not on what is wrong", focus)
	}
	b.shoot("first-run-wrong-1440-light")
	b.accessible("first-run-wrong")
	b.complaints() // of the answer 400
	b.fill(map[string]string{"password": "a sentence that is long"})
	b.visit("/access/new-account")
	b.fill(map[string]string{"name": "anna.schmidt", "role": "maintainer", "agencies": "SDMX BIS.XTD", "password": "another long sentence"})
	b.heading("Access")
	b.visit("/access/new-token")
	b.fill(map[string]string{"name": "nightly-import", "account": "anna.schmidt", "role": "reader", "days": "7"})
	b.heading("Token nightly-import is made")
	b.shoot("token-made-1440-light")
	b.accessible("token-made")
	b.complaints()
	b.look("access", "/access")
	b.look("new-account", "/access/new-account")
	b.look("account", "/access/accounts/anna.schmidt")
	b.look("account-delete", "/access/accounts/anna.schmidt/delete")
	b.look("audit", "/audit")
	b.visit("/audit?action=token+created")
	if rows := value[int](b, `document.querySelectorAll("#log tbody tr:not(.grp)").length`); rows != 1 {
		t.Errorf("the filter shows %d entries", rows)
	}
	b.do(chromedp.Click(`form[action="/logout"] button`), chromedp.WaitVisible("#password"))
	b.heading("Sign in")
	b.look("sign-in", "/login")
}
