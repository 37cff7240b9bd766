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
	// lockWithin bounds one wait for the counter row, after which endStalled is called.
	lockWithin = `SET LOCAL lock_timeout = '5s'`
	// stalledAfter is how long a session that has a lock may neither send nor receive before
	// it is ended.
	stalledAfter = 15 * time.Second

	codeLockTimeout = "55P03"
)

// beginOrEndStalled begins an update. Whenever the lock is not obtained in time, it ends the
// session that has the lock if that is stalled, and tries again, until ctx ends.
func (s *Store) beginOrEndStalled(ctx context.Context, w *tx, ahead registry.Ahead) error {
	for {
		err := w.begin(ctx, ahead)
		if !isLockTimeout(err) {
			return err
		}
		w.conn.rollback(ctx)
		if err := s.endStalled(ctx, holdsCounter); err != nil {
			return fmt.Errorf("ending stalled sessions that have the lock: %w", err)
		}
	}
}

// isLockTimeout reports whether an error is that a lock was not obtained within lock_timeout
// (SQLSTATE 55P03).
func isLockTimeout(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == codeLockTimeout
}

// Conditions on l, a row of pg_locks: that it is a lock of the counter row, or of housekeeping.
const (
	holdsCounter      = `l.relation = 'registry'::regclass AND l.mode = 'RowShareLock'`
	holdsHousekeeping = `l.locktype = 'advisory' AND l.objsubid = 1 AND (l.classid::bigint << 32) | l.objid::bigint = ` + housekeepingKey
)

// endStalled ends the sessions of this program that have a lock, selected by condition holds,
// and have waited for their client for longer than stalledAfter. The server itself ends
// sessions that are idle in a transaction (idleMax), but not those whose client stopped in the
// middle of a batch, those of older versions of the program, and those with a session lock.
// Sessions of other programs are left alone.
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
