package web

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"urncast/registry/access"
	"urncast/registry/access/accesstest"
	"urncast/web/answer"
	"urncast/web/guard"
)

// errInside is an internal error such as a database's, which names what strangers must not
// read.
var errInside = errors.New(`failed to connect to "host=db7.internal user=urncast": SELECT s FROM structures`)

// TestErrorsOfTheInsideAreForAdmins checks that internal errors are shown to admins and
// written to the log, and shown to nobody else: on pages, in answers of the API and by
// /readyz.
func TestErrorsOfTheInsideAreForAdmins(t *testing.T) {
	var log bytes.Buffer
	s := newServer(complete(Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Ready: func(context.Context) error { return errInside }}))
	h := s.handler()
	for name, c := range map[string]struct {
		handle http.HandlerFunc
		status int
	}{
		"page": {func(w http.ResponseWriter, r *http.Request) { s.kit.DrawTrouble(w, r, "/", errInside) }, 500},
		"api": {func(w http.ResponseWriter, r *http.Request) {
			answer.WriteError(w, r, 500, "The log could not be read: %s", errInside)
		}, 500},
		"form": {func(w http.ResponseWriter, r *http.Request) {
			status, text, _ := answer.AccessStatus(w, r, errInside) // as forms about access do
			answer.Plain(w, status, text)
		}, 500},
		"readyz": {nil, 503},
	} {
		for role := access.Nobody; role <= access.Admin; role++ {
			log.Reset()
			r := httptest.NewRequest("GET", "/readyz", nil)
			r.Header.Set("X-Correlation-Id", "c-17")
			w := httptest.NewRecorder()
			if c.handle == nil {
				if role > access.Nobody {
					continue // its answer does not depend on the caller
				}
				h.ServeHTTP(w, r)
			} else {
				s.observe(c.handle).ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Principal{Name: "x", Role: role})))
			}
			body := w.Body.String()
			if told := strings.Contains(body, "db7.internal"); told != (role == access.Admin) {
				t.Errorf("%s, role %v: told %v: %s", name, role, told, body)
			}
			if role < access.Admin && !strings.Contains(body, "c-17") {
				t.Errorf("%s, role %v: no correlation id in %s", name, role, body)
			}
			if w.Code != c.status || !strings.Contains(log.String(), "db7.internal") || !strings.Contains(log.String(), "correlation_id=c-17") {
				t.Errorf("%s, role %v: %d, and the log says %s", name, role, w.Code, &log)
			}
		}
	}
}

// brokenStore is a database that does not answer.
type brokenStore struct{ accesstest.Store }

func (*brokenStore) Session(context.Context, ...[]byte) (*access.Session, *access.Account, error) {
	return nil, nil, errInside
}

func (*brokenStore) Administrators(context.Context) ([]string, error) { return nil, errInside }

// TestNoDatabaseErrorForNobody checks that no page without sign-in shows why the database
// does not answer.
func TestNoDatabaseErrorForNobody(t *testing.T) {
	h := New(complete(Options{Access: &access.Control{Store: &brokenStore{}, User: "root", Password: "correct-horse"},
		Ready: func(context.Context) error { return errInside }}))
	for _, path := range []string{"/login", "/setup", "/healthz", "/readyz", "/access", "/nowhere"} {
		for _, accept := range []string{"text/html", "*/*"} {
			r := httptest.NewRequest("GET", path, nil)
			r.RemoteAddr = "127.0.0.1:5"
			r.Header.Set("Accept", accept)
			r.AddCookie(&http.Cookie{Name: guard.SessionCookie, Value: "x"})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if body := w.Body.String(); strings.Contains(body, "db7.internal") || strings.Contains(body, "SELECT") {
				t.Errorf("GET %s: %s", path, body)
			}
			if isPage := strings.Contains(w.Header().Get("Content-Type"), "text/html"); path == "/access" && isPage != (accept == "text/html") {
				t.Errorf("GET %s for %s: %s", path, accept, w.Header().Get("Content-Type"))
			}
		}
	}
}

// TestAnEndedSessionLeadsToTheLogin checks that with an ended session every page leads to
// the sign-in, which says if a form was lost, and then back to the page. Programs are
// challenged as ever.
func TestAnEndedSessionLeadsToTheLogin(t *testing.T) {
	d := newDoor(t, true)
	d.guard.Know([]guard.Route{{Pattern: "GET /submit", Level: guard.Maintain}})
	ask := func(pattern string, header ...string) *http.Response {
		return d.ask(pattern, "nobody", "", append([]string{"Accept", "text/html", "Sec-Fetch-Mode", "navigate"}, header...)...).Result()
	}
	for name, c := range map[string]struct {
		pattern string
		header  []string
		next    string
		lost    bool
	}{
		"page":               {"GET /audit", nil, "/audit", false},
		"form with files":    {"POST /submit", []string{"Content-Type", "multipart/form-data; boundary=x", "Referer", "http://example.com/submit?a=1"}, "/submit?a=1", true},
		"form":               {"POST /settings", []string{"Content-Type", "application/x-www-form-urlencoded", "Referer", "http://example.com/settings"}, "/settings", true},
		"without a referrer": {"POST /submit", []string{"Content-Type", "multipart/form-data; boundary=x"}, "/submit", true},
		"part of a page": {"POST /producers/new", []string{"Content-Type", "application/x-www-form-urlencoded", "Accept", "*/*", "HX-Request", "true", "Sec-Fetch-Mode", "cors",
			"Referer", "http://example.com/producers/new"}, "/producers/new", true},
		"part that is read": {"GET /audit", []string{"Accept", "*/*", "HX-Request", "true", "Referer", "http://example.com/audit?day=1"}, "/audit?day=1", false},
	} {
		resp := ask(c.pattern, c.header...)
		to, status := resp.Header.Get("Location"), http.StatusSeeOther
		if strings.HasPrefix(name, "part") {
			to, status = resp.Header.Get("HX-Redirect"), http.StatusUnauthorized
		}
		u, err := url.Parse(to)
		if err != nil || resp.StatusCode != status || u.Path != "/login" || u.Query().Get("next") != c.next || (u.Query().Get("lost") != "") != c.lost {
			t.Errorf("%s: %d to %q, %v", name, resp.StatusCode, to, err)
		}
		if challenge := resp.Header.Get("WWW-Authenticate"); challenge != "" {
			t.Errorf("%s is challenged: %s", name, challenge)
		}
	}
	for _, pattern := range []string{"POST /api/v1/producers", "POST /sdmx/v2/structure"} {
		resp := ask(pattern, "Content-Type", "multipart/form-data; boundary=x")
		if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %v", pattern, resp.StatusCode, resp.Header)
		}
	}
	d.kit.Producers = nil // the pages' summary of producers is not tested here
	w := httptest.NewRecorder()
	routes := d.routes()
	login := slices.IndexFunc(routes, func(rt guard.Route) bool { return rt.Pattern == "GET /login" })
	routes[login].Handle(w, httptest.NewRequest("GET", "/login?next=%2Fsubmit&lost=form", nil))
	if body := w.Body.String(); !strings.Contains(body, "The form was not taken") || !strings.Contains(body, `value="/submit"`) {
		t.Errorf("the sign-in says %s", body)
	}
}

// TestCookiesBehindAProxy checks that cookies are Secure and bound to this host where
// HTTPS is spoken, here or at a proxy that the options name; headers of others are not
// believed.
func TestCookiesBehindAProxy(t *testing.T) {
	for name, c := range map[string]struct {
		proxy   bool
		header  []string
		private bool
	}{
		"plain":                 {false, nil, false},
		"a client's word":       {false, []string{"X-Forwarded-Proto", "https"}, false},
		"proxy, silent":         {true, nil, true},
		"proxy, https":          {true, []string{"X-Forwarded-Proto", "https"}, true},
		"proxy, plain":          {true, []string{"X-Forwarded-Proto", "http"}, false},
		"proxies, https":        {true, []string{"X-Forwarded-Proto", "https, http"}, true},
		"proxy, RFC 7239":       {true, []string{"Forwarded", `for=1.2.3.4;Proto="http", proto=https`}, false},
		"proxy, RFC 7239 https": {true, []string{"Forwarded", "for=1.2.3.4; proto=https"}, true},
	} {
		d := newDoor(t, false)
		d.guard.BehindProxy, d.patience, d.metrics = c.proxy, usualPatience, newMetrics(d.Register, d.Registry, d.Log)
		for path, form := range map[string]url.Values{"/theme": {"theme": {"dark"}}, "/login": {"name": {"admin"}, "password": {fourWords}}} {
			r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
			r.RemoteAddr = "127.0.0.1:5"
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for i := 0; i < len(c.header); i += 2 {
				r.Header.Set(c.header[i], c.header[i+1])
			}
			w := httptest.NewRecorder()
			routes := d.routes()
			at := slices.IndexFunc(routes, func(rt guard.Route) bool { return rt.Pattern == "POST "+path })
			d.observe(routes[at].Handle).ServeHTTP(w, r)
			if c.proxy && !c.private && path == "/login" {
				if w.Code != http.StatusForbidden {
					t.Errorf("%s: a password over plain HTTP at the proxy: %d", name, w.Code)
				}
				continue
			}
			cookies := w.Result().Cookies()
			if len(cookies) != 1 {
				t.Fatalf("%s, %s: %d, cookies %v: %s", name, path, w.Code, cookies, w.Body)
			}
			one := cookies[0]
			if one.Secure != c.private || !one.HttpOnly || one.SameSite != http.SameSiteLaxMode || one.Path != "/" || one.Domain != "" {
				t.Errorf("%s, %s: %+v", name, path, one)
			}
			if hosted := strings.HasPrefix(one.Name, "__Host-"); path == "/login" && hosted != (c.private && c.header != nil) {
				t.Errorf("%s: the session is %s", name, one.Name)
			}
			if hsts := w.Header().Get("Strict-Transport-Security"); (hsts != "") != (c.private && c.header != nil) {
				t.Errorf("%s: HSTS is %q", name, hsts)
			}
		}
	}
}

// A page of another origin is named where the browser says which it is.
func TestDenyCrossOriginNamesTheOrigin(t *testing.T) {
	h := New(complete(Options{}))
	for origin, says := range map[string]string{
		"https://elsewhere.example": "from a page of another origin (https://elsewhere.example), which may not change anything here: this is example.com.",
		"":                          "from a page of another origin, which",
	} {
		r := httptest.NewRequest("POST", "/mail", strings.NewReader("host=x"))
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), says) {
			t.Errorf("origin %q: %d %s", origin, w.Code, w.Body)
		}
	}
}

// Whoever asks at an address of FMR, or below a path, is told where the same is here.
func TestAddressesOfOthersLeadOn(t *testing.T) {
	h := New(complete(Options{}))
	for path, says := range map[string]string{
		"/ws/public/sdmxapi/rest/codelist/SDMX": "read at /sdmx/v2/structure", "/FusionRegistry/ws/secure/sdmxapi/rest": "read at /sdmx/v2/structure",
		"/ws/secure/sdmx/v2/structure": "read at /sdmx/v2/structure", "/registry/api/v1/producers": "The API is at /api/v1:",
		"/nothing": "at /nothing.\"", "/api/v1/nothing": "at /api/v1/nothing.\"",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
