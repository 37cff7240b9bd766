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

// conditions builds a WHERE clause of the conditions that a query has, joined with AND. A
// fixed clause with "$1 = 0 OR …" for each possible condition would keep the planner from
// using indexes.
type conditions struct {
	texts []string
	args  []any
}

// add adds a condition, in which $# stands for the parameter of arg.
func (c *conditions) add(text string, arg any) {
	c.args = append(c.args, arg)
	c.texts = append(c.texts, strings.ReplaceAll(text, "$#", "$"+strconv.Itoa(len(c.args))))
}

// addAny adds the condition that a column has one of some values. A single value is compared
// with =, since the generic plan of = ANY expects ten.
func (c *conditions) addAny(column string, values []string) {
	if len(values) == 1 {
		c.add(column+" = $#", values[0])
		return
	}
	c.add(column+" = ANY($#)", values)
}

// where returns the WHERE clause; empty without conditions.
func (c *conditions) where() string {
	if len(c.texts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.texts, " AND ")
}

// lastParameter returns the parameter of the argument that was added last, such as "$3".
func (c *conditions) lastParameter() string { return "$" + strconv.Itoa(len(c.args)) }

// limit returns the WHERE clause followed by ORDER BY and LIMIT.
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
		ids, err := s.urnsNamed(ctx, q.Of)
		if err != nil {
			return nil, err
		}
		if len(ids) <= namedMax {
			w.args = append(w.args, ids)
			from := ` FROM (SELECT DISTINCT h.number AS wanted FROM unnest(` + w.lastParameter() + `::bigint[]) n (id)
					CROSS JOIN LATERAL (SELECT number FROM changes h WHERE h.urn_id = n.id OFFSET 0) h) h
				CROSS JOIN LATERAL (SELECT * FROM transactions t WHERE t.number = h.wanted OFFSET 0) t`
			tail := w.limit("number DESC", q.Limit)
			return s.transactions(ctx, `SELECT `+transactionColumns+from+tail, w.args...)
		}
		w.add(`EXISTS (SELECT FROM changes h JOIN urns u ON u.id = h.urn_id WHERE h.number = t.number AND (`+namedCondition+`))`, q.Of)
	}
	tail := w.limit("number DESC", q.Limit)
	return s.transactions(ctx, `SELECT `+transactionColumns+` FROM transactions t`+tail, w.args...)
}

// namedMax bounds the structures whose changes Log looks up one by one. With more, it walks
// the log and tests each transaction, since matches are then frequent.
const namedMax = 1000

// namedCondition selects the rows of urns that a person's text names: by agency, by id in any
// case, or by URN.
const namedCondition = `u.agency = $# OR upper(u.name) = upper($#) OR u.urn = $#`

// urnsNamed returns the ids of the rows of urns that a person's text names; namedMax + 1 of
// them if there are more.
func (s *Store) urnsNamed(ctx context.Context, of string) ([]int64, error) {
	var w conditions
	w.add("("+namedCondition+")", of)
	if _, rest, ok := strings.Cut(of, ":"); ok && !strings.HasPrefix(of, "urn:") { // AGENCY:ID(VERSION)
		id, _, _ := strings.Cut(rest, "(")
		w = conditions{}
		w.add("upper(u.name) = upper($#)", id)
		w.add("upper(u.agency || ':' || u.name || '(' || u.version || ')') = upper($#)", of)
	}
	w.args = append(w.args, namedMax+1)
	rows, err := s.pool.Query(ctx, `SELECT u.id FROM urns u`+w.where()+` LIMIT `+w.lastParameter(), w.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// Heads implements registry.Browser. It costs one index look-up per transaction, whatever the
// number of its changes.
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

// farFuture is later than every recorded time. The planner expects a range with two bounds to
// be short and uses an index; one with a single bound it takes for a third of the table.
const farFuture = `clock_timestamp() + interval '100 years'`

// Volume implements registry.Browser.
func (s *Store) Volume(ctx context.Context, since time.Time, step time.Duration) (map[int]registry.Recorded, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT floor(date_part('epoch', recorded_at - $1) / $2)::int, count(*), sum(bytes)::bigint FROM transactions
		WHERE recorded_at BETWEEN $1 AND `+farFuture+` GROUP BY 1`,
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

// pairsSQL selects changes c with the changes o whose contents they replaced or deleted.
const pairsSQL = `SELECT c.number, c.position, ` + urnOf + `, c.kind, c.before_number, coalesce(c.document_id, 0), c.bytes,
		coalesce(c.until_number, 0), c.kind = 1 AND coalesce(c.until_number <= h.horizon, false),
		coalesce(o.document_id, 0), coalesce(o.bytes, 0), coalesce(o.until_number <= h.horizon, false)
	FROM changes c CROSS JOIN housekeeping h LEFT JOIN LATERAL (
		SELECT * FROM changes o WHERE o.urn_id = c.urn_id AND o.number = c.before_number OFFSET 0) o ON true `

func (s *Store) transitions(ctx context.Context, sql string, args ...any) ([]registry.Transition, error) {
	rows, err := s.pool.Query(ctx, pairsSQL+sql, args...)
	if err != nil {
		return nil, err
	}
	var out []registry.Transition
	var p registry.Transition
	var urn string
	_, err = pgx.ForEachRow(rows, []any{&p.Number, &p.Position, &urn, &p.Kind, &p.Before, &p.Document, &p.Bytes, &p.Until, &p.Removed,
		&p.BeforeDocument, &p.BeforeBytes, &p.BeforeRemoved}, func() (err error) {
		p.URN, err = sdmx.ParseURN(urn)
		out = append(out, p)
		return err
	})
	return out, err
}

// Transitions implements registry.Browser.
func (s *Store) Transitions(ctx context.Context, n registry.Number, from, limit int) ([]registry.Transition, error) {
	return s.transitions(ctx, `WHERE c.number = $1 AND c.position >= $2 ORDER BY c.position LIMIT $3`, n, from, limit)
}

// History implements registry.Browser.
func (s *Store) History(ctx context.Context, u sdmx.URN, before registry.Number, limit int) ([]registry.Revision, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	found, err := s.transitions(ctx, `WHERE c.urn_id = (SELECT id FROM urns WHERE urn = $1) AND c.number < $2 ORDER BY c.number DESC LIMIT $3`, u.String(), before, limit)
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
		out[i] = registry.Revision{Transition: found[i], Transaction: ts[i]}
	}
	return out, nil
}
