package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"

	"urncast/web/rest"
)

// guard lets a request through to its route: the password where one is needed
// or was sent, and the bound on its body.
func (s *server) guard(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, sent := r.BasicAuth()
		needed := rt.access == accessAdmin || rt.access == accessRead && s.ReadsClosed
		switch {
		case rt.access == accessOpen:
		case (needed || sent) && s.overheard(r):
			rest.WriteError(w, r, http.StatusForbidden, "A password over plain HTTP from another machine is refused: anybody on the way could read it. "+
				"Serve over TLS, or say --behind-proxy if a proxy ends TLS in front of this server.")
			return
		case sent && !s.admits(user, password):
			s.challenge(w, r, "User name or password is wrong.")
			return
		case needed && !sent:
			s.challenge(w, r, "This needs the administrator's user name and password, by Basic authentication.")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, s.BodyBytesMax)
		rt.handle(w, r)
	})
}

// overheard says whether a password in this request crosses a network in the
// clear.
func (s *server) overheard(r *http.Request) bool {
	if s.BehindProxy || r.TLS != nil {
		return false
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	ip := net.ParseIP(host)
	return ip == nil || !ip.IsLoopback()
}

// admits compares in constant time: digests, so that lengths do not show
// either, and both, so that a wrong user name takes as long as a wrong password.
func (s *server) admits(user, password string) bool {
	u, p := digest(user), digest(password)
	same := subtle.ConstantTimeCompare(u[:], s.user[:]) & subtle.ConstantTimeCompare(p[:], s.password[:])
	return same == 1 && s.Password != ""
}

func digest(s string) [32]byte { return sha256.Sum256([]byte(s)) }

func (s *server) challenge(w http.ResponseWriter, r *http.Request, text string) {
	w.Header().Set("WWW-Authenticate", `Basic realm="urncast", charset="UTF-8"`)
	if s.Password == "" {
		text = "No administrator's password is set, so nobody can sign in. Set URNCAST_PASSWORD and start again."
	}
	rest.WriteError(w, r, http.StatusUnauthorized, "%s", text)
}
