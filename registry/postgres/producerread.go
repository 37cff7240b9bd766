package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
)

// pendingMax bounds the transactions read at a time.
const pendingMax = 256

// System implements producer.Store.
func (p *ProducerStore) System(ctx context.Context) (id string, err error) {
	err = p.pool.QueryRow(ctx, `SELECT system_identifier || '`+systemSeparator+`' || `+databaseOID+` FROM pg_control_system()`).Scan(&id)
	return id, err
}

// Transaction implements producer.Store.
func (p *ProducerStore) Transaction(ctx context.Context, n registry.Number) (registry.Transaction, error) {
	ts, err := p.Store.Transactions(ctx, n-1, 1)
	if err != nil {
		return registry.Transaction{}, err
	}
	if len(ts) == 0 || ts[0].Number != n {
		return registry.Transaction{}, registry.ErrNotFound
	}
	return ts[0], nil
}

// Pending implements producer.Store.
func (p *ProducerStore) Pending(ctx context.Context, after registry.Number, bytes int64) ([]producer.Pending, error) {
	ts, err := p.Store.Transactions(ctx, after, pendingMax)
	if err != nil || len(ts) == 0 {
		return nil, err
	}
	if ts[0].Bytes > bytes {
		return []producer.Pending{{Transaction: ts[0]}}, nil
	}
	n, sum := 0, int64(0)
	for n < len(ts) && sum+ts[n].Bytes <= bytes {
		sum += ts[n].Bytes
		n++
	}
	out := make([]producer.Pending, n)
	for i := range out {
		out[i].Transaction = ts[i]
		out[i].Documents = make([]registry.Document, 0, ts[i].Structures)
	}
	err = p.documents(ctx, `c.number BETWEEN $1 AND $2`, []any{ts[0].Number, ts[n-1].Number}, func(d registry.Document) error {
		i := int(d.Number - ts[0].Number) // numbers have no gaps
		if i < 0 || i >= n {
			return fmt.Errorf("transaction %d is missing from the log", ts[0].Number)
		}
		out[i].Documents = append(out[i].Documents, d)
		return nil
	})
	return out, err
}

// Page implements producer.Store. It finds out which documents fit before it reads any.
func (p *ProducerStore) Page(ctx context.Context, n registry.Number, from int, bytes int64) ([]registry.Document, error) {
	var to *int
	err := p.pool.QueryRow(ctx, `
		SELECT max(position) FROM (
			SELECT position, sum(bytes) OVER (ORDER BY position) AS total FROM changes WHERE number = $1 AND position >= $2 ORDER BY position LIMIT 10000) x
		WHERE total <= $3 OR position = $2`, n, from, bytes).Scan(&to)
	if err != nil || to == nil {
		return nil, err
	}
	var out []registry.Document
	err = p.documents(ctx, `c.number = $1 AND c.position BETWEEN $2 AND $3`, []any{n, from, *to}, func(d registry.Document) error {
		out = append(out, d)
		return nil
	})
	return out, err
}

// documents yields the changes that match a condition with their contents, in the log's order.
func (p *ProducerStore) documents(ctx context.Context, where string, args []any, yield func(registry.Document) error) error {
	rows, err := p.pool.Query(ctx, `
		SELECT c.number, c.position, `+urnOf+`, c.kind, c.before_number, coalesce(c.document_id, 0), c.bytes, (SELECT body FROM documents WHERE id = c.document_id)
		FROM changes c
		WHERE `+where+` ORDER BY c.number, c.position`, args...)
	if err != nil {
		return err
	}
	var d registry.Document
	var urn string
	_, err = pgx.ForEachRow(rows, []any{&d.Number, &d.Position, &urn, &d.Kind, &d.Before, &d.Document, &d.Bytes, &d.Body}, func() error {
		u, err := sdmx.ParseURN(urn)
		if err != nil {
			return err
		}
		document := d
		document.URN = u
		if d.Kind == registry.Replace && d.Body == nil {
			return fmt.Errorf("the content of %s in transaction %d was removed: %w", u, d.Number, registry.ErrNotFound)
		}
		d.Body = nil
		return yield(document)
	})
	return err
}

// Touched implements producer.Store.
func (p *ProducerStore) Touched(ctx context.Context, from, to registry.Number) ([]sdmx.URN, error) {
	rows, err := p.pool.Query(ctx, `SELECT `+urnOf+` FROM (SELECT DISTINCT urn_id FROM changes WHERE number BETWEEN $1 AND $2) c`, from, to)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sdmx.URN, error) {
		var urn string
		if err := row.Scan(&urn); err != nil {
			return sdmx.URN{}, err
		}
		return sdmx.ParseURN(urn)
	})
}

// Former implements producer.Store.
func (p *ProducerStore) Former(ctx context.Context, id string) (f producer.Former, err error) {
	err = p.pool.QueryRow(ctx, `SELECT prefix, lanes FROM former_producers WHERE id::text = $1`, id).Scan(&f.Prefix, &f.Lanes)
	if errors.Is(err, pgx.ErrNoRows) {
		err = registry.ErrNotFound
	}
	return f, err
}

// IDs implements producer.Store.
func (p *ProducerStore) IDs(ctx context.Context, numbers []registry.Number) (map[registry.Number]string, error) {
	rows, err := p.pool.Query(ctx, `SELECT number, id::text FROM transactions WHERE number = ANY($1)`, numbers)
	if err != nil {
		return nil, err
	}
	out := make(map[registry.Number]string, len(numbers))
	var n registry.Number
	var id string
	_, err = pgx.ForEachRow(rows, []any{&n, &id}, func() error {
		out[n] = id
		return nil
	})
	return out, err
}

// Skips implements producer.Store. It walks the marks downwards until there is a gap between
// two of them; older versions of the program made one mark per number.
func (p *ProducerStore) Skips(ctx context.Context, below registry.Number) (out registry.Range, err error) {
	const page = 1_000
	for {
		rows, err := p.pool.Query(ctx, `SELECT first, last FROM marks WHERE producer = $1 AND status = $2 AND last < $3 AND reason <> $4 ORDER BY last DESC LIMIT $5`,
			p.id, producer.StatusSkipped, below, neverSent, page)
		if err != nil {
			return out, err
		}
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[registry.Range])
		if err != nil {
			return out, err
		}
		for _, r := range found {
			if r.Last != below-1 {
				return out, nil
			}
			if out.Last == 0 {
				out.Last = r.Last
			}
			out.First, below = r.First, r.First
		}
		if len(found) < page {
			return out, nil
		}
	}
}
