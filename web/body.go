package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"urncast/web/console/ui"
	"urncast/web/guard"
)

// Bounds of request bodies in bytes, as sent.
const (
	bodyOpen  = 8 << 10  // routes without sign-in: a name, a password, a theme
	bodyUsual = 64 << 10 // guard.Usual
	bodyLists = 1 << 20  // guard.Lists
	bodyFiles = 48 << 20 // guard.Files
)

// bound gives the largest body that a route takes, in bytes, and whether the route reads
// the body as it arrives.
func (s *server) bound(rt *guard.Route) (most int64, streamed bool) {
	switch {
	case rt.Body == guard.Stream:
		return s.BodyBytesMax, true
	case rt.Body == guard.Files:
		return bodyFiles, true
	case rt.Body == guard.Lists:
		return bodyLists, false
	case rt.Level == guard.Open:
		return bodyOpen, false
	}
	return bodyUsual, false
}

// limitBody keeps handlers from reading more of a body than the route takes. It returns
// false if Content-Length already exceeds the bound; the answer has then been written.
func (s *server) limitBody(w http.ResponseWriter, r *http.Request, rt *guard.Route) bool {
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

// readBody reads the whole body of a route that does not read it as it arrives, so that no
// handler meets a body that is too large, too slow or incomplete. It returns false if
// reading failed; the answer has then been written.
func (s *server) readBody(w http.ResponseWriter, r *http.Request, rt *guard.Route) bool {
	if _, streamed := s.bound(rt); streamed || r.Body == nil || r.Body == http.NoBody {
		return true
	}
	b, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		s.tooLarge(w, r, large.Limit)
	case errors.Is(err, errSlowBody):
		s.guard.Refuse(w, r, http.StatusRequestTimeout, "This came too slowly", "The request's body came too slowly, and was not waited for. Nothing was done. Send it again.")
	case err != nil:
		s.guard.Refuse(w, r, http.StatusBadRequest, "This did not arrive whole", "The request's body did not arrive whole. Nothing was done. Send it again.")
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return err == nil
}

func (s *server) tooLarge(w http.ResponseWriter, r *http.Request, most int64) {
	size := "more than that"
	if r.ContentLength > most {
		size = ui.ExactBytes(r.ContentLength)
	}
	s.guard.Refuse(w, r, http.StatusRequestEntityTooLarge, "This is too large", fmt.Sprintf(
		"%s %s takes a body of at most %s, and this one has %s. Nothing was done. Send less at once.", r.Method, r.URL.Path, ui.ExactBytes(most), size))
}
