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

// From the code in the log to a token, as a person does it: the first administrator
// signs in, makes an account and a token, looks at the audit log, and signs out. Each
// page on the way is looked at in every width and theme.
func TestAccessFromTheCodeInTheLog(t *testing.T) {
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
	code := regexp.MustCompile(`code=(\S+)`).FindStringSubmatch(log.String())
	s := httptest.NewServer(web.New(web.Options{Registry: registry.New(store), Access: c, ReadsClosed: true, Environment: "Test", Log: slog.New(slog.DiscardHandler)}))
	t.Cleanup(s.Close)
	b := open(t, s.URL)
	b.do(network.SetExtraHTTPHeaders(network.Headers{})) // signed in by the cookie alone
	b.show(1440, "light")
	look := func(name, path string) {
		t.Helper()
		for _, width := range []int64{1440, 768, 375} {
			for _, theme := range []string{"light", "dark"} {
				at := fmt.Sprintf("%s-%d-%s", name, width, theme)
				b.show(width, theme)
				if path != "" {
					b.visit(path)
				}
				b.shoot(at)
				b.accessible(at)
				if over := value[int](b, `document.documentElement.scrollWidth - window.innerWidth`); over > 0 {
					t.Errorf("%s is %d pixels too wide", at, over)
				}
			}
		}
		b.show(1440, "light")
		for _, complaint := range b.complaints() {
			if !strings.Contains(complaint, "favicon") {
				t.Errorf("%s: %s", name, complaint)
			}
		}
	}
	heading := func(want string) {
		t.Helper()
		if got := strings.TrimSpace(value[string](b, `document.querySelector("h1").innerText`)); got != want {
			t.Fatalf("the page is %q, not %q", got, want)
		}
	}
	fill := func(fields map[string]string, button string) {
		t.Helper()
		for id, text := range fields {
			b.do(chromedp.SetValue("#"+id, text))
		}
		if _, err := chromedp.RunResponse(b.Context, chromedp.Click(button)); err != nil {
			t.Fatal(err)
		}
		b.do(chromedp.WaitReady("main"))
	}

	b.visit("/audit") // leads to the sign-in, and that to the set-up
	heading("Make the first administrator")
	look("first-run", "/setup")
	b.visit("/setup")
	fill(map[string]string{"code": code[1], "name": "metadata-desk", "password": "short"}, "form.lines button")
	heading("Make the first administrator")
	if focus := value[string](b, `document.activeElement.id`); focus != "errors" {
		t.Errorf("focus is on %q, not on what is wrong", focus)
	}
	b.complaints() // of the answer 400
	fill(map[string]string{"password": "a sentence that is long"}, "form.lines button")
	b.visit("/access")
	heading("Access")
	b.visit("/access/new-account")
	fill(map[string]string{"name": "anna.schmidt", "role": "maintainer", "agencies": "SDMX BIS.XTD", "password": "another long sentence"}, "form.lines button")
	heading("Access")
	b.visit("/access/new-token")
	fill(map[string]string{"name": "nightly-import", "account": "anna.schmidt", "role": "reader", "days": "7"}, "form.lines button")
	heading("Token nightly-import is made")
	b.shoot("token-made-1440-light")
	b.accessible("token-made")
	look("access", "/access")
	look("new-account", "/access/new-account")
	look("account", "/access/accounts/anna.schmidt")
	look("account-delete", "/access/accounts/anna.schmidt/delete")
	look("audit", "/audit")
	b.visit("/audit?action=token+created")
	if rows := value[int](b, `document.querySelectorAll("#log tbody tr:not(.grp)").length`); rows != 1 {
		t.Errorf("the filter shows %d entries", rows)
	}
	b.do(chromedp.Click(`form[action="/logout"] button`), chromedp.WaitVisible("#password"))
	heading("Sign in")
	look("sign-in", "/login")
}
