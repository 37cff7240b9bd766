package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"urncast/registry"
	"urncast/sdmx"
)

// A querier runs queries: a pool, a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// A reader implements registry.Reader.
type reader struct{ q querier }

const storedColumns = `u.urn, c.document_id, c.number, c.bytes, d.digest, d.structural, d.immutable, d.final`

// stored runs a query for storedColumns and yields its rows.
func (r reader) stored(ctx context.Context, yield func(registry.Stored) error, sql string, args ...any) error {
	rows, err := r.q.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	return eachStored(rows, yield)
}

// eachStored scans rows of storedColumns.
func eachStored(rows pgx.Rows, yield func(registry.Stored) error) error {
	var s registry.Stored
	var urn string
	var digest, structural []byte
	_, err := pgx.ForEachRow(rows, []any{&urn, &s.Document, &s.Number, &s.Bytes, &digest, &structural, &s.Immutable, &s.Final}, func() error {
		u, err := sdmx.ParseURN(urn)
		if err != nil {
			return fmt.Errorf("the database holds %q, which is no URN: %w", urn, err)
		}
		s.URN = u
		copy(s.Digest[:], digest)
		copy(s.Structural[:], structural)
		return yield(s)
	})
	return err
}

const fromCurrent = ` FROM current c JOIN urns u ON u.id = c.urn_id JOIN documents d ON d.id = c.document_id `

// keyColumns returns keys as three arrays, for unnest: one row for each name of a class that
// the structures of a key and references to them can have.
func keyColumns(keys []registry.Key) (classes, agencies, ids []string) {
	for _, k := range keys {
		for _, c := range k.Class.Relatives() {
			for _, name := range c.Names() {
				classes, agencies, ids = append(classes, name), append(agencies, k.Agency), append(ids, k.ID)
			}
		}
	}
	return classes, agencies, ids
}

// Versions implements registry.Reader.
func (r reader) Versions(ctx context.Context, keys []registry.Key) (map[registry.Key][]registry.Stored, error) {
	out := make(map[registry.Key][]registry.Stored, len(keys))
	classes, agencies, ids := keyColumns(keys)
	err := r.stored(ctx, func(s registry.Stored) error {
		k := registry.KeyOf(s.URN)
		out[k] = append(out[k], s)
		return nil
	}, versionsSQL, classes, agencies, ids)
	return out, err
}

const refColumns = `u.urn, r.class, r.agency, r.name, r.version, r.item_class, r.item`

func (r reader) references(ctx context.Context, sql string, args ...any) ([]registry.Dangling, error) {
	rows, err := r.q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	var out []registry.Dangling
	var urn, class, agency, id, version, itemClass, item string
	_, err = pgx.ForEachRow(rows, []any{&urn, &class, &agency, &id, &version, &itemClass, &item}, func() error {
		from, err := sdmx.ParseURN(urn)
		if err != nil {
			return err
		}
		out = append(out, registry.Dangling{From: from, To: refOf(class, agency, id, version, itemClass, item)})
		return nil
	})
	return out, err
}

// Referring implements registry.Reader.
func (r reader) Referring(ctx context.Context, keys []registry.Key) ([]registry.Dangling, error) {
	classes, agencies, ids := keyColumns(keys)
	return r.references(ctx, `SELECT `+refColumns+` FROM unnest($1::text[], $2::text[], $3::text[]) k (class, agency, name)
		JOIN refs r ON r.class = k.class AND r.agency = k.agency AND r.name = k.name
		JOIN current c ON c.document_id = r.document_id JOIN urns u ON u.id = c.urn_id ORDER BY u.urn`, classes, agencies, ids)
}

// DoubtfulTargets implements registry.Store. Targets with an exact version that is current
// certainly resolve; these are most, and are filtered out in the database.
func (s *Store) DoubtfulTargets(ctx context.Context) ([]sdmx.Ref, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT DISTINCT r.class, r.agency, r.name, r.version, r.item_class, r.item FROM refs r JOIN current c ON c.document_id = r.document_id WHERE r.item <> ''
		UNION ALL
		SELECT DISTINCT r.class, r.agency, r.name, r.version, '', '' FROM refs r JOIN current c ON c.document_id = r.document_id
		WHERE r.item = '' AND NOT EXISTS (SELECT FROM urns u JOIN current k ON k.urn_id = u.id
			WHERE u.class = r.class AND u.agency = r.agency AND u.name = r.name AND u.version = r.version)`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sdmx.Ref, error) {
		var class, agency, id, version, itemClass, item string
		err := row.Scan(&class, &agency, &id, &version, &itemClass, &item)
		return refOf(class, agency, id, version, itemClass, item), err
	})
}

func refOf(class, agency, id, version, itemClass, item string) sdmx.Ref {
	r := sdmx.Ref{URN: sdmx.URN{Agency: agency, ID: id, Version: sdmx.Version(version)}, Item: item}
	r.Class, _ = sdmx.ClassByName(class)
	r.ItemClass, _ = r.Class.ItemClass(itemClass)
	return r
}

// agencyCondition returns the condition that a column is agency $1 or a sub-agency of it, in
// the range $2 to $3 of subAgencyRange. Its operators are those of the index, whatever the
// collation of the database is. LIKE would not use the index, because its pattern is not known
// when the statement is planned.
func agencyCondition(column string) string {
	return `(` + column + ` = $1 OR ` + column + ` ~>=~ $2 AND ` + column + ` ~<~ $3)`
}

// subAgencyRange returns bounds for the ids of the sub-agencies of an agency: from is included,
// to is not.
func subAgencyRange(agency string) (from, to string) { return agency + ".", agency + "/" }

// ReferringAgency implements registry.Reader.
func (r reader) ReferringAgency(ctx context.Context, agency string) (owned, referring []registry.Stored, err error) {
	collect := func(list *[]registry.Stored) func(registry.Stored) error {
		return func(s registry.Stored) error {
			*list = append(*list, s)
			return nil
		}
	}
	from, to := subAgencyRange(agency)
	err = r.stored(ctx, collect(&owned), `SELECT `+storedColumns+fromEach+`WHERE `+agencyCondition("u.agency")+` ORDER BY u.urn`, agency, from, to)
	if err != nil {
		return nil, nil, err
	}
	err = r.stored(ctx, collect(&referring), `SELECT `+storedColumns+`
		FROM (SELECT DISTINCT r.document_id FROM refs r WHERE `+agencyCondition("r.agency")+`) r
			CROSS JOIN LATERAL (SELECT * FROM current c WHERE c.document_id = r.document_id OFFSET 0) c
			CROSS JOIN LATERAL (SELECT * FROM urns u WHERE u.id = c.urn_id OFFSET 0) u
			CROSS JOIN LATERAL (SELECT * FROM documents d WHERE d.id = c.document_id OFFSET 0) d ORDER BY u.urn`, agency, from, to)
	return owned, referring, err
}

// Maintains implements registry.Reader.
func (r reader) Maintains(ctx context.Context, agency string) (yes bool, err error) {
	from, to := subAgencyRange(agency)
	err = r.q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM urns u WHERE `+agencyCondition("u.agency")+` AND (SELECT true FROM current c WHERE c.urn_id = u.id))`, agency, from, to).Scan(&yes)
	return yes, err
}

// Maintained implements registry.Reader.
func (r reader) Maintained(ctx context.Context, agencies []string) (out []registry.Stored, err error) {
	var w conditions
	each := fromCurrent
	if len(agencies) > 0 {
		each = fromEach
		w.addAny("u.agency", agencies)
	}
	err = r.stored(ctx, func(s registry.Stored) error {
		out = append(out, s)
		return nil
	}, `SELECT `+storedColumns+each+w.where()+` ORDER BY u.urn`, w.args...)
	return out, err
}

// Settings implements registry.Reader.
func (r reader) Settings(ctx context.Context) (s registry.Settings, err error) {
	err = r.q.QueryRow(ctx, `SELECT allow_dangling, require_agencies, keep_transactions, keep_days FROM registry, housekeeping`).Scan(
		&s.AllowDangling, &s.RequireAgencies, &s.Keep.Transactions, &s.Keep.Days)
	return s, err
}

// Find implements registry.Store; the caller selects versions. A query that names agencies or
// ids looks up each structure by indexes; other queries read all current ones.
func (s *Store) Find(ctx context.Context, q registry.Query, yield func(registry.Stored) error) error {
	var w conditions
	from := fromCurrent
	narrow := len(q.Agencies) > 0 || len(q.IDs) > 0
	switch {
	case q.AsOf != 0 && narrow:
		w.args = append(w.args, q.AsOf)
		from = fromEachAsOf
	case q.AsOf != 0:
		w.args = append(w.args, q.AsOf)
		from = fromAsOf + `JOIN documents d ON d.id = c.document_id `
	case narrow:
		from = fromEach
	}
	if len(q.Classes) > 0 {
		classes := make([]string, len(q.Classes))
		for i, c := range q.Classes {
			classes[i] = c.String()
		}
		w.addAny("u.class", classes)
	}
	if len(q.Agencies) > 0 {
		w.addAny("u.agency", q.Agencies)
	}
	if len(q.IDs) > 0 {
		upper := make([]string, len(q.IDs))
		for i, id := range q.IDs {
			upper[i] = strings.ToUpper(id)
		}
		w.addAny("upper(u.name)", upper) // this expression has an index; u.name has none
		w.addAny("u.name", q.IDs)
	}
	return s.stored(ctx, yield, `SELECT `+storedColumns+from+w.where(), w.args...)
}

// fromEach is fromCurrent for a query that selects few rows of urns: it looks up each by indexes.
const fromEach = ` FROM urns u CROSS JOIN LATERAL (SELECT * FROM current c WHERE c.urn_id = u.id OFFSET 0) c
	CROSS JOIN LATERAL (SELECT * FROM documents d WHERE d.id = c.document_id OFFSET 0) d `

// Bodies implements registry.Reader and producer.Store.
func (r reader) Bodies(ctx context.Context, documents []int64) ([][]byte, error) {
	rows, err := r.q.Query(ctx, `SELECT d.body FROM unnest($1::bigint[]) WITH ORDINALITY w (id, place) JOIN documents d ON d.id = w.id ORDER BY w.place`, documents)
	if err != nil {
		return nil, err
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err == nil && len(out) != len(documents) {
		err = fmt.Errorf("%d of %d documents are not in the database any more: %w", len(documents)-len(out), len(documents), registry.ErrNotFound)
	}
	return out, err
}
