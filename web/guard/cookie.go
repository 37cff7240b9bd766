package guard

import (
	"net/http"
	"strings"

	"urncast/registry/access"
)

// SessionCookie is the name of the cookie that holds a session's secret. Over HTTPS
// HostPrefix stands before it: browsers then accept the cookie neither from a neighbouring
// host nor over plain HTTP (RFC 6265bis, section 4.1.3.2).
const (
	SessionCookie = "urncast_session"
	HostPrefix    = "__Host-"
)

// SecureMax makes a browser that came over HTTPS use nothing else for a year (RFC 6797).
const SecureMax = "max-age=31536000"

// Private reports whether a request came over HTTPS, here or at a proxy. A proxy's header
// is believed only if the options say that there is a proxy; a proxy that sends none is
// taken to terminate TLS. A client that forges the header endangers only its own password.
func (g *Guard) Private(r *http.Request) bool {
	return r.TLS != nil || g.BehindProxy && !strings.EqualFold(forwardedProto(r), "http")
}

// forwardedProto is the scheme that the client used, as proxies report it; empty if they
// report none. The first of several is the client's.
func forwardedProto(r *http.Request) string {
	if proto, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ","); proto != "" {
		return strings.TrimSpace(proto)
	}
	first, _, _ := strings.Cut(r.Header.Get("Forwarded"), ",") // RFC 7239
	for pair := range strings.SplitSeq(first, ";") {
		if name, value, _ := strings.Cut(strings.TrimSpace(pair), "="); strings.EqualFold(name, "proto") {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// IsHTTPS reports whether a request is known to have come over HTTPS. Private may rest on
// the options alone; but a request to the machine's own address may come without the
// proxy, and over plain HTTP browsers refuse cookies that are Secure.
func (g *Guard) IsHTTPS(r *http.Request) bool {
	return r.TLS != nil || g.BehindProxy && strings.EqualFold(forwardedProto(r), "https")
}

// SessionName is the name of the session's cookie for a request.
func (g *Guard) SessionName(r *http.Request) string {
	if g.IsHTTPS(r) {
		return HostPrefix + SessionCookie
	}
	return SessionCookie
}

// SetSession gives the browser a session's secret; an empty secret deletes the cookie.
func (g *Guard) SetSession(w http.ResponseWriter, r *http.Request, secret string) {
	g.SetCookie(w, r, g.SessionName(r), secret, int(access.SessionMax.Seconds()))
}

// SetCookie sets a cookie that scripts and other sites cannot read, for so many seconds;
// an empty value deletes it.
func (g *Guard) SetCookie(w http.ResponseWriter, r *http.Request, name, value string, seconds int) {
	if value == "" {
		seconds = -1
	}
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: g.Private(r), MaxAge: seconds})
}
