package web

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"urncast/registry/access"
	"urncast/registry/access/accesstest"
)

// A browser keeps cookies, follows redirects and sends the headers that browsers send.
type browser struct {
	t      *testing.T
	client *http.Client
	url    string
}

func newBrowser(t *testing.T, at string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, client: &http.Client{Jar: jar}, url: at}
}

// do makes a request and checks the answer's status and content.
func (b *browser) do(method, path string, form url.Values, status int, parts ...string) string {
	b.t.Helper()
	r, err := http.NewRequest(method, b.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.url)
		r.Header.Set("Referer", b.url+path)
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	page := string(text)
	main := page[max(0, strings.Index(page, "<main")):]
	if resp.StatusCode != status {
		b.t.Errorf("%s %s: %d, want %d: %s", method, path, resp.StatusCode, status, main)
	}
	for _, p := range parts {
		if !strings.Contains(page, p) {
			b.t.Errorf("%s %s does not show %q:\n%s", method, path, p, main)
		}
	}
	if inline := regexp.MustCompile(`(?s) style=|<style|<script>|<script [^>]*>[^<]| on[a-z]+=`).FindString(page); inline != "" {
		b.t.Errorf("%s %s holds %q", method, path, inline)
	}
	return page
}

func (b *browser) get(path string, status int, parts ...string) string {
	b.t.Helper()
	return b.do("GET", path, nil, status, parts...)
}

func (b *browser) post(path, form string, status int, parts ...string) string {
	b.t.Helper()
	v, err := url.ParseQuery(form)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do("POST", path, v, status, parts...)
}

func servePages(t *testing.T) *httptest.Server {
	t.Helper()
	c := &access.Control{Store: &accesstest.Store{}, User: "root", Password: "correct-horse"}
	s := httptest.NewServer(New(complete(Options{Access: c, ReadsClosed: true})))
	t.Cleanup(s.Close)
	return s
}

// TestAccessByForms does everything about accounts with forms, as a person without script
// does: an error stands at its field beside what was filled in, and no page answers 500.
func TestAccessByForms(t *testing.T) {
	s := servePages(t)
	b := newBrowser(t, s.URL)
	b.get("/access", 200, "<h1>Sign in</h1>", `value="/access"`) // led there
	b.post("/login", "name=root&password=wrong&next=/access", 401, "User name or password is wrong.", `value="root"`)
	b.post("/login", "name=root&password=correct-horse&next=/access", 200, "<h1>Access", "0 accounts", "this one", "Sign out root")
	b.post("/access/new-account", "name=anna&role=maintainer&password=short", 400, "A maintainer needs agencies", `aria-invalid="true"`, `value="anna"`)
	b.post("/access/new-account", "name=anna&role=maintainer&agencies=BIS,+SDMX&password=short", 400, "5 characters, and needs 12", `value="BIS, SDMX"`)
	b.post("/access/new-account", "name=anna&role=maintainer&agencies=BIS,+SDMX&password=four+words+in+a+row", 200, "1 account,", "BIS SDMX")
	b.post("/access/new-account", "name=anna&role=reader", 409, "of this name already")
	b.post("/access/new-account", "", 400, "is none for an account")
	b.get("/access/accounts/anna", 200, "Made by root", `value="BIS SDMX"`)
	b.get("/access/accounts/nobody", 404, "There is no account")
	b.post("/access/accounts/anna", "role=reader&agencies=BIS", 400, "for maintainers alone")
	b.post("/access/accounts/anna", "role=maintainer&agencies=BIS&disabled=yes", 200, "Disabled")
	b.post("/access/accounts/anna", "role=maintainer&agencies=BIS", 200, "Enabled")
	b.post("/access/accounts/anna/password", "password=zzzzzzzzzzzz", 400, "easy to guess")
	b.post("/access/accounts/anna/password", "password=another+four+words", 200, "<h1>Access")
	b.post("/access/new-token", "name=ci&account=anna&role=admin&days=90", 400, "above anna")
	b.post("/access/new-token", "name=ci&account=anna&role=maintainer&days=many", 400, "from 1 to 366 days")
	b.post("/access/new-token", "name=ci&account=anna&role=maintainer&days=0", 400, "from 1 to 366 days, not &#34;0&#34;")
	page := b.post("/access/new-token", "name=ci&account=anna&role=maintainer&days=9", 201, "shown this once", "Bearer")
	secret := regexp.MustCompile(`urncast_[A-Za-z0-9_-]{43}`).FindString(page)
	page = b.get("/access", 200, "ci", "In 8 days", "1 token expires within 14 days")
	if secret == "" || strings.Contains(page, secret) {
		t.Errorf("the token is not shown once: %q", secret)
	}
	b.get("/audit", 200, "Token created", "Account changed", "before: </span>no", "Signed in", "Sign-in failed")
	b.get("/audit?action=password+set", 200, "Password set", "1 entry")
	b.get("/audit?subject=nothing", 200, "No entry matches")
	b.get("/audit?from=yesterday", 400, "neither a day")

	anna := newBrowser(t, s.URL)
	anna.post("/login", "name=anna&password=another+four+words&next=/access", 200)
	anna.get("/access", 200, "Your own:", "ci", "Change your password")
	anna.get("/audit", 403, "Seeing the audit log needs admin. Ask an admin (root).")
	anna.get("/access/accounts/anna", 403, "needs admin")
	anna.post("/access/password", "present=wrong&password=yet+more+words+here", 403, "present password is wrong", `aria-invalid="true"`)
	anna.post("/access/password", "present=another+four+words&password=yet+more+words+here", 200, "Your own:")
	id := regexp.MustCompile(`/access/tokens/([^/"]+)/delete`).FindStringSubmatch(anna.get("/access", 200))
	anna.get("/access/tokens/"+id[1]+"/delete", 200, "Delete token ci of anna?", "Keep the token", "never used")
	anna.post("/access/tokens/"+id[1]+"/delete", "", 200, "No API tokens")
	anna.post("/access/tokens/"+id[1]+"/delete", "", 404, "no such token")

	own := regexp.MustCompile(`/access/sessions/([^/"]+)/end`)
	mine := own.FindStringSubmatch(anna.get("/access", 200))
	b.post("/access/sessions/"+mine[1]+"/end", "", 200, "<h1>Access")
	b.post("/access/sessions/"+mine[1]+"/end", "", 200, "<h1>Access")
	anna.post("/access/password", "present=x&password=y", 200, "<h1>Sign in</h1>", `value="/access/password"`) // led to sign in, and back
	b.get("/access/accounts/anna/delete", 200, "Delete account anna?")
	b.post("/access/accounts/anna/delete", "", 200, "0 accounts")
	b.post("/access/accounts/anna/delete", "", 404, "no such account")
	b.post("/logout", "", 200, "<h1>Sign in</h1>")
	b.get("/access", 200, "<h1>Sign in</h1>")
}

// FuzzAccessForms checks that no form leads to an error of the server.
func FuzzAccessForms(f *testing.F) {
	c := &access.Control{Store: &accesstest.Store{}, User: "root", Password: "correct-horse"}
	h := New(complete(Options{Access: c}))
	paths := []string{"/login", "/setup", "/access/new-account", "/access/new-token", "/access/password", "/access/accounts/x", "/access/accounts/x/password",
		"/access/accounts/x/delete", "/access/tokens/x/delete", "/access/sessions/x/end", "/audit"}
	f.Add(uint8(0), "name=a&password=b")
	f.Add(uint8(2), "name=\x00&role=admin&agencies=,,&password=%ff")
	f.Add(uint8(3), "name=t&account=&days=-9999999999999999999")
	f.Add(uint8(10), "from=9999-99-99&before=-1&after=99999999999999999999")
	f.Fuzz(func(t *testing.T, which uint8, form string) {
		path := paths[int(which)%len(paths)]
		r := httptest.NewRequest("POST", path, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if path == "/audit" {
			r = httptest.NewRequest("GET", path, nil)
			r.URL.RawQuery = form
		}
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("Accept", "text/html")
		if path != "/login" {
			r.SetBasicAuth("root", "correct-horse")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s with %q: %d %s", path, form, w.Code, w.Body)
		}
	})
}
