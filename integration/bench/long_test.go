//go:build bench

package bench

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

const (
	shortLog = 1_000
	longLog  = 1_000_000
	// pendingLog is the number of transactions in the backlog.
	pendingLog = 100_000
	// longLists is the number of current structures, with the long log and with the short one.
	longLists = 500
)

// TestLongLife compares a database with a million transactions to one with a thousand, and
// publishes a long backlog.
func TestLongLife(t *testing.T) {
	out := &table{}
	defer out.print()
	k, s := rig.StartKafkaForBench(t), pg.StartIn(t, "")
	few := registryRows(t, k, s, shortLog)
	many := registryRows(t, k, s, longLog)
	for i := range few {
		few[i].ours, few[i].bare, few[i].bareName = many[i].ours, few[i].ours, "with 1,000 transactions"
		few[i].what += ", 1,000,000 transactions"
		few[i].aim = "≤ 1.3×"
	}
	out.rows = append(out.rows, few...)
	drained(t, k, s, out)
	short := newWorld(t, k, s, "short")
	short.age(longLists, 2, 1+shortLog, 1)
	if err := short.product.Start(); err != nil {
		t.Fatal(err)
	}
	short.await(status.settled)
	out.recovered("with 1,000 on the topic", short)
}

// registryRows measures a registry with a log of n transactions.
func registryRows(t *testing.T, k *rig.Kafka, s *pg.Server, n int) []row {
	w := newWorld(t, k, s, fmt.Sprint("lived", n))
	w.age(longLists, 2, n, n)
	var start figure
	for round := range rounds + 1 {
		began := time.Now()
		if err := w.product.Start(); err != nil {
			t.Fatal(err)
		}
		took := time.Since(began).Seconds() * 1000
		w.await(status.settled)
		if round > 0 { // in the first round the database has no pages cached
			start = append(start, took)
		}
		if round < rounds {
			if err := w.product.Stop(); err != nil {
				t.Fatal(err)
			}
		}
	}
	submit := w.median(200, func(i int) {
		w.submit(rig.Message(rig.Codelist{ID: fmt.Sprintf("L_%d", i), Name: fmt.Sprintf("changed %d", i), Codes: 1}))
	})
	w.await(status.settled)
	page := func(path string) figure {
		return w.median(100, func(int) {
			if code, body, err := w.product.Get(path); err != nil || code != http.StatusOK {
				t.Errorf("%s: %d %s %v", path, code, body, err)
			}
		})
	}
	return []row{
		{what: "start to ready", unit: "ms", ours: start},
		{what: "submission of one structure, p50", unit: "ms", ours: submit},
		{what: "console's first page, p50", unit: "ms", ours: page("/")},
		{what: "newest page of the feed (50), p50", unit: "ms", ours: page(fmt.Sprintf("/api/v1/transactions?limit=50&after=%d", n-50))},
		{what: "middle page of the feed (50), p50", unit: "ms", ours: page(fmt.Sprintf("/api/v1/transactions?limit=50&after=%d", n/2))},
		{what: "one structure as of 100 transactions ago, p50", unit: "ms", ours: page(fmt.Sprintf("/sdmx/v2/structure/codelist/RIG/L_7?format=fusion-json&asOf=%d", n-100))},
		{what: "metrics, p50", unit: "ms", ours: page("/metrics")},
	}
}

// median returns the median duration of n calls for each round.
func (w *world) median(n int, f func(i int)) (out figure) {
	for range rounds {
		all := make([]time.Duration, n)
		for i := range all {
			began := time.Now()
			f(i)
			all[i] = time.Since(began)
		}
		out = append(out, percentile(all, 0.5))
		f = shifted(f, n)
	}
	return out
}

// shifted adds n to the argument of f, so that a round does not repeat the submissions of the round
// before.
func shifted(f func(int), n int) func(int) { return func(i int) { f(i + n) } }

// age inserts lists and a log of changes to them, from one transaction number to another, by SQL;
// sent is the last transaction that the producer has sent. The product is stopped meanwhile.
func (w *world) age(lists, from, to, sent int) {
	w.t.Helper()
	if from == 2 {
		all := make([]rig.Codelist, lists)
		for i := range all {
			all[i] = rig.Codelist{ID: fmt.Sprintf("L_%d", i), Name: fmt.Sprintf("List %d", i), Codes: 1}
		}
		w.submit(rig.Message(all...))
		w.await(status.settled)
	}
	if err := w.product.Stop(); err != nil {
		w.t.Fatal(err)
	}
	for _, sql := range []string{
		fmt.Sprintf(`CREATE UNLOGGED TABLE n AS SELECT n, 1000000 + n AS document, c.urn_id, d.body, d.digest, d.structural, c.bytes, greatest(n - %d, 1) AS before
			FROM generate_series(%d, %d) n JOIN (SELECT row_number() OVER (ORDER BY urn_id) - 1 AS place, * FROM current) c ON c.place = n %% %d
			JOIN documents d ON d.id = c.document_id ORDER BY n`, lists, from, to, lists),
		`CREATE UNIQUE INDEX n_key ON n (urn_id, before)`,
		`INSERT INTO transactions SELECT n, gen_random_uuid(), 1, now() - interval '1 year' + n * interval '1 second', 0, 1, bytes, 'u', 'replace', '', '' FROM n`,
		`INSERT INTO documents (id, digest, structural, immutable, final, body) OVERRIDING SYSTEM VALUE SELECT document, digest, structural, false, false, body FROM n`,
		`INSERT INTO changes (number, position, urn_id, kind, document_id, before_number, bytes, until_number)
			SELECT n.n, 1, n.urn_id, 1, n.document, n.before, n.bytes, later.n FROM n LEFT JOIN n later ON later.urn_id = n.urn_id AND later.before = n.n`,
		`UPDATE changes c SET until_number = n.n FROM n WHERE c.number = 1 AND n.before = 1 AND c.urn_id = n.urn_id`,
		fmt.Sprintf(`UPDATE current c SET document_id = n.document, number = n.n, position = 1 FROM n WHERE c.urn_id = n.urn_id AND n.n > %d`, to-lists),
		`SELECT setval('documents_id_seq', (SELECT max(id) FROM documents))`,
		fmt.Sprintf(`UPDATE registry SET last_number = %d`, to),
		fmt.Sprintf(`UPDATE cursors SET number = %d`, sent),
		`DROP TABLE n`,
		`VACUUM ANALYZE`,
	} {
		w.sql(sql)
	}
}

// drained measures how fast a backlog is sent, one Kafka transaction each, and asserts that memory
// stays bounded.
func drained(t *testing.T, k *rig.Kafka, s *pg.Server, out *table) {
	w := newWorld(t, k, s, "backlog")
	w.age(longLists, 2, 1+pendingLog, 1)
	began := time.Now()
	if err := w.product.Start(); err != nil {
		t.Fatal(err)
	}
	var now status
	for now.Last == 0 || now.Pending > 0 {
		if err := w.product.JSON("/api/v1/producers/default", &now); err != nil || time.Since(began) > 30*time.Minute {
			t.Fatalf("the backlog is not drained: %+v, %v", now, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	took := time.Since(began).Seconds()
	out.rows = append(out.rows,
		row{what: "drain of 100,000 pending, one Kafka transaction each", unit: "/s", ours: figure{pendingLog / took}},
		row{what: "peak resident memory of it", unit: "MiB", ours: figure{w.peak()}, aim: "< 300"})
	out.recovered("with 100,000 on the topic", w)
}

// recovered measures the time from a start after kill -9 to IDLE: with the cursor, and without it,
// so that the whole topic is read.
func (out *table) recovered(name string, w *world) {
	for _, lost := range []bool{false, true} {
		var took figure
		for range rounds {
			w.product.Kill()
			if lost {
				w.sql(`UPDATE cursors SET number = 1, offsets = '{}'`)
			}
			began := time.Now()
			if err := w.product.Start(); err != nil {
				w.t.Fatal(err)
			}
			w.await(func(s status) bool { return s.settled() && s.Since.After(began) })
			took = append(took, time.Since(began).Seconds()*1000)
		}
		what := "kill -9 to IDLE again, " + name
		if lost {
			what += ", cursor lost"
		}
		out.rows = append(out.rows, row{what: what, unit: "ms", ours: took})
	}
}

func (w *world) sql(statement string) {
	w.t.Helper()
	c, err := pgx.Connect(w.t.Context(), w.database)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close(w.t.Context())
	if _, err := c.Exec(w.t.Context(), statement); err != nil {
		w.t.Fatalf("%v\n%s", err, statement)
	}
}

// peak returns the peak memory of the process, in MiB.
func (w *world) peak() (mib float64) {
	w.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.product.Process().PID()))
	if err != nil {
		w.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(b), "VmHWM:")
	if _, err := fmt.Sscan(after, &mib); err != nil {
		w.t.Fatal(err)
	}
	return mib / 1024
}
