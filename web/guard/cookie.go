package guard

import (
	"net/http"
	"strings"

	"urncast/registry/access"
)

// SessionCookie is the name of the cookie that holds a session's secret; over HTTPS with
// HostPrefix before it, which keeps browsers from taking it from a neighbouring host or
// over plain HTTP (RFC 6265bis, section 4.1.3.2).
const (
	SessionCookie = "urncast_session"
	HostPrefix    = "__Host-"
)

// SecureMax is how long a browser that came over HTTPS comes by nothing else (RFC 6797).
const SecureMax = "max-age=31536000"

// Private says whether a request came over HTTPS, here or at a proxy. Only a proxy that
// the options tell of is believed, and one that says nothing ends TLS, as they say. A
// client that lies to it gives nothing away but its own password.
func (g *Guard) Private(r *http.Request) bool {
	return r.TLS != nil || g.BehindProxy && !strings.EqualFold(forwardedProto(r), "http")
}

// forwardedProto is the scheme that the client used, as proxies tell it; empty if they
// do not. The first of several is the client'g.
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

// IsHTTPS says whether a request is known to have come over HTTPS. That of private may
// rest on the options alone: on a machine's own address there may be no proxy, and over
// plain HTTP browsers refuse what is only for HTTPS.
func (g *Guard) IsHTTPS(r *http.Request) bool {
	return r.TLS != nil || g.BehindProxy && strings.EqualFold(forwardedProto(r), "https")
}

// SessionName is the name of the session's cookie, as the request came.
func (g *Guard) SessionName(r *http.Request) string {
	if g.IsHTTPS(r) {
		return HostPrefix + SessionCookie
	}
	return SessionCookie
}

// SetSession gives the browser a session's secret; an empty one takes it away.
func (g *Guard) SetSession(w http.ResponseWriter, r *http.Request, secret string) {
	g.SetCookie(w, r, g.SessionName(r), secret, int(access.SessionMax.Seconds()))
}

// SetCookie sets a cookie that scripts and other sites do not see, for so many seconds;
// an empty value takes it away.
func (g *Guard) SetCookie(w http.ResponseWriter, r *http.Request, name, value string, seconds int) {
	if value == "" {
		seconds = -1
	}
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: g.Private(r), MaxAge: seconds})
}
