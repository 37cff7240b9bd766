package postgres

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/registry"
	"urncast/sdmx"
)

// conditions are put together with AND, and only those that a question has: a plan
// then enters an index where the question does, which "or" would prevent.
type conditions struct {
	texts []string
	args  []any
}

// add adds a condition; $# in it stands for the argument.
func (c *conditions) add(text string, arg any) {
	c.args = append(c.args, arg)
	c.texts = append(c.texts, strings.ReplaceAll(text, "$#", "$"+strconv.Itoa(len(c.args))))
}

// any adds that a column is one of some values. One is compared plainly: of a list a plan
// for every list expects ten.
func (c *conditions) any(column string, values []string) {
	if len(values) == 1 {
		c.add(column+" = $#", values[0])
		return
	}
	c.add(column+" = ANY($#)", values)
}

// where is the conditions as a clause; empty if there are none.
func (c *conditions) where() string {
	if len(c.texts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.texts, " AND ")
}

// last stands for the last argument.
func (c *conditions) last() string { return "$" + strconv.Itoa(len(c.args)) }

// limit ends a statement with the conditions.
func (c *conditions) limit(order string, n int) string {
	c.args = append(c.args, n)
	return c.where() + " ORDER BY " + order + " LIMIT $" + strconv.Itoa(len(c.args))
}

// Log implements registry.Browser.
func (s *Store) Log(ctx context.Context, q registry.LogQuery) ([]registry.Transaction, error) {
	var w conditions
	before := q.Before
	if before == 0 {
		before = math.MaxInt64
	}
	w.add("number < $#", before)
	if q.Above > 0 {
		w.add("number > $#", q.Above)
	}
	if q.Only != nil {
		w.add("number = ANY($#)", q.Only)
	}
	if q.Kind != 0 {
		w.add("kind = $#", int(q.Kind))
	}
	if q.User != "" {
		w.add("user_name = $#", q.User)
	}
	if !q.Since.IsZero() {
		w.add("recorded_at >= $#", q.Since)
	}
	if q.Of != "" {
		ids, err := s.named(ctx, q.Of)
		if err != nil {
			return nil, err
		}
		if len(ids) <= namedMax {
			w.args = append(w.args, ids)
			from := ` FROM (SELECT DISTINCT h.number AS wanted FROM unnest(` + w.last() + `::bigint[]) n (id)
					CROSS JOIN LATERAL (SELECT number FROM changes h WHERE h.urn_id = n.id OFFSET 0) h) h
				CROSS JOIN LATERAL (SELECT * FROM transactions t WHERE t.number = h.wanted OFFSET 0) t`
			tail := w.limit("number DESC", q.Limit)
			return s.transactions(ctx, `SELECT `+transactionColumns+from+tail, w.args...)
		}
		w.add(`EXISTS (SELECT FROM changes h JOIN urns u ON u.id = h.urn_id WHERE h.number = t.number AND (`+named+`))`, q.Of)
	}
	tail := w.limit("number DESC", q.Limit)
	return s.transactions(ctx, `SELECT `+transactionColumns+` FROM transactions t`+tail, w.args...)
}

// namedMax is how many structures the log of some is put together from; the log of more is
// walked, since some of them are met soon.
const namedMax = 1000

// named is what a person may call structures by: an agency, an id in any case, a URN.
const named = `u.agency = $# OR upper(u.name) = upper($#) OR u.urn = $#`

// named returns the rows of urns that a person means, and one over namedMax if they are more.
func (s *Store) named(ctx context.Context, of string) ([]int64, error) {
	var w conditions
	w.add("("+named+")", of)
	if _, rest, ok := strings.Cut(of, ":"); ok && !strings.HasPrefix(of, "urn:") { // AGENCY:ID(VERSION)
		id, _, _ := strings.Cut(rest, "(")
		w = conditions{}
		w.add("upper(u.name) = upper($#)", id)
		w.add("upper(u.agency || ':' || u.name || '(' || u.version || ')') = upper($#)", of)
	}
	w.args = append(w.args, namedMax+1)
	rows, err := s.pool.Query(ctx, `SELECT u.id FROM urns u`+w.where()+` LIMIT `+w.last(), w.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// Heads implements registry.Browser: a look by index for each transaction, however much
// one changed.
func (s *Store) Heads(ctx context.Context, from, to registry.Number, limit int) (map[registry.Number][]registry.Change, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT c.number, c.position, c.kind, u.urn FROM transactions t
		CROSS JOIN LATERAL (SELECT number, position, kind, urn_id FROM changes WHERE number = t.number ORDER BY position LIMIT $3) c
		JOIN urns u ON u.id = c.urn_id WHERE t.number BETWEEN $1 AND $2 ORDER BY c.number, c.position`, from, to, limit)
	if err != nil {
		return nil, err
	}
	out := map[registry.Number][]registry.Change{}
	var c registry.Change
	var urn string
	_, err = pgx.ForEachRow(rows, []any{&c.Number, &c.Position, &c.Kind, &urn}, func() (err error) {
		c.URN, err = sdmx.ParseURN(urn)
		out[c.Number] = append(out[c.Number], c)
		return err
	})
	return out, err
}

// Firsts implements registry.Browser.
func (s *Store) Firsts(ctx context.Context, from, to registry.Number) (map[registry.Number]sdmx.URN, error) {
	rows, err := s.pool.Query(ctx, `SELECT c.number, `+urnOf+` FROM changes c WHERE c.number BETWEEN $1 AND $2 AND c.position = 1`, from, to)
	if err != nil {
		return nil, err
	}
	out := map[registry.Number]sdmx.URN{}
	var n registry.Number
	var urn string
	_, err = pgx.ForEachRow(rows, []any{&n, &urn}, func() (err error) {
		out[n], err = sdmx.ParseURN(urn)
		return err
	})
	return out, err
}

// ever is after every time that is recorded. A range with two ends is expected to be
// short, and enters an index; one with a single end is expected to be a third of all.
const ever = `clock_timestamp() + interval '100 years'`

// Volume implements registry.Browser.
func (s *Store) Volume(ctx context.Context, since time.Time, step time.Duration) (map[int]registry.Recorded, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT floor(date_part('epoch', recorded_at - $1) / $2)::int, count(*), sum(bytes)::bigint FROM transactions
		WHERE recorded_at BETWEEN $1 AND `+ever+` GROUP BY 1`,
		since, step.Seconds())
	if err != nil {
		return nil, err
	}
	out := map[int]registry.Recorded{}
	var at int
	var r registry.Recorded
	_, err = pgx.ForEachRow(rows, []any{&at, &r.Transactions, &r.Bytes}, func() error {
		out[at] = r
		return nil
	})
	return out, err
}

// pairs are changes c with what they replaced, o.
const pairs = `SELECT c.number, c.position, ` + urnOf + `, c.kind, c.before_number, coalesce(c.document_id, 0), c.bytes,
		coalesce(c.until_number, 0), c.kind = 1 AND coalesce(c.until_number <= h.horizon, false),
		coalesce(o.document_id, 0), coalesce(o.bytes, 0), coalesce(o.until_number <= h.horizon, false)
	FROM changes c CROSS JOIN housekeeping h LEFT JOIN LATERAL (
		SELECT * FROM changes o WHERE o.urn_id = c.urn_id AND o.number = c.before_number OFFSET 0) o ON true `

func (s *Store) pairs(ctx context.Context, sql string, args ...any) ([]registry.Pair, error) {
	rows, err := s.pool.Query(ctx, pairs+sql, args...)
	if err != nil {
		return nil, err
	}
	var out []registry.Pair
	var p registry.Pair
	var urn string
	_, err = pgx.ForEachRow(rows, []any{&p.Number, &p.Position, &urn, &p.Kind, &p.Before, &p.Document, &p.Bytes, &p.Until, &p.Removed,
		&p.BeforeDocument, &p.BeforeBytes, &p.BeforeRemoved}, func() (err error) {
		p.URN, err = sdmx.ParseURN(urn)
		out = append(out, p)
		return err
	})
	return out, err
}

// Pairs implements registry.Browser.
func (s *Store) Pairs(ctx context.Context, n registry.Number, from, limit int) ([]registry.Pair, error) {
	return s.pairs(ctx, `WHERE c.number = $1 AND c.position >= $2 ORDER BY c.position LIMIT $3`, n, from, limit)
}

// History implements registry.Browser.
func (s *Store) History(ctx context.Context, u sdmx.URN, before registry.Number, limit int) ([]registry.Revision, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	found, err := s.pairs(ctx, `WHERE c.urn_id = (SELECT id FROM urns WHERE urn = $1) AND c.number < $2 ORDER BY c.number DESC LIMIT $3`, u.String(), before, limit)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	numbers := make([]registry.Number, len(found))
	for i := range found {
		numbers[i] = found[i].Number
	}
	ts, err := s.transactions(ctx, `SELECT `+transactionColumns+` FROM transactions WHERE number = ANY($1) ORDER BY number DESC`, numbers)
	if err != nil {
		return nil, err
	}
	out := make([]registry.Revision, len(found))
	for i := range found {
		out[i] = registry.Revision{Pair: found[i], Transaction: ts[i]}
	}
	return out, nil
}
