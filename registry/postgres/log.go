package postgres

import (
	"context"
	"math"

	"github.com/jackc/pgx/v5"

	"urncast/registry"
	"urncast/sdmx"
)

const transactionColumns = `number, id::text, coalesce(predecessor::text, ''), kind, recorded_at, pair, structures, bytes, user_name, origin, traceparent, correlation_id`

func (s *Store) transactions(ctx context.Context, sql string, args ...any) ([]registry.Transaction, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	var out []registry.Transaction
	var t registry.Transaction
	_, err = pgx.ForEachRow(rows, []any{&t.Number, &t.ID, &t.Predecessor, &t.Kind, &t.RecordedAt, &t.Pair, &t.Structures, &t.Bytes, &t.User, &t.Origin, &t.Traceparent, &t.CorrelationID}, func() error {
		t.RecordedAt = t.RecordedAt.UTC()
		out = append(out, t)
		return nil
	})
	return out, err
}

// Transactions implements registry.Store.
func (s *Store) Transactions(ctx context.Context, after registry.Number, limit int) ([]registry.Transaction, error) {
	return s.transactions(ctx, `SELECT `+transactionColumns+` FROM transactions WHERE number > $1 ORDER BY number LIMIT $2`, after, limit)
}

// Latest implements registry.Store.
func (s *Store) Latest(ctx context.Context, before registry.Number, limit int) ([]registry.Transaction, error) {
	if before == 0 {
		before = math.MaxInt64 // "$1 = 0 OR number < $1" would keep the planner from using the index
	}
	return s.transactions(ctx, `SELECT `+transactionColumns+` FROM transactions WHERE number < $1 ORDER BY number DESC LIMIT $2`, before, limit)
}

// urnOf is the URN of a row c with a urn_id. A sub-select looks it up, where the planner might
// read the whole table for a join.
const urnOf = `(SELECT urn FROM urns WHERE id = c.urn_id)`

// Recorded implements registry.Store and registry.Tx.
func (r reader) Recorded(ctx context.Context, user, key string) ([]registry.Number, error) {
	rows, err := r.q.Query(ctx, `SELECT unnest(CASE t.pair WHEN 0 THEN ARRAY[t.number] ELSE ARRAY[t.number, t.pair] END)
		FROM request_keys k JOIN transactions t ON t.number = k.number WHERE k.user_name = $1 AND k.key = $2`, user, key)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[registry.Number])
}

// Changes implements registry.Store.
func (s *Store) Changes(ctx context.Context, n registry.Number) ([]registry.Change, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT c.number, c.position, `+urnOf+`, c.kind, c.before_number, coalesce(c.document_id, 0), c.bytes,
			coalesce(c.until_number, 0), c.kind = 1 AND coalesce(c.until_number <= h.horizon, false)
		FROM changes c, housekeeping h WHERE c.number = $1 AND c.position BETWEEN 1 AND 2147483647 ORDER BY c.position`, n)
	if err != nil {
		return nil, err
	}
	var out []registry.Change
	var c registry.Change
	var urn string
	_, err = pgx.ForEachRow(rows, []any{&c.Number, &c.Position, &urn, &c.Kind, &c.Before, &c.Document, &c.Bytes, &c.Until, &c.Removed}, func() (err error) {
		c.URN, err = sdmx.ParseURN(urn)
		out = append(out, c)
		return err
	})
	return out, err
}
