package web

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"urncast/registry"
	"urncast/web/console"
	"urncast/web/rest"
)

const (
	// taskSoon is how long a page waits for a task to end before it tells how far it is.
	taskSoon = 400 * time.Millisecond
	// taskPace is how often it tells.
	taskPace = 500 * time.Millisecond
)

// A task is a check or a submission under way, a rename or its preview. It does not end
// with the request that asked for it: whoever lost his connection, or loads the page
// again, finds it there or finds what came of it.
type task struct {
	ended  chan struct{}
	cancel context.CancelFunc

	mu  sync.Mutex
	far console.Far
}

func (t *task) update(change func(*console.Far)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.far)
}

// now says how far it is.
func (t *task) now() console.Far {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.far
}

func (t *task) file(i int) { t.update(func(f *console.Far) { f.File = i }) }

func (t *task) structure() { t.update(func(f *console.Far) { f.Read++ }) }

func (t *task) read() { t.update(func(f *console.Far) { f.Phase, f.Waits = console.Comparing, true }) }

func (t *task) told(stage registry.Stage, n int) {
	t.update(func(f *console.Far) {
		switch stage {
		case registry.StageFound:
			f.Read = n
		case registry.StageCompared:
			f.Phase, f.Compared, f.Waits = console.Comparing, n, false
		case registry.StageChecked:
			f.Phase, f.Checked = console.Ruling, n
		case registry.StageWritten:
			f.Phase, f.Written = console.Writing, n
		}
	})
}

// A counted tells a task what is read of a file.
type counted struct {
	in   io.Reader
	task *task
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.task.update(func(f *console.Far) { f.Bytes += int64(n) })
	return n, err
}

// begin begins a check of an upload, or its submission, whose mu is held and which has
// no task.
func (s *server) begin(r *http.Request, up *upload, submit bool) {
	far := console.Far{Writes: submit, All: up.bytes(), Phase: console.Reading}
	for _, f := range up.files {
		far.Files = append(far.Files, f.name)
	}
	in := registry.Submission{Mode: up.mode, DryRun: !submit, Request: rest.Request(r)}
	in.Force = up.force
	c := &checked{submit: submit}
	up.task.Store(s.start(r, far, func(ctx context.Context, t *task) {
		in.Progress, in.Structures = t.told, up.structures(ctx, t, c)
		s.decide(ctx, t, c, in)
		s.uploads.decided(up, c)
	}))
}

// decided takes up what a task found.
func (u *uploads) decided(up *upload, c *checked) {
	up.mu.Lock()
	defer up.mu.Unlock()
	if up.last = c; c.submit && c.err == nil && len(c.outcome.Transactions) > 0 {
		up.sent, up.last = c.outcome.Transactions[0], nil
		u.release(up)
	}
	u.keepSum(c)
	up.task.Store(nil)
}

// start starts a task. What writes is waited for when the server ends, and what only
// looks ends with it.
func (s *server) start(r *http.Request, far console.Far, work func(context.Context, *task)) *task {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	far.Began = time.Now()
	t := &task{ended: make(chan struct{}), cancel: cancel, far: far}
	end := s.tasks.begin(far.Writes)
	go func() {
		defer end()
		defer cancel()
		defer close(t.ended)
		_ = guarded(ctx, s.Log, "task", rest.Request(r).CorrelationID, func() error { // whoever waits finds what the task left
			work(ctx, t)
			return nil
		})
	}()
	if !far.Writes {
		go func() {
			select {
			case <-s.stopping:
				cancel()
			case <-t.ended:
			}
		}()
	}
	return t
}

// decide asks the registry, and what the outcome would mean to topics.
func (s *server) decide(ctx context.Context, t *task, c *checked, in registry.Submission) {
	began := time.Now()
	c.err = guarded(ctx, s.Log, "task", in.CorrelationID, func() (err error) {
		if c.outcome, err = s.Registry.Submit(ctx, in); err != nil || len(c.outcome.Transactions) > 0 {
			return err
		}
		t.update(func(f *console.Far) { f.Phase = console.Fitting })
		c.whither, err = s.whitherAll(ctx, c.outcome)
		c.keep()
		return err
	})
	c.took = time.Since(began)
}

// over says whether it has ended.
func (t *task) over() bool {
	select {
	case <-t.ended:
		return true
	default:
		return false
	}
}

// soon waits a moment for the end of a task, which most reach in it.
func (t *task) soon(ctx context.Context) bool {
	select {
	case <-t.ended:
		return true
	case <-ctx.Done():
	case <-time.After(taskSoon):
	}
	return false
}

// streamTask tells how far a task is until it ends; then the page leads to what came of
// it, which is at its own address.
func (s *server) streamTask(w http.ResponseWriter, r *http.Request, section, address string, t *task) {
	flush := http.NewResponseController(w)
	end := time.After(liveMax)
	p := &console.Task{Path: address, Now: t.now, Flush: func() error { return flush.Flush() },
		Wait: func() console.TaskState {
			select {
			case <-t.ended:
				return console.TaskEnded
			case <-end:
				return console.TaskLong
			case <-s.stopping:
				return console.TaskStopped
			case <-r.Context().Done():
				return console.TaskStopped
			case <-time.After(taskPace):
				return console.TaskRuns
			}
		}}
	s.stream(w, r, console.TaskPage(s.frame(r, p.Title(), section), p))
}
