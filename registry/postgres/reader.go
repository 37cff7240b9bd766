package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"urncast/registry"
	"urncast/sdmx"
)

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// A reader implements registry.Reader.
type reader struct{ q querier }

const storedColumns = `u.urn, c.document_id, c.number, c.bytes, d.digest, d.structural, d.immutable, d.final`

// stored runs a query for storedColumns.
func (r reader) stored(ctx context.Context, yield func(registry.Stored) error, sql string, args ...any) error {
	rows, err := r.q.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	return eachStored(rows, yield)
}

// eachStored reads rows of storedColumns.
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

// columns are keys as three arrays, for unnest.
func columns(keys []registry.Key) (classes, agencies, ids []string) {
	for _, k := range keys {
		classes, agencies, ids = append(classes, k.Class.String()), append(agencies, k.Agency), append(ids, k.ID)
	}
	return classes, agencies, ids
}

// Versions implements registry.Reader.
func (r reader) Versions(ctx context.Context, keys []registry.Key) (map[registry.Key][]registry.Stored, error) {
	out := make(map[registry.Key][]registry.Stored, len(keys))
	classes, agencies, ids := columns(keys)
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
		to := sdmx.Ref{Item: item}
		to.Agency, to.ID, to.Version = agency, id, sdmx.Version(version)
		to.Class, _ = sdmx.ClassByName(class)
		to.ItemClass, _ = sdmx.ClassByName(itemClass)
		out = append(out, registry.Dangling{From: from, To: to})
		return nil
	})
	return out, err
}

// Referring implements registry.Reader.
func (r reader) Referring(ctx context.Context, keys []registry.Key) ([]registry.Dangling, error) {
	classes, agencies, ids := columns(keys)
	return r.references(ctx, `SELECT `+refColumns+` FROM unnest($1::text[], $2::text[], $3::text[]) k (class, agency, name)
		JOIN refs r ON r.class = k.class AND r.agency = k.agency AND r.name = k.name
		JOIN current c ON c.document_id = r.document_id JOIN urns u ON u.id = c.urn_id ORDER BY u.urn`, classes, agencies, ids)
}

// AllReferences implements registry.Store.
func (s *Store) AllReferences(ctx context.Context) ([]registry.Dangling, error) {
	return s.references(ctx, `SELECT `+refColumns+` FROM refs r JOIN current c ON c.document_id = r.document_id JOIN urns u ON u.id = c.urn_id ORDER BY u.urn`)
}

// below is a LIKE pattern for the sub-agencies of an agency.
func below(agency string) string {
	return strings.NewReplacer(`\`, `\\`, `_`, `\_`, `%`, `\%`).Replace(agency) + ".%"
}

// ReferringAgency implements registry.Reader.
func (r reader) ReferringAgency(ctx context.Context, agency string) (owned, referring []registry.Stored, err error) {
	collect := func(list *[]registry.Stored) func(registry.Stored) error {
		return func(s registry.Stored) error {
			*list = append(*list, s)
			return nil
		}
	}
	err = r.stored(ctx, collect(&owned), `SELECT `+storedColumns+fromCurrent+`WHERE u.agency = $1 OR u.agency LIKE $2 ORDER BY u.urn`, agency, below(agency))
	if err != nil {
		return nil, nil, err
	}
	err = r.stored(ctx, collect(&referring), `SELECT `+storedColumns+fromCurrent+`
		WHERE EXISTS (SELECT FROM refs r WHERE r.document_id = d.id AND (r.agency = $1 OR r.agency LIKE $2)) ORDER BY u.urn`, agency, below(agency))
	return owned, referring, err
}

// Maintains implements registry.Reader.
func (r reader) Maintains(ctx context.Context, agency string) (yes bool, err error) {
	err = r.q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM urns u JOIN current c ON c.urn_id = u.id WHERE u.agency = $1 OR u.agency LIKE $2)`, agency, below(agency)).Scan(&yes)
	return yes, err
}

// Maintained implements registry.Reader.
func (r reader) Maintained(ctx context.Context, agencies []string) (out []registry.Stored, err error) {
	err = r.stored(ctx, func(s registry.Stored) error {
		out = append(out, s)
		return nil
	}, `SELECT `+storedColumns+fromCurrent+`WHERE $1::text[] IS NULL OR u.agency = ANY($1) ORDER BY u.urn`, agencies)
	return out, err
}

// Settings implements registry.Reader.
func (r reader) Settings(ctx context.Context) (s registry.Settings, err error) {
	err = r.q.QueryRow(ctx, `SELECT allow_dangling, require_agencies, keep_transactions, keep_days FROM registry, housekeeping`).Scan(
		&s.AllowDangling, &s.RequireAgencies, &s.Keep.Transactions, &s.Keep.Days)
	return s, err
}

// Find implements registry.Store; versions are left to the caller.
func (s *Store) Find(ctx context.Context, q registry.Query, yield func(registry.Stored) error) error {
	var classes []string
	for _, c := range q.Classes {
		classes = append(classes, c.String())
	}
	// $1 is the transaction, also where it is not used: the filter is one text.
	const filter = `WHERE ($2::text[] IS NULL OR u.class = ANY($2)) AND ($3::text[] IS NULL OR u.agency = ANY($3)) AND ($4::text[] IS NULL OR u.name = ANY($4))`
	from := fromAsOf + `JOIN documents d ON d.id = c.document_id `
	if q.AsOf == 0 {
		from = fromCurrent
	}
	return s.stored(ctx, yield, `SELECT `+storedColumns+from+filter+` AND $1::bigint IS NOT NULL`, q.AsOf, classes, q.Agencies, q.IDs)
}

// Bodies implements registry.Reader and producer.Store: in the order asked for.
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
