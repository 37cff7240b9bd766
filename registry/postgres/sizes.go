package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"urncast/registry"
	"urncast/sdmx"
)

// Sizes implements registry.Store. It reads a row per class, and the sizes of files.
func (s *Store) Sizes(ctx context.Context) (out registry.Sizes, err error) {
	out.Structures, out.Last, err = s.Counts(ctx)
	if err != nil {
		return out, err
	}
	err = s.pool.QueryRow(ctx, `SELECT horizon, pg_total_relation_size('documents'), pg_database_size(current_database()) FROM housekeeping`).Scan(
		&out.Horizon, &out.DocumentBytes, &out.DatabaseBytes)
	return out, err
}

// Last implements registry.Store and producer.Store.
func (s *Store) Last(ctx context.Context) (n registry.Number, err error) {
	err = s.pool.QueryRow(ctx, `SELECT last_number FROM registry`).Scan(&n)
	return n, err
}

// Counts implements registry.Store.
func (s *Store) Counts(ctx context.Context) (map[sdmx.Class]int, registry.Number, error) {
	last, err := s.Last(ctx)
	if err != nil {
		return nil, 0, err
	}
	rows, err := s.pool.Query(ctx, `SELECT class, structures FROM class_counts WHERE structures > 0`)
	if err != nil {
		return nil, 0, err
	}
	out := map[sdmx.Class]int{}
	var name string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&name, &n}, func() error {
		class, _ := sdmx.ClassByName(name)
		out[class] = n
		return nil
	})
	return out, last, err
}

// Largest returns the n largest current structures, by their size as they are stored. It reads a
// short row per structure: a million take a few hundred milliseconds. URN and body are looked up for
// each row: a generic plan guesses a tenth of all rows for LIMIT $1, and would join whole tables.
func (s *Store) Largest(ctx context.Context, n int) ([]registry.Content, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT (SELECT urn FROM urns WHERE id = l.urn_id), (SELECT body FROM documents WHERE id = l.document_id)
		FROM (SELECT urn_id, document_id, bytes FROM current ORDER BY bytes DESC, urn_id LIMIT $1) l
		ORDER BY l.bytes DESC, l.urn_id`, n)
	if err != nil {
		return nil, err
	}
	var out []registry.Content
	var urn string
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&urn, &body}, func() error {
		u, err := sdmx.ParseURN(urn)
		out = append(out, registry.Content{URN: u, Body: body})
		body = nil
		return err
	})
	return out, err
}
