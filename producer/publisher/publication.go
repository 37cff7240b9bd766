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

// A publication publishes transactions along routes, one after the other, from the position at
// which a session is.
type publication struct {
	at      *progress
	store   producer.Store
	routes  *encoding.Routes
	metrics *meters
	flight  *flight // nil if no commit is under way
	skips   skips
}

// A flight is a Kafka transaction whose records are all delivered and whose commit is under
// way.
type flight struct {
	landed producer.Landed // valid if the commit succeeds
	done   chan error
}

// skips are the skipped numbers directly below the next transaction to be sent, valid if known.
type skips struct {
	below registry.Range
	known bool
}

// landing receives the end of the commit under way; nil if there is none.
func (p *publication) landing() <-chan error {
	if p.flight == nil {
		return nil
	}
	return p.flight.done
}

// wait waits for the commit under way, if the session ended without that: Commit has its own
// timeout, and a lane in use cannot be closed.
func (p *publication) wait() {
	if p.flight != nil {
		<-p.flight.done
	}
}

// advanceIdle moves the cursor's offsets up to those that the guard has checked, while nothing
// is under way. Records that retention deletes later are then below them.
func (p *publication) advanceIdle() {
	if c := (producer.Cursor{Number: p.at.cursor.Number, Offsets: p.at.sender.guard.Offsets()}); p.flight == nil && p.at.owed == nil && !c.Equal(p.at.cursor) {
		p.at.setCursor(c)
	}
}

// settle waits for the commit under way, so that its acknowledgement is noted whatever ended
// the session. It returns the error of that commit, which is the older one, or else err.
func (p *publication) settle(err error) error {
	if p.flight != nil {
		if landed := p.land(<-p.flight.done); landed != nil {
			return landed
		}
	}
	return err
}

// land notes the end of the commit under way.
func (p *publication) land(err error) error {
	f := p.flight
	p.flight = nil
	if err != nil {
		return &numbered{f.landed.Number, err}
	}
	crash.At(crash.PublishCommitted)
	c := p.at.cursor
	if o := p.at.owed; p.at.owes(f.landed.Number) {
		c, p.at.owed = c.After(o.number, o.ends), nil
		f.landed.Stretches = producer.JoinStretches(f.landed.Stretches, o.stretches)
	}
	p.at.advance(c.After(f.landed.Number, p.at.sender.guard.UpTo(endsOf(f.landed.Stretches))), f.landed)
	return nil
}

// send publishes one structure transaction. It returns when the last commit is under way.
func (p *publication) send(ctx context.Context, w *encoding.Work) error {
	if w.Err != nil {
		return p.refuse(ctx, w.Transaction.Number, w.Err)
	}
	if err := p.at.sender.fit(w.Transaction.Bytes); err != nil {
		return err
	}
	if len(w.Left) > 0 {
		if err := p.at.outcomes.Leave(ctx, w.Transaction.Number, w.Left); err != nil {
			return producer.Stored(err)
		}
		p.metrics.left.Add(float64(len(w.Left)))
	}
	if len(w.Parts) == 0 {
		return p.skip(ctx, w)
	}
	return p.sendParts(ctx, w)
}

// sendParts sends the Kafka transactions of one structure transaction on its lane, and commits
// each after the commit under way has ended.
func (p *publication) sendParts(ctx context.Context, w *encoding.Work) error {
	sender, n := p.at.sender, w.Transaction.Number
	sender.busy.Store(true)
	skips, err := p.skips.take(ctx, p.store, n)
	if err != nil {
		return err
	}
	w.Skipped = skips
	began := time.Now()
	lane := sender.lane(n)
	reached := map[string]producer.Stretch{}
	for i := range w.Parts {
		stretches, err := sender.produce(ctx, lane, &w.Parts[i])
		if err != nil {
			return p.refuse(ctx, n, err)
		}
		reached = producer.JoinStretches(reached, stretches)
		w.Skipped = registry.Range{} // only the first part names the skipped transactions
		if err := p.settle(nil); err != nil {
			return err
		}
		f := &flight{landed: producer.Landed{Number: n, Stretches: reached}, done: make(chan error, 1)}
		go func() {
			err := sender.commit(lane, began)
			f.landed.At = time.Now()
			f.done <- err
		}()
		if i < len(w.Parts)-1 {
			if err := <-f.done; err != nil {
				return &numbered{n, err}
			}
			continue
		}
		p.flight = f
	}
	return nil
}

// refuse marks the transaction of a permanent fault as failed, after the commit under way has
// ended, and returns the error to end the session with.
func (p *publication) refuse(ctx context.Context, n registry.Number, err error) error {
	if landed := p.settle(nil); landed != nil {
		return landed
	}
	if n != 0 && producer.KindOf(err) == producer.Permanent && ctx.Err() == nil && !endsSession(err) {
		if e := p.at.outcomes.Fail(ctx, n, err.Error()); e != nil {
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
func (p *publication) skip(ctx context.Context, w *encoding.Work) error {
	if err := p.settle(nil); err != nil {
		return err
	}
	if o := p.at.owed; p.at.owes(w.Transaction.Number) {
		p.at.owed = nil
		p.at.advance(p.at.cursor.After(o.number, o.ends), producer.Landed{Number: o.number, Stretches: o.stretches})
		return nil
	}
	p.at.cursor.Number = w.Transaction.Number
	p.skips.below = p.skips.below.And(w.Transaction.Number)
	return producer.Stored(p.at.outcomes.Skip(ctx, w.Transaction.Number, p.routes.SkippedWhy()))
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
