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
	// leaveMax is how long the server's end waits for a balancer to see /readyz fail. A
	// balancer is assumed if /readyz was asked twice at most askedAge apart, the last time
	// at most askedAge ago: a script that waited for the start stops asking after the
	// first success.
	leaveMax = 5 * time.Second
	askedAge = 30 * time.Second
	// readyPatience is how long /readyz waits for what requests need. A balancer without
	// an answer waits for its own time limit, which is often long.
	readyPatience = 3 * time.Second
)

// A leaving is what a balancer has been told about the server's readiness and its end.
type leaving struct {
	ready    atomic.Int64 // when /readyz last answered ready, in Unix nanoseconds; 0 for never
	polled   atomic.Int64 // when /readyz last answered ready to a client that asks repeatedly
	begun    atomic.Bool
	answered chan struct{} // closed when /readyz has answered not ready
	closed   atomic.Bool   // answered is closed
}

// readyz reports whether requests can be served: not once the server is stopping, and not
// while the database is missing.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.leaving.begun.Load() {
		answer.Plain(w, http.StatusServiceUnavailable, "not ready: the server is stopping\n")
		if s.leaving.closed.CompareAndSwap(false, true) {
			close(s.leaving.answered)
		}
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyPatience)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		answer.Plain(w, http.StatusServiceUnavailable, "not ready: "+answer.Private(w, r, err).Error()+"\n")
		return
	}
	s.leaving.saidReady(time.Now())
	answer.Plain(w, http.StatusOK, "ready\n")
}

func (l *leaving) saidReady(now time.Time) {
	if before := l.ready.Swap(now.UnixNano()); now.Sub(time.Unix(0, before)) <= askedAge {
		l.polled.Store(now.UnixNano())
	}
}

// Leave makes /readyz answer that the server is stopping, and waits until a balancer that
// polls it has seen so and sends no more requests here. It returns at once where nothing
// polls /readyz.
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
	case <-l.answered:
	case <-time.After(leaveMax):
	}
}

// Finish waits for the submissions and renames that a handler made by New has begun and
// not ended: they outlive their requests, and so the end of the server that serves them.
// Its error says how many were still under way when ctx ended.
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
