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
	// settled is for how long what was current stays readable, whatever the
	// setting: an answer, a submission or a job that has begun finds the content
	// that it saw, and a job's row is there long before its content could go.
	settled = time.Hour
	// sweepChanges bounds the changes whose predecessors' content goes in one
	// database transaction.
	sweepChanges = 1000
)

const runColumns = `after, horizon, began_at, ended_at, user_name, keep_transactions, keep_days, documents, bytes`

// runOf reads a row of runColumns; nil if there is none.
func runOf(row pgx.Row) (*registry.Removal, error) {
	r := &registry.Removal{}
	var ended *time.Time
	err := row.Scan(&r.After, &r.Horizon, &r.BeganAt, &ended, &r.User, &r.Keep.Transactions, &r.Keep.Days, &r.Documents, &r.Bytes)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if ended != nil {
		r.EndedAt = ended.UTC()
	}
	r.BeganAt = r.BeganAt.UTC()
	return r, err
}

// Housekeeping implements registry.Store.
func (s *Store) Housekeeping(ctx context.Context) (h registry.Housekeeping, err error) {
	err = s.pool.QueryRow(ctx, `SELECT keep_transactions, keep_days, horizon FROM housekeeping`).Scan(&h.Keep.Transactions, &h.Keep.Days, &h.Horizon)
	if err != nil || h.Horizon == 0 {
		return h, err
	}
	h.Last, err = runOf(s.pool.QueryRow(ctx, `SELECT `+runColumns+` FROM housekeeping_runs ORDER BY horizon DESC LIMIT 1`))
	return h, err
}

// RunOver implements registry.Store.
func (s *Store) RunOver(ctx context.Context, n registry.Number) (*registry.Removal, error) {
	return runOf(s.pool.QueryRow(ctx, `SELECT `+runColumns+` FROM housekeeping_runs WHERE horizon >= $1 ORDER BY horizon LIMIT 1`, n))
}

// plan finds the horizon that a run may move to. Content at or above it is needed
// by the setting, by a started producer that has not come that far, by a job that
// is pinned there, or by a failed transaction that waits for an admin. What these
// read rises only, so a plan stays right while it is carried out.
func plan(ctx context.Context, q querier) (r registry.Removal, err error) {
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
	age := max(settled, time.Duration(r.Keep.Days)*24*time.Hour)
	err = q.QueryRow(ctx, `SELECT number FROM transactions WHERE number > $1 AND number <= $2 AND recorded_at > now() - $3 * interval '1 second' ORDER BY number LIMIT 1`,
		horizon, to, age.Seconds()).Scan(&young)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
	case err != nil:
		return r, fmt.Errorf("looking for the first transaction that is too young: %w", err)
	default:
		to = young - 1
		r.Limit = fmt.Sprintf("Transaction %d was recorded in the last %d days; what was current before it stays.", young, r.Keep.Days)
		if age == settled {
			r.Limit = fmt.Sprintf("Transaction %d was recorded in the last hour; what was current before it stays for that long.", young)
		}
	}
	r.Horizon = max(horizon, to)
	return r, nil
}

// HousekeepDry implements registry.Store.
func (s *Store) HousekeepDry(ctx context.Context) (registry.Removal, error) {
	r, err := plan(ctx, s.pool)
	if err != nil {
		return r, err
	}
	// The content made by what is swept already has gone: a run that was broken
	// off counts what is left.
	err = s.pool.QueryRow(ctx, `
		SELECT count(*), coalesce(sum(documents), 0)::bigint, coalesce(sum(bytes), 0)::bigint FROM (
			SELECT o.number, count(*) AS documents, sum(o.bytes) AS bytes
			FROM changes n JOIN changes o ON o.urn_id = n.urn_id AND o.number = n.before_number
			WHERE (n.number, n.position) > (SELECT swept_number, swept_position FROM housekeeping) AND n.number <= $1 AND n.before_number > 0
			GROUP BY o.number) x`, r.Horizon).Scan(&r.Transactions, &r.Documents, &r.Bytes)
	return r, err
}

// Housekeep implements registry.Store. The horizon moves first, in a database
// transaction of its own: from then on nobody is promised what lies before it.
// Then documents are deleted, a bounded number at a time. A crash between two
// steps leaves documents that nothing leads to; the next run goes on with them.
func (s *Store) Housekeep(ctx context.Context, user string) (r registry.Removal, err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return r, err
	}
	defer conn.Release()
	const key = `hashtextextended('urncast housekeeping ' || current_schema(), 0)`
	var mine bool
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(`+key+`)`).Scan(&mine); err != nil {
		return r, err
	}
	if !mine {
		return r, registry.ErrBusy
	}
	defer conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(`+key+`)`) // the connection's end unlocks too
	if r, err = plan(ctx, conn); err != nil {
		return r, err
	}
	r.User = user
	if r.Horizon > r.After {
		if err := moveHorizon(ctx, conn, &r); err != nil {
			return r, fmt.Errorf("moving the horizon to transaction %d: %w", r.Horizon, err)
		}
		crash.At(crash.HorizonMoved)
	}
	for {
		began := time.Now()
		more, err := sweep(ctx, conn, &r)
		if err != nil {
			return r, fmt.Errorf("deleting old documents: %w", err)
		}
		crash.At(crash.Swept)
		if !more {
			break
		}
		select { // half of the time is the others'
		case <-time.After(time.Since(began)):
		case <-ctx.Done():
			return r, ctx.Err()
		}
	}
	err = conn.QueryRow(ctx, `UPDATE housekeeping_runs SET ended_at = clock_timestamp() WHERE ended_at IS NULL RETURNING now()`).Scan(&r.EndedAt)
	if errors.Is(err, pgx.ErrNoRows) { // nothing was left to do
		err = nil
	}
	return r, err
}

func moveHorizon(ctx context.Context, q *pgxpool.Conn, r *registry.Removal) error {
	return pgx.BeginFunc(ctx, q, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE housekeeping SET horizon = $1 WHERE horizon < $1`, r.Horizon); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			INSERT INTO housekeeping_runs (horizon, after, user_name, keep_transactions, keep_days) VALUES ($1, $2, $3, $4, $5) RETURNING began_at`,
			r.Horizon, r.After, r.User, r.Keep.Transactions, r.Keep.Days).Scan(&r.BeganAt)
	})
}

// sweep deletes the documents that the next changes below the horizon replaced or
// deleted. It takes no lock that a submission or a publication waits for: nothing
// of what it deletes is current, and nobody reads it.
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
