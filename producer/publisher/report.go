package publisher

import (
	"context"
	"log/slog"
	"sync"

	"urncast/internal/match"
	"urncast/producer"
)

// A stateLogger is a Hold that logs each state that is written through it: once, and again
// only when the state or its cause is another.
type stateLogger struct {
	producer.Hold
	log *slog.Logger

	mu     sync.Mutex
	state  producer.State
	logged map[string]bool // the causes that were logged while the state stayed what it is
}

// Show implements Hold.
func (t *stateLogger) Show(ctx context.Context, s producer.State, reason string, ask []producer.Choice) error {
	if err := t.Hold.Show(ctx, s, reason, ask); err != nil {
		return err
	}
	t.record(ctx, &producer.Incident{State: s, Reason: reason, Ask: ask, Cause: match.WithoutFigures(reason)})
	return nil
}

// Report implements Hold.
func (t *stateLogger) Report(ctx context.Context, i producer.Incident) error {
	if err := t.Hold.Report(ctx, i); err != nil {
		return err
	}
	cause := i
	cause.Cause += " " + match.WithoutFigures(i.Brief) // all outages are one cause for mails, and not for the log
	t.record(ctx, &cause)
	return nil
}

func (t *stateLogger) record(ctx context.Context, i *producer.Incident) {
	t.mu.Lock()
	if t.state != i.State {
		t.state, t.logged = i.State, map[string]bool{}
	}
	known := t.logged[i.Cause]
	t.logged[i.Cause] = true
	t.mu.Unlock()
	if known {
		return
	}
	attrs := []slog.Attr{slog.String("state", string(i.State))}
	if i.Reason != "" {
		attrs = append(attrs, slog.String("reason", i.Reason))
	}
	if i.Cure != "" {
		attrs = append(attrs, slog.String("cure", i.Cure))
	}
	if i.Number > 0 {
		attrs = append(attrs, slog.Int64("transaction", int64(i.Number)))
	}
	t.log.LogAttrs(ctx, levelOf(i), "the producer is "+string(i.State), attrs...)
}

// levelOf is ERROR for what waits for a person and cannot pass, WARN for what keeps a
// producer from publishing for another reason, INFO for all else.
func levelOf(i *producer.Incident) slog.Level {
	switch {
	case i.State == producer.Failed:
		return slog.LevelError
	case i.State == producer.Degraded, i.State == producer.Stopped && len(i.Ask) > 0:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// show writes the state; an error of it shows again at the next write that matters.
func (o *outage) show(ctx context.Context, state producer.State, reason string) {
	if err := o.display.Show(ctx, state, reason, nil); err != nil {
		o.log.Warn("the producer's state could not be written", "state", state, "error", err)
	}
}

// recovering shows that the session finds out what was committed. In an outage that is
// shown, the state stays DEGRADED: this may be one of many attempts.
func (s *session) recovering(ctx context.Context) {
	if s.row.State != producer.Degraded {
		s.outage.show(ctx, producer.Recovering, "")
	}
}

// recovered shows that the session can publish. In an outage with something to send
// this is to be proven first: brokers with which a session recovers may still refuse what
// it sends, as where too few replicas are in sync.
func (s *session) recovered(ctx context.Context) {
	s.metrics.reachable(true, true)
	s.outage.waited.Store(false)
	switch {
	case s.outage.rivalry != "":
		s.outage.show(ctx, producer.Degraded, s.outage.rivalry+".")
	case s.row.State == producer.Degraded && s.hasWork(ctx):
		s.outage.unproven, s.outage.recoveredAt = true, s.at.cursor.Number
	default:
		s.outage.show(ctx, producer.Idle, "")
	}
}

// owes says whether there is something to send. If the database does not say, there is.
func (s *session) hasWork(ctx context.Context) bool {
	if s.at.owed != nil || s.row.Job != nil || s.row.Waiting > 0 {
		return true
	}
	last, err := s.store.Last(ctx)
	return err != nil || last > s.at.cursor.Number
}

// proven ends the showing of an outage: something was sent in it.
func (o *outage) proven(ctx context.Context) {
	if o.unproven {
		o.unproven = false
		o.show(ctx, producer.Idle, "")
	}
}

// jobsDone looks again whether there is something to send, once the jobs are through.
func (s *session) jobsDone(ctx context.Context) {
	if s.outage.unproven {
		s.outage.unproven = false
		s.recovered(ctx)
	}
}

// waits gives a function that shows why a reading stands still and what waits for it, and
// again when the cause is another. Readings side by side share it.
func (o *outage) waits(ctx context.Context, what string) func(why string) {
	var mu sync.Mutex
	said := map[string]bool{}
	return func(why string) {
		mu.Lock()
		defer mu.Unlock()
		if said[match.WithoutFigures(why)] {
			return
		}
		said[match.WithoutFigures(why)] = true
		o.waited.Store(true)
		if err := o.display.Report(ctx, outageIncident(why+". "+what, firstClause(why))); err != nil {
			o.log.Warn("the producer's state could not be written", "state", producer.Degraded, "error", err)
		}
	}
}
