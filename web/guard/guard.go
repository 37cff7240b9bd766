// Package guard decides which requests are admitted: the routes with their levels, the
// principal of a request, the cookies of sessions, and how a request is refused.
package guard

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

// A Guard decides which principal may take which route.
type Guard struct {
	Access *access.Control
	// ReadsClosed restricts reading to signed-in users.
	ReadsClosed bool
	// BehindProxy says that a proxy terminates TLS in front of this server.
	BehindProxy bool
	// DrawError draws a refusal as a page.
	DrawError func(w http.ResponseWriter, r *http.Request, status int, what, text string)

	served map[string]Level // of all routes, by pattern
}

// Know records the levels of the routes.
func (g *Guard) Know(routes []Route) {
	g.served = make(map[string]Level, len(routes))
	for i := range routes {
		g.served[routes[i].Pattern] = routes[i].Level
	}
}

// Needed is the role that a level needs.
func (g *Guard) Needed(level Level) access.Role {
	switch {
	case level == Read && !g.ReadsClosed, level == Open:
		return access.Nobody
	case level == Read, level == Self:
		return access.Reader
	case level == Maintain:
		return access.Maintainer
	}
	return access.Admin
}

// Identify finds the principal of a request. If it returns false, the answer has been
// written.
func (g *Guard) Identify(w http.ResponseWriter, r *http.Request, rt *Route) (access.Principal, bool) {
	remote := g.Remote(r)
	nobody := access.Principal{Remote: remote}
	if rt.Level == Open {
		return nobody, true
	}
	user, password, basic := r.BasicAuth()
	token, bearer := bearerOf(r)
	cookie, cookieErr := r.Cookie(g.SessionName(r))
	sent := basic || bearer || cookieErr == nil
	if (sent || g.Needed(rt.Level) > access.Nobody) && g.Overheard(r) {
		g.Refuse(w, r, http.StatusForbidden, "This is not private", OverheardText)
		return nobody, false
	}
	var p access.Principal
	var err error
	switch {
	case basic:
		p, err = g.Access.Verify(r.Context(), user, password, remote)
	case bearer:
		p, err = g.Access.Bearer(r.Context(), token, remote)
	case sent:
		p, err = g.Access.Cookie(r.Context(), cookie.Value, remote)
	default:
		return nobody, true
	}
	if err != nil {
		g.notProven(w, r, err)
	}
	return p, err == nil
}

// OverheardText is the refusal of a password in the clear.
const OverheardText = "A password over plain HTTP from another machine is refused: anybody on the way could read it. " +
	"Come over https. Whoever runs this server: serve over TLS, or say --behind-proxy if a proxy ends TLS in front of it; that must say X-Forwarded-Proto: https, or nothing."

func bearerOf(r *http.Request) (token string, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

// Admit reports whether a principal may take a route. If not, the answer has been written.
func (g *Guard) Admit(w http.ResponseWriter, r *http.Request, rt *Route, p access.Principal) bool {
	needed := g.Needed(rt.Level)
	switch {
	case p.Role >= needed:
		return true
	case p.Signed():
		g.forbid(w, r.WithContext(access.With(r.Context(), p)), rt, needed)
	case forPage(r):
		g.toLogin(w, r, rt)
	default:
		g.challenge(w, r, "This needs a user name and a password, by Basic authentication, or an API token as Authorization: Bearer "+access.TokenPrefix+"….")
	}
	return false
}

// toLogin leads to the sign-in and from there back to the page, for a reader whose session
// ended while the page or its form was open.
func (g *Guard) toLogin(w http.ResponseWriter, r *http.Request, rt *Route) {
	q := url.Values{"next": {r.URL.RequestURI()}}
	if IsForm(r) {
		Discard(r)
		q.Set("lost", "form")
	}
	if IsForm(r) || isPartial(r) {
		q.Set("next", CameFrom(r))
		if _, path, _ := strings.Cut(rt.Pattern, " "); r.Referer() == "" && g.HasPage(path) {
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

// HasPage reports whether there is a page at a path, for readers of any role.
func (g *Guard) HasPage(path string) bool {
	_, ok := g.served["GET "+path]
	return ok
}

// forPage reports whether a browser asks for something to show, or sends a form.
func forPage(r *http.Request) bool {
	if isPartial(r) {
		return true
	}
	looks := r.Method == http.MethodGet || r.Method == http.MethodHead // also for the API's answers
	return strings.Contains(r.Header.Get("Accept"), "text/html") && (looks || IsForm(r) && WantsPage(r))
}

// isPartial reports whether a page's script asks for a part of the page.
func isPartial(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// forbid refuses a route that the role does not reach, and says whom to ask.
func (g *Guard) forbid(w http.ResponseWriter, r *http.Request, rt *Route, needed access.Role) {
	may := "may"
	if method, _, _ := strings.Cut(rt.Pattern, " "); method == http.MethodGet {
		may = "may not"
	}
	who := "an admin"
	if names := g.Access.Administrators(r.Context()); len(names) > 0 {
		who += " (" + strings.Join(names, ", ") + ")"
	}
	text := fmt.Sprintf("Your role %s read this. %s needs %s. Ask %s.", may, rt.act(r), needed, who)
	if forPage(r) {
		g.DrawError(w, r, http.StatusForbidden, "Your role does not reach this far", text)
		return
	}
	answer.WriteError(w, r, http.StatusForbidden, "%s", text)
}

// notProven answers a request whose credentials are wrong or could not be checked.
func (g *Guard) notProven(w http.ResponseWriter, r *http.Request, err error) {
	var refused *access.Refusal
	switch {
	case answer.Left(r): // no answer is needed, and nothing is wrong
	case !errors.As(err, &refused):
		g.Refuse(w, r, http.StatusServiceUnavailable, "Who you are is not known now",
			"The database did not say who you are, so nothing was done: "+answer.Private(w, r, err).Error()+". Try again.")
	case refused.Why == access.TooMany:
		w.Header().Set("Retry-After", strconv.Itoa(int(refused.After.Seconds())))
		g.Refuse(w, r, http.StatusTooManyRequests, "Too many attempts", refused.Text)
	default:
		g.challenge(w, r, refused.Text)
	}
}

// challenge answers 401 and says what to do. A page's script gets no challenge, for that
// would open the browser's own window.
func (g *Guard) challenge(w http.ResponseWriter, r *http.Request, text string) {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode == "" || mode == "navigate" {
		w.Header().Set("WWW-Authenticate", `Basic realm="urncast", charset="UTF-8"`)
	}
	if needed, err := g.Access.SetUpNeeded(r.Context()); err == nil && needed {
		text = "There is no administrator yet, so nobody can sign in. Open /setup, with the code that is in the log, and make the first account."
	}
	answer.WriteError(w, r, http.StatusUnauthorized, "%s", text)
}

// Overheard reports whether a password in this request crosses a network in the clear.
func (g *Guard) Overheard(r *http.Request) bool {
	switch {
	case g.Private(r):
		return false
	case g.BehindProxy: // the proxy's own word, and its address says nothing of the client's
		return true
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip := net.ParseIP(host)
	return ip == nil || !ip.IsLoopback()
}

// Remote is the address that a request came from. Behind a proxy it is the last part of
// X-Forwarded-For, which the proxy added: the parts before it may be forged.
func (g *Guard) Remote(r *http.Request) string {
	if g.BehindProxy {
		parts := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if last := strings.TrimSpace(parts[len(parts)-1]); net.ParseIP(last) != nil {
			return last
		}
	}
	return r.RemoteAddr
}

// Refuse says why a request is refused, to a person or a program.
func (g *Guard) Refuse(w http.ResponseWriter, r *http.Request, status int, what, text string) {
	if WantsPage(r) {
		g.DrawError(w, r.WithContext(access.With(r.Context(), access.Principal{})), status, what, text)
		return
	}
	answer.WriteError(w, r, status, "%s", text)
}

// Serves reports whether there is a page at a path that the reader may see.
func (g *Guard) Serves(r *http.Request, path string) bool {
	if path == "/" {
		path = "/{$}"
	}
	level, ok := g.served["GET "+path]
	return ok && access.From(r.Context()).Role >= g.Needed(level)
}
