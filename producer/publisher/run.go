package publisher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"urncast/producer"
	"urncast/producer/guard"
)

// A Publisher publishes a producer's transactions whenever this instance holds
// its lease.
type Publisher struct {
	Store   producer.Store
	Cluster producer.Cluster
	Metrics *meters
	Log     *slog.Logger
	// ProcessStart is when this process started, by the database's clock. A restart ends
	// only failures and suspensions that are older.
	ProcessStart time.Time

	backoff, beat time.Duration // set by tests; backoffFirst and guard.Every if 0
	chunk         int64         // set by tests; chunkBytes if 0
}

// The number of attempts after transitory faults before the state becomes DEGRADED, and the
// bounds of the wait between attempts.
const (
	attemptsQuiet = 3
	backoffFirst  = 500 * time.Millisecond
	backoffMax    = 30 * time.Second
)

// Run publishes until ctx ends. It waits for the lease, and again after losing it.
func (p *Publisher) Run(ctx context.Context) {
	said := "" // why this instance does not publish, as the log has it
	for ctx.Err() == nil {
		hold, err := p.Store.Acquire(ctx, p.logHolder)
		if err == nil {
			said = ""
			err = p.whileHeld(ctx, &stateLogger{Hold: hold, log: p.Log})
			hold.Release()
			p.Metrics.reachable(false, false)
			p.Log.Info("this instance holds the lease no more")
		}
		switch {
		case err == nil || ctx.Err() != nil:
			continue
		case errors.Is(err, producer.ErrLost): // another instance has taken over
			p.Log.Info("this instance stands down", "reason", err)
		case err.Error() != said: // a database that is away is tried each second, and logged once
			said = err.Error()
			p.Log.Warn("this instance does not publish", "error", err)
		}
		sleep[struct{}](ctx, nil, time.Second)
	}
}

// whileHeld runs sessions and acts on wishes and faults while the lease is held. It returns when
// ctx ends, or with an error when the lease is lost or the database fails.
func (p *Publisher) whileHeld(ctx context.Context, hold producer.Hold) error {
	asked := int64(-1) // the revision of the settings about which a question is open
	var timeout time.Duration
	var seen history
	owed := false // a restart, and no takeover, and no session has published since
	losses := map[string]producer.Loss{}
	for first := true; ; first = false {
		row, err := hold.Load(ctx)
		if err != nil {
			return err
		}
		if first {
			p.logHeld(ctx, &row)
			owed = !row.TakenOver
		}
		if !p.due(&row, asked == row.Config.Revision && row.State == producer.Stopped) {
			if err := p.waitForWish(ctx, hold, &row); err != nil {
				return err
			}
			continue
		}
		s := newSession(p, hold, &row, max(timeout, timeoutBase), losses)
		s.outage.rivalry, s.outage.rivalryEnds = seen.fencings.rivalry(&row)
		s.start.isStart = isStart(&row, owed)
		err = p.watched(ctx, s)
		owed = owed && !s.start.publishes && !errors.Is(err, errReopen)
		if ctx.Err() != nil {
			return nil
		}
		asked, timeout = -1, 0
		if longer := (*longerError)(nil); errors.As(err, &longer) {
			timeout = longer.timeout
		}
		if s.at.made {
			seen.attempts = 0
		}
		if err == nil || errors.Is(err, errReopen) {
			continue
		}
		if errors.Is(err, producer.ErrLost) {
			return err
		}
		question, err := p.handleEnd(ctx, hold, &row, err, &seen)
		if err != nil {
			return err
		}
		if question {
			asked = row.Config.Revision
		}
	}
}

// A holder is the part of producer.Hold that is used between sessions.
type holder interface {
	producer.Lease
	producer.Display
	Take(ctx context.Context, wish int64) error
}

// history is kept from one session to the next while the lease is held.
type history struct {
	attempts int // attempts since the last progress
	fencings fencings
}

// handleEnd acts on the error that ended a session: it shows a question or a failure, or waits
// before the next attempt.
func (p *Publisher) handleEnd(ctx context.Context, hold holder, row *producer.Row, cause error, seen *history) (asked bool, err error) {
	kind := producer.KindOf(cause)
	if kind == producer.Fenced {
		// Load fails if another instance has the lease; being fenced by that one is normal.
		if _, err := hold.Load(ctx); err != nil {
			return false, err
		}
		seen.fencings.add()
	}
	level := slog.LevelDebug
	if kind != producer.Permanent && seen.attempts < attemptsQuiet {
		level = slog.LevelInfo // in the other cases the state that follows is logged
	}
	p.Log.Log(ctx, level, "the producer's session ended", "error", cause)
	var question *guard.Question
	if errors.As(cause, &question) {
		err := hold.Report(ctx, questionIncident(question))
		return true, errors.Join(err, hold.Take(ctx, row.Wish.Sequence))
	}
	p.Metrics.faults.WithLabelValues(kind.String()).Inc()
	if kind == producer.Permanent {
		err := hold.Report(ctx, failureIncident(cause))
		return false, errors.Join(err, hold.Take(ctx, row.Wish.Sequence))
	}
	var away *producer.Fault // of the brokers, not of the database
	if errors.As(cause, &away) && kind == producer.Transitory {
		p.Metrics.reachable(false, true)
	}
	seen.attempts++
	if rival, _ := seen.fencings.rivalry(row); kind == producer.Fenced && rival != "" {
		cause, seen.attempts = errors.New(rival), max(seen.attempts, attemptsQuiet+1)
	}
	return false, p.backOff(ctx, hold, row.Wish.Sequence, seen.attempts, cause)
}

// backOff waits before the next attempt, twice as long each time. It does not wait after a first
// fault that is not transitory. After attemptsQuiet attempts it shows the state DEGRADED. A new
// wish ends the wait.
func (p *Publisher) backOff(ctx context.Context, hold holder, wish int64, attempts int, cause error) error {
	if attempts == 1 && producer.KindOf(cause) != producer.Transitory {
		return nil
	}
	wait := min(backoffMax, cmp.Or(p.backoff, backoffFirst)<<min(attempts-1, 10))
	if attempts > attemptsQuiet {
		reason := fmt.Sprintf("%s. What is pending is kept, and sent in order when this is over: %d attempts have failed, and the next follows %s after the last.", cause, attempts, wait)
		if err := hold.Report(ctx, outageIncident(reason, brief(cause))); err != nil {
			return err
		}
	}
	over := time.NewTimer(wait)
	defer over.Stop()
	for waiting := true; waiting && ctx.Err() == nil; {
		select {
		case <-over.C:
			waiting = false
		case <-p.Store.Wishes():
		case <-hold.Lost(): // Load returns the error
		case <-ctx.Done():
			return nil
		}
		if row, err := hold.Load(ctx); err != nil || row.Wish.Sequence > wish {
			return err
		}
	}
	return nil
}

// due reports whether a session is to begin. asked says that a question is open.
func (p *Publisher) due(row *producer.Row, asked bool) bool {
	if row.Wish.Sequence > row.Taken {
		return row.Wish.Run == producer.Idle
	}
	restarted := p.ProcessStart.After(row.Since) && !row.TakenOver
	switch {
	case !row.Started || asked:
		return false
	case row.State == producer.Suspended:
		return restarted && !row.Wish.Keep
	case row.State == producer.Failed:
		return restarted
	}
	return true
}

// waitForWish shows why nothing is published, if that is new, or else waits for a wish.
func (p *Publisher) waitForWish(ctx context.Context, hold holder, row *producer.Row) error {
	switch {
	case row.Wish.Sequence > row.Taken && row.Wish.Run == producer.Suspended:
		reason := "Suspended by hand, until it is resumed or the process restarts."
		if row.Wish.Keep {
			reason = "Suspended by hand, until it is resumed."
		}
		if err := hold.Show(ctx, producer.Suspended, reason, nil); err != nil {
			return err
		}
		return hold.Take(ctx, row.Wish.Sequence)
	case !row.Started && row.State != producer.Stopped && row.State != producer.Failed: // the reason of a failed first start stays
		return hold.Show(ctx, producer.Stopped, "It was never started: start it idle, or with a baseline.", nil)
	}
	select {
	case <-p.Store.Wishes():
	case <-hold.Lost():
		return hold.Held()
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// watched runs a session, and ends it when a wish is made or the lease is lost. For a wish it
// lets the transaction under way finish, for up to hardAfter.
func (p *Publisher) watched(parent context.Context, s *session) error {
	ctx, cancel := context.WithCancelCause(parent)
	soft, ended := make(chan struct{}), make(chan struct{})
	s.soft = soft
	var watching sync.WaitGroup
	watching.Go(func() { p.watch(parent, s, cancel, soft, ended) })
	err := s.run(ctx)
	cause := context.Cause(ctx)
	close(ended)
	watching.Wait()
	if parent.Err() == nil && cause != nil {
		return cause
	}
	return err
}

// watch closes soft to end the session between two transactions, and calls cancel to end it at
// once, until ended is closed.
func (p *Publisher) watch(parent context.Context, s *session, cancel context.CancelCauseFunc, soft chan<- struct{}, ended <-chan struct{}) {
	const hardAfter = 10 * time.Second
	var hard <-chan time.Time // nil until soft is closed
	wishes, rivalryEnds := p.Store.Wishes(), s.outage.rivalryEnds
	for {
		stop := false
		select {
		case <-s.lease.Lost():
			cancel(s.lease.Held())
			return
		case <-hard:
			cancel(&producer.Fault{Kind: producer.InDoubt, Text: "The session was ended by hand"})
			return
		case <-ended:
			return
		case <-rivalryEnds: // the next session shows it
			stop = true
		case <-wishes:
			row, err := s.lease.Load(parent)
			if err != nil && parent.Err() == nil {
				cancel(producer.Stored(err))
				return
			}
			stop = err == nil && s.isOutdated(&row)
		}
		if stop {
			close(soft)
			hard, wishes, rivalryEnds = time.After(hardAfter), nil, nil
		}
	}
}

// isOutdated reports whether the row has something that needs another session: a new wish,
// other settings, or a job that is to begin or to be cancelled.
func (s *session) isOutdated(now *producer.Row) bool {
	return now.Wish.Sequence > s.row.Wish.Sequence || s.jobs.over.Load() && now.Waiting > s.row.Waiting || now.Config.Revision != s.row.Config.Revision ||
		now.Job != nil && now.Job.Cancel && !s.jobs.cancels
}

// sleep waits for d, or until early is received or ctx ends.
func sleep[T any](ctx context.Context, early <-chan T, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-early:
	case <-ctx.Done():
	}
}
