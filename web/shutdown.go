package web

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"urncast/web/answer"
	"urncast/web/console/ui"
)

const (
	// leaveMax is how long the end waits for a balancer to hear of it. There is one if
	// /readyz was asked twice, askedAge apart at most, and not longer ago than that: whoever
	// waited for the start asks no more once it has heard of that.
	leaveMax = 5 * time.Second
	askedAge = 30 * time.Second
	// readyPatience is how long /readyz waits for what requests need. A balancer that is
	// answered nothing has its own patience, often a long one.
	readyPatience = 3 * time.Second
)

// A leaving is what a balancer knows of the server's end.
type leaving struct {
	ready  atomic.Int64 // when /readyz said so last, in Unix nanoseconds; 0 for never
	polled atomic.Int64 // when it said so last to somebody who goes on asking
	begun  atomic.Bool
	told   chan struct{} // is closed when /readyz was answered after that
	teller atomic.Bool
}

// readyz says whether requests can be served now: not any more once the server is
// stopping, and not without what they need.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.leaving.begun.Load() {
		answer.Plain(w, http.StatusServiceUnavailable, "not ready: the server is stopping\n")
		if s.leaving.teller.CompareAndSwap(false, true) {
			close(s.leaving.told)
		}
		return
	}
	if s.Ready != nil {
		ctx, cancel := context.WithTimeout(r.Context(), readyPatience)
		defer cancel()
		if err := s.Ready(ctx); err != nil {
			answer.Plain(w, http.StatusServiceUnavailable, "not ready: "+answer.Private(w, r, err).Error()+"\n")
			return
		}
	}
	s.leaving.saidReady(time.Now())
	answer.Plain(w, http.StatusOK, "ready\n")
}

func (l *leaving) saidReady(now time.Time) {
	if before := l.ready.Swap(now.UnixNano()); now.Sub(time.Unix(0, before)) <= askedAge {
		l.polled.Store(now.UnixNano())
	}
}

// Leave has /readyz say that the server is stopping, and waits until a balancer that
// asks it has heard so: it then sends nobody here any more. Where nobody asks, it waits
// for nothing.
func Leave(h http.Handler) {
	ours, ok := h.(*handler)
	if !ok {
		return
	}
	l := &ours.server.leaving
	if l.begun.Swap(true) || time.Since(time.Unix(0, l.polled.Load())) > askedAge {
		return
	}
	select {
	case <-l.told:
	case <-time.After(leaveMax):
	}
}

// Finish waits for the submissions and renames that a handler made by New has begun and
// not ended: they outlive their requests, and so the end of the server that serves them.
// Its error says how many ctx left no time for.
func Finish(ctx context.Context, h http.Handler) error {
	ours, ok := h.(*handler)
	if !ok {
		return nil
	}
	n := ours.server.tasks.Wait(ctx)
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%s still under way: each is written whole or not at all, and the log of transactions says which",
		ui.Plural(n, "submission or rename was", "submissions or renames were"))
}

// stop ends the streams, which would hold back the end of the server.
func (s *server) stop() { s.stopOnce.Do(func() { close(s.stopping) }) }
