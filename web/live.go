package web

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/a-h/templ"

	"urncast/producer"
	"urncast/web/console"
)

const (
	// livePace is how often a live page is looked at: what changes reaches its readers
	// at most so often.
	livePace = 500 * time.Millisecond
	// liveTimeout bounds one look, and liveBeat keeps proxies from taking a quiet
	// stream for a dead one.
	liveTimeout = 5 * time.Second
	liveBeat    = 15 * time.Second
	// liveMax is how long a stream lasts: its reader connects again, and whoever may
	// not read any more is out.
	liveMax = 5 * time.Minute
	// liveQueue is how many changes may wait for a reader before it is cut off: it
	// connects again and gets everything as it is then.
	liveQueue = 8
)

// A part is one fragment of a live page, by its id.
type part struct {
	id   string
	draw templ.Component
}

// A live is a page that changes before its readers' eyes. It is gathered and drawn
// once for all of them, and not at all while there are none.
type live struct {
	// gather gives the parts as they are now, and what is to be said aloud.
	gather func(ctx context.Context) (parts []part, say string, err error)

	mu      sync.Mutex
	readers map[chan []byte]bool
	stop    context.CancelFunc // of the look-out; nil while nobody reads
	shown   map[string][]byte
	order   []string
}

// join gives a reader the events from now on; the first is everything.
func (l *live) join() chan []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	events := make(chan []byte, liveQueue)
	if l.readers == nil {
		l.readers = map[chan []byte]bool{}
	}
	l.readers[events] = true
	if l.stop == nil {
		ctx, stop := context.WithCancel(context.Background())
		l.stop = stop
		go l.look(ctx)
	} else if all := l.event(l.order); all != nil {
		events <- all
	}
	return events
}

// leave ends with the last reader.
func (l *live) leave(events chan []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.readers, events)
	if len(l.readers) == 0 && l.stop != nil {
		l.stop()
		l.stop, l.shown, l.order = nil, nil, nil
	}
}

// look looks for changes until its context ends.
func (l *live) look(ctx context.Context) {
	pace := time.NewTicker(livePace)
	defer pace.Stop()
	for {
		l.once(ctx)
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
	}
}

// once draws every part, and tells what is not as it was. What cannot be gathered
// leaves the page as it is: the next look may succeed.
func (l *live) once(ctx context.Context) {
	if guarded(ctx, slog.Default(), "live page", func() error { l.draw(ctx); return nil }) != nil {
		l.cutOff()
	}
}

// cutOff ends the streams of all readers, who connect again.
func (l *live) cutOff() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for events := range l.readers {
		delete(l.readers, events)
		close(events)
	}
}

func (l *live) draw(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	parts, say, err := l.gather(bounded)
	if err != nil {
		return
	}
	drawn := make(map[string][]byte, len(parts))
	var order []string
	for _, p := range parts {
		var b bytes.Buffer
		if err := p.draw.Render(bounded, &b); err != nil {
			return
		}
		drawn[p.id] = b.Bytes()
		order = append(order, p.id)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx.Err() != nil {
		return
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
		l.send(sseEvent("say", []byte(say)))
	}
}

// event makes one of parts; nil of none.
func (l *live) event(ids []string) []byte {
	if len(ids) == 0 {
		return nil
	}
	var b bytes.Buffer
	for _, id := range ids {
		b.Write(l.shown[id])
	}
	return sseEvent("fragments", b.Bytes())
}

func (l *live) send(event []byte) {
	if event == nil {
		return
	}
	for events := range l.readers {
		select {
		case events <- event:
		default: // too slow: what it would miss it gets when it connects again
			delete(l.readers, events)
			close(events)
		}
	}
}

// sseEvent writes an event of a stream.
func sseEvent(name string, data []byte) []byte {
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

// serveLive is the stream of a live page.
func (s *server) serveLive(l *live) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		events := l.join()
		defer l.leave(events)
		s.sendEvents(w, r, events)
	}
}

// sendEvents writes events until there are no more, their reader is gone, or liveMax is over.
func (s *server) sendEvents(w http.ResponseWriter, r *http.Request, events <-chan []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	flush := http.NewResponseController(w)
	beat := time.NewTicker(liveBeat)
	defer beat.Stop()
	end := time.After(liveMax)
	next := []byte("retry: 2000\n\n")
	for {
		if _, err := w.Write(next); err != nil || flush.Flush() != nil {
			return
		}
		var open bool
		select {
		case <-r.Context().Done():
			return
		case <-s.stopping:
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

// stop ends the streams, which would hold back the end of the server.
func (s *server) stop() { s.stopOnce.Do(func() { close(s.stopping) }) }

// liveDashboard is the stream of the dashboard that draws a producer's times; one for
// all who look at the same.
func (s *server) liveDashboard(w http.ResponseWriter, r *http.Request) {
	chosen := r.URL.Query().Get("producer")
	all, err := s.producers(r.Context())
	if err != nil || !slices.ContainsFunc(all, func(p producer.Status) bool { return p.Name == chosen }) {
		chosen = ""
	}
	made, _ := s.dashboards.LoadOrStore(chosen, &live{gather: s.watchDashboard(chosen)})
	s.serveLive(made.(*live))(w, r)
}

func (s *server) watchDashboard(chosen string) func(context.Context) ([]part, string, error) {
	var before []producer.Status
	return func(ctx context.Context) ([]part, string, error) {
		d := &console.Dashboard{Now: s.Now(), Chosen: chosen}
		if err := s.fillDashboard(ctx, d); err != nil {
			d.Trouble = "the server's log has the cause" // one drawing for all readers, whoever they are
		}
		say := console.Said(before, d.Producers)
		before = d.Producers
		return []part{
			{"head", console.DashboardHead(d)}, {"needs", console.DashboardNeeds(d)}, {"producers", console.DashboardProducers(d)},
			{"volume", console.DashboardVolume(d)}, {"latest", console.DashboardLatest(d)}, {"lease", console.DashboardLease(d)},
		}, say, nil
	}
}

// liveTransactions gathers the statuses of the last transactions, and the number of
// the newest. Rows never come by themselves: a line says how many there are.
func (s *server) liveTransactions() *live {
	return &live{gather: func(ctx context.Context) ([]part, string, error) {
		producers, err := s.producers(ctx)
		if err != nil {
			return nil, "", err
		}
		ts, err := s.Registry.Latest(ctx, 0, logShown)
		if err != nil || len(ts) == 0 {
			return nil, "", err
		}
		rows, err := s.rows(ctx, ts, producers)
		if err != nil {
			return nil, "", err
		}
		parts := []part{{"newest", console.Newest(ts[0].Number)}}
		for i := range rows {
			parts = append(parts, part{console.Number(rows[i].Number), console.LiveStatuses(rows[i : i+1])})
		}
		return parts, "", nil
	}}
}
