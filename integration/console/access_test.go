package console

import (
	"log/slog"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"urncast/integration/complete"
	"urncast/integration/rig/pg"
	"urncast/registry/access"
	"urncast/registry/postgres"
	"urncast/web"
)

// serveNew serves a registry without accounts, and returns the setup code from its log.
func serveNew(t *testing.T) (s *httptest.Server, code string) {
	t.Helper()
	store, err := postgres.Open(t.Context(), pg.Shared(t).Database(t, "console_access"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	log := &strings.Builder{}
	c := &access.Control{Store: store.Access(), Log: slog.New(slog.NewTextHandler(log, nil))}
	if err := c.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = httptest.NewServer(web.New(complete.Options(t, store, web.Options{Access: c, ReadsClosed: true, Environment: "Test"})))
	t.Cleanup(s.Close)
	return s, regexp.MustCompile(`code=(\S+)`).FindStringSubmatch(log.String())[1]
}

// heading checks the heading of the current page.
func (b *browser) heading(want string) {
	b.t.Helper()
	if got := strings.TrimSpace(value[string](b, `document.querySelector("h1").innerText`)); got != want {
		b.t.Fatalf("the page is %q, not %q", got, want)
	}
}

// fill fills in the page's form and submits it.
func (b *browser) fill(fields map[string]string) {
	b.t.Helper()
	for id, text := range fields {
		b.do(chromedp.SetValue("#"+id, text))
	}
	if err := b.leads(chromedp.Click("form.lines button")); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.WaitReady("main"))
}

// From the setup code in the log to a token, as a person does it: the first administrator signs in,
// creates an account and a token, reads the audit log, and signs out. Each page on the way is
// checked in every width and theme.
func TestAccessFromTheCodeInTheLog(t *testing.T) {
	s, code := serveNew(t)
	b := open(t, s.URL)
	b.do(network.SetExtraHTTPHeaders(network.Headers{})) // from here on only the cookie signs in
	b.visit("/audit")                                    // redirects to the sign-in page, which redirects to the setup page
	b.heading("Make the first administrator")
	b.visit("/setup")
	b.look("first-run")
	b.visit("/setup")
	b.fill(map[string]string{"code": code, "name": "metadata-desk", "password": "short"})
	b.heading("Make the first administrator")
	if focus := value[string](b, `document.activeElement.id`); focus != "errors" {
		t.Errorf("the focus is on %q, not on the field with the error", focus)
	}
	b.look("first-run-wrong")
	b.fill(map[string]string{"password": "a sentence that is long"})
	b.visit("/access/new-account")
	b.fill(map[string]string{"name": "anna.schmidt", "role": "maintainer", "agencies": "SDMX BIS.XTD", "password": "another long sentence"})
	b.heading("Access")
	b.visit("/access/new-token")
	b.fill(map[string]string{"name": "nightly-import", "account": "anna.schmidt", "role": "reader", "days": "7"})
	b.heading("Token nightly-import is made")
	b.look("token-made")
	b.visit("/access")
	b.look("access-own")
	b.visit("/access/password")
	press("form.lines button")(b)
	b.look("password-wrong")
	b.visit("/access")
	b.visit(value[string](b, `document.querySelector("a[href$='/delete']").getAttribute("href")`))
	b.look("token-delete")
	b.visit("/audit?action=token+created")
	if rows := value[int](b, `document.querySelectorAll("#log tbody tr:not(.grp)").length`); rows != 1 {
		t.Errorf("the filter shows %d entries", rows)
	}
	b.do(chromedp.Click(`form[action="/logout"] button`), chromedp.WaitVisible("#password"))
	b.heading("Sign in")
	b.fill(map[string]string{"name": "anna.schmidt", "password": "not hers"})
	b.look("sign-in-wrong")
}
