package postgres

import (
	"context"
	"fmt"
	"maps"
	"strconv"

	"github.com/jackc/pgx/v5"

	"urncast/registry"
)

// A tx implements registry.Tx: a database transaction that has locked the counter row or, for
// a dry run, a read-only one with a snapshot.
type tx struct {
	reader
	conn     *txConn
	last     registry.Number
	settings registry.Settings
	versions map[registry.Key][]registry.Stored
	asked    map[registry.Key]bool // keys whose versions were read with the lock
	ending   *pgx.Batch            // statements that are sent together with COMMIT
}

// byIndex makes the planner use index look-ups for every statement of a submission, and one
// generic plan per connection. A plan that was made while the tables were small would otherwise
// scan them when they are large, and planning each time takes longer than the look-ups.
const byIndex = `SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
	set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`

// Update implements registry.Store.
func (s *Store) Update(ctx context.Context, ahead registry.Ahead, fn func(registry.Tx) error) error {
	return s.update(ctx, ahead, func(w *tx) error { return fn(w) })
}

// update runs fn with the lock of the counter row or, for a dry run, on a snapshot. Updates of
// this process run one at a time, in the order of their calls, and use no connection while they
// wait. An update takes two round trips: the first begins, locks and reads what was announced,
// the second writes and commits. A crash before the commit leaves nothing, one after it all.
func (s *Store) update(ctx context.Context, ahead registry.Ahead, fn func(*tx) error) error {
	turns := s.writers
	if ahead.ReadOnly {
		turns = s.dryRuns
	}
	leave, err := turns.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	c := newTxConn(conn)
	defer c.release()
	w := &tx{reader: reader{c}, conn: c, ending: &pgx.Batch{}}
	if err := s.beginOrEndStalled(ctx, w, ahead); err != nil {
		c.rollback(ctx)
		return fmt.Errorf("locking the registry's counter: %w", err)
	}
	if err := fn(w); err != nil {
		c.rollback(ctx)
		return err
	}
	w.ending.Queue("COMMIT")
	if err := c.send(ctx, w.ending); err != nil {
		c.rollback(ctx)
		return err
	}
	return nil
}

// begin begins the transaction, takes the lock unless it is a dry run, and reads what was
// announced. The reads come after the lock, so they see what its former holder has committed.
func (w *tx) begin(ctx context.Context, ahead registry.Ahead) error {
	begin, lock := "BEGIN", " FOR UPDATE"
	if ahead.ReadOnly {
		begin, lock = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", ""
	}
	b := &pgx.Batch{}
	b.Queue(begin)
	b.Queue(byIndex)
	b.Queue(lockWithin)
	b.Queue(`SELECT last_number, allow_dangling, require_agencies FROM registry` + lock).QueryRow(func(row pgx.Row) error {
		return row.Scan(&w.last, &w.settings.AllowDangling, &w.settings.RequireAgencies)
	})
	b.Queue(`SET LOCAL lock_timeout TO DEFAULT`)
	w.versions, w.asked = make(map[registry.Key][]registry.Stored, len(ahead.Keys)), make(map[registry.Key]bool, len(ahead.Keys))
	if len(ahead.Keys) > 0 {
		classes, agencies, ids := keyColumns(ahead.Keys)
		b.Queue(versionsSQL, classes, agencies, ids).Query(func(rows pgx.Rows) error {
			return eachStored(rows, func(s registry.Stored) error {
				w.versions[registry.KeyOf(s.URN)] = append(w.versions[registry.KeyOf(s.URN)], s)
				return nil
			})
		})
	}
	for _, k := range ahead.Keys {
		w.asked[k] = true
	}
	return w.conn.send(ctx, b)
}

// Last implements registry.Tx.
func (w *tx) Last() registry.Number { return w.last }

// Settings implements registry.Reader.
func (w *tx) Settings(context.Context) (registry.Settings, error) { return w.settings, nil }

// Versions implements registry.Reader.
func (w *tx) Versions(ctx context.Context, keys []registry.Key) (map[registry.Key][]registry.Stored, error) {
	out := make(map[registry.Key][]registry.Stored, len(keys))
	var missing []registry.Key
	for _, k := range keys {
		if !w.asked[k] {
			missing = append(missing, k)
		} else if found := w.versions[k]; found != nil {
			out[k] = found
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	more, err := w.reader.Versions(ctx, missing)
	maps.Copy(out, more)
	return out, err
}

// writeBytes bounds the documents that are sent to the database in one batch.
const writeBytes = 16 << 20

// Write implements registry.Tx. The last batch is sent together with the commit. The audit's
// counter row is locked last, so that it is locked only for the commit. recorded_at is the
// database's time, and never earlier than that of the transaction before.
func (w *tx) Write(ctx context.Context, ws []registry.Write, a registry.Act, progress func(structures int)) error {
	sent := 0
	for i := range ws {
		t := &ws[i]
		w.ending.Queue(`INSERT INTO transactions (number, id, kind, recorded_at, pair, structures, bytes, user_name, origin, traceparent, correlation_id, predecessor)
			SELECT $1, $2, $3, greatest(clock_timestamp(), before.recorded_at), $4, $5, $6, $7, $8, $9, $10, before.id
			FROM (SELECT) this LEFT JOIN transactions before ON before.number = $1::bigint - 1`,
			t.Number, t.ID, int16(t.Kind), t.Pair, t.Structures, t.Bytes, t.User, t.Origin, t.Traceparent, t.CorrelationID)
		bytes, from := 0, 0
		for j := range t.Changes {
			bytes += len(t.Changes[j].Body)
			if j+1 == len(t.Changes) || bytes > writeBytes {
				queueChanges(w.ending, t, from, j+1)
				sent += j + 1 - from
				from, bytes = j+1, 0
				if j+1 < len(t.Changes) {
					if err := w.conn.send(ctx, w.ending); err != nil {
						return err
					}
					w.ending = &pgx.Batch{}
					progress(sent)
				}
			}
		}
	}
	if ws[0].Key != "" {
		w.ending.Queue(`INSERT INTO request_keys (user_name, key, number) VALUES ($1, $2, $3)`, ws[0].User, ws[0].Key, ws[0].Number)
	}
	last := ws[len(ws)-1].Number
	w.ending.Queue(`UPDATE registry SET last_number = $1`, last)
	w.ending.Queue(`SELECT pg_notify('`+channelTransaction+`', $1)`, strconv.FormatInt(int64(last), 10))
	queueAudit(w.ending, a)
	return nil
}

// queueChanges queues the changes [from, to) of a transaction, as arrays: a statement with a
// thousand of them takes little longer than with one.
func queueChanges(b *pgx.Batch, t *registry.Write, from, to int) {
	n := to - from
	urns, classes, agencies, ids, versions := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	bodies, digests, structurals := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	immutable, final := make([]bool, n), make([]bool, n)
	for i := range n {
		c := &t.Changes[from+i]
		urns[i], classes[i], agencies[i], ids[i], versions[i] = c.URN.String(), c.URN.Class.String(), c.URN.Agency, c.URN.ID, string(c.URN.Version)
		bodies[i], digests[i], structurals[i] = c.Body, c.Digest[:], c.Structural[:]
		immutable[i], final[i] = c.Immutable, c.Final
	}
	if t.Kind == registry.Delete {
		b.Queue(deleteSQL, urns, t.Number, from)
		return
	}
	b.Queue(`INSERT INTO urns (urn, class, agency, name, version) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) ON CONFLICT DO NOTHING`,
		urns, classes, agencies, ids, versions)
	var place []int
	var refs [6][]string
	for i := range n {
		for _, r := range t.Changes[from+i].Refs {
			place = append(place, i+1)
			item := ""
			if r.Item != "" {
				item = r.ItemClass.String()
			}
			for k, v := range []string{r.Class.String(), r.Agency, r.ID, string(r.Version), item, r.Item} {
				refs[k] = append(refs[k], v)
			}
		}
	}
	b.Queue(replaceSQL, urns, bodies, digests, structurals, immutable, final, t.Number, from, place, refs[0], refs[1], refs[2], refs[3], refs[4], refs[5])
}

// replaceSQL stores documents with their references, ends the validity of the contents that
// they replace, deletes the references of these (an old document still contains them), logs the
// changes, and updates table current. Document ids are drawn first, so that everything is one
// statement. References find their document by its place in an array: a join, which byIndex
// makes a nested loop, would take quadratic time.
const replaceSQL = `
WITH input AS (
	SELECT nextval('documents_id_seq') AS document_id, i.*
	FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::bytea[], $5::boolean[], $6::boolean[]) WITH ORDINALITY
		i (urn, body, digest, structural, immutable, final, place)
), docs AS (
	INSERT INTO documents (id, digest, structural, immutable, final, body) OVERRIDING SYSTEM VALUE
	SELECT document_id, digest, structural, immutable, final, body FROM input
), named AS (
	SELECT i.document_id, i.place, length(i.body) AS bytes, u.id AS urn_id,
		coalesce(c.number, 0) AS before, c.position AS before_position, c.document_id AS before_document
	FROM input i JOIN urns u ON u.urn = i.urn LEFT JOIN current c ON c.urn_id = u.id
), closed AS (
	UPDATE changes SET until_number = $7 FROM named n WHERE changes.number = n.before AND changes.position = n.before_position
), unreferred AS (
	DELETE FROM refs USING named n WHERE refs.document_id = n.before_document
), logged AS (
	INSERT INTO changes (number, position, urn_id, kind, document_id, before_number, bytes)
	SELECT $7, $8 + place, urn_id, 1, document_id, before, bytes FROM named
), pointed AS (
	INSERT INTO current (urn_id, document_id, number, position, bytes) SELECT urn_id, document_id, $7, $8 + place, bytes FROM named
	ON CONFLICT (urn_id) DO UPDATE SET document_id = excluded.document_id, number = excluded.number, position = excluded.position, bytes = excluded.bytes
)
INSERT INTO refs (document_id, class, agency, name, version, item_class, item)
SELECT i.ids[r.place], r.class, r.agency, r.name, r.version, r.item_class, r.item
FROM unnest($9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[]) r (place, class, agency, name, version, item_class, item),
	(SELECT array_agg(document_id ORDER BY place) AS ids FROM input) i`

// deleteSQL logs deletes, ends the validity of the deleted contents, and deletes their rows from
// refs and current.
const deleteSQL = `
WITH input AS (
	SELECT u.id AS urn_id, i.place, c.number AS before, c.position AS before_position, c.document_id AS before_document
	FROM unnest($1::text[]) WITH ORDINALITY i (urn, place) JOIN urns u ON u.urn = i.urn JOIN current c ON c.urn_id = u.id
), closed AS (
	UPDATE changes SET until_number = $2 FROM input i WHERE changes.number = i.before AND changes.position = i.before_position
), unreferred AS (
	DELETE FROM refs USING input i WHERE refs.document_id = i.before_document
), gone AS (
	DELETE FROM current USING input i WHERE current.urn_id = i.urn_id
)
INSERT INTO changes (number, position, urn_id, kind, document_id, before_number, bytes)
SELECT $2, $3 + place, urn_id, 2, NULL, before, 0 FROM input`
