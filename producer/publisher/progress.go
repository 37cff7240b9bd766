package publisher

import (
	"context"
	"sync"
	"time"

	"urncast/internal/crash"
	"urncast/producer"
)

// A progress is how far a session has come: the position that recovery found, moved on by what
// was sent since, and the cursors on their way to the database, which a goroutine writes.
type progress struct {
	position
	outcomes producer.Outcomes
	made     bool // something was handled, so that attempts are counted from 0 again
	moves    chan move
	writing  sync.WaitGroup
}

// A move is a cursor for write to write, with the places of transactions.
type move struct {
	to     producer.Cursor
	landed []producer.Landed
	done   chan<- struct{} // if not nil, there is nothing to write: it is closed when all earlier moves are written
}

// startWriting begins to write cursors, until stop is called, which waits up to 5 s for the
// last one. A failure cancels the session.
func (p *progress) startWriting(ctx context.Context, cancel context.CancelCauseFunc) (stop func()) {
	p.moves = make(chan move, 1)
	ctx, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	p.writing.Go(func() { p.write(ctx, cancel) })
	return func() {
		late := time.AfterFunc(5*time.Second, giveUp)
		close(p.moves)
		p.writing.Wait()
		late.Stop()
		giveUp()
	}
}

// advance sets the cursor after transactions were handled, which is progress.
func (p *progress) advance(c producer.Cursor, landed ...producer.Landed) {
	p.made = true
	p.setCursor(c, landed...)
}

// setCursor sets the session's cursor and queues it for writing. It replaces a queued move that
// is not written yet, and includes the places of that.
func (p *progress) setCursor(c producer.Cursor, landed ...producer.Landed) {
	p.cursor = c
	m := move{to: c}
	select {
	case earlier := <-p.moves:
		m.landed = earlier.landed
	default:
	}
	m.landed = append(append(m.landed, p.found...), landed...)
	p.found = nil
	p.moves <- m
}

// written waits until all queued moves are written. The caller can then write to the database
// itself without being overtaken.
func (p *progress) written(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case p.moves <- move{done: done}:
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

// write writes the queued moves to the database, one at a time, until the queue is closed: what
// is at or below a cursor in the database is SENT. Publishing does not wait for it: recovery
// finds on the topics what a crash loses.
func (p *progress) write(ctx context.Context, cancel context.CancelCauseFunc) {
	for m := range p.moves {
		if m.done != nil {
			close(m.done)
			continue
		}
		if err := p.outcomes.Move(ctx, m.to, m.landed); err != nil {
			cancel(producer.Stored(err))
			for m := range p.moves { // the session ends, and must not block on the queue
				if m.done != nil {
					close(m.done)
				}
			}
			return
		}
		crash.At(crash.PublishMoved)
	}
}
