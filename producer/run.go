package producer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// A Publisher publishes a producer's transactions whenever this instance holds
// its lease.
type Publisher struct {
	Store   Store
	Cluster Cluster
	Metrics *meters
	Log     *slog.Logger
	// ProcessStart, on the database's clock, tells what this process found when it
	// came up: only that does a restart lift.
	ProcessStart time.Time

	backoff, beat time.Duration // of tests; backoffFirst and beatEvery if 0
	chunk         int64         // of tests; chunkBytes if 0
}

// A Lease says whether it is held still, and what the database keeps of the producer.
type Lease interface {
	// Lost is closed when the lease is lost, or could not be renewed in time.
	Lost() <-chan struct{}
	// Held asks no database: it is ErrLost once Lost is closed, or is due to be by
	// a clock that nobody sets.
	Held() error
	Load(ctx context.Context) (Row, error)
}

// Attempts at what is transitory before the state says DEGRADED, and the bounds
// of the wait between them.
const (
	attemptsQuiet = 3
	backoffFirst  = 500 * time.Millisecond
	backoffMax    = 30 * time.Second
)

// Run publishes until ctx ends: it waits for the lease, and after losing it waits
// again.
func (p *Publisher) Run(ctx context.Context) {
	for ctx.Err() == nil {
		hold, err := p.Store.Acquire(ctx, p.another)
		if err == nil {
			err = p.holding(ctx, &teller{Hold: hold, log: p.Log})
			hold.Release()
			p.Metrics.reachable(false, false)
			p.Log.Info("this instance holds the lease no more")
		}
		switch {
		case err == nil || ctx.Err() != nil:
			continue
		case errors.Is(err, ErrLost): // another has it: no news that needs anybody
			p.Log.Info("this instance stands down", "reason", err)
		default:
			p.Log.Warn("this instance does not publish", "error", err)
		}
		sleep[struct{}](ctx, nil, time.Second)
	}
}

// holding acts on wishes and faults while the lease is held. Its error says why
// it is not any more.
func (p *Publisher) holding(ctx context.Context, hold Hold) error {
	asked := int64(-1) // the revision of the settings about which a question is open
	var timeout time.Duration
	var past past
	owed := false // whether the start of this process has still to be made
	losses := map[string]Loss{}
	for first := true; ; first = false {
		row, err := hold.Load(ctx)
		if err != nil {
			return err
		}
		if first {
			p.began(ctx, &row)
			owed = !row.TakenOver
		}
		if !p.due(&row, asked == row.Config.Revision && row.State == Stopped) {
			if err := p.rest(ctx, hold, &row); err != nil {
				return err
			}
			continue
		}
		s := &session{store: p.Store, cluster: p.Cluster, hold: hold, metrics: p.Metrics, log: p.Log, row: &row, timeout: max(timeout, timeoutBase), beat: cmp.Or(p.beat, beatEvery)}
		s.outage.fight, s.outage.fightOver = past.fencings.trouble(&row)
		s.losses = losses
		s.start.is, s.jobs.chunkBytes = isStart(&row, owed), cmp.Or(p.chunk, chunkBytes)
		err = p.watched(ctx, s)
		owed = owed && !s.start.publishes && !errors.Is(err, errAnew)
		if ctx.Err() != nil {
			return nil
		}
		asked, timeout = -1, s.wider
		if s.progress {
			past.attempts = 0
		}
		if err == nil || errors.Is(err, errAnew) {
			continue
		}
		if errors.Is(err, ErrLost) {
			return err
		}
		question, err := p.after(ctx, hold, &row, err, &past)
		if err != nil {
			return err
		}
		if question {
			asked = row.Config.Revision
		}
	}
}

// past is what a holder remembers of the sessions it had.
type past struct {
	attempts int // since something was handled
	fencings fencings
}

// after acts on what ended a session: it asks, fails, or waits to try again.
func (p *Publisher) after(ctx context.Context, hold Hold, row *Row, cause error, past *past) (asked bool, err error) {
	kind := kindOf(cause)
	if kind == Fenced {
		// Whoever took the lease may well have taken our ids: then all is in order.
		if _, err := hold.Load(ctx); err != nil {
			return false, err
		}
		past.fencings.add()
	}
	level := slog.LevelDebug
	if kind != Permanent && past.attempts < attemptsQuiet {
		level = slog.LevelInfo // else the state that follows says it
	}
	p.Log.Log(ctx, level, "the producer's session ended", "error", cause)
	var question *asking
	if errors.As(cause, &question) {
		err := hold.Report(ctx, questionIncident(question))
		return true, errors.Join(err, hold.Take(ctx, row.Wish.Sequence))
	}
	p.Metrics.faults.WithLabelValues(kind.String()).Inc()
	if kind == Permanent {
		err := hold.Report(ctx, failureIncident(cause))
		return false, errors.Join(err, hold.Take(ctx, row.Wish.Sequence))
	}
	var away *Fault // not the store's
	if errors.As(cause, &away) && kind == Transitory {
		p.Metrics.reachable(false, true)
	}
	past.attempts++
	if trouble, _ := past.fencings.trouble(row); kind == Fenced && trouble != "" {
		cause, past.attempts = errors.New(trouble), max(past.attempts, attemptsQuiet+1)
	}
	return false, p.again(ctx, hold, row.Wish.Sequence, past.attempts, cause)
}

// again waits before the next attempt: not at all after the first doubt, then
// longer and longer, and in public after a few. A new wish ends the wait.
func (p *Publisher) again(ctx context.Context, hold interface {
	Lease
	Display
}, wish int64, attempts int, cause error) error {
	if attempts == 1 && kindOf(cause) != Transitory {
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
		case <-hold.Lost(): // Load says so
		case <-ctx.Done():
			return nil
		}
		if row, err := hold.Load(ctx); err != nil || row.Wish.Sequence > wish {
			return err
		}
	}
	return nil
}

// due says whether a session is to be begun.
func (p *Publisher) due(row *Row, asked bool) bool {
	if row.Wish.Sequence > row.Taken {
		return row.Wish.Run == Idle
	}
	restarted := p.ProcessStart.After(row.Since) && !row.TakenOver
	switch {
	case !row.Started || asked:
		return false
	case row.State == Suspended:
		return restarted && !row.Wish.Keep
	case row.State == Failed:
		return restarted
	}
	return true
}

// rest shows why nothing is published, and waits for a wish or the clock.
func (p *Publisher) rest(ctx context.Context, hold Hold, row *Row) error {
	switch {
	case row.Wish.Sequence > row.Taken && row.Wish.Run == Suspended:
		reason := "Suspended by hand, until it is resumed or the process restarts."
		if row.Wish.Keep {
			reason = "Suspended by hand, until it is resumed."
		}
		if err := hold.Show(ctx, Suspended, reason, nil); err != nil {
			return err
		}
		return hold.Take(ctx, row.Wish.Sequence)
	case !row.Started && row.State != Stopped && row.State != Failed: // why a first start failed stays to be read
		return hold.Show(ctx, Stopped, "It was never started: start it idle, or with a baseline.", nil)
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

// watched runs a session, and ends it when a wish is made or the lease is lost:
// for a wish between two transactions, if it gets there within hardAfter.
func (p *Publisher) watched(parent context.Context, s *session) error {
	ctx, cancel := context.WithCancelCause(parent)
	soft, ended := make(chan struct{}), make(chan struct{})
	s.soft, s.jobs.cancels = soft, s.row.Job != nil && s.row.Job.Cancel
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

// watch closes soft, and then cancels, as watched says, until the session has ended.
func (p *Publisher) watch(parent context.Context, s *session, cancel context.CancelCauseFunc, soft chan<- struct{}, ended <-chan struct{}) {
	const hardAfter = 10 * time.Second
	var hard <-chan time.Time // nil until soft is closed
	wishes, fightOver := p.Store.Wishes(), s.outage.fightOver
	for {
		stop := false
		select {
		case <-s.hold.Lost():
			cancel(s.hold.Held())
			return
		case <-hard:
			cancel(&Fault{Kind: InDoubt, Text: "The session was ended by hand"})
			return
		case <-ended:
			return
		case <-fightOver: // the next session shows it
			stop = true
		case <-wishes:
			row, err := s.hold.Load(parent)
			if err != nil && parent.Err() == nil {
				cancel(stored(err))
				return
			}
			stop = err == nil && s.outdated(&row)
		}
		if stop {
			close(soft)
			hard, wishes, fightOver = time.After(hardAfter), nil, nil
		}
	}
}

// outdated says whether the row holds what the session does not know: a wish, a job
// that is to be begun or cancelled, other settings.
func (s *session) outdated(now *Row) bool {
	return now.Wish.Sequence > s.row.Wish.Sequence || s.jobs.over.Load() && now.Waiting > s.row.Waiting || now.Config.Revision != s.row.Config.Revision ||
		now.Job != nil && now.Job.Cancel && !s.jobs.cancels
}

// sleep waits until the time is over, early comes, or ctx ends.
func sleep[T any](ctx context.Context, early <-chan T, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-early:
	case <-ctx.Done():
	}
}
