package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"urncast/internal/crash"
	"urncast/registry"
)

const (
	// contentGrace is how long a replaced or deleted content stays readable whatever the
	// setting is, so that answers, submissions and jobs that have begun can read what they
	// found.
	contentGrace = time.Hour
	// sweepChanges bounds the changes whose old contents are deleted in one database
	// transaction.
	sweepChanges = 1000
)

const runColumns = `after, horizon, began_at, ended_at, user_name, keep_transactions, keep_days, documents, bytes, broken_at, broken_why`

// scanRun scans a row of runColumns; nil if there is none.
func scanRun(row pgx.Row) (*registry.Removal, error) {
	r := &registry.Removal{}
	var ended, broken *time.Time
	err := row.Scan(&r.After, &r.Horizon, &r.BeganAt, &ended, &r.User, &r.Keep.Transactions, &r.Keep.Days, &r.Documents, &r.Bytes, &broken, &r.Why)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	r.BeganAt, r.EndedAt, r.BrokenAt = r.BeganAt.UTC(), timeOrZero(ended), timeOrZero(broken)
	return r, err
}

// Housekeeping implements registry.Store.
func (s *Store) Housekeeping(ctx context.Context) (h registry.Housekeeping, err error) {
	err = s.pool.QueryRow(ctx, `SELECT keep_transactions, keep_days, horizon FROM housekeeping`).Scan(&h.Keep.Transactions, &h.Keep.Days, &h.Horizon)
	if err != nil || h.Horizon == 0 {
		return h, err
	}
	h.Last, err = scanRun(s.pool.QueryRow(ctx, `SELECT `+runColumns+` FROM housekeeping_runs ORDER BY horizon DESC LIMIT 1`))
	if err != nil || h.Last == nil || !h.Last.EndedAt.IsZero() || !h.Last.BrokenAt.IsZero() {
		return h, err
	}
	var running bool
	err = s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = `+housekeepingKey+`
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`).Scan(&running)
	if !running { // it was broken off, and that is not recorded yet
		h.Last.Why = brokenByEnd
	}
	return h, err
}

// RemovalReaching implements registry.Store.
func (s *Store) RemovalReaching(ctx context.Context, n registry.Number) (*registry.Removal, error) {
	return scanRun(s.pool.QueryRow(ctx, `SELECT `+runColumns+` FROM housekeeping_runs WHERE horizon >= $1 ORDER BY horizon LIMIT 1`, n))
}

// planRun finds the newest horizon that the setting allows and that no one needs to be older:
// no started producer that has yet to publish later transactions, no job that publishes the
// structures as of a transaction, and no failed transaction that waits for an administrator.
// All of these only move forward, so the plan stays valid while it is carried out.
func planRun(ctx context.Context, q querier) (r registry.Removal, err error) {
	var last, horizon registry.Number
	var bounds [3]*registry.Number
	var producer *string
	err = q.QueryRow(ctx, `
		SELECT h.keep_transactions, h.keep_days, h.horizon, g.last_number, slowest.number, slowest.name,
			(SELECT min(as_of) FROM jobs WHERE ended_at IS NULL AND phase <> 'waiting'), (SELECT min(first) - 1 FROM marks WHERE status = 'FAILED')
		FROM registry g, housekeeping h LEFT JOIN LATERAL (
			SELECT coalesce(c.number, 0) AS number, p.name FROM producers p LEFT JOIN cursors c ON c.producer = p.id WHERE p.started ORDER BY 1 LIMIT 1
		) slowest ON true`).Scan(&r.Keep.Transactions, &r.Keep.Days, &horizon, &last, &bounds[0], &producer, &bounds[1], &bounds[2])
	if err != nil {
		return r, fmt.Errorf("reading what housekeeping may remove: %w", err)
	}
	r.After, r.Horizon = horizon, horizon
	if r.Keep.All() {
		r.Limit = "The setting keeps everything."
		return r, nil
	}
	to := last - registry.Number(r.Keep.Transactions)
	r.Limit = fmt.Sprintf("The setting keeps %s; the last is %d.", r.Keep, last)
	for i, b := range bounds {
		if b == nil || *b >= to {
			continue
		}
		to = *b
		switch i {
		case 0:
			r.Limit = fmt.Sprintf("Producer %s has sent what is recorded up to transaction %d, and needs what follows.", *producer, to)
		case 1:
			r.Limit = fmt.Sprintf("A job publishes what was current after transaction %d.", to)
		case 2:
			r.Limit = fmt.Sprintf("Transaction %d failed, and waits to be sent.", to+1)
		}
	}
	var young registry.Number
	age := max(contentGrace, time.Duration(r.Keep.Days)*24*time.Hour)
	err = q.QueryRow(ctx, `SELECT number FROM transactions WHERE number > $1 AND number <= $2 AND recorded_at > now() - $3 * interval '1 second' ORDER BY number LIMIT 1`,
		horizon, to, age.Seconds()).Scan(&young)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
	case err != nil:
		return r, fmt.Errorf("looking for the first transaction that is too young: %w", err)
	default:
		to = young - 1
		r.Limit = fmt.Sprintf("Transaction %d was recorded in the last %d days; what was current before it stays.", young, r.Keep.Days)
		if age == contentGrace {
			r.Limit = fmt.Sprintf("Transaction %d was recorded in the last hour; what was current before it stays for that long.", young)
		}
	}
	r.Horizon = max(horizon, to)
	return r, nil
}

// HousekeepDry implements registry.Store.
func (s *Store) HousekeepDry(ctx context.Context) (registry.Removal, error) {
	r, err := planRun(ctx, s.pool)
	if err != nil {
		return r, err
	}
	// Contents up to the swept place are deleted already, by a run that was broken off: only
	// the rest counts.
	err = s.pool.QueryRow(ctx, `
		SELECT count(*), coalesce(sum(documents), 0)::bigint, coalesce(sum(bytes), 0)::bigint FROM (
			SELECT o.number, count(*) AS documents, sum(o.bytes) AS bytes
			FROM changes n JOIN changes o ON o.urn_id = n.urn_id AND o.number = n.before_number
			WHERE (n.number, n.position) > (SELECT swept_number, swept_position FROM housekeeping) AND n.number <= $1 AND n.before_number > 0
			GROUP BY o.number) x`, r.Horizon).Scan(&r.Transactions, &r.Documents, &r.Bytes)
	return r, err
}

// housekeepingKey is the key of the advisory lock for housekeeping on this registry.
const housekeepingKey = `hashtextextended('urncast housekeeping ' || current_schema(), 0)`

// withHousekeepingLock runs work on a connection that has taken the housekeeping lock. If
// another session has the lock, the error is registry.ErrBusy; if that session is stalled, it
// is ended, so that the next attempt succeeds.
func (s *Store) withHousekeepingLock(ctx context.Context, work func(conn *pgxpool.Conn) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	locked := false
	for range 10 { // a process that starts, or was just killed, has the lock for a moment
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(`+housekeepingKey+`)`).Scan(&locked); err != nil {
			return err
		}
		if locked {
			break
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if !locked {
		if err := s.endStalled(ctx, holdsHousekeeping); err != nil {
			return fmt.Errorf("looking at who runs housekeeping: %w", err)
		}
		return registry.ErrBusy
	}
	defer conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(`+housekeepingKey+`)`) // on an error, the end of the session unlocks
	return work(conn)
}

// Housekeep implements registry.Store. First the horizon moves, in a database transaction of
// its own: from then on older contents are not promised any more. Then documents are deleted,
// a bounded number at a time. A crash between two steps leaves documents that are not needed,
// and a run that neither ended nor is recorded as broken off. The next run, or the next start
// of a process, records that in the audit, and the next run deletes the rest.
func (s *Store) Housekeep(ctx context.Context, o registry.HousekeepingOrder) (r registry.Removal, err error) {
	began := false
	err = s.withHousekeepingLock(ctx, func(conn *pgxpool.Conn) error {
		if _, err := noteBroken(ctx, conn, brokenByEnd, nil); err != nil {
			return fmt.Errorf("looking for a run that was broken off: %w", err)
		}
		if r, err = planRun(ctx, conn); err != nil {
			return err
		}
		if r.User = o.By.User; o.Keep != nil && *o.Keep != r.Keep {
			return registry.ErrKeepChanged
		}
		if err := beginRun(ctx, conn, &r); err != nil {
			return fmt.Errorf("moving the horizon to transaction %d: %w", r.Horizon, err)
		}
		began = true
		if r.Horizon > r.After {
			crash.At(crash.HorizonMoved)
		}
		return removeDocuments(ctx, conn, &r, o)
	})
	if err != nil && began { // recorded on another connection, as the first may be broken
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if _, noted := noteBroken(detached, s.pool, "It stopped: "+err.Error()+".", &o.By); noted != nil {
			return r, errors.Join(err, fmt.Errorf("noting that it was broken off, which the next run does: %w", noted))
		}
	}
	return r, err
}

// removeDocuments deletes all documents below the horizon, and ends the run.
func removeDocuments(ctx context.Context, conn *pgxpool.Conn, r *registry.Removal, o registry.HousekeepingOrder) error {
	for {
		began := time.Now()
		more, err := sweep(ctx, conn, r)
		if err != nil {
			return fmt.Errorf("deleting old documents: %w", err)
		}
		crash.At(crash.Swept)
		if o.Progress != nil {
			o.Progress(r.Documents, r.Bytes)
		}
		if !more {
			break
		}
		select { // pause as long as the step took, to leave the database to others half of the time
		case <-time.After(min(time.Since(began), stalledAfter/3)): // a longer pause would look stalled
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `UPDATE housekeeping_runs SET ended_at = clock_timestamp() WHERE ended_at IS NULL RETURNING now()`).Scan(&r.EndedAt)
		if errors.Is(err, pgx.ErrNoRows) { // there was nothing to do, and so no run
			return nil
		}
		if err != nil {
			return err
		}
		return audit(ctx, tx, o.By.Did(registry.ActHousekeepingRun, "registry", map[string]any{"horizon": registry.Altered{Before: r.After, After: r.Horizon},
			"documents": r.Documents, "bytes": r.Bytes}))
	})
}

// brokenByEnd is the cause of a run that was broken off without a recorded error.
const brokenByEnd = "Its process ended, or lost the database, before it did."

// NoteBrokenHousekeeping implements registry.Store.
func (s *Store) NoteBrokenHousekeeping(ctx context.Context) (last *registry.Removal, err error) {
	err = s.withHousekeepingLock(ctx, func(conn *pgxpool.Conn) error {
		last, err = noteBroken(ctx, conn, brokenByEnd, nil)
		return err
	})
	return last, err
}

// A beginner begins database transactions: a pool or a connection.
type beginner interface {
	Begin(context.Context) (pgx.Tx, error)
}

// noteBroken records as broken off, with cause why and in the audit, the runs that neither
// ended nor are recorded so already, and returns the last of them. by is the actor for the
// audit; nil takes the user of each run.
func noteBroken(ctx context.Context, q beginner, why string, by *registry.Actor) (last *registry.Removal, err error) {
	err = pgx.BeginFunc(ctx, q, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			UPDATE housekeeping_runs SET broken_at = clock_timestamp(), broken_why = $1 WHERE ended_at IS NULL AND broken_at IS NULL RETURNING `+runColumns, why)
		if err != nil {
			return err
		}
		broken, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*registry.Removal, error) { return scanRun(row) })
		if err != nil {
			return err
		}
		for _, r := range broken {
			actor := registry.Actor{User: r.User}
			if by != nil {
				actor = *by
			}
			err := audit(ctx, tx, actor.Did(registry.ActHousekeepingBroken, "registry", map[string]any{"horizon": registry.Altered{Before: r.After, After: r.Horizon},
				"documents": r.Documents, "bytes": r.Bytes, "why": why}))
			if err != nil {
				return err
			}
			if last == nil || r.Horizon > last.Horizon {
				last = r
			}
		}
		return nil
	})
	return last, err
}

// beginRun begins a run: it reopens the runs that were broken off and, if the horizon can
// move, moves it and inserts a run.
func beginRun(ctx context.Context, q *pgxpool.Conn, r *registry.Removal) error {
	return pgx.BeginFunc(ctx, q, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE housekeeping_runs SET broken_at = NULL, broken_why = '' WHERE ended_at IS NULL`); err != nil || r.Horizon == r.After {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE housekeeping SET horizon = $1 WHERE horizon < $1`, r.Horizon); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			INSERT INTO housekeeping_runs (horizon, after, user_name, keep_transactions, keep_days) VALUES ($1, $2, $3, $4, $5) RETURNING began_at`,
			r.Horizon, r.After, r.User, r.Keep.Transactions, r.Keep.Days).Scan(&r.BeganAt)
	})
}

// sweep deletes the documents that the next sweepChanges changes up to the horizon replaced or
// deleted, and reports whether there may be more. It takes no lock that a submission or a
// producer waits for, because the documents are neither current nor needed.
func sweep(ctx context.Context, q *pgxpool.Conn, r *registry.Removal) (more bool, err error) {
	var changes int
	var documents, bytes int64
	err = pgx.BeginFunc(ctx, q, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, byIndex); err != nil {
			return err
		}
		var number registry.Number
		var position int
		err := tx.QueryRow(ctx, `SELECT swept_number, swept_position FROM housekeeping FOR UPDATE`).Scan(&number, &position)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, sweepSQL, number, position, sweepChanges).Scan(&changes, &documents, &bytes)
	})
	if err != nil {
		return false, err
	}
	r.Documents += documents
	r.Bytes += bytes
	return changes == sweepChanges, nil
}

const sweepSQL = `
WITH page AS MATERIALIZED (
	SELECT number, position, urn_id, before_number FROM changes
	WHERE (number, position) > ($1, $2) AND number <= (SELECT horizon FROM housekeeping) ORDER BY number, position LIMIT $3
), old AS MATERIALIZED (
	SELECT o.document_id, o.bytes FROM page n JOIN changes o ON o.urn_id = n.urn_id AND o.number = n.before_number WHERE n.before_number > 0
), no_refs AS (
	DELETE FROM refs USING old WHERE refs.document_id = old.document_id
), gone AS (
	DELETE FROM documents d USING old WHERE d.id = old.document_id RETURNING old.bytes
), total AS (
	SELECT count(*) AS documents, coalesce(sum(bytes), 0)::bigint AS bytes FROM gone
), moved AS (
	UPDATE housekeeping SET swept_number = e.number, swept_position = e.position
	FROM (SELECT number, position FROM page ORDER BY number DESC, position DESC LIMIT 1) e
), counted AS (
	UPDATE housekeeping_runs SET documents = housekeeping_runs.documents + total.documents, bytes = housekeeping_runs.bytes + total.bytes
	FROM total WHERE horizon = (SELECT horizon FROM housekeeping)
)
SELECT (SELECT count(*) FROM page), documents, bytes FROM total`
