package publisher

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"urncast/internal/match"
	"urncast/producer"
	"urncast/registry"
)

// A stateLogger is a Hold that logs the states that are written through it. It logs each cause
// once while the state stays the same.
type stateLogger struct {
	producer.Hold
	log *slog.Logger

	mu     sync.Mutex
	state  producer.State
	logged map[string]bool // the causes that were logged since the state changed
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
	cause.Cause += " " + match.WithoutFigures(i.Brief) // all outages have one cause for mails, but several for the log
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
		attrs = append(attrs, slog.String("reason", producer.WithoutCure(i.Reason, i.Cure)))
	}
	if i.Cure != "" {
		attrs = append(attrs, slog.String("cure", i.Cure))
	}
	if i.Number > 0 {
		attrs = append(attrs, slog.Int64("transaction", int64(i.Number)))
	}
	t.log.LogAttrs(ctx, levelOf(i), "the producer is "+string(i.State), attrs...)
}

// levelOf returns ERROR for FAILED, WARN for other states that keep a producer from publishing
// against the admin's will, and INFO for the rest.
func levelOf(i *producer.Incident) slog.Level {
	switch {
	case i.State == producer.Failed:
		return slog.LevelError
	case i.State == producer.Degraded, i.State == producer.Stopped && len(i.Ask) > 0:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// outage shows the state of a session during faults that may pass.
type outage struct {
	display producer.Display
	store   producer.Store
	row     *producer.Row
	metrics *meters
	log     *slog.Logger
	// unproven reports that the state is DEGRADED although the session has recovered, at
	// the number recoveredAt, because it has sent nothing since.
	unproven    bool
	recoveredAt registry.Number
	waited      atomic.Bool // DEGRADED was shown because a reading got no record
	// rivalry and rivalryEnds are the results of fencings.rivalry. The state is DEGRADED
	// with the former as its reason until the latter.
	rivalry     string
	rivalryEnds <-chan time.Time
}

// show writes the state. It only logs an error: if the database is down, the next write that
// matters fails too.
func (o *outage) show(ctx context.Context, state producer.State, reason string) {
	if err := o.display.Show(ctx, state, reason, nil); err != nil {
		o.log.Warn("the producer's state could not be written", "state", state, "error", err)
	}
}

// recovering shows the state RECOVERING, unless the state is DEGRADED: this may be one of many
// attempts during an outage.
func (o *outage) recovering(ctx context.Context) {
	if o.row.State != producer.Degraded {
		o.show(ctx, producer.Recovering, "")
	}
}

// recovered shows the state IDLE. If the state is DEGRADED and there is something to send, it
// leaves that to proven: brokers may answer a recovery and still refuse records, such as when
// too few replicas are in sync.
func (o *outage) recovered(ctx context.Context, at *position) {
	o.metrics.reachable(true, true)
	o.waited.Store(false)
	switch {
	case o.rivalry != "":
		o.show(ctx, producer.Degraded, o.rivalry+".")
	case o.row.State == producer.Degraded && o.hasWork(ctx, at):
		o.unproven, o.recoveredAt = true, at.cursor.Number
	default:
		o.show(ctx, producer.Idle, "")
	}
}

// hasWork reports whether there is something to send, or the database does not answer.
func (o *outage) hasWork(ctx context.Context, at *position) bool {
	if at.owed != nil || o.row.Job != nil || o.row.Waiting > 0 {
		return true
	}
	last, err := o.store.Last(ctx)
	return err != nil || last > at.cursor.Number
}

// proven shows the state IDLE after an outage; it is called when something was sent.
func (o *outage) proven(ctx context.Context) {
	if o.unproven {
		o.unproven = false
		o.show(ctx, producer.Idle, "")
	}
}

// jobsDone shows the end of an outage if nothing is left to send after the jobs.
func (o *outage) jobsDone(ctx context.Context, at *position) {
	if o.unproven {
		o.unproven = false
		o.recovered(ctx, at)
	}
}

// waits returns a function that shows the state DEGRADED with why, the cause for which a reading
// gets no record, and what, the consequence. It shows each cause once.
func (o *outage) waits(ctx context.Context, what string) func(why string) {
	said := map[string]bool{}
	return func(why string) {
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
