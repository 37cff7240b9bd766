package publisher

import (
	"context"
	"errors"
	"time"

	"urncast/internal/crash"
	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/producer/guard"
	"urncast/registry"
)

// A flight is a Kafka transaction whose every record is delivered and whose
// commit is under way.
type flight struct {
	landed producer.Landed // if it does
	done   chan error
}

// publish sends what is pending until the session is to stop. Transaction n+1
// is produced while n commits, on the other lane, and committed after n is.
func (s *session) publish(ctx context.Context) error {
	ahead, after, owed := newPipeline(s.store, s.routes, s.guard), s.at.cursor.Number, s.at.owed
	s.goroutines.Go(func() { ahead.run(ctx, after, owed) })
	for {
		if s.at.cursor.Number > s.outage.recoveredAt {
			s.outage.proven(ctx)
		}
		if s.at.owed == nil {
			if s.jobs.due() {
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
		case w, ok := <-ahead.works:
			if !ok {
				return s.settle(context.Cause(ctx))
			}
			if err := s.send(ctx, w); err != nil {
				return s.settle(err)
			}
			ahead.budget.Release(w.Size)
		case <-s.guard.Idle:
			s.advanceIdle()
		case <-s.soft:
			return s.settle(nil)
		case <-s.broker.Changed(): // the next session takes it up, and recovers first
			return s.settle(nil)
		case <-ctx.Done():
			return s.settle(context.Cause(ctx))
		}
	}
}

// advanceIdle moves the cursor's offsets past what was looked at, while nothing is under way:
// what is deleted from the topic's beginning later is then below them.
func (s *session) advanceIdle() {
	if c := (producer.Cursor{Number: s.at.cursor.Number, Offsets: s.guard.Offsets()}); s.flight == nil && s.at.owed == nil && !c.Equal(s.at.cursor) {
		s.setCursor(c)
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
		c, s.at.owed = c.After(o.number, o.ends), nil
		f.landed.Stretches = producer.JoinStretches(f.landed.Stretches, o.stretches)
	}
	s.advance(c.After(f.landed.Number, s.guard.UpTo(endsOf(f.landed.Stretches))), f.landed)
	return nil
}

// send publishes one transaction up to the asking for its last commit.
func (s *session) send(ctx context.Context, w *encoding.Work) error {
	if w.Err != nil {
		return s.refuse(ctx, w.Transaction.Number, w.Err)
	}
	if err := s.fitTimeout(w.Transaction.Bytes); err != nil {
		return err
	}
	if len(w.Left) > 0 {
		if err := s.hold.Leave(ctx, w.Transaction.Number, w.Left); err != nil {
			return producer.Stored(err)
		}
		s.metrics.left.Add(float64(len(w.Left)))
	}
	if len(w.Parts) == 0 {
		return s.skip(ctx, w)
	}
	s.sending.Store(true)
	skips, err := s.skips.take(ctx, s.store, w.Transaction.Number)
	if err != nil {
		return err
	}
	w.Skipped = skips
	began := time.Now()
	lane := s.sender.lane(w.Transaction.Number)
	reached := map[string]producer.Stretch{}
	for i := range w.Parts {
		stretches, err := s.sender.produce(ctx, lane, &w.Parts[i])
		if err != nil {
			return s.refuse(ctx, w.Transaction.Number, err)
		}
		reached = producer.JoinStretches(reached, stretches)
		w.Skipped = registry.Range{} // it is said once
		if err := s.settle(nil); err != nil {
			return err
		}
		f := &flight{landed: producer.Landed{Number: w.Transaction.Number, Stretches: reached}, done: make(chan error, 1)}
		go func() {
			err := s.sender.commit(lane, began)
			f.landed.At = time.Now()
			f.done <- err
		}()
		if i < len(w.Parts)-1 {
			if err := <-f.done; err != nil {
				return &numbered{w.Transaction.Number, err}
			}
			continue
		}
		s.flight = f
	}
	return nil
}

// refuse marks the transaction of a permanent fault as failed, after what came
// before it has landed.
func (s *session) refuse(ctx context.Context, n registry.Number, err error) error {
	if landed := s.settle(nil); landed != nil {
		return landed
	}
	if n != 0 && producer.KindOf(err) == producer.Permanent && ctx.Err() == nil && !endsSession(err) {
		if e := s.hold.Fail(ctx, n, err.Error()); e != nil {
			return producer.Stored(e)
		}
		return &numbered{n, err}
	}
	return err
}

// ends reports whether an error is none of a transaction: a question, or a torn topic.
func endsSession(err error) bool {
	var question *guard.Question
	var torn *guard.TornError
	return errors.As(err, &question) || errors.As(err, &torn) || errors.Is(err, errReopen)
}

// skip passes over a transaction of which nothing fits any route, or whose
// remaining part turned out to be empty.
func (s *session) skip(ctx context.Context, w *encoding.Work) error {
	if err := s.settle(nil); err != nil {
		return err
	}
	if o := s.at.owed; s.at.owes(w.Transaction.Number) {
		s.at.owed = nil
		s.advance(s.at.cursor.After(o.number, o.ends), producer.Landed{Number: o.number, Stretches: o.stretches})
		return nil
	}
	s.at.cursor.Number = w.Transaction.Number
	s.skips.below = s.skips.below.And(w.Transaction.Number)
	return producer.Stored(s.hold.Skip(ctx, w.Transaction.Number, s.routes.SkippedWhy()))
}

// take gives the skipped numbers directly below n, for the header that
// tells consumers why they are missing.
func (s *skips) take(ctx context.Context, store producer.Store, n registry.Number) (registry.Range, error) {
	below := s.below
	s.below = registry.Range{}
	if s.known {
		return below, nil
	}
	below, err := store.Skips(ctx, n)
	s.known = err == nil
	return below, producer.Stored(err)
}

// moved remembers that something was handled.
func (s *session) advance(c producer.Cursor, landed ...producer.Landed) {
	s.progress = true
	s.setCursor(c, landed...)
}

// A move is what the mover writes.
type move struct {
	to     producer.Cursor
	landed []producer.Landed
	done   chan<- struct{} // if not nil: nothing is to be written; all before it is
}

// reached remembers how far the session came and hands it to the mover, with what an
// earlier move that is not written yet had with it.
func (s *session) setCursor(c producer.Cursor, landed ...producer.Landed) {
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
func (c *cursors) written(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case c.moves <- move{done: done}:
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

// write writes the newest cursor down, one write at a time, so that publishing
// never waits for it: what a crash loses of it, recovery finds on the topic.
func (c *cursors) write(ctx context.Context, cancel context.CancelCauseFunc) {
	for m := range c.moves {
		if m.done != nil {
			close(m.done)
			continue
		}
		if err := c.hold.Move(ctx, m.to, m.landed); err != nil {
			cancel(producer.Stored(err))
			for m := range c.moves { // publishing must not block on a session that ends
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
