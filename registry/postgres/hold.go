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

// hold implements producer.Hold: one term of a lease, on the database session that the lease
// is bound to. All its reads and writes go through read, write and transact, which first check
// that the term is still valid.
type hold struct {
	p         *ProducerStore
	term      int64
	takenOver bool
	takeover  *producer.Takeover // set if the term began by a recorded takeover

	mu   sync.Mutex
	conn *pgx.Conn

	// alive ends with the hold; its cause is why the lease was lost.
	alive  context.Context
	lose   context.CancelCauseFunc
	expiry *time.Timer
	// stop is when the holder must have stopped unless the lease is renewed, by the
	// monotonic clock: nanoseconds after began.
	began time.Time
	stop  atomic.Int64
}

// codeTermPassed is the SQLSTATE with which keep_lease fails if the term is over.
const codeTermPassed = "UC001"

// keepLeaseSQL fails if the term is over. It comes first in every transaction of a hold.
const keepLeaseSQL = `SELECT keep_lease($1, $2, $3)`

// start starts the expiry timer of a lease that was requested at time asked.
func (h *hold) start(asked time.Time) {
	h.alive, h.lose = context.WithCancelCause(context.Background())
	h.began = asked
	h.stop.Store(int64(leaseLife - leaseMargin))
	h.expiry = time.AfterFunc(time.Until(asked.Add(leaseLife-leaseMargin)), func() {
		if err := h.checkExpiry(); err != nil {
			h.lose(err)
		}
	})
}

// extend moves the expiry after a renewal that was requested at time asked. The time of the
// request counts, so that the hold ends before the database lets the lease expire.
func (h *hold) extend(asked time.Time) {
	stop := asked.Add(leaseLife - leaseMargin)
	h.stop.Store(int64(stop.Sub(h.began)))
	h.expiry.Reset(time.Until(stop))
}

// checkExpiry returns producer.ErrLost if the lease was not renewed in time.
func (h *hold) checkExpiry() error {
	if time.Since(h.began) < time.Duration(h.stop.Load()) {
		return nil
	}
	return fmt.Errorf("%w: it could not be renewed for %s", producer.ErrLost, leaseLife-leaseMargin)
}

// Lost implements producer.Hold.
func (h *hold) Lost() <-chan struct{} { return h.alive.Done() }

// Held implements producer.Hold. It checks the clock as well, because the timer may be late
// after the whole process was stopped for a while.
func (h *hold) Held() error {
	if h.alive.Err() != nil {
		return context.Cause(h.alive)
	}
	return h.checkExpiry()
}

// renewUntilLost renews the lease every renewEvery until it is lost or released.
func (h *hold) renewUntilLost() {
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
			h.extend(asked)
		}
		// An error may be temporary: the next tick tries again, until the timer expires.
	}
}

// Release implements producer.Hold.
func (h *hold) Release() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = h.write(ctx, func(b *pgx.Batch) { // on an error, the end of the session releases the lease
		b.Queue(`UPDATE leases SET holder = '', renewed_at = clock_timestamp(), valid_until = clock_timestamp() WHERE producer = $1`, h.p.id)
		b.Queue(`UPDATE producers SET holder = '' WHERE id = $1`, h.p.id)
	})
	h.lose(producer.ErrLost)
	h.expiry.Stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	closeSession(h.conn)
}

// locked runs fn with exclusive use of the session, until ctx ends or the hold is lost. If the
// term is over or the session has ended, the hold is lost and the error is producer.ErrLost,
// here and in all later calls.
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
	if h.alive.Err() != nil { // lost while another caller used the session
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

// read runs queries in one database transaction and one round trip, and write does the same
// with statements that return nothing.
func (h *hold) read(ctx context.Context, queue func(*pgx.Batch), scan func(pgx.BatchResults) error) error {
	return h.locked(ctx, func(ctx context.Context) error {
		b := &pgx.Batch{} // a batch is one implicit transaction
		b.Queue(keepLeaseSQL, h.p.id, h.term, h.p.instance)
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

// exec runs one statement, whose parameter $1 is the producer's id.
func (h *hold) exec(ctx context.Context, sql string, args ...any) error {
	return h.write(ctx, func(b *pgx.Batch) { b.Queue(sql, append([]any{h.p.id}, args...)...) })
}

// transact runs fn in a database transaction, for writes that depend on reads.
func (h *hold) transact(ctx context.Context, fn func(context.Context, pgx.Tx) error) error {
	return h.locked(ctx, func(ctx context.Context) error {
		return pgx.BeginFunc(ctx, h.conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, keepLeaseSQL, h.p.id, h.term, h.p.instance); err != nil {
				return err
			}
			return fn(ctx, tx)
		})
	})
}
