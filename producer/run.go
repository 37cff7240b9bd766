package producer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// A Publisher publishes a producer's transactions whenever this instance holds
// its lock.
type Publisher struct {
	Store   Store
	Cluster Cluster
	Metrics *Metrics
	Log     *slog.Logger
	// ProcessStart, on the database's clock, tells a restart from a takeover:
	// only what this process found when it came up does a restart lift.
	ProcessStart time.Time

	backoff time.Duration // of tests; backoffFirst if 0
}

// Attempts at what is transitory before the state says DEGRADED, and the bounds
// of the wait between them.
const (
	attemptsQuiet = 3
	backoffFirst  = 500 * time.Millisecond
	backoffMax    = 30 * time.Second
)

// Run publishes until ctx ends: it waits for the lock, and after losing it waits
// again.
func (p *Publisher) Run(ctx context.Context) {
	for ctx.Err() == nil {
		hold, err := p.Store.Acquire(ctx)
		if err == nil {
			err = p.holding(ctx, hold)
			hold.Release()
		}
		if err != nil && ctx.Err() == nil {
			p.Log.Warn("this instance does not publish", "error", err)
			sleep[struct{}](ctx, nil, time.Second)
		}
	}
}

// holding acts on wishes and faults while the lock is held. Its error says why
// it is not any more.
func (p *Publisher) holding(ctx context.Context, hold Hold) error {
	asked, attempts := false, 0
	var timeout time.Duration
	for {
		row, err := hold.Load(ctx)
		if err != nil {
			return err
		}
		if !p.due(&row, asked) {
			if err := p.rest(ctx, hold, &row); err != nil {
				return err
			}
			continue
		}
		s := &session{store: p.Store, cluster: p.Cluster, hold: hold, metrics: p.Metrics, log: p.Log, row: &row, timeout: max(timeout, timeoutBase)}
		err = p.watched(ctx, s)
		if ctx.Err() != nil {
			return nil
		}
		asked, timeout = false, s.wider
		if s.progress {
			attempts = 0
		}
		if err == nil || errors.Is(err, errWider) {
			continue
		}
		p.Log.Warn("the producer's session ended", "error", err)
		var question *asking
		switch kind := kindOf(err); {
		case errors.Is(err, ErrLost):
			return err
		case errors.As(err, &question):
			asked = true
			err = errors.Join(hold.Report(ctx, questionIncident(question)), hold.Take(ctx, row.Wish.Sequence))
		case kind == Permanent:
			p.Metrics.faults.WithLabelValues(kind.String()).Inc()
			err = hold.Report(ctx, failureIncident(err))
			err = errors.Join(err, hold.Take(ctx, row.Wish.Sequence))
		default:
			p.Metrics.faults.WithLabelValues(kind.String()).Inc()
			attempts++
			err = p.again(ctx, hold, row.Wish.Sequence, attempts, err)
		}
		if err != nil {
			return err
		}
	}
}

// again waits before the next attempt: not at all after the first doubt, then
// longer and longer, and in public after a few. A new wish ends the wait.
func (p *Publisher) again(ctx context.Context, hold Hold, wish int64, attempts int, cause error) error {
	if attempts == 1 && kindOf(cause) != Transitory {
		return nil
	}
	wait := min(backoffMax, cmp.Or(p.backoff, backoffFirst)<<min(attempts-1, 10))
	if attempts > attemptsQuiet {
		reason := fmt.Sprintf("%s. Nothing is lost; attempt %d follows in %s.", cause, attempts+1, wait)
		if err := hold.Report(ctx, outageIncident(reason, brief(cause))); err != nil {
			return err
		}
	}
	for end := time.Now().Add(wait); ctx.Err() == nil && time.Now().Before(end); {
		sleep(ctx, p.Store.Wishes(), time.Until(end))
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
	restarted := p.ProcessStart.After(row.Since)
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
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// watched runs a session, and ends it when a wish is made or the lock is lost:
// between two transactions if it gets there within hardAfter.
func (p *Publisher) watched(parent context.Context, s *session) error {
	const hardAfter = 10 * time.Second
	ctx, cancel := context.WithCancelCause(parent)
	soft := make(chan struct{})
	s.soft = soft
	ended := make(chan struct{})
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		wish := s.row.Wish.Sequence
		for {
			select {
			case <-p.Store.Wishes():
			case <-ended:
				return
			}
			row, err := s.hold.Load(parent)
			switch {
			case err != nil && parent.Err() == nil:
				cancel(err)
				return
			case row.Wish.Sequence > wish:
				close(soft)
				sleep(parent, ended, hardAfter)
				cancel(&Fault{Kind: InDoubt, Text: "The session was ended by hand"})
				return
			}
		}
	}()
	err := s.run(ctx)
	cause := context.Cause(ctx)
	close(ended)
	<-watching
	if parent.Err() == nil && cause != nil {
		return cause
	}
	return err
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
