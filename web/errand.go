package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"urncast/registry/access"
	"urncast/web/answer"
	view "urncast/web/console/task"
)

// errandKept is how long what came of an errand waits for whoever asked.
const errandKept = time.Minute

// An errand is a rename or its preview: a page whose answer may take long. Whoever asked
// for it finds it at its address.
type errand struct {
	task   *task
	writes bool

	// What came of it, when the task has ended. What is done is told again, until its
	// user asks for something else; all else is tried again.
	answer http.HandlerFunc
	done   bool
}

// errands are those of this process.
type errands struct {
	mu  sync.Mutex
	all map[errandKey]*errand
}

type errandKey struct{ user, address string }

func (e *errands) find(k errandKey) *errand {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.all[k]
}

func (e *errands) forget(k errandKey, gone *errand) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all[k] == gone {
		delete(e.all, k)
	}
}

// keep keeps an errand at its address, where none that writes is under way. Whoever asks
// for another preview does not wait for the one before.
func (e *errands) keep(k errandKey, begin func() *errand) *errand {
	e.mu.Lock()
	defer e.mu.Unlock()
	if there := e.all[k]; there != nil && there.writes && !there.task.over() {
		return there
	}
	for other, there := range e.all {
		switch {
		case other.user != k.user:
		case there.task.over():
			delete(e.all, other)
		case !there.writes:
			there.task.cancel()
		}
	}
	if e.all == nil {
		e.all = map[errandKey]*errand{}
	}
	e.all[k] = begin()
	return e.all[k]
}

// resume answers with an errand that was begun before; false if there is none. A second
// click on a button is answered by what the first has begun.
func (s *server) resume(w http.ResponseWriter, r *http.Request, address string) bool {
	k := errandKey{access.From(r.Context()).Name, address}
	e := s.errands.find(k)
	if e == nil || r.Method == http.MethodPost && !e.writes {
		return false
	}
	s.meet(w, r, k, e)
	return true
}

// send begins an errand, and answers with what comes of it or how far it is. Work gives
// what draws that, and whether it is done.
func (s *server) send(w http.ResponseWriter, r *http.Request, address, subject string, writes bool, work func(context.Context, *task) (http.HandlerFunc, bool)) {
	k := errandKey{access.From(r.Context()).Name, address}
	correlation := answer.Request(r).CorrelationID
	e := s.errands.keep(k, func() *errand {
		e := &errand{writes: writes}
		e.task = s.start(r, view.Far{Writes: writes, Renames: true, Subject: subject, Phase: view.Comparing, Waits: true}, func(ctx context.Context, t *task) {
			defect := guarded(ctx, s.Log, "task", correlation, func() error {
				e.answer, e.done = work(ctx, t)
				return nil
			})
			if defect != nil {
				e.answer, e.done = s.renamed(nil, defect, !writes, nil, nil)
			}
			time.AfterFunc(errandKept, func() { s.errands.forget(k, e) })
		})
		return e
	})
	s.meet(w, r, k, e)
}

// meet waits a moment for an errand's end.
func (s *server) meet(w http.ResponseWriter, r *http.Request, k errandKey, e *errand) {
	switch {
	case e.task.soon(r.Context()):
		if !e.done {
			s.errands.forget(k, e)
		}
		e.answer(w, r)
	case r.Method == http.MethodPost:
		http.Redirect(w, r, k.address, http.StatusSeeOther)
	default:
		s.streamTask(w, r, "/structures", k.address, e.task)
	}
}
