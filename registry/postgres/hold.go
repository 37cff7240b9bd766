package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"urncast/producer"
)

// hold implements producer.Hold: one term of a lease, on the session that the
// lease is bound to. Whatever it reads and writes goes through read, write and
// transact, which begin with the term.
type hold struct {
	p         *ProducerStore
	term      int64
	takenOver bool
	takeover  *producer.Takeover // by which it began; nil if it was none

	mu   sync.Mutex
	conn *pgx.Conn

	// alive ends with the hold; its cause says why it was lost.
	alive  context.Context
	lose   context.CancelCauseFunc
	expiry *time.Timer
	// stop is when to have stopped by the steady clock, in nanoseconds after began.
	began time.Time
	stop  atomic.Int64
}

// codeTermPassed is what keep_lease answers with.
const codeTermPassed = "UC001"

// keepTerm comes before every statement of a hold.
const keepTerm = `SELECT keep_lease($1, $2, $3)`

// begin starts the clock of a lease that was asked for at a time.
func (h *hold) begin(asked time.Time) {
	h.alive, h.lose = context.WithCancelCause(context.Background())
	h.began = asked
	h.stop.Store(int64(leaseLife - leaseMargin))
	h.expiry = time.AfterFunc(time.Until(asked.Add(leaseLife-leaseMargin)), func() {
		if err := h.expired(); err != nil {
			h.lose(err)
		}
	})
}

// renewed moves the end. It counts from before the database was asked, and so ends
// before the database's own count does.
func (h *hold) renewed(asked time.Time) {
	stop := asked.Add(leaseLife - leaseMargin)
	h.stop.Store(int64(stop.Sub(h.began)))
	h.expiry.Reset(time.Until(stop))
}

func (h *hold) expired() error {
	if time.Since(h.began) < time.Duration(h.stop.Load()) {
		return nil
	}
	return fmt.Errorf("%w: it could not be renewed for %s", producer.ErrLost, leaseLife-leaseMargin)
}

// Lost implements producer.Hold.
func (h *hold) Lost() <-chan struct{} { return h.alive.Done() }

// Held implements producer.Hold. It looks at the clock too: after a stop of the
// whole process the timer may be late.
func (h *hold) Held() error {
	if h.alive.Err() != nil {
		return context.Cause(h.alive)
	}
	return h.expired()
}

// keep renews the lease until it is lost or released.
func (h *hold) keep() {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-h.alive.Done():
			return
		}
		asked := time.Now()
		err := h.write(h.alive, func(b *pgx.Batch) {
			b.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
			b.Queue(`UPDATE leases SET renewed_at = clock_timestamp(), valid_until = clock_timestamp() + $2::interval WHERE producer = $1`, h.p.id, leaseLife)
		})
		if err == nil {
			h.renewed(asked)
		}
		// What is not lost may be an error of the moment; the timer ends the tries.
	}
}

// Release implements producer.Hold.
func (h *hold) Release() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = h.write(ctx, func(b *pgx.Batch) { // the session's end releases it too
		b.Queue(`UPDATE leases SET holder = '', renewed_at = clock_timestamp(), valid_until = clock_timestamp() WHERE producer = $1`, h.p.id)
		b.Queue(`UPDATE producers SET holder = '' WHERE id = $1`, h.p.id)
	})
	h.lose(producer.ErrLost)
	h.expiry.Stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	closeHold(h.conn)
}

// locked runs fn on the session, until ctx ends or the hold is lost. A passed term
// and an ended session are ErrLost, from then on for everybody.
func (h *hold) locked(ctx context.Context, fn func(context.Context) error) error {
	if err := h.Held(); err != nil {
		h.lose(err)
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.alive, cancel)()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.alive.Err() != nil { // it may have been lost while somebody else had the session
		return context.Cause(h.alive)
	}
	err := fn(ctx)
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && refused.Code == codeTermPassed:
		h.lose(fmt.Errorf("%w: %s", producer.ErrLost, refused.Message))
	case h.conn.IsClosed():
		h.lose(fmt.Errorf("%w: its database session ended: %w", producer.ErrLost, err))
	default:
		return err
	}
	return context.Cause(h.alive)
}

// read runs statements that see one state of the database, and write some that
// stand or fall together, in one round trip.
func (h *hold) read(ctx context.Context, queue func(*pgx.Batch), scan func(pgx.BatchResults) error) error {
	return h.locked(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{} // one implicit transaction
		b.Queue(keepTerm, h.p.id, h.term, h.p.instance)
		queue(b)
		r := h.conn.SendBatch(ctx, b)
		_, err := r.Exec()
		if err == nil {
			err = scan(r)
		}
		return errors.Join(err, r.Close())
	})
}

func (h *hold) write(ctx context.Context, queue func(*pgx.Batch)) error {
	return h.read(ctx, queue, func(pgx.BatchResults) error { return nil })
}

// exec writes one statement, whose first argument is the producer.
func (h *hold) exec(ctx context.Context, sql string, args ...any) error {
	return h.write(ctx, func(b *pgx.Batch) { b.Queue(sql, append([]any{h.p.id}, args...)...) })
}

// transact is for writes that depend on what was read.
func (h *hold) transact(ctx context.Context, fn func(context.Context, pgx.Tx) error) error {
	return h.locked(ctx, func(ctx context.Context) error {
		return pgx.BeginFunc(ctx, h.conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, keepTerm, h.p.id, h.term, h.p.instance); err != nil {
				return err
			}
			return fn(ctx, tx)
		})
	})
}
