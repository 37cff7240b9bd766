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

// A flight is a Kafka transaction whose records are all delivered and whose commit is under
// way.
type flight struct {
	landed producer.Landed // valid if the commit succeeds
	done   chan error
}

// publish sends pending transactions until the session is to stop. The records of transaction
// n+1 are sent on the other lane while n commits; n+1 is committed after n.
func (s *session) publish(ctx context.Context) error {
	ahead, after, owed := newPipeline(s.store, s.routes, s.guard), s.at.cursor.Number, s.at.owed
	s.goroutines.Go(func() { ahead.run(ctx, after, owed) })
	for {
		if s.at.cursor.Number > s.outage.recoveredAt {
			s.outage.proven(ctx)
		}
		if s.at.owed == nil {
			if s.jobs.due() {
				return s.settle(nil) // the next session begins the job
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
		case <-s.broker.Changed(): // the next session uses the changed connection
			return s.settle(nil)
		case <-ctx.Done():
			return s.settle(context.Cause(ctx))
		}
	}
}

// advanceIdle moves the cursor's offsets up to those that the guard has checked, while nothing
// is under way. Records that retention deletes later are then below them.
func (s *session) advanceIdle() {
	if c := (producer.Cursor{Number: s.at.cursor.Number, Offsets: s.guard.Offsets()}); s.flight == nil && s.at.owed == nil && !c.Equal(s.at.cursor) {
		s.setCursor(c)
	}
}

// settle waits for the commit under way, so that its acknowledgement is noted whatever ended
// the session. It returns the error of that commit, which is the older one, or else err.
func (s *session) settle(err error) error {
	if s.flight != nil {
		if landed := s.land(<-s.flight.done); landed != nil {
			return landed
		}
	}
	return err
}

// land notes the end of the commit under way.
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

// send publishes one structure transaction. It returns when the last commit is under way.
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
		w.Skipped = registry.Range{} // only the first part names the skipped transactions
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

// refuse marks the transaction of a permanent fault as failed, after the commit under way has
// ended, and returns the error to end the session with.
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

// endsSession reports whether an error is about the session and not about the transaction being
// sent: a question, a torn topic, or errReopen.
func endsSession(err error) bool {
	var question *guard.Question
	var torn *guard.TornError
	return errors.As(err, &question) || errors.As(err, &torn) || errors.Is(err, errReopen)
}

// skip handles a transaction with nothing to send: it is marked as skipped, or, if its replaces
// are on the topics and it has no tombstones, as sent.
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

// take returns the skipped numbers directly below n, for the header that tells consumers why
// these are missing.
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

// advance sets the cursor after transactions were handled, which is progress.
func (s *session) advance(c producer.Cursor, landed ...producer.Landed) {
	s.progress = true
	s.setCursor(c, landed...)
}

// A move is a cursor for cursors.write to write, with the places of transactions.
type move struct {
	to     producer.Cursor
	landed []producer.Landed
	done   chan<- struct{} // if not nil, there is nothing to write: it is closed when all earlier moves are written
}

// setCursor sets the session's cursor and queues it for writing. It replaces a queued move that
// is not written yet, and includes the places of that.
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

// written waits until all queued moves are written. The caller can then write to the database
// itself without being overtaken.
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

// write writes the queued moves to the database, one at a time, until the queue is closed.
// Publishing does not wait for it: recovery finds on the topics what a crash loses.
func (c *cursors) write(ctx context.Context, cancel context.CancelCauseFunc) {
	for m := range c.moves {
		if m.done != nil {
			close(m.done)
			continue
		}
		if err := c.hold.Move(ctx, m.to, m.landed); err != nil {
			cancel(producer.Stored(err))
			for m := range c.moves { // the session ends, and must not block on the queue
				if m.done != nil {
					close(m.done)
				}
			}
			return
		}
		crash.At(crash.PublishMoved)
	}
}

// The transaction timeout is timeoutBase and the time that the slowest supported link needs for
// the transaction, up to the maximum that brokers allow by default.
const (
	timeoutBase = time.Minute
	timeoutMax  = 15 * time.Minute
	slowestLink = 2 << 20 // bytes per second
	expansion   = 4       // of a stored document, encoded
)

func transactionTimeout(documentBytes int64) time.Duration {
	return min(timeoutMax, timeoutBase+time.Duration(documentBytes*expansion/slowestLink)*time.Second).Truncate(time.Minute)
}
