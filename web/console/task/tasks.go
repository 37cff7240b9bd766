// Package task runs work that outlasts its request: checks, submissions, renames,
// deletions and their previews, comparisons of topics, housekeeping. The state of the work is in the database, so that a page
// of any instance shows its progress until it ends.
package task

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/workspace"
	"urncast/web/answer"
	"urncast/web/background"
	"urncast/web/console/live"
	"urncast/web/console/page"
)

const (
	// soon is how long a page waits for work to end before it shows progress instead.
	soon = 400 * time.Millisecond
	// pace is how often a page shows progress, look how often Soon asks for the state of
	// work on another instance.
	pace = 500 * time.Millisecond
	look = 100 * time.Millisecond
	// aliveEvery is how often work gives a sign of life while its progress does not
	// change.
	aliveEvery = 2 * time.Second
	// patience is how long the database may take to record that work has begun or ended.
	patience = 10 * time.Second
)

// A Store keeps the work under way, for all instances.
type Store interface {
	BeginTask(ctx context.Context, t *workspace.Task) (there *workspace.Task, err error)
	Task(ctx context.Context, user, address string) (*workspace.Task, error)
	Answer(ctx context.Context, id string) ([]byte, error)
	Beat(ctx context.Context, id string, progress json.RawMessage) (cancelled bool, err error)
	EndTask(ctx context.Context, id string, progress json.RawMessage, answer []byte) error
	CancelTask(ctx context.Context, id string) error
	ClearOthers(ctx context.Context, user, kind, address string) error
	MarkShown(ctx context.Context, id string) error
	ForgetTask(ctx context.Context, id string) error
	AbandonTask(ctx context.Context, id string) (abandoned bool, err error)
}

// Tasks are the long work that users ask this instance for. Each piece is identified by
// its user and the address of its page, on every instance: a second click, or the page
// loaded again, finds what the first has begun. Work does not end with its request.
//
// After a crash of the instance the work's row has no more signs of life. Work that writes
// is then either recorded as a whole, under the request's key, or not at all.
type Tasks struct {
	Kit   *page.Kit
	Store Store
	// Recorded returns the transactions of a user's request with a key.
	Recorded func(ctx context.Context, user, key string) ([]registry.Number, error)

	underWay background.UnderWay
	here     sync.Map // *Task of this instance, by id
}

// Work is what a page asks for.
type Work struct {
	workspace.Task // User, Address, Kind, Writes, Single, Upload and Key
	Far            Far
	Correlation    string // id of the request
	// Do does the work, and returns its result, encoded for the page. If it panics, the
	// result is empty.
	Do func(ctx context.Context, t *Task) []byte
}

// Begin begins work, and returns the work at its address: the new one, or work begun there
// before that must not be begun twice.
func (ts *Tasks) Begin(ctx context.Context, w Work) (*workspace.Task, error) {
	w.Far.Began, w.Far.Writes = time.Now(), w.Writes
	w.ID = uuid.NewString()
	w.Progress = encodeFar(&w.Far)
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience) // a reader who leaves must not cause a row without work
	defer cancel()
	there, err := ts.Store.BeginTask(asking, &w.Task)
	if err != nil {
		return nil, fmt.Errorf("beginning work at %s: %w", w.Address, err)
	}
	if there.ID == w.ID {
		ts.start(ctx, &w)
	}
	return there, nil
}

func (ts *Tasks) start(ctx context.Context, w *Work) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	t := &Task{ended: make(chan struct{}), far: w.Far}
	ts.here.Store(w.ID, t)
	end := ts.underWay.Begin(w.Writes)
	go func() {
		defer end()
		defer ts.here.Delete(w.ID)
		defer close(t.ended)
		defer cancel(nil)
		over, beaten := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(beaten)
			ts.beat(ctx, w, t, cancel, over)
		}()
		answer := ts.do(ctx, w, t)
		close(over)
		<-beaten
		ts.end(ctx, w, t, answer)
	}()
}

// do runs the work. If it panics, the answer is nil.
func (ts *Tasks) do(ctx context.Context, w *Work, t *Task) (answer []byte) {
	defect := background.Guarded(ctx, ts.Kit.Log, "task", w.Correlation, func() error {
		answer = w.Do(ctx, t)
		return nil
	})
	if defect != nil {
		return nil
	}
	return answer
}

// beat writes the work's progress into its row until the work is over. It cancels the work
// if the row says so, or if another instance has begun it anew for want of signs of life.
// If the database does not answer, beat tries again: work that needs the database fails by
// itself.
func (ts *Tasks) beat(ctx context.Context, w *Work, t *Task, cancel context.CancelCauseFunc, over <-chan struct{}) {
	tick := time.NewTicker(workspace.BeatEvery)
	defer tick.Stop()
	last, at := string(w.Progress), time.Now()
	stopping := ts.Kit.Stopping
	if w.Writes {
		stopping = nil
	}
	for {
		select {
		case <-over:
			return
		case <-stopping:
			cancel(answer.ErrStopping)
			return
		case <-tick.C:
		}
		far := t.Now()
		progress := encodeFar(&far)
		if string(progress) == last && time.Since(at) < aliveEvery {
			continue
		}
		asking, done := context.WithTimeout(context.WithoutCancel(ctx), aliveEvery)
		cancelled, err := ts.Store.Beat(asking, w.ID, progress)
		done()
		switch {
		case cancelled, errors.Is(err, workspace.ErrSuperseded):
			cancel(nil)
			return
		case err == nil:
			last, at = string(progress), time.Now()
		}
	}
}

// end records the result of work. Work that the server's end broke off is deleted if its page
// begins it anew.
func (ts *Tasks) end(ctx context.Context, w *Work, t *Task, answer []byte) {
	broken := !w.Writes && !w.Single && ctx.Err() != nil && ts.stops()
	far := t.Now()
	progress := encodeFar(&far)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for {
		var err error
		if broken {
			err = ts.Store.ForgetTask(ctx, w.ID)
		} else {
			err = ts.Store.EndTask(ctx, w.ID, progress, answer)
		}
		switch {
		case err == nil, errors.Is(err, workspace.ErrSuperseded):
			return
		case ctx.Err() != nil, errors.Is(err, workspace.ErrLarge): // it will count as broken off, and a transaction is found by its key
			ts.Kit.Log.WarnContext(ctx, "what came of a task could not be kept", "address", w.Address, "error", err, "correlation_id", w.Correlation)
			return
		}
		select {
		case <-time.After(workspace.BeatEvery):
		case <-ctx.Done():
		}
	}
}

func (ts *Tasks) stops() bool {
	select {
	case <-ts.Kit.Stopping:
		return true
	default:
		return false
	}
}

// Find returns the work at an address of a user; nil if there is none.
func (ts *Tasks) Find(ctx context.Context, user, address string) (*workspace.Task, error) {
	return ts.Store.Task(ctx, user, address)
}

// Soon waits a moment for the end of work on any instance, and returns its state then; nil
// if it was deleted. Most work ends within that moment.
func (ts *Tasks) Soon(ctx context.Context, t *workspace.Task) (*workspace.Task, error) {
	end := time.After(soon)
	for t != nil && t.Runs() {
		var ended chan struct{}
		again := time.After(look)
		if here, ok := ts.here.Load(t.ID); ok {
			ended, again = here.(*Task).ended, nil
		}
		select {
		case <-ended:
		case <-again:
		case <-ctx.Done():
			return t, ctx.Err()
		case <-end:
			return t, nil
		}
		var err error
		if t, err = ts.Find(ctx, t.User, t.Address); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Stream shows the progress of work on any instance until it ends; then the page leads to
// the result, which is at the work's own address.
func (ts *Tasks) Stream(w http.ResponseWriter, r *http.Request, section string, t *workspace.Task) {
	flush := http.NewResponseController(w)
	now, wait := ts.watch(r.Context(), t)
	p := &View{Path: t.Address, Now: now, Wait: wait, Flush: func() error { return flush.Flush() }}
	ts.Kit.Stream(w, r, TaskPage(ts.Kit.Frame(r, p.Title(), section), p))
}

// watch returns two functions: now is the progress of work, wait waits for more. Both read
// the work's row, and so give the same on every instance.
func (ts *Tasks) watch(ctx context.Context, t *workspace.Task) (now func() Far, wait func() TaskState) {
	end := time.After(live.Lasts)
	far := decodeFar(t.Progress)
	now = func() Far { return far }
	wait = func() TaskState {
		var ended chan struct{}
		if here, ok := ts.here.Load(t.ID); ok {
			ended = here.(*Task).ended
		}
		select {
		case <-ended:
			return TaskEnded
		case <-end:
			return TaskLong
		case <-ts.Kit.Stopping:
			return TaskStopped
		case <-ctx.Done():
			return TaskStopped
		case <-time.After(pace):
		}
		found, err := ts.Find(ctx, t.User, t.Address)
		switch {
		case err != nil: // the database may answer at the next look
			return TaskRuns
		case found == nil || found.ID != t.ID || !found.Runs():
			return TaskEnded
		}
		far = decodeFar(found.Progress)
		return TaskRuns
	}
	return now, wait
}

// Show shows the reader the progress of the work at an address, if it does not end within a
// moment. Otherwise ok is true, and t has ended or was lost, or is nil if there is none.
func (ts *Tasks) Show(w http.ResponseWriter, r *http.Request, section, address string) (t *workspace.Task, ok bool) {
	t, err := ts.Find(r.Context(), access.From(r.Context()).Name, address)
	if err == nil && t != nil {
		t, err = ts.Soon(r.Context(), t)
	}
	switch {
	case err != nil:
		ts.Kit.DrawTrouble(w, r, section, err)
		return nil, false
	case t != nil && t.Runs():
		ts.Stream(w, r, section, t)
		return nil, false
	}
	return t, true
}

// Result reads the result of work that has ended, which Do encoded as JSON. The error is
// background.ErrDefect if Do panicked.
func (ts *Tasks) Result(ctx context.Context, t *workspace.Task, result any) error {
	b, err := ts.Store.Answer(ctx, t.ID)
	switch {
	case err != nil:
		return err
	case len(b) == 0:
		return background.ErrDefect
	}
	return json.Unmarshal(b, result)
}

// Wait waits until this instance runs no work, or ctx ends; then it returns how many
// pieces of work that write are still running.
func (ts *Tasks) Wait(ctx context.Context) (writes int) { return ts.underWay.Wait(ctx) }

func encodeFar(f *Far) json.RawMessage {
	b, err := json.Marshal(f)
	if err != nil { // a defect: numbers, texts and times can be encoded
		return json.RawMessage("{}")
	}
	return b
}

func decodeFar(b json.RawMessage) (f Far) {
	_ = json.Unmarshal(b, &f) // a row of another version: the fields that this one knows
	return f
}
