package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"urncast/registry/access"
	"urncast/web/console/ui"
	"urncast/web/rest"
)

// Bounds of requests' bodies in bytes, as sent.
const (
	bodyOpen       = 8 << 10  // routes that everyone may take: a name, a password, a choice
	bodyUsual      = 64 << 10 // every route that is not named below
	bodySettings   = 1 << 20  // what holds lists: filters, addresses, certificates
	bodyConnection = 48 << 20 // a connection with its files, in base64 too
	// bodyUnread is how much of a form that is not taken is read, so that the browser
	// gets to the answer.
	bodyUnread = 64 << 20
)

// largeBodies are the routes of bodySettings. Their bodies, like those of all routes
// that are not in streamedBodies, are read whole before the route is taken.
var largeBodies = map[string]bool{
	"POST /settings": true, "PUT /api/v1/settings": true,
	"POST /mail": true, "PUT /api/v1/mail": true,
	"POST /producers/new": true, "POST /producers/{name}/change": true, "POST /producers/{name}/route": true, "POST /producers/{name}/{command}": true,
	"POST /api/v1/producers": true, "POST /api/v1/producers/preview": true, "PUT /api/v1/producers/{name}": true, "POST /api/v1/producers/{name}/jobs": true,
}

// streamedBodies are the routes that read their bodies as they come, and answer
// themselves for one that is too large; each with its bound, 0 for BodyBytesMax.
var streamedBodies = map[string]int64{
	"POST /sdmx/v2/structure": 0, "POST /sdmx/v2/structure/{$}": 0, "POST /sdmx/v2/structure/{type}": 0,
	"PUT /sdmx/v2/structure/{type}/{agency}/{id}/{version}": 0,
	"POST /ws/secure/sdmxapi/rest":                          0, "POST /ws/secure/sdmxapi/rest/{$}": 0,
	"POST /submit":          0,
	"POST /connections/new": bodyConnection, "POST /connections/new/test": bodyConnection,
	"POST /connections/{name}": bodyConnection, "POST /connections/{name}/test": bodyConnection,
	"PUT /api/v1/connections/{name}": bodyConnection, "POST /api/v1/connections/check": bodyConnection,
	"POST /api/v1/connections/test": bodyConnection, "POST /api/v1/connections/{name}/test": bodyConnection,
}

// bound gives the most bytes of a body that a route takes, and whether it reads them as
// they come.
func (s *server) bound(rt route) (most int64, streamed bool) {
	most, streamed = streamedBodies[rt.pattern]
	switch {
	case streamed && most == 0:
		return s.BodyBytesMax, true
	case streamed:
		return most, true
	case largeBodies[rt.pattern]:
		return bodySettings, false
	case rt.access == accessOpen:
		return bodyOpen, false
	}
	return bodyUsual, false
}

// limitBody keeps everything behind it from reading more of a body than the route
// takes. If it says false, the body is longer by its own word, and the answer has been
// written.
func (s *server) limitBody(w http.ResponseWriter, r *http.Request, rt route) bool {
	most, _ := s.bound(rt)
	if r.ContentLength > most {
		s.tooLarge(w, r, most)
		return false
	}
	inner := w
	if seen, ok := w.(*response); ok {
		inner = seen.ResponseWriter // the server's own, which MaxBytesReader tells to close the connection
	}
	r.Body = http.MaxBytesReader(inner, r.Body, most)
	return true
}

// readBody reads the body of a route that does not read it as it comes, so that no
// handler meets one that is too large, too slow or torn. If it says false, the answer has
// been written.
func (s *server) readBody(w http.ResponseWriter, r *http.Request, rt route) bool {
	if _, streamed := s.bound(rt); streamed || r.Body == nil || r.Body == http.NoBody {
		return true
	}
	b, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		s.tooLarge(w, r, large.Limit)
	case errors.Is(err, errSlowBody):
		s.refuse(w, r, http.StatusRequestTimeout, "This came too slowly", "The request's body came too slowly, and was not waited for. Nothing was done. Send it again.")
	case err != nil:
		s.refuse(w, r, http.StatusBadRequest, "This did not arrive whole", "The request's body did not arrive whole. Nothing was done. Send it again.")
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return err == nil
}

func (s *server) tooLarge(w http.ResponseWriter, r *http.Request, most int64) {
	size := "more than that"
	if r.ContentLength > most {
		size = ui.ExactBytes(r.ContentLength)
	}
	s.refuse(w, r, http.StatusRequestEntityTooLarge, "This is too large", fmt.Sprintf(
		"%s %s takes a body of at most %s, and this one has %s. Nothing was done. Send less at once.", r.Method, r.URL.Path, ui.ExactBytes(most), size))
}

// refuse says why a request is not taken, to a person or a program.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, status int, what, text string) {
	if wantsPage(r) {
		s.drawError(w, r.WithContext(access.With(r.Context(), access.Principal{})), status, "", what, text)
		return
	}
	rest.WriteError(w, r, status, "%s", text)
}

// isForm says whether a request sends a form, with files or without.
func isForm(r *http.Request) bool {
	media := r.Header.Get("Content-Type")
	return r.Method == http.MethodPost &&
		(strings.HasPrefix(media, "application/x-www-form-urlencoded") || strings.HasPrefix(media, "multipart/form-data"))
}

// discard reads what is left of a form that is not taken: a browser that is still
// sending shows no answer, but that the connection was reset.
func discard(r *http.Request) {
	_, _ = io.CopyN(io.Discard, r.Body, bodyUnread) // whatever is left beyond, the connection's end cuts off
}
