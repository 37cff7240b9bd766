// Package live serves pages that are updated while they are read: each is gathered and
// drawn once for all readers, and sent as server-sent events.
package live

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/a-h/templ"

	"urncast/registry"
	"urncast/web/answer"
	"urncast/web/background"
)

const (
	// Pace is how often a live page is gathered: updates reach its readers at most that
	// often.
	Pace = 500 * time.Millisecond
	// Timeout bounds one gathering; liveBeat keeps proxies from closing a quiet stream.
	Timeout  = 5 * time.Second
	liveBeat = 15 * time.Second
	// Lasts is how long a stream lasts: its reader then connects again, which a reader
	// whose access has ended cannot.
	Lasts = 5 * time.Minute
	// liveQueue is how many updates may wait for a reader before it is cut off: on
	// connecting again it gets the whole page.
	liveQueue = 8
)

// A Part is one fragment of a live page, by its id.
type Part struct {
	ID   string
	Draw templ.Component
}

// A Gatherer returns the present parts of a live page, and what a screen reader shall
// announce. It is called by one goroutine, and may remember what it returned before.
// registry.ErrNotFound says that the page's subject does not exist any more.
type Gatherer func(ctx context.Context) (parts []Part, say string, err error)

// Streams are the live pages that have readers, by their keys. A page is kept and gathered
// from its first reader to its last.
type Streams struct {
	Log *slog.Logger
	// Stopping is closed when the server ends.
	Stopping <-chan struct{}

	pace time.Duration // Pace if 0

	mu  sync.Mutex
	all map[any]*live
}

// A live is a page that is updated while it is read. It is gathered and drawn once for all
// its readers, by a goroutine of its own. A reader who comes after the last has left gets
// a new live. Its fields are guarded by Streams.mu.
type live struct {
	readers map[chan []byte]bool
	cancel  context.CancelFunc // ends its goroutine
	shown   map[string][]byte
	order   []string
}

// join returns the events of the page with a key from now on; the first is the whole page.
// Begin makes the Gatherer for the first reader. Leave must be called.
func (ls *Streams) join(key any, begin func() Gatherer) (events <-chan []byte, leave func()) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := ls.all[key]
	if l == nil {
		ctx, cancel := context.WithCancel(context.Background())
		l = &live{readers: map[chan []byte]bool{}, cancel: cancel}
		if ls.all == nil {
			ls.all = map[any]*live{}
		}
		ls.all[key] = l
		go ls.look(ctx, key, l, begin())
	}
	mine := make(chan []byte, liveQueue)
	l.readers[mine] = true
	if all := l.event(l.order); all != nil {
		mine <- all
	}
	return mine, func() {
		ls.mu.Lock()
		defer ls.mu.Unlock()
		delete(l.readers, mine)
		if len(l.readers) == 0 {
			ls.end(key, l)
		}
	}
}

// end drops a page whose readers have left or been sent away. Streams.mu is held.
func (ls *Streams) end(key any, l *live) {
	l.cancel()
	if ls.all[key] == l {
		delete(ls.all, key)
	}
}

// look gathers the page at its pace until the context ends, or the page does not exist any
// more.
func (ls *Streams) look(ctx context.Context, key any, l *live, gather Gatherer) {
	pace := time.NewTicker(cmp.Or(ls.pace, Pace))
	defer pace.Stop()
	for ls.once(ctx, key, l, gather) {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
	}
}

// once draws every part, and sends those that changed. If gathering fails, the page stays
// as it is: the next time may succeed. It returns false if no next time could.
func (ls *Streams) once(ctx context.Context, key any, l *live, gather Gatherer) (more bool) {
	drawn, order, say, err := ls.drawn(ctx, gather)
	ls.mu.Lock()
	defer ls.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return false
	case errors.Is(err, registry.ErrNotFound), errors.Is(err, background.ErrDefect):
		if errors.Is(err, registry.ErrNotFound) {
			l.send(Event("gone", []byte("What this page shows is not there any more.")))
		}
		for events := range l.readers {
			delete(l.readers, events)
			close(events)
		}
		ls.end(key, l)
		return false
	case err != nil:
		return true
	}
	var changed []string
	for _, id := range order {
		if !bytes.Equal(drawn[id], l.shown[id]) {
			changed = append(changed, id)
		}
	}
	l.shown, l.order = drawn, order
	l.send(l.event(changed))
	if say != "" {
		l.send(Event("say", []byte(say)))
	}
	if len(l.readers) == 0 { // all were too slow
		ls.end(key, l)
	}
	return true
}

// drawn gathers and draws all parts.
func (ls *Streams) drawn(ctx context.Context, gather Gatherer) (drawn map[string][]byte, order []string, say string, err error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	err = background.Guarded(ctx, ls.Log, "live page", "", func() error {
		parts, said, err := gather(ctx)
		drawn, say = make(map[string][]byte, len(parts)), said
		for _, p := range parts {
			var b bytes.Buffer
			if err == nil {
				err = p.Draw.Render(ctx, &b)
			}
			drawn[p.ID] = b.Bytes()
			order = append(order, p.ID)
		}
		return err
	})
	return drawn, order, say, err
}

// event makes one event of the parts with the given ids; nil if there are none.
func (l *live) event(ids []string) []byte {
	if len(ids) == 0 {
		return nil
	}
	var b bytes.Buffer
	for _, id := range ids {
		b.Write(l.shown[id])
	}
	return Event("fragments", b.Bytes())
}

func (l *live) send(event []byte) {
	if event == nil {
		return
	}
	for events := range l.readers {
		select {
		case events <- event:
		default: // too slow: it gets the whole page when it connects again
			delete(l.readers, events)
			close(events)
		}
	}
}

// Event writes an event of a stream.
func Event(name string, data []byte) []byte {
	var b bytes.Buffer
	b.WriteString("event: " + name + "\n")
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		b.WriteString("data: ")
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// Serve answers with the stream of the page that key stands for.
func (ls *Streams) Serve(w http.ResponseWriter, r *http.Request, key any, begin func() Gatherer) {
	events, leave := ls.join(key, begin)
	defer leave()
	ls.SendEvents(w, r, events)
}

// SendEvents writes events until there are no more, the reader leaves, or Lasts is over.
func (ls *Streams) SendEvents(w http.ResponseWriter, r *http.Request, events <-chan []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	flush := http.NewResponseController(w)
	beat := time.NewTicker(liveBeat)
	defer beat.Stop()
	end := time.After(Lasts)
	next := []byte("retry: 2000\n\n")
	for {
		if _, err := w.Write(next); err != nil || flush.Flush() != nil {
			return
		}
		var open bool
		select {
		case <-r.Context().Done():
			return
		case <-ls.Stopping:
			return
		case <-end:
			return
		case <-beat.C:
			next = []byte(":\n\n")
		case next, open = <-events:
			if !open {
				return
			}
		}
	}
}

// NoStream refuses a stream whose subject does not exist or cannot be read. The browser's
// script tries again, at growing intervals.
func (ls *Streams) NoStream(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case answer.Left(r):
	case errors.Is(err, registry.ErrNotFound):
		answer.Plain(w, http.StatusNotFound, "There is nothing here to watch. Reload the page.\n")
	default:
		ls.Log.WarnContext(r.Context(), "a stream could not begin", "path", r.URL.Path, "error", err)
		w.Header().Set("Retry-After", "5")
		answer.Plain(w, http.StatusServiceUnavailable, "The registry did not answer in time. Try again.\n")
	}
}
