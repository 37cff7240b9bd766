package producer

import (
	"context"
	"errors"
	"time"

	"urncast/internal/crash"
	"urncast/registry"
)

// Outcomes keep how far a producer has come, and what became of each transaction.
type Outcomes interface {
	// Move moves the cursor forward and keeps where transactions have landed. It is
	// lossy: it may be undone by a crash of the database, and recovery finds out.
	Move(ctx context.Context, c Cursor, landed []Landed) error
	// Skip marks a transaction as skipped and moves the cursor's number to it.
	Skip(ctx context.Context, n registry.Number, reason string) error
	// SkipAsked marks transactions as skipped by the wish, which it takes, and moves
	// the cursor's number to the last.
	SkipAsked(ctx context.Context, first, last registry.Number, reason string, w *Wish) error
	// Fail marks a transaction as failed; ClearFailed undoes all such marks.
	Fail(ctx context.Context, n registry.Number, reason string) error
	ClearFailed(ctx context.Context) error
	// Leave records structures of a transaction that stay off the topic.
	Leave(ctx context.Context, n registry.Number, left []Left) error
}

// A flight is a Kafka transaction whose every record is delivered and whose
// commit is under way.
type flight struct {
	landed Landed // if it does
	done   chan error
}

// publish sends what is pending until the session is to stop. Transaction n+1
// is produced while n commits, on the other lane, and committed after n is.
func (s *session) publish(ctx context.Context) error {
	works := s.pipeline(ctx, s.at.cursor.Number, s.at.owed)
	for {
		if s.at.cursor.Number > s.outage.recoveredAt {
			s.proven(ctx)
		}
		if s.at.owed == nil {
			if s.jobDue() {
				return s.settle(nil) // the next session begins what waited for what was owed, or pending
			}
			s.jobs.over.Store(true)
		}
		s.sending.Store(s.flight != nil)
		var landed <-chan error
		if s.flight != nil {
			landed = s.flight.done
		}
		select {
		case err := <-landed:
			if err := s.land(err); err != nil {
				return err
			}
		case w, ok := <-works:
			if !ok {
				return s.settle(context.Cause(ctx))
			}
			if err := s.send(ctx, w); err != nil {
				return s.settle(err)
			}
			s.ahead.Release(w.held)
		case <-s.guard.idle:
			s.rest()
		case <-s.soft:
			return s.settle(nil)
		case <-s.broker.Changed(): // the next session takes it up, and recovers first
			return s.settle(nil)
		case <-ctx.Done():
			return s.settle(context.Cause(ctx))
		}
	}
}

// rest moves the cursor's offsets past what was looked at, while nothing is under way:
// what is deleted from the topic's beginning later is then below them.
func (s *session) rest() {
	if c := (Cursor{s.at.cursor.Number, s.guard.offsets()}); s.flight == nil && s.at.owed == nil && !c.same(s.at.cursor) {
		s.reached(c)
	}
}

// settle waits for the commit under way, so that what the broker acknowledges
// is known whatever ended the session. A fault of that commit wins: it is older.
func (s *session) settle(err error) error {
	if s.flight != nil {
		if landed := s.land(<-s.flight.done); landed != nil {
			return landed
		}
	}
	return err
}

// land takes note of the end of the commit under way.
func (s *session) land(err error) error {
	f := s.flight
	s.flight = nil
	if err != nil {
		return &numbered{f.landed.Number, err}
	}
	crash.At(crash.PublishCommitted)
	c := s.at.cursor
	if o := s.at.owed; s.at.owes(f.landed.Number) {
		c, s.at.owed = c.after(o.number, o.ends), nil
		f.landed.Stretches = joined(f.landed.Stretches, o.stretches)
	}
	s.moved(c.after(f.landed.Number, s.guard.upTo(endsOf(f.landed.Stretches))), f.landed)
	return nil
}

// send publishes one transaction up to the asking for its last commit.
func (s *session) send(ctx context.Context, w *work) error {
	if w.err != nil {
		return s.refuse(ctx, w.tx.Number, w.err)
	}
	if err := s.lasts(w.tx.Bytes); err != nil {
		return err
	}
	if len(w.left) > 0 {
		if err := s.hold.Leave(ctx, w.tx.Number, w.left); err != nil {
			return stored(err)
		}
		s.metrics.left.Add(float64(len(w.left)))
	}
	if len(w.parts) == 0 {
		return s.skip(ctx, w)
	}
	s.sending.Store(true)
	skips, err := s.skipsBelow(ctx, w.tx.Number)
	if err != nil {
		return err
	}
	w.skipped = skips
	began := time.Now()
	lane := s.lane(w.tx.Number)
	reached := map[string]Stretch{}
	for i := range w.parts {
		stretches, err := s.produce(ctx, lane, &w.parts[i])
		if err != nil {
			return s.refuse(ctx, w.tx.Number, err)
		}
		reached = joined(reached, stretches)
		w.skipped = registry.Range{} // it is said once
		if err := s.settle(nil); err != nil {
			return err
		}
		f := &flight{landed: Landed{Number: w.tx.Number, Stretches: reached}, done: make(chan error, 1)}
		go func() {
			err := s.commit(lane, began)
			f.landed.At = time.Now()
			f.done <- err
		}()
		if i < len(w.parts)-1 {
			if err := <-f.done; err != nil {
				return &numbered{w.tx.Number, err}
			}
			continue
		}
		s.flight = f
	}
	return nil
}

// produce sends the records of one Kafka transaction and waits for every
// delivery report. A crash here leaves an open transaction, which the next
// session's initialisation aborts.
func (s *session) produce(ctx context.Context, lane Lane, p *part) (stretches map[string]Stretch, err error) {
	if err := s.hold.Held(); err != nil {
		return nil, err
	}
	if err := lane.Begin(); err != nil {
		return nil, err
	}
	crash.At(crash.PublishBegun)
	s.guard.begins()
	counts := map[string]int{}
	err = p.each(ctx, func(r *Record) error {
		counts[r.Topic]++
		s.metrics.bytes.Add(float64(len(r.Value)))
		err := lane.Send(ctx, r)
		crash.At(crash.PublishProduced)
		return err
	})
	if err != nil {
		return nil, err
	}
	if stretches, err = lane.Delivered(ctx); err != nil {
		return nil, err
	}
	crash.At(crash.PublishDelivered)
	return stretches, s.guard.delivered(ctx, stretches, counts)
}

// lane is the one of a number, whatever is sent under it: two publishers that took turns
// could each hold one lane, and publish twice.
func (s *session) lane(n registry.Number) Lane { return s.lanes[int(n)%len(s.lanes)] }

func (s *session) commit(lane Lane, began time.Time) error {
	asked := time.Now()
	if err := s.commitHeld(lane); err != nil {
		return err
	}
	now := time.Now()
	s.metrics.commit.Observe(now.Sub(asked).Seconds())
	s.metrics.publish.Observe(now.Sub(began).Seconds())
	s.metrics.sent.Inc()
	return nil
}

// commitHeld commits while the lease is held. Without it the broker would refuse,
// as soon as another has initialised our ids; until then this keeps the peace.
func (s *session) commitHeld(lane Lane) error {
	if err := s.hold.Held(); err != nil {
		return err
	}
	return lane.Commit()
}

// refuse marks the transaction of a permanent fault as failed, after what came
// before it has landed.
func (s *session) refuse(ctx context.Context, n registry.Number, err error) error {
	if landed := s.settle(nil); landed != nil {
		return landed
	}
	if n != 0 && kindOf(err) == Permanent && ctx.Err() == nil && !ends(err) {
		if e := s.hold.Fail(ctx, n, err.Error()); e != nil {
			return stored(e)
		}
		return &numbered{n, err}
	}
	return err
}

// ends reports whether an error is none of a transaction: a question, or a torn topic.
func ends(err error) bool {
	var question *asking
	var torn *tornError
	return errors.As(err, &question) || errors.As(err, &torn) || errors.Is(err, errAnew)
}

// skip passes over a transaction of which nothing fits any route, or whose
// remaining part turned out to be empty.
func (s *session) skip(ctx context.Context, w *work) error {
	if err := s.settle(nil); err != nil {
		return err
	}
	if o := s.at.owed; s.at.owes(w.tx.Number) {
		s.at.owed = nil
		s.moved(s.at.cursor.after(o.number, o.ends), Landed{Number: o.number, Stretches: o.stretches})
		return nil
	}
	s.at.cursor.Number = w.tx.Number
	s.skips.below = s.skips.below.And(w.tx.Number)
	return stored(s.hold.Skip(ctx, w.tx.Number, skippedWhy(s.outputs)))
}

func skippedWhy(outputs []*output) string {
	switch {
	case len(outputs) > 1:
		return "None of its structures is for any route: the filters pass them over, or the formats cannot express them."
	case outputs[0].Filter.IsZero():
		return "The route's format can express none of its structures."
	}
	return "None of its structures is for the route: its filter passes them over, or its format cannot express them."
}

// skipsBelow gives the skipped numbers directly below n, for the header that
// tells consumers why they are missing.
func (s *session) skipsBelow(ctx context.Context, n registry.Number) (registry.Range, error) {
	skips := s.skips.below
	s.skips.below = registry.Range{}
	if s.skips.known {
		return skips, nil
	}
	skips, err := s.store.Skips(ctx, n)
	s.skips.known = err == nil
	return skips, stored(err)
}

// moved remembers that something was handled.
func (s *session) moved(c Cursor, landed ...Landed) {
	s.progress = true
	s.reached(c, landed...)
}

// A move is what the mover writes.
type move struct {
	to     Cursor
	landed []Landed
	done   chan<- struct{} // if not nil: nothing is to be written; all before it is
}

// reached remembers how far the session came and hands it to the mover, with what an
// earlier move that is not written yet would have told.
func (s *session) reached(c Cursor, landed ...Landed) {
	s.at.cursor = c
	m := move{to: c}
	select {
	case earlier := <-s.cursors.moves:
		m.landed = earlier.landed
	default:
	}
	m.landed = append(append(m.landed, s.at.found...), landed...)
	s.at.found = nil
	s.cursors.moves <- m
}

// written waits until the mover has written what it was handed: what is written past
// it then comes after.
func (s *session) written(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case s.cursors.moves <- move{done: done}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// move writes the newest cursor down, one write at a time, so that publishing
// never waits for it: what a crash loses of it, recovery finds on the topic.
func (s *session) move(ctx context.Context, cancel context.CancelCauseFunc) {
	for m := range s.cursors.moves {
		if m.done != nil {
			close(m.done)
			continue
		}
		if err := s.hold.Move(ctx, m.to, m.landed); err != nil {
			cancel(stored(err))
			for m := range s.cursors.moves { // publishing must not block on a session that ends
				if m.done != nil {
					close(m.done)
				}
			}
			return
		}
		crash.At(crash.PublishMoved)
	}
}

// The transaction timeout grows with what is in a transaction, at a pace that
// slow links keep, up to what brokers allow by default.
const (
	timeoutBase = time.Minute
	timeoutMax  = 15 * time.Minute
	slowestLink = 2 << 20 // bytes per second
	expansion   = 4       // of a stored document, encoded
)

func transactionTimeout(documentBytes int64) time.Duration {
	return min(timeoutMax, timeoutBase+time.Duration(documentBytes*expansion/slowestLink)*time.Second).Truncate(time.Minute)
}
