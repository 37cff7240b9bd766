package postgres_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of database/sql

	"urncast/producer"
	"urncast/registry"
	"urncast/registry/plan"
	"urncast/registry/postgres"
	"urncast/sdmx"
)

// An older writes as a program of schema version 2 does: it leaves the references of old
// documents, and does not count structures.
type older struct {
	t    *testing.T
	db   *sql.DB
	last registry.Number
}

func (o *older) exec(query string, args ...any) {
	o.t.Helper()
	if _, err := o.db.Exec(query, args...); err != nil {
		o.t.Fatal(err)
	}
}

// record records a transaction of replaces.
func (o *older) record(ms ...sdmx.Maintainable) {
	o.t.Helper()
	o.last++
	o.exec(`INSERT INTO transactions (number, id, kind, recorded_at, structures, bytes, user_name, origin, traceparent, correlation_id)
		VALUES ($1, gen_random_uuid(), 1, now() - interval '30 days', $2, 1, 'older', 'replace', '', '')`, o.last, len(ms))
	for i, m := range ms {
		if err := sdmx.Complete(m); err != nil {
			o.t.Fatal(err)
		}
		u, body := sdmx.URNOf(m), sdmx.AppendCanonical(nil, m)
		digest, structural := sdmx.DigestOf(body), sdmx.StructuralDigest(m)
		o.exec(`INSERT INTO urns (urn, class, agency, name, version) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			u.String(), u.Class.String(), u.Agency, u.ID, string(u.Version))
		o.exec(`WITH input AS (
				SELECT nextval('documents_id_seq') AS document_id, u.id AS urn_id, coalesce(c.number, 0) AS before, c.position AS before_position
				FROM urns u LEFT JOIN current c ON c.urn_id = u.id WHERE u.urn = $1
			), docs AS (
				INSERT INTO documents (id, digest, structural, immutable, final, body) OVERRIDING SYSTEM VALUE
				SELECT document_id, $2::bytea, $3::bytea, false, false, $4::bytea FROM input
			), closed AS (
				UPDATE changes SET until_number = $5 FROM input n WHERE changes.number = n.before AND changes.position = n.before_position
			), logged AS (
				INSERT INTO changes (number, position, urn_id, kind, document_id, before_number, bytes)
				SELECT $5, $6::int, urn_id, 1, document_id, before, length($4::bytea) FROM input
			)
			INSERT INTO current (urn_id, document_id, number, position, bytes) SELECT urn_id, document_id, $5, $6::int, length($4::bytea) FROM input
			ON CONFLICT (urn_id) DO UPDATE SET document_id = excluded.document_id, number = excluded.number, position = excluded.position`,
			u.String(), digest[:], structural[:], body, o.last, i+1)
		for _, r := range sdmx.Refs(m) {
			o.exec(`INSERT INTO refs SELECT c.document_id, $2, $3, $4, $5, '', '' FROM current c JOIN urns u ON u.id = c.urn_id WHERE u.urn = $1`,
				u.String(), r.Class.String(), r.Agency, r.ID, string(r.Version))
		}
	}
	o.exec(`UPDATE registry SET last_number = $1`, o.last)
}

// A database with an older schema is upgraded with all of its content, and the older version
// of the program may continue to write beside the new one.
func TestUpgradeKeepsEverything(t *testing.T) {
	ctx := context.Background()
	url, db := olderSchema(t, 2)
	o := &older{t: t, db: db}
	list := codelist("CL", "1.0", "a")
	o.record(list, concepts("CS", list, "X"))
	o.record(codelist("CL", "1.0", "a", "b"))
	o.record(concepts("CS", list, "X", "Y"), concepts("CS2", list, "Z"))
	o.exec(`INSERT INTO producers (name, topic, format, prefix, sender, started, state, sent_topic, sent_format) VALUES ('default', 't', 'fusion-json', 'tx', 'S', true, 'IDLE', 't', 'fusion-json')`)
	o.exec(`INSERT INTO cursors (producer, number, kafka_offset) SELECT id, 2, 7 FROM producers`)
	o.exec(`INSERT INTO marks (producer, first, last, status) SELECT id, 1, 1, 'SKIPPED' FROM producers`)
	o.exec(`INSERT INTO left_out SELECT id, 2, 'urn', 'why' FROM producers`)

	r, s := openOn(t, url)
	checkUpgraded(t, r, s)

	// The older program continues to write, and then the new one writes.
	o.record(concepts("CS", nil, "X"))
	o.record(codelist("NEW", "1.0", "n"), concepts("CS2", nil, "Z"))
	if n, last, err := r.Counts(ctx); err != nil || last != 5 || n[sdmx.ClassCodelist] != 2 || n[sdmx.ClassConceptScheme] != 2 {
		t.Errorf("beside an older program the counts are %v, %d, %v", n, last, err)
	}
	want(t, submit(t, r, registry.ModeDelete, list), "6 deleted") // nothing refers to it now
	if d, err := r.Dangling(ctx); err != nil || len(d) != 0 {
		t.Errorf("references of old documents count: %v, %v", d, err)
	}
	pass(t, s, 30)
	exec(t, s, `UPDATE cursors SET number = 6`)
	keep(t, r, 1, 0)
	if done := housekeep(t, r); done.Horizon != 5 || done.Documents != 4 {
		t.Errorf("housekeeping on what the older program wrote: %+v", done)
	}
	if got, err := asOf(r, 5); err != nil || got != "CL ab, NEW n, CS X, CS2 Z" {
		t.Errorf("as of 5: %q, %v", got, err)
	}
	if n := count(t, s, `SELECT count(*) FROM refs r WHERE NOT EXISTS (SELECT FROM documents d WHERE d.id = r.document_id)`); n != 0 {
		t.Errorf("%d references of documents that are gone are left", n)
	}
}

func checkUpgraded(t *testing.T, r *plan.Registry, s *postgres.Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	for n, want := range map[registry.Number]string{1: "CL a, CS X", 2: "CL ab, CS X", 3: "CL ab, CS XY, CS2 Z"} {
		if got, err := asOf(r, n); got != want || err != nil {
			t.Errorf("as of %d: %q, %v; want %q", n, got, err, want)
		}
	}
	if ts, err := r.Transactions(ctx, 0, 10); err != nil || len(ts) != 3 || ts[0].User != "older" {
		t.Errorf("the log: %+v, %v", ts, err)
	}
	if n, last, err := r.Counts(ctx); err != nil || last != 3 || n[sdmx.ClassCodelist] != 1 || n[sdmx.ClassConceptScheme] != 2 {
		t.Errorf("the counts: %v, %d, %v", n, last, err)
	}
	wantReason(t, submit(t, r, registry.ModeDelete, codelist("CL", "1.0")), registry.ReasonReferenced, "CS2(1.0)")
	if h, err := r.Housekeeping(ctx); err != nil || !h.Keep.All() || h.Horizon != 0 {
		t.Errorf("an upgrade removes nothing: %+v, %v", h, err)
	}
	p, err := producerOf(ctx, s, producer.Config{Name: "default"}.WithDefaults(), "")
	if err != nil {
		t.Fatal(err)
	}
	if st, err := p.Status(ctx); err != nil || !st.Started || st.Sent != 2 || st.Pending != 1 || st.LeftOut != 1 {
		t.Errorf("the producer: %+v, %v", st, err)
	}
	if st, err := p.Status(ctx); err != nil || len(st.Along) != 1 || st.Along[0].Topic != "t" || st.Along[0].Format != "fusion-json" || st.Reached["t"] != 7 {
		t.Errorf("what it was published along: %+v, %v", st, err)
	}
	// An older version of the program notices that it does not publish any more.
	if _, err := s.Pool().Exec(ctx, `SELECT keep_term(id, 1, 'older') FROM producers`); err == nil || !strings.Contains(err.Error(), "UC001") || !strings.Contains(err.Error(), "upgraded") {
		t.Errorf("a write of the program before: %v", err)
	}
	if st, err := p.Statuses(ctx, 1, 3); err != nil || st[1].Status != "SKIPPED" || st[2].Status != "SENT" || st[3].Status != "PENDING" {
		t.Errorf("what became of the transactions: %v, %v", st, err)
	}
	entries, err := p.Current(ctx, 2)
	var order []string
	for _, e := range entries {
		order = append(order, e.URN.ID)
	}
	if got := strings.Join(order, " "); got != "CL CS" || err != nil {
		t.Errorf("a baseline as of 2: %q, %v", got, err)
	}
}
