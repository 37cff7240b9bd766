package producer

import (
	"context"
	"log/slog"
	"sync"
	"urncast/internal/match"
)

// A Display shows people how a producer stands.
type Display interface {
	// Show writes state, reason and question.
	Show(ctx context.Context, s State, reason string, ask []Choice) error
	// Report shows the state, reason and question of an incident and records the
	// incident, both or neither. One whose cause is open already goes on.
	Report(ctx context.Context, i Incident) error
}

// A teller is a Hold that tells the log of each state that is written through it, once:
// again only when the state or its cause is another.
type teller struct {
	Hold
	log *slog.Logger

	mu    sync.Mutex
	state State
	said  map[string]bool // the causes that were told of while the state stayed what it is
}

// Show implements Hold.
func (t *teller) Show(ctx context.Context, s State, reason string, ask []Choice) error {
	if err := t.Hold.Show(ctx, s, reason, ask); err != nil {
		return err
	}
	t.tell(ctx, &Incident{State: s, Reason: reason, Ask: ask, Cause: match.WithoutFigures(reason)})
	return nil
}

// Report implements Hold.
func (t *teller) Report(ctx context.Context, i Incident) error {
	if err := t.Hold.Report(ctx, i); err != nil {
		return err
	}
	told := i
	told.Cause += " " + match.WithoutFigures(i.Brief) // all outages are one cause for mails, and not for the log
	t.tell(ctx, &told)
	return nil
}

func (t *teller) tell(ctx context.Context, i *Incident) {
	t.mu.Lock()
	if t.state != i.State {
		t.state, t.said = i.State, map[string]bool{}
	}
	known := t.said[i.Cause]
	t.said[i.Cause] = true
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
func levelOf(i *Incident) slog.Level {
	switch {
	case i.State == Failed:
		return slog.LevelError
	case i.State == Degraded, i.State == Stopped && len(i.Ask) > 0:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// show writes the state; an error of it shows again at the next write that matters.
func (s *session) show(ctx context.Context, state State, reason string) {
	if err := s.hold.Show(ctx, state, reason, nil); err != nil {
		s.log.Warn("the producer's state could not be written", "state", state, "error", err)
	}
}

// recovering shows that the session finds out what was committed. In an outage that is
// shown, the state stays DEGRADED: this may be one of many attempts.
func (s *session) recovering(ctx context.Context) {
	if s.row.State != Degraded {
		s.show(ctx, Recovering, "")
	}
}

// recovered shows that the session can publish. In an outage with something to send
// this is to be proven first: brokers with which a session recovers may still refuse what
// it sends, as where too few replicas are in sync.
func (s *session) recovered(ctx context.Context) {
	s.metrics.reachable(true, true)
	s.outage.waited.Store(false)
	switch {
	case s.outage.fight != "":
		s.show(ctx, Degraded, s.outage.fight+".")
	case s.row.State == Degraded && s.owes(ctx):
		s.outage.unproven, s.outage.recoveredAt = true, s.at.cursor.Number
	default:
		s.show(ctx, Idle, "")
	}
}

// owes says whether there is something to send. If the database does not say, there is.
func (s *session) owes(ctx context.Context) bool {
	if s.at.owed != nil || s.row.Job != nil || s.row.Waiting > 0 {
		return true
	}
	last, err := s.store.Last(ctx)
	return err != nil || last > s.at.cursor.Number
}

// proven ends the showing of an outage: something was sent in it.
func (s *session) proven(ctx context.Context) {
	if s.outage.unproven {
		s.outage.unproven = false
		s.show(ctx, Idle, "")
	}
}

// jobsDone looks again whether there is something to send, once the jobs are through.
func (s *session) jobsDone(ctx context.Context) {
	if s.outage.unproven {
		s.outage.unproven = false
		s.recovered(ctx)
	}
}
