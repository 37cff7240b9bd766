package web

import (
	"context"
	"net/http"
	"time"

	"urncast/registry"
	"urncast/web/answer"
	"urncast/web/background"
	"urncast/web/console/task"
)

// begin begins a check of an upload, or its submission, whose mu is held and which has
// no task.
func (s *server) begin(r *http.Request, up *upload, submit bool) {
	far := task.Far{Writes: submit, All: up.bytes(), Phase: task.Reading}
	for _, f := range up.files {
		far.Files = append(far.Files, f.name)
	}
	in := registry.Submission{Mode: up.mode, DryRun: !submit, Request: answer.Request(r)}
	in.Force = up.force
	c := &checked{submit: submit}
	up.task.Store(s.tasks.Start(r, far, func(ctx context.Context, t *task.Task) {
		in.Progress, in.Structures = t.Told, up.structures(ctx, t, c)
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

// decide asks the registry, and what the outcome would mean to topics.
func (s *server) decide(ctx context.Context, t *task.Task, c *checked, in registry.Submission) {
	began := time.Now()
	c.err = background.Guarded(ctx, s.Log, "task", in.CorrelationID, func() (err error) {
		if c.outcome, err = s.Registry.Submit(ctx, in); err != nil || len(c.outcome.Transactions) > 0 {
			return err
		}
		t.Update(func(f *task.Far) { f.Phase = task.Fitting })
		c.whither, err = s.whitherAll(ctx, c.outcome)
		c.keep()
		return err
	})
	c.took = time.Since(began)
}
