package console

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"urncast/integration/rig"
)

// asProgram makes a request with a token, as a program does, and returns the status.
func asProgram(t *testing.T, url, token string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// A maintainer of one agency gets an account, and can change the structures of that agency and
// nothing else; a program gets a token; both are revoked; and the audit log records all of it.
func accounts(t *testing.T, s *servers, at size) {
	product := s.product(t, at.of("accounts"), "URNCAST_READS_CLOSED=true")
	prepare(t, product, s.connection(), [3]string{"POST", "/api/v1/producers", `{"name": "public", "connection": "main", "routes": [{"topic": "sdmx.accounts", "format": "fusion-json"}]}`})
	p := admin(t, product, at)
	p.side("Access")
	p.press("Make an account…")
	p.write("Name", "anna.schmidt")
	p.pick("Role", "Maintainer: may change structures of its agencies")
	p.write("Agencies", "RIG")
	p.write("Password", "a sentence that is long")
	p.look("1-account")
	p.press("Make the account")
	p.sees("anna.schmidt", "Maintainer", "RIG")

	anna := newPerson(t, product.URL, at)
	anna.visit("/")
	anna.heading("Sign in")
	anna.signIn("anna.schmidt", "a sentence that is long")
	own := rig.Message(rig.Codelist{ID: "CL_OWN", Name: "Own", Codes: 3})
	anna.side("Submit")
	anna.chooses("Files", files(t, map[string][]byte{"other.xml": []byte(strings.ReplaceAll(string(own), `"RIG"`, `"ECB"`))})...)
	anna.press("Check")
	anna.sees("1 structure is refused, so nothing would be written", "is maintained by ECB")
	anna.look("2-refused")
	anna.press("Discard")
	anna.chooses("Files", files(t, map[string][]byte{"own.xml": own})...)
	anna.press("Check")
	anna.press("Submit 1 structure")
	anna.heading("Transaction\n1")
	anna.sees("by anna.schmidt")
	anna.side("Producers")
	anna.missing("New producer…")
	anna.press("public")
	anna.sees("Your role may read this. Commands need admin.")
	anna.missing("Start…", "Delete configuration…")
	anna.look("3-may-not")
	anna.do(chromedp.Navigate(product.URL + "/producers/public/delete"))
	anna.arrive(403)
	anna.sees("admin")
	anna.look("4-may-not")

	makeToken(t, product, p)
	p.look("7-access")
	p.press("End", "anna.schmidt")
	anna.visit("/")
	anna.heading("Sign in")

	p.side("Audit log")
	p.sees("Account created", "Token created", "Token deleted", "Session ended", "anna.schmidt")
	p.look("8-audit")
	p.pick("Action", "Token created")
	p.tap("Apply")
	p.sees("nightly-import")
	p.sees("1 entry")
	if exported := download(t, p, "Export CSV"); !strings.Contains(exported, "nightly-import") || strings.Count(exported, "\n") != 2 {
		t.Errorf("the export is\n%s", exported)
	}
}

// makeToken creates a token for a program, and deletes it.
func makeToken(t *testing.T, product *rig.Product, p *person) {
	t.Helper()
	p.press("Make a token…")
	p.write("Name", "nightly-import")
	p.write("Account", "anna.schmidt")
	p.pick("Role", "Reader: may read")
	p.write("Days until it expires", "7")
	p.press("Make the token")
	p.sees("It is shown this once")
	p.look("5-token")
	secret := value[string](p.browser, `document.querySelector(".cmd pre").innerText.trim()`)
	if got := asProgram(t, product.URL+"/sdmx/v2/structure/codelist/RIG/CL_OWN", secret); got != http.StatusOK {
		t.Errorf("with the token a program gets %d", got)
	}
	p.press("Back to Access")
	p.sees("nightly-import")
	p.press("Delete…", "nightly-import")
	p.look("6-token-delete")
	p.press("Delete nightly-import")
	p.sees("No API tokens")
	if got := asProgram(t, product.URL+"/sdmx/v2/structure/codelist/RIG/CL_OWN", secret); got != http.StatusUnauthorized {
		t.Errorf("with the deleted token a program gets %d", got)
	}
}

// download clicks a link to a file and returns the content of the file.
func download(t *testing.T, p *person, link string) string {
	t.Helper()
	folder, done := t.TempDir(), make(chan string, 1)
	chromedp.ListenTarget(p.Context, func(event any) {
		if e, ok := event.(*cdpbrowser.EventDownloadProgress); ok && e.State == cdpbrowser.DownloadProgressStateCompleted {
			done <- e.GUID
		}
	})
	p.do(cdpbrowser.SetDownloadBehavior(cdpbrowser.SetDownloadBehaviorBehaviorAllowAndName).WithDownloadPath(folder).
		WithBrowserContextID(p.window).WithEventsEnabled(true))
	p.tap(link)
	select {
	case name := <-done:
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	case <-time.After(time.Minute):
	}
	p.stuck("%q leads to no file", link)
	return ""
}

// Mail is configured and tested on its page; how much old content is kept is configured on the
// settings page.
func mailAndSettings(t *testing.T, s *servers, at size) {
	smtp := rig.StartSMTP(t, rig.SMTPOptions{Users: map[string]string{"urncast": "planted-mail-password"}})
	product := s.product(t, at.of("mail"))
	prepare(t, product, lists(rig.Codelist{ID: "CL_ONE", Name: "One", Codes: 3}), lists(rig.Codelist{ID: "CL_ONE", Name: "Uno", Codes: 3}))
	p := admin(t, product, at)
	p.side("Mail")
	p.sees("No mail is sent: no server is set.")
	p.write("Server", "127.0.0.1")
	p.write("Port", fmt.Sprint(smtp.Port))
	p.pick("Security", "None")
	p.write("User", "urncast")
	p.write("Password", "planted-mail-password")
	p.write("Sender", "urncast@example.org")
	p.write("Admins", "sdmx-ops@example.org")
	p.look("1-mail")
	p.press("Save")
	p.sees("Saved.", "Admins are mailed over 127.0.0.1")
	p.press("Send a test mail")
	p.sees("took the test mail for sdmx-ops@example.org")
	p.look("2-tested")
	if letter := mailed(t, smtp, "a test mail"); letter.User != "urncast" {
		t.Errorf("the mail came from user %q", letter.User)
	}
	smtp.Stop()
	p.pressRefused(502, "Send a test mail")
	p.sees("The test mail was not sent", "connection refused")
	p.look("3-refused")

	p.side("Settings")
	p.write("Keep the content of the last transactions", "1")
	p.press("Save")
	p.sees("Saved", "the last 1 transactions")
	p.press("Preview what would go")
	p.sees("Nothing would go", "was recorded in the last hour")
	p.look("4-settings")
}
