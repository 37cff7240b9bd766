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

// patience is how long a client may keep the server waiting.
type patience struct {
	header time.Duration // for a request's header
	body   time.Duration // for the next bytes of its body
	write  time.Duration // until it takes what is written
	// read is how long a client waits for the database, where it only reads: for a page or
	// a list. What is long by its nature has no such end.
	read time.Duration
}

var usualPatience = patience{header: 10 * time.Second, body: 30 * time.Second, write: 30 * time.Second, read: 30 * time.Second}

// bounded ends what a request for a page or a list asks, when the database does not answer:
// otherwise each would hold one of the database's connections for as long as that lasts,
// and the next would wait for one.
func (p patience) bounded(r *http.Request, rt *guard.Route) (*http.Request, context.CancelFunc) {
	method, _, _ := strings.Cut(rt.Pattern, " ")
	if p.read == 0 || method != http.MethodGet || rt.Long {
		return r, func() {}
	}
	ctx, cancel := context.WithTimeout(r.Context(), p.read)
	return r.WithContext(ctx), cancel
}

// bodyPace is how many bytes of a body a client must send in a second, once its first
// patience is over: one byte at a time would hold a connection for ever.
const bodyPace = 1 << 10

// errSlowBody is what reading a body ends with that is too slow.
var errSlowBody = errors.New("the body came too slowly")

// A pacedBody gives up a client that does not send. Its deadline stands from the
// request's beginning, for a body that no handler reads is read by the server itself.
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
	_ = b.out.SetReadDeadline(until) // whoever has none reads from memory
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
		_ = b.out.SetReadDeadline(time.Time{}) // or the connection would count as gone while the handler works
	}
	return n, err
}

// timed runs a write that ends when the client takes nothing for too long. The deadline
// goes with it, for what is written next may take its time to be found out.
func (w *response) timed(write func(out *http.ResponseController)) {
	out := http.NewResponseController(w.ResponseWriter)
	_ = out.SetWriteDeadline(time.Now().Add(w.patience)) // whoever has none writes to memory
	write(out)
	_ = out.SetWriteDeadline(time.Time{}) // as above
}

// ending bounds what the server itself does when the handler has returned: it reads what
// is left of a small body, and writes what is left of the answer.
func (w *response) ending(p patience) {
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Now().Add(p.body + p.write)) // whoever has none writes to memory
}
