package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
)

// fromAsOf is the FROM clause for the structures that were current after transaction $1, as
// fromCurrent is for the current ones: the current ones that are not newer, and the contents
// that the first later change of a structure replaced or deleted. Its cost depends on the
// current structures and on the changes since, not on the length of the log.
const fromAsOf = ` FROM (
		SELECT urn_id, document_id, number, bytes, false AS replaced FROM current WHERE number <= $1
		UNION ALL
		SELECT o.urn_id, o.document_id, o.number, o.bytes, true FROM changes n CROSS JOIN LATERAL (
			SELECT * FROM changes o WHERE o.urn_id = n.urn_id AND o.number = n.before_number OFFSET 0) o
		WHERE n.number BETWEEN $1 + 1 AND (SELECT last_number FROM registry) AND n.before_number BETWEEN 1 AND $1
	) c JOIN urns u ON u.id = c.urn_id `

// fromEachAsOf is fromAsOf, joined with documents, for a query that selects few rows of urns:
// it looks up the last change of each until then by an index.
const fromEachAsOf = ` FROM urns u CROSS JOIN LATERAL (
		SELECT number, kind, document_id, bytes FROM changes h WHERE h.urn_id = u.id AND h.number <= $1 ORDER BY h.number DESC LIMIT 1) c
	CROSS JOIN LATERAL (SELECT * FROM documents d WHERE d.id = c.document_id OFFSET 0) d `

// Current implements producer.Store. The order depends on the structures only, so that a job
// that is continued is cut into the same chunks.
func (p *ProducerStore) Current(ctx context.Context, asOf registry.Number) ([]producer.Entry, error) {
	tx, err := p.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(ctx)
	rows, err := tx.Query(ctx, `SELECT u.urn, c.document_id, c.bytes, c.replaced`+fromAsOf, asOf)
	if err != nil {
		return nil, err
	}
	var entries []producer.Entry
	var replaced []int    // indexes of entries whose references are not in table refs any more
	at := map[int64]int{} // index by document
	var e producer.Entry
	var urn string
	var old bool
	_, err = pgx.ForEachRow(rows, []any{&urn, &e.Document, &e.Bytes, &old}, func() (err error) {
		if old {
			replaced = append(replaced, len(entries))
		}
		at[e.Document] = len(entries)
		e.URN, err = sdmx.ParseURN(urn)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	nodes := make([]registry.Node, len(entries))
	for i := range entries {
		nodes[i].URN = entries[i].URN
	}
	if err := currentRefs(ctx, tx, asOf, at, nodes); err != nil {
		return nil, err
	}
	if err := tx.Rollback(ctx); err != nil { // the snapshot is not needed for the documents
		return nil, err
	}
	if err := p.parsedRefs(ctx, entries, replaced, nodes); err != nil {
		return nil, fmt.Errorf("what was current after transaction %d cannot be read: %w", asOf, err)
	}
	out := make([]producer.Entry, 0, len(entries))
	for _, i := range registry.Order(nodes) {
		out = append(out, entries[i])
	}
	return out, nil
}

// currentRefs sets the references of the nodes that are still current, from table refs.
func currentRefs(ctx context.Context, q querier, asOf registry.Number, at map[int64]int, nodes []registry.Node) error {
	rows, err := q.Query(ctx, `
		SELECT DISTINCT r.document_id, r.class, r.agency, r.name, r.version FROM current c JOIN refs r ON r.document_id = c.document_id
		WHERE c.number <= $1`, asOf)
	if err != nil {
		return err
	}
	var document int64
	var class, agency, id, version string
	_, err = pgx.ForEachRow(rows, []any{&document, &class, &agency, &id, &version}, func() error {
		r := sdmx.Ref{URN: sdmx.URN{Agency: agency, ID: id, Version: sdmx.Version(version)}}
		r.Class, _ = sdmx.ClassByName(class)
		n := &nodes[at[document]]
		n.Refs = append(n.Refs, r)
		return nil
	})
	for i := range nodes {
		sortRefs(nodes[i].Refs)
	}
	return err
}

// parsedRefs sets the references of the nodes that were replaced since, from their documents.
func (p *ProducerStore) parsedRefs(ctx context.Context, entries []producer.Entry, replaced []int, nodes []registry.Node) error {
	const batch = 64
	for places := range slices.Chunk(replaced, batch) {
		ids := make([]int64, len(places))
		for i, at := range places {
			ids[i] = entries[at].Document
		}
		bodies, err := p.Bodies(ctx, ids)
		if err != nil {
			return err
		}
		for i, at := range places {
			m, err := sdmx.ParseCanonical(entries[at].URN.Class, bodies[i])
			if err != nil {
				return fmt.Errorf("%s: %w", entries[at].URN, err)
			}
			n := &nodes[at]
			for _, r := range sdmx.Refs(m) {
				n.Refs = append(n.Refs, sdmx.Ref{URN: r.URN})
			}
			sortRefs(n.Refs)
		}
	}
	return nil
}

func sortRefs(refs []sdmx.Ref) {
	slices.SortFunc(refs, func(a, b sdmx.Ref) int { return a.URN.Compare(b.URN) })
}
