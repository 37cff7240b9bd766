package web

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"urncast/registry/access"
	"urncast/web/answer"
)

// guard lets a request through to its route: it bounds its body, finds who makes it,
// asks whether he may, and reads the body where the route does not do so itself.
//
// A session's cookie comes with every request that a browser makes here, also from a
// page of somebody else. What keeps such a page from changing anything in its reader's
// name is http.CrossOriginProtection, which stands before the routes: by the headers
// that every browser sends since 2023 (Sec-Fetch-Site, and Origin before) it refuses
// whatever is no GET, HEAD or OPTIONS and comes from another origin. Routes of those
// methods change nothing, so a token in each form would add nothing; SameSite=Lax is
// the second line. Programs send neither header, and no cookie.
func (s *server) guard(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.limitBody(w, r, rt) {
			return
		}
		r, end := s.patience.bounded(r, rt)
		defer end()
		p, ok := s.identify(w, r, rt)
		if !ok || !s.admit(w, r, rt, p) {
			return
		}
		if seen, ok := w.(*response); ok {
			seen.user = p.Name
		}
		if !s.readBody(w, r, rt) {
			return
		}
		rt.handle(w, r.WithContext(access.With(r.Context(), p)))
	})
}

// needed is the role that a route needs.
func (s *server) needed(a level) access.Role {
	switch {
	case a == accessRead && !s.ReadsClosed, a == accessOpen:
		return access.Nobody
	case a == accessRead, a == accessSelf:
		return access.Reader
	case a == accessMaintain:
		return access.Maintainer
	}
	return access.Admin
}

// identify finds who makes a request. If it says false, the answer has been written.
func (s *server) identify(w http.ResponseWriter, r *http.Request, rt route) (access.Principal, bool) {
	remote := s.remote(r)
	nobody := access.Principal{Remote: remote}
	if rt.access == accessOpen {
		return nobody, true
	}
	user, password, basic := r.BasicAuth()
	token, bearer := bearerOf(r)
	cookie, cookieErr := r.Cookie(s.sessionName(r))
	sent := basic || bearer || cookieErr == nil
	if (sent || s.needed(rt.access) > access.Nobody) && s.overheard(r) {
		s.refuse(w, r, http.StatusForbidden, "This is not private", overheardText)
		return nobody, false
	}
	var p access.Principal
	var err error
	switch {
	case basic:
		p, err = s.Access.Verify(r.Context(), user, password, remote)
	case bearer:
		p, err = s.Access.Bearer(r.Context(), token, remote)
	case sent:
		p, err = s.Access.Cookie(r.Context(), cookie.Value, remote)
	default:
		return nobody, true
	}
	if err != nil {
		s.notProven(w, r, err)
	}
	return p, err == nil
}

const overheardText = "A password over plain HTTP from another machine is refused: anybody on the way could read it. " +
	"Come over https. Whoever runs this server: serve over TLS, or say --behind-proxy if a proxy ends TLS in front of it; that must say X-Forwarded-Proto: https, or nothing."

func bearerOf(r *http.Request) (token string, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

// admit says whether somebody may take a route. If not, the answer has been written.
func (s *server) admit(w http.ResponseWriter, r *http.Request, rt route, p access.Principal) bool {
	needed := s.needed(rt.access)
	switch {
	case p.Role >= needed:
		return true
	case p.Signed():
		s.forbid(w, r.WithContext(access.With(r.Context(), p)), rt, needed)
	case s.Access.Store != nil && forPage(r):
		s.toLogin(w, r, rt)
	default:
		s.challenge(w, r, "This needs a user name and a password, by Basic authentication, or an API token as Authorization: Bearer "+access.TokenPrefix+"….")
	}
	return false
}

// toLogin leads to the sign-in, and from there back to the page: the session ended while
// somebody read it, or filled in its form.
func (s *server) toLogin(w http.ResponseWriter, r *http.Request, rt route) {
	q := url.Values{"next": {r.URL.RequestURI()}}
	if isForm(r) {
		discard(r)
		q.Set("lost", "form")
	}
	if isForm(r) || isPartial(r) {
		q.Set("next", cameFrom(r))
		if _, path, _ := strings.Cut(rt.pattern, " "); r.Referer() == "" && s.hasPage(path) {
			q.Set("next", r.URL.Path)
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	if isPartial(r) {
		w.Header().Set("HX-Redirect", "/login?"+q.Encode())
		w.WriteHeader(http.StatusUnauthorized) // htmx follows the header, whatever the status
		return
	}
	http.Redirect(w, r, "/login?"+q.Encode(), http.StatusSeeOther)
}

func (s *server) hasPage(path string) bool {
	_, ok := s.served["GET "+path]
	return ok
}

// forPage says whether a browser asks for something to show, or sends a form.
func forPage(r *http.Request) bool {
	if isPartial(r) {
		return true
	}
	looks := r.Method == http.MethodGet || r.Method == http.MethodHead // also at the API's answers
	return strings.Contains(r.Header.Get("Accept"), "text/html") && (looks || isForm(r) && wantsPage(r))
}

// isPartial says whether a page's script asks for a part of it.
func isPartial(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// forbid says what the role does not reach, and who can be asked.
func (s *server) forbid(w http.ResponseWriter, r *http.Request, rt route, needed access.Role) {
	may := "may"
	if method, _, _ := strings.Cut(rt.pattern, " "); method == http.MethodGet {
		may = "may not"
	}
	who := "an admin"
	if names := s.Access.Administrators(r.Context()); len(names) > 0 {
		who += " (" + strings.Join(names, ", ") + ")"
	}
	text := fmt.Sprintf("Your role %s read this. %s needs %s. Ask %s.", may, actOf(rt.pattern, r), needed, who)
	if forPage(r) {
		s.drawError(w, r, http.StatusForbidden, "", "Your role does not reach this far", text)
		return
	}
	answer.WriteError(w, r, http.StatusForbidden, "%s", text)
}

// notProven answers for credentials that are none.
func (s *server) notProven(w http.ResponseWriter, r *http.Request, err error) {
	var refused *access.Refusal
	switch {
	case left(r): // the reader has left: nobody is there to tell, and nothing is wrong
	case !errors.As(err, &refused):
		s.refuse(w, r, http.StatusServiceUnavailable, "Who you are is not known now",
			"The database did not say who you are, so nothing was done: "+answer.Private(w, r, err).Error()+". Try again.")
	case refused.Why == access.TooMany:
		w.Header().Set("Retry-After", strconv.Itoa(int(refused.After.Seconds())))
		s.refuse(w, r, http.StatusTooManyRequests, "Too many attempts", refused.Text)
	default:
		s.challenge(w, r, refused.Text)
	}
}

// challenge answers 401 and says what to do. A browser's script gets no challenge that
// would open the browser's own window.
func (s *server) challenge(w http.ResponseWriter, r *http.Request, text string) {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode == "" || mode == "navigate" {
		w.Header().Set("WWW-Authenticate", `Basic realm="urncast", charset="UTF-8"`)
	}
	if needed, err := s.Access.SetUpNeeded(r.Context()); err == nil && needed {
		text = "There is no administrator yet, so nobody can sign in. Open /setup, with the code that is in the log, and make the first account."
	} else if !s.Access.Possible() {
		text = "No administrator's password is set, so nobody can sign in. Set URNCAST_ADMIN_PASSWORD and start again."
	}
	answer.WriteError(w, r, http.StatusUnauthorized, "%s", text)
}

// overheard says whether a password in this request crosses a network in the
// clear.
func (s *server) overheard(r *http.Request) bool {
	switch {
	case s.private(r):
		return false
	case s.BehindProxy: // the proxy's own word, and its address says nothing of the client's
		return true
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip := net.ParseIP(host)
	return ip == nil || !ip.IsLoopback()
}

// remote is where a request came from: behind a proxy what that added to
// X-Forwarded-For, which is its last part, for the others may be anybody's words.
func (s *server) remote(r *http.Request) string {
	if s.BehindProxy {
		parts := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if last := strings.TrimSpace(parts[len(parts)-1]); net.ParseIP(last) != nil {
			return last
		}
	}
	return r.RemoteAddr
}
