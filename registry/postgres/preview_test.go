package postgres_test

import (
	"testing"
	"time"

	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/registry/plan"
	"urncast/registry/postgres"
	"urncast/sdmx"
)

// SQL counts exactly the structures that pass a filter, whatever the filter has.
func TestPreviewIsTheFilter(t *testing.T) {
	r, store := open(t)
	var all []sdmx.Maintainable
	for _, agency := range []string{"A", "A.B", "A.B.C", "AXB", "SDMX"} {
		for _, id := range []string{"CL_FREQ", "CLXFREQ", "CL"} {
			l := codelist(id, "1.0", "x")
			l.Agency = agency
			all = append(all, l)
		}
		s := concepts("CS_1", nil, "X")
		s.Agency = agency
		all = append(all, s)
	}
	submit(t, r, registry.ModeReplace, all...)
	later := codelist("LATER", "2.0", "x", "y")
	submit(t, r, registry.ModeReplace, later)
	all = append(all, later)
	for _, f := range []producer.Filter{
		{}, {Classes: []string{"Codelist"}}, {Classes: []string{"Codelist", "ConceptScheme"}}, {Classes: []string{"Dataflow"}},
		{Agencies: []string{"A"}}, {Agencies: []string{"A.*"}}, {Agencies: []string{"A.B.*", "SDMX"}}, {Agencies: []string{"A_B.*"}}, {Agencies: []string{"%"}},
		{URNs: []string{"*=A:CL_*(*)"}}, {URNs: []string{"*CL_FREQ*", "*:CS_1(1.0)"}}, {URNs: []string{`*\*`}}, {URNs: []string{"*%*"}}, {URNs: []string{"*"}},
		{URNs: []string{sdmx.URNOf(later).String()}}, {Classes: []string{"Codelist"}, Agencies: []string{"A.*"}, URNs: []string{"*FREQ(1.0)"}},
	} {
		var want control.Amount
		for _, m := range all {
			if f.Passes(sdmx.URNOf(m)) {
				want.Structures++
			}
		}
		got, err := store.Amount(t.Context(), control.Extent{Filters: []producer.Filter{f}})
		if err != nil || got.Structures != want.Structures || (got.Bytes > 0) != (want.Structures > 0) {
			t.Errorf("%s: %+v, %v; want %d", f, got, err, want.Structures)
		}
	}
	got, err := store.Amount(t.Context(), control.Extent{Filters: []producer.Filter{{Classes: []string{"Codelist"}}, {Agencies: []string{"A"}}}, From: 2, To: 2})
	if err != nil || got.Structures != 1 {
		t.Errorf("of one transaction: %+v, %v", got, err)
	}
}

// A preview counts the structures that a format cannot express, remembers those that it has
// read, and reports how many are left when its time is over.
func TestPreviewInexpressible(t *testing.T) {
	r, store := open(t)
	bad := codelist("EXT", "1.0", "x")
	bad.Extensions = []sdmx.CodelistExtension{{Codelist: sdmx.RefTo(sdmx.URNOf(codelist("L", "1.0")))}}
	submit(t, r, registry.ModeReplace, codelist("L", "1.0", "x"), bad, codelist("SEM", "1.0.0", "x"))
	d, err := store.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ps := &control.Producers{Directory: d}
	routes := []producer.Route{{Topic: "x", Format: "sdmx-ml-2.1"}, {Topic: "j", Format: "fusion-json"}}
	look := func(patience time.Duration, off, unknown int64) {
		t.Helper()
		got, err := ps.Preview(t.Context(), routes, producer.Scope{}, patience)
		if err != nil || len(got) != 2 || got[0].Matches != 3 || got[0].Inexpressible != off || got[0].Unexamined != unknown || got[1].Inexpressible+got[1].Unexamined != 0 {
			t.Errorf("%+v, %v; want %d that cannot be said and %d not looked at", got, err, off, unknown)
		}
	}
	look(0, 0, 3)
	look(time.Minute, 1, 0)
	look(0, 1, 0)
	if _, err := ps.Preview(t.Context(), []producer.Route{{Topic: "x", Format: "none"}}, producer.Scope{}, 0); err == nil {
		t.Error("a format that is none is taken")
	}
}

// The structures that are current on a topic are derived from the log: none from before an
// idle start, all after a baseline, without those that were left out or skipped or are still
// to be sent.
func TestHeld(t *testing.T) {
	store, err := postgres.Open(t.Context(), pg.Shared(t).Database(t, "held"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r := plan.New(store)
	for _, id := range []string{"L1", "L2", "L3", "L4", "L5"} {
		submit(t, r, registry.ModeReplace, codelist(id, "1.0", "x"))
	}
	p, err := producerOf(t.Context(), store, producer.Config{Name: "one", Routes: []producer.Route{{Topic: "a", Format: "fusion-json"}}, Prefix: "tx", Sender: "S"}, "")
	if err != nil {
		t.Fatal(err)
	}
	id := idOf(t, p)
	exec := func(sql string) {
		t.Helper()
		if _, err := store.Pool().Exec(t.Context(), sql, id); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what string, current, left int64, full bool) {
		t.Helper()
		got, err := p.Held(t.Context())
		if err != nil || len(got) != 1 || got[0] != (control.HeldRoute{Topic: "a", Current: current, LeftOut: left, Full: full}) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	exec(`UPDATE producers SET started = true, sent_routes = '[{"topic": "a", "format": "fusion-json", "topicId": "i", "since": 1}]' WHERE id = $1`)
	exec(`INSERT INTO cursors (producer, number) VALUES ($1, 4)`)
	want("idle after 1, sent to 4", 3, 0, false)
	exec(`INSERT INTO left_out (producer, number, topic, urn, reason) VALUES ($1, 2, 'a', 'urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L2(1.0)', 'r'),
		($1, 2, 'b', 'urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L3(1.0)', 'r')`)
	want("one left out", 2, 1, false)
	if became, err := p.Statuses(t.Context(), 2, 2); err != nil || len(became[2].LeftOut) != 2 || became[2].LeftOut[1] != (producer.Left{Topic: "b", URN: sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: "L3", Version: "1.0"}, Reason: "r"}) {
		t.Errorf("transaction 2 became %+v, %v", became[2], err)
	}
	if became, err := p.Statuses(t.Context(), 1, 2); err != nil || became[2].LeftOut != nil {
		t.Errorf("among others, transaction 2 became %+v, %v", became[2], err)
	}
	exec(`INSERT INTO marks (producer, first, last, status, user_name) VALUES ($1, 3, 3, 'SKIPPED', 'anna')`)
	want("one skipped", 1, 1, false)
	exec(`INSERT INTO left_out (producer, number, topic, urn, reason) VALUES ($1, 3, 'a', 'urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L3(1.0)', 'r')`)
	want("one left out and skipped", 1, 1, false)
	exec(`DELETE FROM left_out WHERE producer = $1 AND number = 3`)
	exec(`INSERT INTO jobs (producer, kind, as_of, phase, scope, ended_at) VALUES ($1, 'baseline', 3, 'done', '{"topics": ["b"]}', now())`)
	want("a baseline of another topic", 1, 1, false)
	exec(`INSERT INTO jobs (producer, kind, as_of, phase, ended_at) VALUES ($1, 'baseline', 3, 'done', now())`)
	want("a baseline", 3, 1, true)
	exec(`UPDATE cursors SET number = 5 WHERE producer = $1`)
	want("all sent", 4, 1, true)
	exec(`UPDATE producers SET sent_routes = '[{"topic": "a", "format": "fusion-json", "topicId": "i", "since": 3}]', changed_at = clock_timestamp() WHERE id = $1`)
	want("changed after the baseline", 2, 0, false)
	exec(`UPDATE jobs SET created_at = clock_timestamp() WHERE producer = $1`)
	want("a baseline after the change", 4, 1, true)
	exec(`UPDATE producers SET sent_routes = '[{"topic": "a", "format": "fusion-json", "filter": {"urns": ["*:L2(*", "*:L5(*"]}, "topicId": "i", "since": 3}]' WHERE id = $1`)
	want("through a filter", 1, 1, true)
}

// A count is computed again only if a transaction was recorded since.
func TestCountsAreKept(t *testing.T) {
	r, store := open(t)
	submit(t, r, registry.ModeReplace, codelist("L1", "1.0"), codelist("L2", "1.0"))
	d, err := store.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ps := &control.Producers{Directory: d}
	matching := func() int64 {
		t.Helper()
		a, err := ps.Matching(t.Context(), producer.Filter{Agencies: []string{"A"}})
		if err != nil {
			t.Fatal(err)
		}
		return a.Structures
	}
	if n := matching(); n != 2 {
		t.Fatalf("%d structures match, want 2", n)
	}
	if _, err := store.Pool().Exec(t.Context(), `DELETE FROM current`); err != nil { // which no program does
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond)
	if n := matching(); n != 2 {
		t.Errorf("%d structures are counted anew though nothing was recorded", n)
	}
	submit(t, r, registry.ModeReplace, codelist("L3", "1.0"))
	if n := matching(); n != 1 {
		t.Errorf("%d structures match after something was recorded, want 1", n)
	}
}
