package guard

import (
	"io"
	"net/http"
	"strings"
)

// bodyUnread is how much of a form that is not taken is read, so that the browser gets to
// the answer, in bytes.
const bodyUnread = 64 << 20

// WantsPage says whether a person asks, with a browser, and not for what programs ask.
func WantsPage(r *http.Request) bool {
	for _, door := range []string{"/api/", "/sdmx/", "/ws/"} {
		if strings.HasPrefix(r.URL.Path, door) {
			return false
		}
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// IsForm says whether a request sends a form, with files or without.
func IsForm(r *http.Request) bool {
	media := r.Header.Get("Content-Type")
	return r.Method == http.MethodPost &&
		(strings.HasPrefix(media, "application/x-www-form-urlencoded") || strings.HasPrefix(media, "multipart/form-data"))
}

// Discard reads what is left of a form that is not taken: a browser that is still
// sending shows no answer, but that the connection was reset.
func Discard(r *http.Request) {
	_, _ = io.CopyN(io.Discard, r.Body, bodyUnread) // whatever is left beyond, the connection's end cuts off
}

// CameFrom is the path of the page that a form stands on, here.
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
