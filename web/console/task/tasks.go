// Package task is for work that outlasts its request: checks, submissions, renames and
// their previews. A page tells how far it is until it ends.
package task

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/web/answer"
	"urncast/web/background"
	"urncast/web/console/live"
	"urncast/web/console/page"
)

const (
	// taskSoon is how long a page waits for a task to end before it tells how far it is.
	taskSoon = 400 * time.Millisecond
	// taskPace is how often it tells.
	taskPace = 500 * time.Millisecond
)

// Tasks are those of this process. What is sent is found by its user, at its address.
type Tasks struct {
	Kit *page.Kit

	underWay background.UnderWay

	mu  sync.Mutex
	all map[errandKey]*errand
}

// Wait waits until none is under way, or ctx ends; then it says how many write.
func (ts *Tasks) Wait(ctx context.Context) (writes int) { return ts.underWay.Wait(ctx) }

// A Task is a check or a submission under way, a rename or its preview. It does not end
// with the request that asked for it: whoever lost his connection, or loads the page
// again, finds it there or finds what came of it.
type Task struct {
	ended  chan struct{}
	cancel context.CancelFunc

	mu  sync.Mutex
	far Far
}

// Update changes how far it is.
func (t *Task) Update(change func(*Far)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.far)
}

// Now says how far it is.
func (t *Task) Now() Far {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.far
}

// File says that a file is begun.
func (t *Task) File(i int) { t.Update(func(f *Far) { f.File = i }) }

// Structure says that one more structure is read.
func (t *Task) Structure() { t.Update(func(f *Far) { f.Read++ }) }

// ReadAll says that all files are read.
func (t *Task) ReadAll() { t.Update(func(f *Far) { f.Phase, f.Waits = Comparing, true }) }

// Told takes up what the registry tells of a submission.
func (t *Task) Told(stage registry.Stage, n int) {
	t.Update(func(f *Far) {
		switch stage {
		case registry.StageFound:
			f.Read = n
		case registry.StageCompared:
			f.Phase, f.Compared, f.Waits = Comparing, n, false
		case registry.StageChecked:
			f.Phase, f.Checked = Ruling, n
		case registry.StageWritten:
			f.Phase, f.Written = Writing, n
		}
	})
}

// A Counted tells a task what is read of a file.
type Counted struct {
	In   io.Reader
	Task *Task
}

// Read implements io.Reader.
func (c *Counted) Read(p []byte) (int, error) {
	n, err := c.In.Read(p)
	c.Task.Update(func(f *Far) { f.Bytes += int64(n) })
	return n, err
}

// Start starts a task. What writes is waited for when the server ends, and what only
// looks ends with it.
func (ts *Tasks) Start(r *http.Request, far Far, work func(context.Context, *Task)) *Task {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	far.Began = time.Now()
	t := &Task{ended: make(chan struct{}), cancel: cancel, far: far}
	end := ts.underWay.Begin(far.Writes)
	go func() {
		defer end()
		defer cancel()
		defer close(t.ended)
		_ = background.Guarded(ctx, ts.Kit.Log, "task", answer.Request(r).CorrelationID, func() error { // whoever waits finds what the task left
			work(ctx, t)
			return nil
		})
	}()
	if !far.Writes {
		go func() {
			select {
			case <-ts.Kit.Stopping:
				cancel()
			case <-t.ended:
			}
		}()
	}
	return t
}

// Cancel ends a task that only looks.
func (t *Task) Cancel() { t.cancel() }

// Over says whether it has ended.
func (t *Task) Over() bool {
	select {
	case <-t.ended:
		return true
	default:
		return false
	}
}

// Soon waits a moment for the end of a task, which most reach in it.
func (t *Task) Soon(ctx context.Context) bool {
	select {
	case <-t.ended:
		return true
	case <-ctx.Done():
	case <-time.After(taskSoon):
	}
	return false
}

// Stream tells how far a task is until it ends; then the page leads to what came of
// it, which is at its own address.
func (ts *Tasks) Stream(w http.ResponseWriter, r *http.Request, section, address string, t *Task) {
	flush := http.NewResponseController(w)
	end := time.After(live.Lasts)
	p := &View{Path: address, Now: t.Now, Flush: func() error { return flush.Flush() },
		Wait: func() TaskState {
			select {
			case <-t.ended:
				return TaskEnded
			case <-end:
				return TaskLong
			case <-ts.Kit.Stopping:
				return TaskStopped
			case <-r.Context().Done():
				return TaskStopped
			case <-time.After(taskPace):
				return TaskRuns
			}
		}}
	ts.Kit.Stream(w, r, TaskPage(ts.Kit.Frame(r, p.Title(), section), p))
}

// errandKept is how long what came of an errand waits for whoever asked.
const errandKept = time.Minute

// An Order is a page whose answer may take long, such as a rename or its preview.
type Order struct {
	// Address is where its user finds it, and what came of it; Section is its entry in the
	// console's side.
	Address, Section string
	Begin            Far
	// Work gives what draws what came of it, and whether it is done: that is told again,
	// until its user asks for something else, and all else is tried again.
	Work func(context.Context, *Task) (answer http.HandlerFunc, done bool)
	// Broken draws that the work hit a defect.
	Broken func(defect error) http.HandlerFunc
}

// An errand is an order under way, or what came of it.
type errand struct {
	Order
	task *Task

	// What came of it, when the task has ended.
	answer http.HandlerFunc
	done   bool
}

type errandKey struct{ user, address string }

func (ts *Tasks) find(k errandKey) *errand {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.all[k]
}

func (ts *Tasks) forget(k errandKey, gone *errand) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.all[k] == gone {
		delete(ts.all, k)
	}
}

// keep keeps an errand at its address, where none that writes is under way. Whoever asks
// for another preview does not wait for the one before.
func (ts *Tasks) keep(k errandKey, begin func() *errand) *errand {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if there := ts.all[k]; there != nil && there.Begin.Writes && !there.task.Over() {
		return there
	}
	for other, there := range ts.all {
		switch {
		case other.user != k.user:
		case there.task.Over():
			delete(ts.all, other)
		case !there.Begin.Writes:
			there.task.cancel()
		}
	}
	if ts.all == nil {
		ts.all = map[errandKey]*errand{}
	}
	ts.all[k] = begin()
	return ts.all[k]
}

// Resume answers with an errand that was begun before; false if there is none. A second
// click on a button is answered by what the first has begun.
func (ts *Tasks) Resume(w http.ResponseWriter, r *http.Request, address string) bool {
	k := errandKey{access.From(r.Context()).Name, address}
	e := ts.find(k)
	if e == nil || r.Method == http.MethodPost && !e.Begin.Writes {
		return false
	}
	ts.meet(w, r, k, e)
	return true
}

// Send begins an errand, and answers with what comes of it or how far it is.
func (ts *Tasks) Send(w http.ResponseWriter, r *http.Request, o Order) {
	k := errandKey{access.From(r.Context()).Name, o.Address}
	correlation := answer.Request(r).CorrelationID
	e := ts.keep(k, func() *errand {
		e := &errand{Order: o}
		e.task = ts.Start(r, o.Begin, func(ctx context.Context, t *Task) {
			defect := background.Guarded(ctx, ts.Kit.Log, "task", correlation, func() error {
				e.answer, e.done = o.Work(ctx, t)
				return nil
			})
			if defect != nil {
				e.answer, e.done = o.Broken(defect), false
			}
			time.AfterFunc(errandKept, func() { ts.forget(k, e) })
		})
		return e
	})
	ts.meet(w, r, k, e)
}

// meet waits a moment for an errand's end.
func (ts *Tasks) meet(w http.ResponseWriter, r *http.Request, k errandKey, e *errand) {
	switch {
	case e.task.Soon(r.Context()):
		if !e.done {
			ts.forget(k, e)
		}
		e.answer(w, r)
	case r.Method == http.MethodPost:
		http.Redirect(w, r, k.address, http.StatusSeeOther)
	default:
		ts.Stream(w, r, e.Section, k.address, e.task)
	}
}
