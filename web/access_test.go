package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"urncast/registry/access"
	"urncast/registry/access/accesstest"
	"urncast/web/answer"
	"urncast/web/guard"
)

// whoMay lists for each route the roles that may take it: everyone, readers, signed-in
// users, maintainers or admins. It is written by hand and not made from the table of
// routes, so that a slip in that table shows.
var whoMay = map[string][]string{
	"everyone": {"GET /healthz", "GET /readyz", "GET /assets/{name}", "POST /theme", "GET /login", "POST /login", "POST /logout", "GET /setup", "POST /setup"},
	"read": {"GET /metrics", "GET /{$}", "GET /transactions", "GET /transactions.csv", "GET /transactions/{number}", "GET /sdmx/v2/structure/{type}", "GET /sdmx/v2/structure/{type}/{agency}", "GET /sdmx/v2/structure/{type}/{agency}/{id}",
		"GET /sdmx/v2/structure/{type}/{agency}/{id}/{version}", "GET /api/v1/transactions", "GET /api/v1/transactions/{number}",
		"GET /api/v1/transactions/{number}/structures", "GET /api/v1/dangling", "GET /api/v1/settings", "GET /api/v1/housekeeping",
		"GET /api/v1/openapi.json", "GET /api/v1/producers", "GET /api/v1/producers/{name}", "GET /api/v1/producers/{name}/jobs",
		"GET /structures", "GET /structures/{type}/{agency}/{id}/{version}", "GET /structures/{type}/{agency}/{id}/{version}/source",
		"GET /structures/{type}/{agency}/{id}/{version}/download", "GET /live/dashboard", "GET /live/transactions", "GET /live/transactions/{number}", "GET /find",
		"GET /producers", "GET /live/producers", "GET /live/producers/{name}", "GET /producers/{name}",
		"GET /topics", "GET /topics/{topic}", "GET /topics/{topic}/{offset}", "GET /live/topics/{topic}", "GET /settings",
		"GET /api/v1/producers/{name}/topics/{topic}/records", "GET /sdmx/v2/registration/id/{id}",
		"GET /sdmx/v2/registration/provider/{agency}/{provider}", "GET /sdmx/v2/registration/{context}/{agency}/{id}/{version}"},
	"signed in": {"POST /api/v1/accounts/{account}/password", "GET /api/v1/sessions", "DELETE /api/v1/sessions/{id}", "GET /api/v1/tokens", "POST /api/v1/tokens",
		"DELETE /api/v1/tokens/{id}", "GET /access", "GET /access/password", "POST /access/password", "GET /access/new-token", "POST /access/new-token",
		"GET /access/tokens/{id}/delete", "POST /access/tokens/{id}/delete", "POST /access/sessions/{id}/end"},
	"maintainer": {"POST /sdmx/v2/structure", "POST /sdmx/v2/structure/{$}", "POST /sdmx/v2/structure/{type}", "POST /sdmx/v2/registration",
		"PUT /sdmx/v2/structure/{type}/{agency}/{id}/{version}", "DELETE /sdmx/v2/structure/{type}/{agency}/{id}/{version}",
		"DELETE /sdmx/v2/structure/{type}/{agency}/{id}/{version}/{item}", "POST /ws/secure/sdmxapi/rest", "POST /ws/secure/sdmxapi/rest/{$}",
		"POST /api/v1/structures/rename", "GET /submit", "POST /submit", "GET /submit/{id}", "POST /submit/{id}",
		"GET /structures/{type}/{agency}/{id}/{version}/delete", "POST /structures/{type}/{agency}/{id}/{version}/delete",
		"GET /structures/{type}/{agency}/{id}/{version}/rename", "GET /agencies/{agency}/rename", "POST /agencies/{agency}/rename", "POST /structures/{type}/{agency}/{id}/{version}/rename"},
	"admin": {"POST /api/v1/producers/preview", "GET /producers/new", "POST /producers/new", "GET /producers/{name}/doctor", "GET /producers/{name}/fix",
		"POST /producers/{name}/fix", "GET /producers/{name}/change", "POST /producers/{name}/change", "GET /producers/{name}/route",
		"POST /producers/{name}/route", "GET /producers/{name}/{command}", "POST /producers/{name}/{command}", "PUT /api/v1/settings", "POST /api/v1/housekeeping", "POST /api/v1/producers", "PUT /api/v1/producers/{name}", "DELETE /api/v1/producers/{name}",
		"POST /api/v1/producers/{name}/{command}", "POST /api/v1/producers/{name}/jobs", "DELETE /api/v1/producers/{name}/jobs/{id}",
		"GET /api/v1/producers/{name}/doctor", "POST /api/v1/producers/{name}/doctor/fix", "POST /api/v1/topics",
		"GET /api/v1/connections", "GET /api/v1/connections/{name}", "PUT /api/v1/connections/{name}", "DELETE /api/v1/connections/{name}",
		"POST /api/v1/connections/check", "POST /api/v1/connections/test", "POST /api/v1/connections/{name}/test", "GET /api/v1/kafka-properties",
		"POST /settings", "POST /settings/preview", "GET /settings/housekeeping", "POST /settings/housekeeping", "GET /settings/housekeeping/run", "GET /mail", "POST /mail", "POST /mail/test", "GET /topics/{topic}/verify", "POST /topics/{topic}/verify", "POST /api/v1/producers/{name}/topics/{topic}/verify", "GET /connections", "GET /connections/new", "POST /connections/new", "POST /connections/new/test", "GET /connections/{name}", "POST /connections/{name}",
		"POST /connections/{name}/test", "GET /connections/{name}/delete", "POST /connections/{name}/delete",
		"GET /api/v1/mail", "PUT /api/v1/mail", "POST /api/v1/mail/test",
		"GET /api/v1/accounts", "POST /api/v1/accounts", "GET /api/v1/accounts/{account}", "PATCH /api/v1/accounts/{account}", "DELETE /api/v1/accounts/{account}",
		"GET /api/v1/audit", "GET /audit", "GET /access/new-account", "POST /access/new-account", "GET /access/accounts/{account}",
		"POST /access/accounts/{account}", "POST /access/accounts/{account}/password", "GET /access/accounts/{account}/delete",
		"POST /access/accounts/{account}/delete"},
}

// The callers, and the rank that each kind of route needs when reads are open and when
// they are closed.
var (
	askers      = []string{"nobody", "reader", "maintainer", "admin"}
	neededOpen  = map[string]int{"everyone": 0, "read": 0, "signed in": 1, "maintainer": 2, "admin": 3}
	neededClose = map[string]int{"everyone": 0, "read": 1, "signed in": 1, "maintainer": 2, "admin": 3}
)

const fourWords = "four words in a row"

// A door is a server whose routes only say that they were reached.
type door struct {
	*server
	t       *testing.T
	control *access.Control
	mux     *http.ServeMux
	// credentials by caller, as cookies and as tokens.
	cookies, tokens map[string]string
}

func newDoor(t *testing.T, closed bool) *door {
	t.Helper()
	d := &door{t: t, mux: http.NewServeMux(), cookies: map[string]string{}, tokens: map[string]string{}}
	d.control = &access.Control{Store: &accesstest.Store{}, User: "root", Password: "correct-horse"}
	d.server = newServer(complete(Options{ReadsClosed: closed, Access: d.control}))
	as := access.With(t.Context(), access.Principal{Name: "root", Role: access.Admin})
	for role := access.Reader; role <= access.Admin; role++ {
		in := access.NewAccount{Name: role.String(), Password: fourWords, Role: role}
		if role == access.Maintainer {
			in.Agencies = []string{"BIS"}
		}
		if _, err := d.control.Create(as, in); err != nil {
			t.Fatal(err)
		}
		made, err := d.control.CreateToken(as, access.NewToken{Account: in.Name, Name: "t"})
		if err != nil {
			t.Fatal(err)
		}
		secret, _, err := d.control.SignIn(t.Context(), in.Name, fourWords, "127.0.0.1:1", "a browser")
		if err != nil {
			t.Fatal(err)
		}
		d.cookies[in.Name], d.tokens[in.Name] = secret, made.Secret
	}
	for _, rt := range d.routes() {
		rt.Handle = func(w http.ResponseWriter, r *http.Request) {
			answer.Plain(w, 200, "reached by "+access.From(r.Context()).Name)
		}
		d.mux.Handle(rt.Pattern, d.enter(&rt))
	}
	return d
}

var inBraces = regexp.MustCompile(`\{\w+\}`)

// ask makes a request as one of the callers, with a password, a token or a session.
func (d *door) ask(pattern, who, how string, header ...string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(pattern, " ")
	path = strings.ReplaceAll(path, "{$}", "")
	r := httptest.NewRequest(method, inBraces.ReplaceAllString(path, "x"), nil)
	r.RemoteAddr = "127.0.0.1:5"
	switch {
	case who == "nobody":
	case how == "password":
		r.SetBasicAuth(who, fourWords)
	case how == "token":
		r.Header.Set("Authorization", "Bearer "+d.tokens[who])
	case how == "session":
		r.AddCookie(&http.Cookie{Name: guard.SessionCookie, Value: d.cookies[who]})
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	d.mux.ServeHTTP(w, r)
	return w
}

// TestEveryRouteAndRole checks that every route admits the roles that may take it, by
// password, token and session alike, and no other. A route that is in no list fails, and
// so does a route without a sentence for its refusal.
func TestEveryRouteAndRole(t *testing.T) {
	kind := map[string]string{}
	for k, patterns := range whoMay {
		for _, p := range patterns {
			kind[p] = k
		}
	}
	for closed, needed := range map[bool]map[string]int{false: neededOpen, true: neededClose} {
		d := newDoor(t, closed)
		seen := 0
		for _, rt := range d.routes() {
			k, ok := kind[rt.Pattern]
			if !ok {
				t.Errorf("%s is in none of the lists of whoMay: say who may take it", rt.Pattern)
				continue
			}
			if seen++; needed[k] > 1 && rt.Act == "" {
				t.Errorf("%s has no Act: say what it does", rt.Pattern)
			}
			for rank, who := range askers {
				for _, how := range []string{"password", "token", "session"} {
					d.expect(rt.Pattern, who, how, rank >= needed[k])
				}
			}
		}
		if seen != len(kind) {
			t.Errorf("the lists have %d routes, and there are %d of them", len(kind), seen)
		}
	}
}

// expect checks whether a caller is admitted, and what a refused one reads.
func (d *door) expect(pattern, who, how string, may bool) {
	d.t.Helper()
	w := d.ask(pattern, who, how)
	b, _ := io.ReadAll(w.Body)
	status, text := http.StatusForbidden, "Ask an admin (root, admin)."
	switch {
	case may:
		status, text = 200, "reached by"
	case who == "nobody":
		status, text = http.StatusUnauthorized, "This needs a user name and a password"
	}
	if w.Code != status || !strings.Contains(string(b), text) {
		d.t.Errorf("%s by %s of %s, reads closed %v: %d %s, want %d with %q", pattern, how, who, d.ReadsClosed, w.Code, b, status, text)
	}
}

// TestWhatIsRefusedSaysWhatToDo checks the text of refusals, for programs and for
// browsers.
func TestWhatIsRefusedSaysWhatToDo(t *testing.T) {
	d := newDoor(t, true)
	says := func(w *httptest.ResponseRecorder, status int, parts ...string) {
		t.Helper()
		b := w.Body.String() + " " + w.Header().Get("Location") + w.Header().Get("WWW-Authenticate") + w.Header().Get("Retry-After")
		for _, p := range parts {
			if w.Code != status || !strings.Contains(b, p) {
				t.Errorf("%d %s, want %d with %q", w.Code, b, status, p)
			}
		}
	}
	const html = "text/html,application/xhtml+xml"
	says(d.ask("POST /api/v1/housekeeping", "reader", "token"), 403, "Your role may read this. Housekeeping needs admin. Ask an admin (root, admin).")
	says(d.ask("GET /api/v1/connections", "maintainer", "token"), 403, "Your role may not read this. Seeing connections needs admin.")
	says(d.ask("GET /{$}", "nobody", "", "Accept", html), 303, "/login?next=%2F")
	says(d.ask("GET /api/v1/tokens?x=1&y=2", "nobody", "", "Accept", html), 303, "/login?next=%2Fapi%2Fv1%2Ftokens%3Fx%3D1%26y%3D2")
	says(d.ask("POST /api/v1/tokens", "nobody", "", "Accept", html), 401, "Basic realm")
	if w := d.ask("GET /api/v1/tokens", "nobody", "", "Sec-Fetch-Mode", "cors"); w.Code != 401 || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("a browser's script gets %d with %q, which opens a window", w.Code, w.Header().Get("WWW-Authenticate"))
	}
	says(d.ask("GET /{$}", "nobody", "", "Authorization", "Bearer urncast_nonsense"), 401, "not valid")
	says(d.ask("GET /healthz", "nobody", "", "Authorization", "Bearer urncast_nonsense"), 200, "reached")
	for range 5 {
		says(d.ask("GET /{$}", "nobody", "", "Authorization", "Basic cmVhZGVyOndyb25n"), 401, "wrong")
	}
	says(d.ask("GET /{$}", "nobody", "", "Authorization", "Basic cmVhZGVyOndyb25n"), 429, "Try again in", "UTC")

	d.control.Password = ""
	for _, name := range []string{"admin", "reader", "maintainer"} {
		d.control.Password = "correct-horse" // so that the last may go
		if err := d.control.Delete(access.With(t.Context(), access.Principal{Name: "root", Role: access.Admin}), name); err != nil {
			t.Fatal(err)
		}
	}
	d.control.Password = ""
	says(d.ask("GET /{$}", "nobody", ""), 401, "Open /setup")
}

// TestCredentialsStayPrivate checks that credentials over plain HTTP from other machines
// are refused, and that behind a proxy the client's address is the one that the proxy
// reports.
func TestCredentialsStayPrivate(t *testing.T) {
	d := newDoor(t, false)
	var seen string
	d.mux = http.NewServeMux()
	d.mux.Handle("GET /{$}", d.enter(&guard.Route{Pattern: "GET /{$}", Level: guard.Read, Handle: func(w http.ResponseWriter, r *http.Request) {
		seen = access.From(r.Context()).Remote
	}}))
	for _, how := range []string{"password", "token", "session"} {
		for _, behind := range []bool{false, true} {
			d.guard.BehindProxy = behind
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = "192.0.2.1:5"
			r.Header.Add("X-Forwarded-For", "10.0.0.1, 203.0.113.7")
			switch how {
			case "password":
				r.SetBasicAuth("reader", fourWords)
			case "token":
				r.Header.Set("Authorization", "bearer "+d.tokens["reader"])
			default:
				r.AddCookie(&http.Cookie{Name: guard.SessionCookie, Value: d.cookies["reader"]})
			}
			w := httptest.NewRecorder()
			d.mux.ServeHTTP(w, r)
			if behind && (w.Code != 200 || seen != "203.0.113.7") || !behind && w.Code != 403 {
				t.Errorf("%s, behind a proxy %v: %d, from %s", how, behind, w.Code, seen)
			}
		}
	}
}

// TestADisabledAccountIsNobody checks that a disabled account is refused with every kind
// of credential.
func TestADisabledAccountIsNobody(t *testing.T) {
	d := newDoor(t, false)
	disabled := true
	if _, err := d.control.Change(access.With(t.Context(), access.Principal{Name: "root", Role: access.Admin}), "reader", access.AccountEdit{Disabled: &disabled}); err != nil {
		t.Fatal(err)
	}
	for how, status := range map[string]int{"password": 401, "token": 401, "session": 401} {
		if w := d.ask("GET /api/v1/tokens", "reader", how); w.Code != status {
			t.Errorf("by %s: %d %s", how, w.Code, w.Body)
		}
	}
}
