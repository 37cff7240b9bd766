package guard

import (
	"io"
	"net/http"
	"strings"
)

// bodyUnread is how many bytes of a refused form are read, so that the browser gets to the
// answer.
const bodyUnread = 64 << 20

// WantsPage reports whether a person asks with a browser, and for none of the paths of
// programs.
func WantsPage(r *http.Request) bool {
	for _, door := range []string{"/api/", "/sdmx/", "/ws/"} {
		if strings.HasPrefix(r.URL.Path, door) {
			return false
		}
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// IsForm reports whether a request sends a form, with files or without.
func IsForm(r *http.Request) bool {
	media := r.Header.Get("Content-Type")
	return r.Method == http.MethodPost &&
		(strings.HasPrefix(media, "application/x-www-form-urlencoded") || strings.HasPrefix(media, "multipart/form-data"))
}

// Discard reads the rest of a refused form: a browser that is still sending shows no
// answer, but that the connection was reset.
func Discard(r *http.Request) {
	_, _ = io.CopyN(io.Discard, r.Body, bodyUnread) // what is longer ends with the connection
}

// CameFrom is the path of the page that a form was sent from, if that is one of this
// server's.
func CameFrom(r *http.Request) string {
	_, rest, ok := strings.Cut(r.Referer(), "://")
	if !ok {
		return "/"
	}
	host, path, _ := strings.Cut(rest, "/")
	if host != r.Host {
		return "/"
	}
	return "/" + strings.TrimLeft(path, "/\\")
}
