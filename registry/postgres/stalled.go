package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"urncast/registry"
)

const (
	// lockWithin bounds one wait for the counter row. After it the holder is looked at.
	lockWithin = `SET LOCAL lock_timeout = '5s'`
	// stalledAfter is for how long a holder may have sent and taken nothing before its
	// session is ended.
	stalledAfter = 15 * time.Second

	codeLockTimeout = "55P03"
)

// locking begins an update. Where the lock does not come it looks at who holds it, ends
// the session of a holder that is stopped, and waits again: until ctx ends.
func (s *Store) locking(ctx context.Context, w *tx, ahead registry.Ahead) error {
	for {
		err := w.begin(ctx, ahead)
		if !lockTimeout(err) {
			return err
		}
		w.conn.rollback(ctx)
		if err := s.endStalled(ctx, holdsCounter); err != nil {
			return fmt.Errorf("looking at who holds it: %w", err)
		}
	}
}

// lockTimeout reports whether an error is that of a lock which did not come in time.
func lockTimeout(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == codeLockTimeout
}

// Conditions on a lock in pg_locks: that it is the counter row's, or housekeeping's.
const (
	holdsCounter      = `l.relation = 'registry'::regclass AND l.mode = 'RowShareLock'`
	holdsHousekeeping = `l.locktype = 'advisory' AND l.objsubid = 1 AND (l.classid::bigint << 32) | l.objid::bigint = ` + housekeepingKey
)

// endStalled ends the sessions of this program that hold a lock and wait for a client that
// has gone silent. Those that are idle in a transaction the server ends by itself (idleMax).
// It does not do so with those that were stopped in the middle of sending a batch, nor with
// those of a program of the version before, nor where the lock is a session's. Sessions of
// other programs are left alone.
func (s *Store) endStalled(ctx context.Context, holds string) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	_, err := s.pool.Exec(ctx, `
		SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
		WHERE `+holds+` AND l.database = a.datid AND l.granted
			AND a.application_name = '`+application+`' AND a.usename = current_user AND a.pid <> pg_backend_pid()
			AND a.wait_event_type = 'Client' AND a.state_change < clock_timestamp() - $1::interval`, stalledAfter)
	return err
}
