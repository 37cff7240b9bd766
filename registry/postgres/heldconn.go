package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// beatEvery leaves several beats within idleMax.
const beatEvery = idleMax / 4

// A heldConn is a connection inside a database transaction whose holder computes between
// its statements, for longer than a session may say nothing. It beats meanwhile, so that
// the server ends the session of a process that is stopped or cut off, and of no other.
// Rows are closed before the next statement, as pgx's collectors do: to read them to their
// end is not enough.
type heldConn struct {
	mu   sync.Mutex
	conn *pgxpool.Conn
	stop context.CancelFunc
	done chan struct{}
}

// holdConn begins to beat; release ends it.
func holdConn(conn *pgxpool.Conn) *heldConn {
	ctx, cancel := context.WithCancel(context.Background())
	c := &heldConn{conn: conn, stop: cancel, done: make(chan struct{})}
	go c.beat(ctx)
	return c
}

func (c *heldConn) beat(ctx context.Context) {
	defer close(c.done)
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if !c.mu.TryLock() { // a statement is under way, which is a sign of life
			continue
		}
		// An empty query does nothing, in a transaction that failed too. Its own error is
		// that of the next statement.
		_ = c.conn.Conn().PgConn().Exec(context.WithoutCancel(ctx), "").Close()
		c.mu.Unlock()
	}
}

// release ends the beat, and returns the connection back: one that is still inside a
// transaction is closed by the pool, which rolls back.
func (c *heldConn) release() {
	c.stop()
	<-c.done
	c.conn.Release()
}

// send runs a batch to its end.
func (c *heldConn) send(ctx context.Context, b *pgx.Batch) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn.SendBatch(ctx, b).Close()
}

// rollback ends the transaction. Its error changes nothing: the connection is closed then.
func (c *heldConn) rollback(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = c.conn.Exec(context.WithoutCancel(ctx), "ROLLBACK")
}

// Query implements querier.
func (c *heldConn) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	c.mu.Lock()
	rows, err := c.conn.Query(ctx, sql, args...)
	if err != nil {
		c.mu.Unlock()
		return nil, err
	}
	return &heldRows{Rows: rows, free: sync.OnceFunc(c.mu.Unlock)}, nil
}

// QueryRow implements querier.
func (c *heldConn) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	c.mu.Lock()
	return &heldRow{Row: c.conn.QueryRow(ctx, sql, args...), free: c.mu.Unlock}
}

// heldRows keep the connection to themselves until they are closed.
type heldRows struct {
	pgx.Rows
	free func()
}

// Close implements pgx.Rows.
func (r *heldRows) Close() {
	r.Rows.Close()
	r.free()
}

// A heldRow keeps the connection to itself until it is scanned.
type heldRow struct {
	pgx.Row
	free func()
}

// Scan implements pgx.Row.
func (r *heldRow) Scan(into ...any) error {
	defer r.free()
	return r.Row.Scan(into...)
}
