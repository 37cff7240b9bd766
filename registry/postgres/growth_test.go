package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/registry"
	"urncast/registry/plan"
	"urncast/registry/postgres"
	"urncast/sdmx"
)

// explained is the configuration with which the server logs the plan of every statement, with
// the pages that it touches.
const explained = "&options=-c%20session_preload_libraries%3Dauto_explain%20-c%20auto_explain.log_min_duration%3D0" +
	"%20-c%20auto_explain.log_analyze%3Don%20-c%20auto_explain.log_buffers%3Don%20-c%20auto_explain.log_timing%3Doff" +
	"%20-c%20auto_explain.log_nested_statements%3Don"

// lists is the number of current codelists, whatever the length of the log is.
const lists = 1000

// fill records a log of n transactions: the first creates the lists, and schemes that refer to
// the first list; each later one changes a list in turn. Every third is skipped by the
// producer, and each has a structure that was left out.
func fill(t testing.TB, r *plan.Registry, s *postgres.Store, p *postgres.ProducerStore, n int) {
	t.Helper()
	all := make([]sdmx.Maintainable, 0, lists+20)
	for i := range lists {
		all = append(all, codelist(fmt.Sprintf("CL_%d", i), "1.0", "a", "b", "c"))
	}
	for i := range 20 {
		all = append(all, concepts(fmt.Sprintf("CS_%d", i), codelist("CL_0", "1.0"), "X", "Y"))
	}
	submit(t, r, registry.ModeReplace, all...)
	for _, sql := range []string{
		`CREATE TEMP TABLE n AS SELECT n, 100000 + n AS document, c.urn_id, d.body, d.digest, d.structural, c.bytes, greatest(n - ` + fmt.Sprint(lists) + `, 1) AS before
			FROM generate_series(2, $1::int) n JOIN (SELECT row_number() OVER (ORDER BY c.urn_id) - 1 AS place, c.* FROM current c JOIN urns u ON u.id = c.urn_id
				WHERE u.class = 'Codelist') c ON c.place = n % ` + fmt.Sprint(lists) + ` JOIN documents d ON d.id = c.document_id ORDER BY n`,
		`INSERT INTO transactions SELECT n, gen_random_uuid(), 1, now() - interval '1 year' + n * interval '1 second', 0, 1, bytes, 'u', 'replace', '', '' FROM n`,
		`INSERT INTO documents (id, digest, structural, immutable, final, body) OVERRIDING SYSTEM VALUE SELECT document, digest, structural, false, false, body FROM n`,
		`INSERT INTO changes (number, position, urn_id, kind, document_id, before_number, bytes) SELECT n, 1, urn_id, 1, document, before, bytes FROM n`,
		`UPDATE changes c SET until_number = n.n FROM n WHERE c.urn_id = n.urn_id AND c.number = n.before`,
		`UPDATE current c SET document_id = n.document, number = n.n, position = 1 FROM n WHERE c.urn_id = n.urn_id AND n.n > (SELECT max(n) FROM n) - ` + fmt.Sprint(lists),
		`SELECT setval('documents_id_seq', (SELECT max(id) FROM documents))`,
		`UPDATE registry SET last_number = (SELECT max(n) FROM n)`,
		`UPDATE transactions SET recorded_at = now() - interval '1 year' WHERE number = 1`,
	} {
		if sql[:11] == "CREATE TEMP" {
			sql = "CREATE UNLOGGED" + sql[len("CREATE TEMP"):]
			sql = regexp.MustCompile(`\$1`).ReplaceAllString(sql, strconv.Itoa(n))
		}
		exec(t, s, sql)
	}
	exec(t, s, `INSERT INTO left_out SELECT $1, n, 'urn', 'it cannot be said' FROM n`, idOf(t, p))
	exec(t, s, `INSERT INTO marks (producer, first, last, status) SELECT $1, n, n, 'SKIPPED' FROM n WHERE n % 3 = 0`, idOf(t, p))
	exec(t, s, `UPDATE producers SET started = true`)
	exec(t, s, `INSERT INTO cursors (producer, number) SELECT $1, max(n) FROM n`, idOf(t, p))
	exec(t, s, `DROP TABLE n`)
	exec(t, s, `VACUUM ANALYZE`)
}

// A measured database counts the pages that statements touch.
type measured struct {
	t      *testing.T
	server *pg.Server
	url    string
	n      registry.Number
	r      *plan.Registry
	s      *postgres.Store
	p      *postgres.ProducerStore
}

func measure(t *testing.T, server *pg.Server, n int) *measured {
	t.Helper()
	m := &measured{t: t, server: server, n: registry.Number(n), url: server.Database(t, fmt.Sprint("log", n))}
	r, s := openOn(t, m.url)
	ctx, cancel := context.WithCancel(context.Background())
	p, err := producerOf(ctx, s, producer.Config{}.WithDefaults(), "")
	if err != nil {
		t.Fatal(err)
	}
	fill(t, r, s, p, n)
	cancel()
	s.Close()
	return m
}

var rootBuffers = regexp.MustCompile(`Buffers: shared( hit=(\d+))?( read=(\d+))?`)

// pages returns the number of pages that the statements of f touch. A backend writes the log
// before it answers, so it is read until nothing follows.
func (m *measured) pages(f func() error) int {
	m.t.Helper()
	before, err := os.ReadFile(m.server.LogFile())
	if err != nil {
		m.t.Fatal(err)
	}
	if err := f(); err != nil {
		m.t.Fatal(err)
	}
	after, err := os.ReadFile(m.server.LogFile())
	if err != nil {
		m.t.Fatal(err)
	}
	sum := 0
	for _, plan := range bytes.Split(after[len(before):], []byte("  plan:"))[1:] {
		// A plan's first line of buffers is that of its root, which holds the others.
		if found := rootBuffers.FindSubmatch(plan); found != nil {
			hit, _ := strconv.Atoi(string(found[2])) // empty is 0
			read, _ := strconv.Atoi(string(found[4]))
			sum += hit + read
		}
	}
	return sum
}

// operations is everything that a start, a publication, a submission and a page do with the
// database.
func (m *measured) operations() (names []string, pages map[string]int) {
	m.t.Helper()
	ctx, cancel := context.WithCancel(m.t.Context())
	m.t.Cleanup(cancel)
	pages = map[string]int{}
	step := func(name string, f func() error) {
		names = append(names, name)
		pages[name] = m.pages(f)
	}
	step("open", func() (err error) {
		m.s, err = postgres.Open(ctx, m.url+explained)
		return err
	})
	m.t.Cleanup(m.s.Close)
	m.r = plan.New(m.s)
	step("producer", func() (err error) {
		m.p, err = producerOf(ctx, m.s, producer.Config{}.WithDefaults(), "")
		time.Sleep(100 * time.Millisecond) // it begins to listen
		return err
	})
	m.reads(ctx, step)
	m.writes(ctx, step)
	cancel() // what listens must end before the store closes
	return names, pages
}

func (m *measured) reads(ctx context.Context, step func(string, func() error)) {
	n, r, p := m.n, m.r, m.p
	find := func(q registry.Query) func() error {
		return func() error {
			return r.Find(ctx, q, nil, func(sdmx.URN, []byte) error { return nil })
		}
	}
	step("status", func() error { _, err := p.Status(ctx); return err })
	step("counts", func() error { _, _, err := r.Counts(ctx); return err })
	step("sizes", func() error { _, err := r.Sizes(ctx); return err })
	step("housekeeping", func() error { _, err := r.Housekeeping(ctx); return err })
	step("housekeeping, nothing to do", func() error {
		_, err := r.Housekeep(ctx, registry.HousekeepingOrder{By: registry.Actor{User: "test"}})
		return err
	})
	step("console's page of the log", func() error { _, err := r.Latest(ctx, 0, 25); return err })
	step("a page in the middle, downwards", func() error { _, err := r.Latest(ctx, n/2, 25); return err })
	step("a page in the middle, upwards", func() error { _, err := r.Transactions(ctx, n/2, 25); return err })
	step("what became of the newest", func() error { _, err := p.Statuses(ctx, n-24, n); return err })
	step("what became of those in the middle", func() error { _, err := p.Statuses(ctx, n/2, n/2+24); return err })
	step("one transaction", func() error { _, _, err := r.Transaction(ctx, n/2); return err })
	step("content of one", func() error {
		return r.Content(ctx, n/2, nil, func(sdmx.URN, []byte) error { return nil })
	})
	step("one structure", find(registry.Query{Classes: []sdmx.Class{sdmx.ClassCodelist}, IDs: []string{"CL_7"}}))
	step("one structure, as of a moment ago", find(registry.Query{Classes: []sdmx.Class{sdmx.ClassCodelist}, IDs: []string{"CL_7"}, AsOf: n - 5}))
	step("all structures", find(registry.Query{}))
	step("all structures, as of a moment ago", find(registry.Query{AsOf: n - 5}))
	step("dangling references", func() error { _, err := r.Dangling(ctx); return err })
	step("pending", func() error {
		got, err := p.Pending(ctx, n-50, 1<<20)
		if len(got) != 50 {
			return fmt.Errorf("%d pending, %v", len(got), err)
		}
		return err
	})
	step("a page of a transaction", func() error { _, err := p.Page(ctx, n/2, 1, 1<<20); return err })
	step("a baseline's list", func() error {
		got, err := p.Current(ctx, n-5)
		if len(got) != lists+20 {
			return fmt.Errorf("%d entries, %v", len(got), err)
		}
		return err
	})
	step("skips", func() error { _, err := p.Skips(ctx, n); return err })
	step("producer's row", func() error {
		h, err := p.Acquire(ctx, nobody)
		if err != nil {
			return err
		}
		defer h.Release()
		if _, err := h.Load(ctx); err != nil {
			return err
		}
		return h.Move(ctx, producer.Cursor{Number: n}, nil)
	})
}

func (m *measured) writes(ctx context.Context, step func(string, func() error)) {
	one := func(mode registry.Mode, ms ...sdmx.Maintainable) func() error {
		return func() error {
			o, err := m.r.Submit(ctx, submission(mode, ms...))
			if err == nil && len(o.Transactions) == 0 {
				return fmt.Errorf("nothing was recorded: %+v", o.Results)
			}
			return err
		}
	}
	step("a new list", one(registry.ModeReplace, codelist("NEW", "1.0", "a")))
	step("a changed list", one(registry.ModeReplace, codelist("CL_9", "1.0", "z")))
	step("a changed list that others refer to", one(registry.ModeReplace, codelist("CL_0", "1.0", "z")))
	step("a changed scheme", one(registry.ModeReplace, concepts("CS_3", codelist("CL_0", "1.0"), "Z")))
	step("a delete", one(registry.ModeDelete, codelist("CL_11", "1.0")))
}

// A log that is ten times as long makes nothing slower: no start, page, publication or
// submission touches more pages of the database than with a short one, except for the depth of
// its indexes.
func TestALongLogCostsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("it fills a database with 200,000 transactions")
	}
	server := pg.Start(t)
	short, long := measure(t, server, 20_000), measure(t, server, 200_000)
	// What returns every structure looks each up twice, in an index and in the table.
	whole := map[string]int{"all structures": 9 * (lists + 20), "all structures, as of a moment ago": 9 * (lists + 20)}
	names, few := short.operations()
	_, many := long.operations()
	for _, name := range names {
		t.Logf("%-40s %6d pages, on the long log %6d", name, few[name], many[name])
		if few[name] == 0 && name != "producer" {
			t.Errorf("%s: no plan was logged; this test measures nothing", name)
		}
		if many[name] > max(few[name]*3/2+30, whole[name]) {
			t.Errorf("%s: %d pages on a log of 20,000, %d on one of 200,000", name, few[name], many[name])
		}
	}
	if n := count(t, long.s, `SELECT count(*) FROM current c JOIN urns u ON u.id = c.urn_id WHERE u.class = 'Codelist'`); n != lists {
		t.Errorf("%d lists are current, want %d", n, lists)
	}
	if n, _, err := long.r.Counts(t.Context()); err != nil || n[sdmx.ClassCodelist] != lists || n[sdmx.ClassConceptScheme] != 20 {
		t.Errorf("the counts that are kept beside are %v, %v", n, err)
	}
}
