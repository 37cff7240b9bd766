package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"urncast/web/guard"
)

// patience says how long a client may keep the server waiting.
type patience struct {
	header time.Duration // for a request's header
	body   time.Duration // for the next bytes of its body
	write  time.Duration // until it takes what is written
	// read is how long a request for a page or a list waits for the database. Streams and
	// exports have no such limit.
	read time.Duration
}

var usualPatience = patience{header: 10 * time.Second, body: 30 * time.Second, write: 30 * time.Second, read: 30 * time.Second}

// bounded gives a request for a page or a list a context that ends when the database does
// not answer in time: otherwise each such request would hold one database connection for
// as long as that lasts, and the next would wait for one.
func (p patience) bounded(r *http.Request, rt *guard.Route) (*http.Request, context.CancelFunc) {
	method, _, _ := strings.Cut(rt.Pattern, " ")
	if p.read == 0 || method != http.MethodGet || rt.Long {
		return r, func() {}
	}
	ctx, cancel := context.WithTimeout(r.Context(), p.read)
	return r.WithContext(ctx), cancel
}

// bodyPace is how many bytes of a body a client must send per second once patience.body is
// used up: a client that sends one byte at a time would otherwise hold its connection for
// ever.
const bodyPace = 1 << 10

// errSlowBody is what reading a body returns when the client sends too slowly.
var errSlowBody = errors.New("the body came too slowly")

// A pacedBody is a request body whose reading fails when the client stops sending. Its
// deadline runs from the beginning of the request, because the server itself reads a body
// that no handler reads.
type pacedBody struct {
	io.ReadCloser
	out   *http.ResponseController
	began time.Time
	wait  time.Duration
	read  int64
}

// pace puts deadlines on a request's body, if it has one.
func (p patience) pace(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	b := &pacedBody{ReadCloser: r.Body, out: http.NewResponseController(w), began: time.Now(), wait: p.body}
	b.renew(b.began)
	r.Body = b
}

func (b *pacedBody) renew(now time.Time) {
	until, all := now.Add(b.wait), b.began.Add(b.wait+time.Duration(b.read/bodyPace)*time.Second)
	if all.Before(until) {
		until = all
	}
	_ = b.out.SetReadDeadline(until) // fails only for bodies that are read from memory
}

// Read implements io.Reader.
func (b *pacedBody) Read(p []byte) (int, error) {
	b.renew(time.Now())
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = errSlowBody
	case err == io.EOF:
		_ = b.out.SetReadDeadline(time.Time{}) // otherwise the connection would count as gone while the handler works
	}
	return n, err
}

// timed runs a write that fails when the client takes nothing for too long. The deadline
// is removed afterwards, because the handler may need long to find out what to write next.
func (w *response) timed(write func(out *http.ResponseController)) {
	out := http.NewResponseController(w.ResponseWriter)
	_ = out.SetWriteDeadline(time.Now().Add(w.patience)) // fails only for writers to memory
	write(out)
	_ = out.SetWriteDeadline(time.Time{}) // as above
}

// ending bounds what the server does after the handler has returned: it reads the rest of
// a small body and writes the rest of the answer.
func (w *response) ending(p patience) {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(p.body + p.write)) // fails only for writers to memory
}
