package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/plan"
	"urncast/registry/postgres"
	"urncast/sdmx"
)

const (
	// manyStructures are current, of manyChanges in the log.
	manyStructures, manyChanges = 50_000, 200_000
	// quick is longer than any page or question may take that does not ask for all, on a
	// machine that does other things too.
	quick = 500 * time.Millisecond
)

// kindsOf has the classes of the structures of a large registry, by their number modulo 5,
// with a document for each.
func kindsOf(t testing.TB) (prefixes []string, bodies [][]byte, digests [][]byte) {
	t.Helper()
	list := codelist("X", "1.0", "a", "b", "c")
	flow := &sdmx.Dataflow{}
	flow.Agency, flow.ID, flow.Version, flow.Names = "A", "X", "1.0", list.Names
	dsd := &sdmx.DataStructure{}
	dsd.Agency, dsd.ID, dsd.Version, dsd.Names = "A", "X", "1.0", list.Names
	for _, m := range []sdmx.Maintainable{list, concepts("X", nil, "A", "B"), dsd, flow, list} {
		if err := sdmx.Complete(m); err != nil {
			t.Fatal(err)
		}
		prefix, _, _ := strings.Cut(sdmx.URNOf(m).String(), "=")
		body := sdmx.AppendCanonical(nil, m)
		digest := sdmx.DigestOf(body)
		prefixes, bodies, digests = append(prefixes, prefix), append(bodies, body), append(digests, digest[:])
	}
	return prefixes, bodies, digests
}

// fillMany makes a registry of 50,000 structures of 100 agencies and as many below them,
// and a log of 200,000 changes. Data structures refer to concepts and codelists, and
// dataflows to data structures; the last of them to what is not there.
func fillMany(t testing.TB, s *postgres.Store) {
	t.Helper()
	prefixes, bodies, digests := kindsOf(t)
	exec(t, s, `CREATE UNLOGGED TABLE kinds AS SELECT place - 1 AS kind, prefix, regexp_replace(prefix, '.*\.', '') AS class, body, digest
		FROM unnest($1::text[], $2::bytea[], $3::bytea[]) WITH ORDINALITY k (prefix, body, digest, place)`, prefixes, bodies, digests)
	for _, sql := range []string{
		`INSERT INTO urns (urn, class, agency, name, version) SELECT prefix || '=' || agency || ':' || name || '(1.0)', class, agency, name, '1.0'
			FROM (SELECT k.*, 'AG' || n / 5 % 100 || CASE n % 2 WHEN 0 THEN '' ELSE '.SUB' END AS agency, 'ID_' || n AS name FROM generate_series(1, #s) n JOIN kinds k ON k.kind = n % 5 ORDER BY n) x`,
		`INSERT INTO documents (digest, structural, immutable, final, body) SELECT digest, digest, false, false, body FROM generate_series(1, #c) n JOIN kinds ON kind = n % 5 ORDER BY n`,
		`INSERT INTO transactions SELECT n, gen_random_uuid(), 1, now() - interval '1 year' + n * interval '150 seconds', 0, 1, 100, 'user' || n % 50, 'replace', '', '' FROM generate_series(1, #c) n`,
		`INSERT INTO changes SELECT n, 1, (n - 1) % #s + 1, 1, n, greatest(n - #s, 0), 100, CASE WHEN n + #s <= #c THEN n + #s END FROM generate_series(1, #c) n`,
		`INSERT INTO current SELECT urn_id, document_id, number, 1, 100 FROM changes WHERE until_number IS NULL`,
		`INSERT INTO refs SELECT c.document_id, 'ConceptScheme', t.agency, t.name, '1.0', 'Concept', CASE i WHEN 1 THEN 'A' ELSE 'B' END FROM current c JOIN urns u ON u.id = c.urn_id
			CROSS JOIN generate_series(1, 2) i JOIN urns t ON t.id = u.id - 1 WHERE u.class = 'DataStructure'`,
		`INSERT INTO refs SELECT c.document_id, 'Codelist', t.agency, t.name, '1.0', '', '' FROM current c JOIN urns u ON u.id = c.urn_id
			CROSS JOIN generate_series(0, 7) i JOIN urns t ON t.id = (u.id * 7 + i * 5) / 5 * 5 % #s + 5 WHERE u.class = 'DataStructure'`,
		`INSERT INTO refs SELECT c.document_id, t.class, t.agency, CASE WHEN u.id > #s - 20 THEN 'NOT_THERE' ELSE t.name END, '1.0', '', '' FROM current c JOIN urns u ON u.id = c.urn_id
			JOIN urns t ON t.id = u.id - 1 WHERE u.class = 'Dataflow'`,
		`UPDATE registry SET last_number = #c`,
		`ALTER TABLE audit DISABLE TRIGGER number_act`, // which is made for one act at a time
		`INSERT INTO audit (id, at, user_name, remote, action, subject, detail)
			SELECT n, now() - interval '1 year' + n * interval '150 seconds', 'user' || n % 50, '', 'action ' || n % 7, 'transaction ' || n, '{}' FROM generate_series(1, #c) n`,
		`ALTER TABLE audit ENABLE TRIGGER number_act`,
		`INSERT INTO labels SELECT id, urn, class, agency, name, name, lower(name), 3, true FROM urns`,
		`UPDATE labelled SET number = #c, position = 1`,
		`UPDATE producers SET started = true`,
		`INSERT INTO cursors (producer, number) SELECT id, #c - 5 FROM producers`,
		`INSERT INTO sent_transactions SELECT p.id, n, now() - interval '1 year' + n * interval '150 seconds', 10, '{}' FROM producers p, generate_series(1, #c - 5) n`,
		`INSERT INTO left_out SELECT p.id, n, 'urn', 'r' FROM producers p, generate_series(1, #c, 10) n`,
		`INSERT INTO marks (producer, first, last, status) SELECT p.id, n, n, 'SKIPPED' FROM producers p, generate_series(3, #c - 5, 3) n`,
		`INSERT INTO jobs (producer, kind, as_of, phase, created_at, ended_at) SELECT p.id, 'baseline', n, 'done', now(), now() FROM producers p, generate_series(1, 100) n`,
		`DROP TABLE kinds`,
	} {
		exec(t, s, strings.NewReplacer("#s", fmt.Sprint(manyStructures), "#c", fmt.Sprint(manyChanges)).Replace(sql))
	}
}

// large are the tables that grow with the registry or its log.
var large = regexp.MustCompile(`Seq Scan on (urns|documents|transactions|changes|current|refs|audit|labels|sent_transactions|marks|left_out)\b`)

// A question is one that a page or the API asks. What asks for all reads the tables that
// whole names.
type question struct {
	name  string
	whole string // separated by spaces
	ask   func(context.Context) error
}

// questions is everything that is asked of a store.
func questions(r *plan.Registry, s *postgres.Store, p *postgres.ProducerStore) []question {
	return slices.Concat(aboutStructures(r, s), aboutLog(s), aboutActs(s), aboutProducer(s, p))
}

// oneList is a structure of the large registry.
var oneList = sdmx.URN{Class: sdmx.ClassCodelist, Agency: "AG0", ID: "ID_500", Version: "1.0"}

func aboutStructures(r *plan.Registry, s *postgres.Store) []question {
	key := registry.KeyOf(oneList)
	find := func(q registry.Query) func(context.Context) error {
		return func(ctx context.Context) error {
			return s.Find(ctx, q, func(registry.Stored) error { return nil })
		}
	}
	lists, ids, agencies := []sdmx.Class{sdmx.ClassCodelist}, []string{"ID_500"}, []string{"AG7.SUB"}
	const all, old = "current urns documents", "current urns documents changes"
	return []question{
		{"find one", "", find(registry.Query{Classes: lists, Agencies: []string{"AG0"}, IDs: ids})},
		{"find by id", "", find(registry.Query{IDs: ids})},
		{"find of an agency", "", find(registry.Query{Agencies: agencies})},
		{"find a class of an agency", "", find(registry.Query{Classes: lists, Agencies: agencies})},
		{"find a class", all, find(registry.Query{Classes: lists})},
		{"find all", all, find(registry.Query{})},
		{"find one, as of", "", find(registry.Query{Classes: lists, Agencies: []string{"AG0"}, IDs: ids, AsOf: manyChanges / 2})},
		{"find by id, as of", "", find(registry.Query{IDs: ids, AsOf: manyChanges / 2})},
		{"find of an agency, as of", "", find(registry.Query{Agencies: agencies, AsOf: manyChanges - 5})},
		{"find all, as of a moment ago", all, find(registry.Query{AsOf: manyChanges - 5})},
		{"find all, as of long ago", old, find(registry.Query{AsOf: manyChanges / 2})},
		{"versions", "", func(ctx context.Context) error { _, err := s.Versions(ctx, []registry.Key{key}); return err }},
		{"bodies", "", func(ctx context.Context) error { _, err := s.Bodies(ctx, []int64{3, 5}); return err }},
		{"referring", "", func(ctx context.Context) error { _, err := s.Referring(ctx, []registry.Key{key}); return err }},
		{"owners", "", func(ctx context.Context) error { _, err := s.Maintains(ctx, "AG7"); return err }},
		{"owners, none", "", func(ctx context.Context) error { _, err := s.Maintains(ctx, "NOBODY"); return err }},
		{"referring to an agency", "", func(ctx context.Context) error { _, _, err := s.ReferringAgency(ctx, "AG7"); return err }},
		{"maintained by an agency", "", func(ctx context.Context) error { _, err := s.Maintained(ctx, agencies); return err }},
		{"maintained by all", all, func(ctx context.Context) error { _, err := s.Maintained(ctx, nil); return err }},
		{"dangling", "refs current urns", func(ctx context.Context) error { _, err := r.Dangling(ctx); return err }},
	}
}

func aboutLog(s *postgres.Store) []question {
	now := time.Now()
	log := func(q registry.LogQuery) func(context.Context) error {
		q.Limit = 25
		return func(ctx context.Context) error { _, err := s.Log(ctx, q); return err }
	}
	return []question{
		{"counts", "", func(ctx context.Context) error { _, err := s.Sizes(ctx); return err }},
		{"log", "", log(registry.LogQuery{})},
		{"log in the middle", "", log(registry.LogQuery{Before: manyChanges / 2, Kind: registry.Replace})},
		{"log of a user", "", log(registry.LogQuery{User: "user7"})},
		{"log since", "", log(registry.LogQuery{Since: now.Add(-400 * 24 * time.Hour)})},
		{"log of an id", "", log(registry.LogQuery{Of: "id_500"})},
		{"log of a URN", "", log(registry.LogQuery{Of: oneList.String()})},
		{"log of a short URN", "", log(registry.LogQuery{Of: "AG0:ID_500(1.0)"})},
		{"log of an agency", "", log(registry.LogQuery{Of: "AG7.SUB"})},
		{"feed", "", func(ctx context.Context) error { _, err := s.Transactions(ctx, manyChanges/2, 100); return err }},
		{"changes", "", func(ctx context.Context) error { _, err := s.Changes(ctx, manyChanges/2); return err }},
		{"firsts", "", func(ctx context.Context) error { _, err := s.Firsts(ctx, manyChanges/2, manyChanges/2+25); return err }},
		{"transitions", "", func(ctx context.Context) error { _, err := s.Transitions(ctx, manyChanges/2, 1, 100); return err }},
		{"history", "", func(ctx context.Context) error { _, err := s.History(ctx, oneList, 0, 20); return err }},
		{"volume", "", func(ctx context.Context) error {
			_, err := s.Volume(ctx, now.Add(-24*time.Hour), time.Hour)
			return err
		}},
		{"housekeeping, dry", "changes", func(ctx context.Context) error { _, err := s.HousekeepDry(ctx); return err }},
	}
}

func aboutActs(s *postgres.Store) []question {
	now := time.Now()
	acts := func(q access.Query) func(context.Context) error {
		q.Limit = 25
		return func(ctx context.Context) error { _, err := s.Access().Acts(ctx, q); return err }
	}
	return []question{
		{"labelled", "", func(ctx context.Context) error { _, _, err := s.Labelled(ctx); return err }},
		{"unlabelled", "", func(ctx context.Context) error {
			_, err := s.Unlabelled(ctx, registry.Place{Number: manyChanges - 10}, 5)
			return err
		}},
		{"search", "labels", func(ctx context.Context) error {
			_, _, err := s.Search(ctx, registry.SearchQuery{Limit: 25}, []string{"id_50"})
			return err
		}},
		{"structures of an agency", "", func(ctx context.Context) error {
			_, _, err := s.Search(ctx, registry.SearchQuery{Agency: "AG7.SUB", Limit: 25}, nil)
			return err
		}},
		{"agencies", "", func(ctx context.Context) error { _, err := s.Agencies(ctx); return err }},
		{"acts", "", acts(access.Query{})},
		{"acts after", "", acts(access.Query{After: manyChanges - 100})},
		{"acts of a user", "", acts(access.Query{User: "user7", Before: manyChanges})},
		{"acts of a kind", "", acts(access.Query{Action: "action 3"})},
		{"acts of a day", "", acts(access.Query{From: now.Add(-48 * time.Hour), To: now.Add(-24 * time.Hour)})},
		{"acts on a subject", "", acts(access.Query{Subject: "transaction 199"})},
		{"actions", "", func(ctx context.Context) error { _, err := s.Access().Actions(ctx); return err }},
	}
}

func aboutProducer(s *postgres.Store, p *postgres.ProducerStore) []question {
	now := time.Now()
	return []question{
		{"a producer's status", "left_out", // a thousand of them at most
			func(ctx context.Context) error { _, err := p.Status(ctx); return err }},
		{"what became", "", func(ctx context.Context) error {
			_, err := p.Statuses(ctx, manyChanges/2, manyChanges/2+25)
			return err
		}},
		{"lags", "", func(ctx context.Context) error { _, err := p.Lags(ctx, now.Add(-24*time.Hour), time.Hour); return err }},
		{"pending", "", func(ctx context.Context) error { _, err := p.Pending(ctx, manyChanges-50, 1<<20); return err }},
		{"a page of one", "", func(ctx context.Context) error { _, err := p.Page(ctx, manyChanges/2, 1, 1<<20); return err }},
		{"touched", "", func(ctx context.Context) error { _, err := p.Touched(ctx, manyChanges-50, manyChanges); return err }},
		{"ids", "", func(ctx context.Context) error { _, err := p.IDs(ctx, []registry.Number{1, 7}); return err }},
		{"skips", "", func(ctx context.Context) error { _, err := p.Skips(ctx, manyChanges/2); return err }},
		{"jobs", "", func(ctx context.Context) error { _, err := p.Jobs(ctx, 10); return err }},
		{"a baseline's list", "current urns refs", func(ctx context.Context) error { _, err := p.Current(ctx, manyChanges-5); return err }},
		{"amount of all", "current", func(ctx context.Context) error { _, err := s.Amount(ctx, control.Extent{}); return err }},
		{"held", "current urns left_out", func(ctx context.Context) error { _, err := p.Held(ctx); return err }},
		{"largest", "current", func(ctx context.Context) error { _, err := s.Largest(ctx, 3); return err }},
	}
}

// The generic plan of every statement uses indexes: with 50,000 structures and 200,000 changes
// no page or question reads a table that it does not have to read, both with the statistics of
// autovacuum and without.
func TestPlansOfALargeRegistry(t *testing.T) {
	if testing.Short() {
		t.Skip("it fills a database with 200,000 changes")
	}
	server := pg.Start(t)
	url := server.Database(t, "many")
	_, s := openOn(t, url)
	if _, err := producerOf(t.Context(), s, producer.Config{Routes: []producer.Route{{Topic: "t"}}}.WithDefaults(), ""); err != nil {
		t.Fatal(err)
	}
	exec(t, s, `ALTER SYSTEM SET autovacuum = off`)
	exec(t, s, `SELECT pg_reload_conf()`)
	fillMany(t, s)
	const generic = "%20-c%20plan_cache_mode%3Dforce_generic_plan"
	for _, statistics := range []string{"none", "as autovacuum makes them"} {
		if statistics != "none" {
			exec(t, s, `VACUUM ANALYZE`)
		}
		plans := planned(t, server, url+explained+generic)
		took := timed(t, url+"&options=-c%20plan_cache_mode%3Dforce_generic_plan")
		for _, q := range questions(nil, s, nil) {
			var read []string
			for _, m := range large.FindAllSubmatch(plans[q.name], -1) {
				if table := string(m[1]); !slices.Contains(strings.Fields(q.whole), table) && !slices.Contains(read, table) {
					read = append(read, table)
				}
			}
			t.Logf("statistics: %-24s %-32s %8.2f ms", statistics, q.name, float64(took[q.name].Microseconds())/1000)
			if len(plans[q.name]) == 0 {
				t.Errorf("%s: no plan was logged; this test measures nothing", q.name)
			}
			if len(read) > 0 {
				t.Errorf("statistics: %s; %s reads all of %v:\n%s", statistics, q.name, read, plans[q.name])
			}
			if q.whole == "" && took[q.name] > quick {
				t.Errorf("statistics: %s; %s took %s", statistics, q.name, took[q.name])
			}
		}
	}
}

// planned asks every question once, and returns the plans that the server logged.
func planned(t *testing.T, server *pg.Server, url string) map[string][]byte {
	t.Helper()
	plans := map[string][]byte{}
	asked(t, url, func(name string, ask func() error) error {
		before, err := os.ReadFile(server.LogFile())
		if err != nil {
			return err
		}
		if err := ask(); err != nil {
			return err
		}
		after, err := os.ReadFile(server.LogFile())
		plans[name] = bytes.Clone(after[len(before):])
		return err
	})
	return plans
}

// timed asks every question a few times, and returns the shortest time of each.
func timed(t *testing.T, url string) map[string]time.Duration {
	t.Helper()
	took := map[string]time.Duration{}
	asked(t, url, func(name string, ask func() error) error {
		took[name] = math.MaxInt64
		for range 3 {
			began := time.Now()
			if err := ask(); err != nil {
				return err
			}
			took[name] = min(took[name], time.Since(began))
		}
		return nil
	})
	return took
}

func asked(t *testing.T, url string, each func(name string, ask func() error) error) {
	t.Helper()
	r, s := openOn(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, err := producerOf(ctx, s, producer.Config{Routes: []producer.Route{{Topic: "t"}}}.WithDefaults(), "")
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond) // it begins to listen
	for _, q := range questions(r, s, p) {
		if err := each(q.name, func() error { return q.ask(ctx) }); err != nil {
			t.Fatalf("%s: %v", q.name, err)
		}
	}
}
