package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// beatEvery is the time between two empty queries; several fit into idleMax.
const beatEvery = idleMax / 4

// A txConn is a connection inside a database transaction whose owner may compute between two
// statements for longer than idle_in_transaction_session_timeout (idleMax) allows. It sends an
// empty query now and then, so that the server ends only the sessions of processes that are
// stopped or cut off. Rows must be closed before the next statement, as pgx's collectors do; to
// read them to their end is not enough.
type txConn struct {
	mu   sync.Mutex
	conn *pgxpool.Conn
	stop context.CancelFunc
	done chan struct{}
}

// newTxConn wraps a connection and begins to send empty queries; release ends that.
func newTxConn(conn *pgxpool.Conn) *txConn {
	ctx, cancel := context.WithCancel(context.Background())
	c := &txConn{conn: conn, stop: cancel, done: make(chan struct{})}
	go c.beat(ctx)
	return c
}

func (c *txConn) beat(ctx context.Context) {
	defer close(c.done)
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if !c.mu.TryLock() { // a statement is under way, so the session is not idle
			continue
		}
		// An empty query does nothing, also in a failed transaction. If the connection is
		// broken, the next statement returns the error.
		_ = c.conn.Conn().PgConn().Exec(context.WithoutCancel(ctx), "").Close()
		c.mu.Unlock()
	}
}

// release stops the empty queries and returns the connection to the pool. The pool closes a
// connection that is still inside a transaction, which rolls back.
func (c *txConn) release() {
	c.stop()
	<-c.done
	c.conn.Release()
}

// send runs a batch to its end.
func (c *txConn) send(ctx context.Context, b *pgx.Batch) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn.SendBatch(ctx, b).Close()
}

// rollback rolls the transaction back. An error is ignored, because the pool then closes the
// connection, which rolls back too.
func (c *txConn) rollback(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = c.conn.Exec(context.WithoutCancel(ctx), "ROLLBACK")
}

// Query implements querier.
func (c *txConn) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	c.mu.Lock()
	rows, err := c.conn.Query(ctx, sql, args...)
	if err != nil {
		c.mu.Unlock()
		return nil, err
	}
	return &txRows{Rows: rows, unlock: sync.OnceFunc(c.mu.Unlock)}, nil
}

// QueryRow implements querier.
func (c *txConn) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	c.mu.Lock()
	return &txRow{Row: c.conn.QueryRow(ctx, sql, args...), unlock: c.mu.Unlock}
}

// txRows keep the connection locked until they are closed.
type txRows struct {
	pgx.Rows
	unlock func()
}

// Close implements pgx.Rows.
func (r *txRows) Close() {
	r.Rows.Close()
	r.unlock()
}

// A txRow keeps the connection locked until it is scanned.
type txRow struct {
	pgx.Row
	unlock func()
}

// Scan implements pgx.Row.
func (r *txRow) Scan(into ...any) error {
	defer r.unlock()
	return r.Row.Scan(into...)
}
