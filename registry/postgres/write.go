package postgres

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"

	"urncast/registry"
)

// A tx implements registry.Tx.
type tx struct {
	reader
	t    pgx.Tx
	last registry.Number
}

// Last implements registry.Tx.
func (w *tx) Last() registry.Number { return w.last }

// writeBytes bounds the documents that are sent to the database at a time.
const writeBytes = 16 << 20

// Write implements registry.Tx. Small transactions go in one round trip.
func (w *tx) Write(ctx context.Context, ws []registry.Write) error {
	b := &pgx.Batch{}
	for i := range ws {
		t := &ws[i]
		b.Queue(`INSERT INTO transactions (number, id, kind, recorded_at, pair, structures, bytes, user_name, origin, traceparent, correlation_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			t.Number, t.ID, int16(t.Kind), t.RecordedAt, t.Pair, t.Structures, t.Bytes, t.User, t.Origin, t.Traceparent, t.CorrelationID)
		bytes, from := 0, 0
		for j := range t.Changes {
			bytes += len(t.Changes[j].Body)
			if j+1 == len(t.Changes) || bytes > writeBytes {
				queueChanges(b, t, from, j+1)
				from, bytes = j+1, 0
				if j+1 < len(t.Changes) {
					if err := w.t.SendBatch(ctx, b).Close(); err != nil {
						return err
					}
					b = &pgx.Batch{}
				}
			}
		}
	}
	last := ws[len(ws)-1].Number
	b.Queue(`UPDATE registry SET last_number = $1`, last)
	b.Queue(`SELECT pg_notify('`+channelTransaction+`', $1)`, strconv.FormatInt(int64(last), 10))
	return w.t.SendBatch(ctx, b).Close()
}

// queueChanges queues some changes of one transaction as arrays: a statement for
// a thousand costs little more than for one.
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

// replaceSQL stores documents with their references, closes the validity of what
// they replace, logs the changes and moves the pointers. Ids are drawn first, so
// that documents and what names them go in one statement.
const replaceSQL = `
WITH input AS (
	SELECT nextval(pg_get_serial_sequence('documents', 'id')) AS document_id, i.*
	FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::bytea[], $5::boolean[], $6::boolean[]) WITH ORDINALITY
		i (urn, body, digest, structural, immutable, final, place)
), docs AS (
	INSERT INTO documents (id, digest, structural, immutable, final, body) OVERRIDING SYSTEM VALUE
	SELECT document_id, digest, structural, immutable, final, body FROM input
), named AS (
	SELECT i.document_id, i.place, length(i.body) AS bytes, u.id AS urn_id, coalesce(c.number, 0) AS before, c.position AS before_position
	FROM input i JOIN urns u ON u.urn = i.urn LEFT JOIN current c ON c.urn_id = u.id
), closed AS (
	UPDATE changes SET until_number = $7 FROM named n WHERE changes.number = n.before AND changes.position = n.before_position
), logged AS (
	INSERT INTO changes (number, position, urn_id, kind, document_id, before_number, bytes)
	SELECT $7, $8 + place, urn_id, 1, document_id, before, bytes FROM named
), pointed AS (
	INSERT INTO current (urn_id, document_id, number, position, bytes) SELECT urn_id, document_id, $7, $8 + place, bytes FROM named
	ON CONFLICT (urn_id) DO UPDATE SET document_id = excluded.document_id, number = excluded.number, position = excluded.position, bytes = excluded.bytes
)
INSERT INTO refs (document_id, class, agency, name, version, item_class, item)
SELECT i.document_id, r.class, r.agency, r.name, r.version, r.item_class, r.item
FROM unnest($9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[]) r (place, class, agency, name, version, item_class, item)
JOIN input i ON i.place = r.place`

// deleteSQL logs deletes, closes the validity of what they end, and takes the
// pointers away.
const deleteSQL = `
WITH input AS (
	SELECT u.id AS urn_id, i.place, c.number AS before, c.position AS before_position
	FROM unnest($1::text[]) WITH ORDINALITY i (urn, place) JOIN urns u ON u.urn = i.urn JOIN current c ON c.urn_id = u.id
), closed AS (
	UPDATE changes SET until_number = $2 FROM input i WHERE changes.number = i.before AND changes.position = i.before_position
), gone AS (
	DELETE FROM current USING input i WHERE current.urn_id = i.urn_id
)
INSERT INTO changes (number, position, urn_id, kind, document_id, before_number, bytes)
SELECT $2, $3 + place, urn_id, 2, NULL, before, 0 FROM input`
