package web

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/a-h/templ"

	"urncast/producer"
	"urncast/registry"
	"urncast/web/console/dashboard"
	"urncast/web/console/record"
	"urncast/web/console/transactions"
	"urncast/web/console/ui"
	"urncast/web/rest"
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

// A gatherer gives the parts of a live page as they are now, and what is to be said
// aloud. It is called by one goroutine, and may remember what it gave before.
// registry.ErrNotFound says that what the page shows is not there any more.
type gatherer func(ctx context.Context) (parts []part, say string, err error)

// lives are the live pages that somebody reads, by what they show: a page is here from
// its first reader to its last, and only so long is anything asked for it.
type lives struct {
	log  *slog.Logger
	pace time.Duration

	mu  sync.Mutex
	all map[any]*live
}

// A live is a page that changes before its readers' eyes. It is gathered and drawn once
// for all of them, by a goroutine of its own. Who comes after the last has left finds
// another live, and no trace of this one. Its fields are guarded by lives.mu.
type live struct {
	readers map[chan []byte]bool
	cancel  context.CancelFunc // ends its goroutine
	shown   map[string][]byte
	order   []string
}

// join gives a reader of the page that key stands for its events from now on; the first
// is everything. Begin makes the gatherer for the first reader. Leave must be called.
func (ls *lives) join(key any, begin func() gatherer) (events <-chan []byte, leave func()) {
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

// end lets go of a page, whose readers have left or have been told. lives.mu is held.
func (ls *lives) end(key any, l *live) {
	l.cancel()
	if ls.all[key] == l {
		delete(ls.all, key)
	}
}

// look looks for changes until its context ends, or there is nothing to look at.
func (ls *lives) look(ctx context.Context, key any, l *live, gather gatherer) {
	pace := time.NewTicker(ls.pace)
	defer pace.Stop()
	for ls.once(ctx, key, l, gather) {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
	}
}

// once draws every part, and tells what is not as it was. What cannot be gathered leaves
// the page as it is: the next look may succeed. It says false when that would be in vain.
func (ls *lives) once(ctx context.Context, key any, l *live, gather gatherer) (more bool) {
	drawn, order, say, err := ls.drawn(ctx, gather)
	ls.mu.Lock()
	defer ls.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return false
	case errors.Is(err, registry.ErrNotFound), errors.Is(err, errDefect):
		if errors.Is(err, registry.ErrNotFound) {
			l.send(sseEvent("gone", []byte("What this page shows is not there any more.")))
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
		l.send(sseEvent("say", []byte(say)))
	}
	if len(l.readers) == 0 { // all were too slow
		ls.end(key, l)
	}
	return true
}

// drawn gathers and draws.
func (ls *lives) drawn(ctx context.Context, gather gatherer) (drawn map[string][]byte, order []string, say string, err error) {
	ctx, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	err = guarded(ctx, ls.log, "live page", "", func() error {
		parts, said, err := gather(ctx)
		drawn, say = make(map[string][]byte, len(parts)), said
		for _, p := range parts {
			var b bytes.Buffer
			if err == nil {
				err = p.draw.Render(ctx, &b)
			}
			drawn[p.id] = b.Bytes()
			order = append(order, p.id)
		}
		return err
	})
	return drawn, order, say, err
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

// serveLive answers with the stream of the page that key stands for.
func (s *server) serveLive(w http.ResponseWriter, r *http.Request, key any, begin func() gatherer) {
	events, leave := s.lives.join(key, begin)
	defer leave()
	s.sendEvents(w, r, events)
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

// A watchedDashboard is the dashboard that draws a producer's times.
type watchedDashboard struct{ chosen string }

// liveDashboard is the stream of the dashboard, one for all who look at the same.
func (s *server) liveDashboard(w http.ResponseWriter, r *http.Request) {
	of := watchedDashboard{r.URL.Query().Get("producer")}
	all, err := s.producers(r.Context())
	if err != nil {
		s.noStream(w, r, err)
		return
	}
	if !slices.ContainsFunc(all, func(p producer.Status) bool { return p.Name == of.chosen }) {
		of.chosen = "" // as on the page itself
	}
	s.serveLive(w, r, of, func() gatherer { return s.watchDashboard(of.chosen) })
}

// noStream refuses a stream for which there is nothing to watch, or nobody to ask. The
// browser's script tries again, more and more rarely.
func (s *server) noStream(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case left(r):
	case errors.Is(err, registry.ErrNotFound):
		plain(w, http.StatusNotFound, "There is nothing here to watch. Reload the page.\n")
	default:
		s.Log.WarnContext(r.Context(), "a stream could not begin", "path", r.URL.Path, "error", err)
		w.Header().Set("Retry-After", "5")
		plain(w, http.StatusServiceUnavailable, "The registry did not answer in time. Try again.\n")
	}
}

func (s *server) watchDashboard(chosen string) gatherer {
	var before []producer.Status
	var told string // what the log has of the trouble that lasts
	return func(ctx context.Context) ([]part, string, error) {
		d := &dashboard.Dashboard{Now: s.Now(), Chosen: chosen}
		err := s.fillDashboard(ctx, d)
		switch {
		case err == nil:
			told = ""
		case err.Error() != told:
			s.Log.WarnContext(ctx, "the dashboard cannot show everything", "error", err)
			told = err.Error()
		}
		if err != nil {
			d.Trouble = dashboardTrouble(rest.PrivateToAll(err))
		}
		say := ui.Said(before, d.Producers)
		before = d.Producers
		return []part{
			{"head", dashboard.DashboardHead(d)}, {"needs", dashboard.DashboardNeeds(d)}, {"producers", dashboard.DashboardProducers(d)},
			{"volume", dashboard.DashboardVolume(d)}, {"latest", dashboard.DashboardLatest(d)}, {"lease", dashboard.DashboardLease(d)},
		}, say, nil
	}
}

// A watchedLog is the page of the newest transactions, the same for everybody.
type watchedLog struct{}

// liveTransactions is the stream of the statuses of the last transactions, and of the
// number of the newest. Rows never come by themselves: a line says how many there are.
func (s *server) liveTransactions(w http.ResponseWriter, r *http.Request) {
	s.serveLive(w, r, watchedLog{}, func() gatherer { return s.watchTransactions })
}

func (s *server) watchTransactions(ctx context.Context) ([]part, string, error) {
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
	parts := []part{{"newest", transactions.Newest(ts[0].Number)}}
	for i := range rows {
		parts = append(parts, part{ui.Number(rows[i].Number), record.LiveStatuses(rows[i : i+1])})
	}
	return parts, "", nil
}
