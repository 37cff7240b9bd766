package postgres_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/registry"
	"urncast/registry/plan"
	"urncast/registry/postgres"
	"urncast/sdmx"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

// open returns a registry on a database of its own.
func open(t testing.TB) (*plan.Registry, *postgres.Store) {
	t.Helper()
	server := pg.Shared(t)
	name := "t" + strings.ToLower(strings.NewReplacer("/", "_", "#", "_").Replace(t.Name()))
	return openOn(t, server.Database(t, name))
}

func openOn(t testing.TB, url string) (*plan.Registry, *postgres.Store) {
	t.Helper()
	store, err := postgres.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return plan.New(store), store
}

func codelist(id, version string, codes ...string) *sdmx.Codelist {
	l := &sdmx.Codelist{}
	l.Agency, l.ID, l.Version = "A", id, sdmx.Version(version)
	l.Names = sdmx.Texts{{Lang: "en", Value: id}}
	for _, c := range codes {
		l.Items = append(l.Items, sdmx.Code{Nameable: sdmx.Nameable{ID: c, Names: sdmx.Texts{{Lang: "en", Value: c}}}})
	}
	return l
}

func concepts(id string, list *sdmx.Codelist, ids ...string) *sdmx.ConceptScheme {
	s := &sdmx.ConceptScheme{}
	s.Agency, s.ID, s.Version = "A", id, "1.0"
	for _, c := range ids {
		x := sdmx.Concept{Nameable: sdmx.Nameable{ID: c}}
		if list != nil {
			x.Representation = &sdmx.Representation{Enumeration: sdmx.RefTo(sdmx.URNOf(list))}
		}
		s.Items = append(s.Items, x)
	}
	return s
}

func submission(mode registry.Mode, ms ...sdmx.Maintainable) registry.Submission {
	return registry.Submission{Mode: mode, Request: registry.Request{Actor: registry.Actor{User: "test"}}, Structures: func(yield func(registry.Submitted) error) error {
		for i, m := range ms {
			if err := sdmx.Complete(m); err != nil {
				return err
			}
			if err := yield(registry.Submitted{Structure: m, Where: fmt.Sprintf("structure %d", i+1)}); err != nil {
				return err
			}
		}
		return nil
	}}
}

func submit(t testing.TB, r *plan.Registry, mode registry.Mode, ms ...sdmx.Maintainable) *registry.Outcome {
	t.Helper()
	o, err := r.Submit(context.Background(), submission(mode, ms...))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// want checks the transactions and verdicts of an outcome, written as "1,2 created updated".
func want(t testing.TB, o *registry.Outcome, s string) {
	t.Helper()
	var words []string
	for _, r := range o.Results {
		words = append(words, r.Verdict.String())
	}
	got := strings.Trim(fmt.Sprint(o.Transactions), "[]") + " " + strings.Join(words, " ")
	if got != s {
		t.Errorf("got %q, want %q; %+v", got, s, o.Results)
	}
}

func wantReason(t testing.TB, o *registry.Outcome, reason registry.Reason, text string) {
	t.Helper()
	for _, r := range o.Results {
		for _, p := range r.Problems {
			if p.Reason == reason && strings.Contains(p.Text, text) {
				return
			}
		}
	}
	t.Errorf("no refusal as %s with %q: %+v", reason, text, o.Results)
}

func TestModes(t *testing.T) {
	r, _ := open(t)
	ctx := context.Background()
	l := codelist("CL", "1.0", "a", "b")
	want(t, submit(t, r, registry.ModeReplace, concepts("CS", l, "X"), l), "1 created created")
	_, changes, err := r.Transaction(ctx, 1)
	if err != nil || changes[0].URN.ID != "CL" {
		t.Errorf("what is referred to does not come first: %v, %v", changes, err)
	}
	want(t, submit(t, r, registry.ModeReplace, l), " unchanged")
	want(t, submit(t, r, registry.ModeAppend, codelist("CL", "1.0", "b", "c")), "2 updated")
	want(t, submit(t, r, registry.ModeMerge, codelist("CL", "1.0", "c")), " unchanged")
	if got := codesOf(t, r, "CL"); got != "a b c" {
		t.Errorf("after append: %q", got)
	}
	want(t, submit(t, r, registry.ModeReplace, codelist("CL", "1.0", "z")), "3 updated")
	want(t, submit(t, r, registry.ModeFullReplace, codelist("CL", "1.0", "y")), "4 5 updated deleted")
	one, _, err := r.Transaction(ctx, 4)
	if err != nil || one.Pair != 5 {
		t.Errorf("the two are no pair: %+v, %v", one, err)
	}
	want(t, submit(t, r, registry.ModeDelete, codelist("CL", "1.0")), "6 deleted")
	o := submit(t, r, registry.ModeDelete, codelist("CL", "1.0"))
	wantReason(t, o, registry.ReasonMissing, "cannot be deleted")
}

func codesOf(t testing.TB, r *plan.Registry, id string) string {
	t.Helper()
	var ids []string
	err := r.Find(context.Background(), registry.Query{IDs: []string{id}}, nil, func(u sdmx.URN, body []byte) error {
		m, err := sdmx.ParseCanonical(u.Class, body)
		ids = sdmx.ItemIDs(m)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(ids, " ")
}

func TestReferences(t *testing.T) {
	r, _ := open(t)
	l := codelist("CL", "1.0", "a")
	o := submit(t, r, registry.ModeReplace, concepts("CS", l, "X"))
	wantReason(t, o, registry.ReasonUnresolved, "CL(1.0)")
	submit(t, r, registry.ModeReplace, concepts("CS", l, "X"), l)
	wantReason(t, submit(t, r, registry.ModeDelete, l), registry.ReasonReferenced, "CS(1.0)")
	cat := &sdmx.Categorisation{Source: sdmx.RefToItem(sdmx.ClassConcept, "A", "CS", "1.0", "X")}
	cat.Agency, cat.ID, cat.Version = "A", "CAT", "1.0"
	tree := &sdmx.CategoryScheme{}
	tree.Agency, tree.ID, tree.Version = "A", "TREE", "1.0"
	tree.Items = []sdmx.Category{{Nameable: sdmx.Nameable{ID: "P"}, Items: []sdmx.Category{{Nameable: sdmx.Nameable{ID: "Q"}}}}}
	cat.Target = sdmx.RefToItem(sdmx.ClassCategory, "A", "TREE", "1.0", "P.Q")
	want(t, submit(t, r, registry.ModeReplace, cat, tree), "2 created created")
	wantReason(t, submit(t, r, registry.ModeReplace, concepts("CS", nil, "Y")), registry.ReasonReferenced, "CAT(1.0)")
	want(t, submit(t, r, registry.ModeDelete, cat, tree), "3 deleted deleted")
	if _, err := r.SaveSettings(context.Background(), registry.Settings{AllowDangling: true, RequireAgencies: true}, nil, registry.Actor{}); err != nil {
		t.Fatal(err)
	}
	o = submit(t, r, registry.ModeReplace, cat)
	wantReason(t, o, registry.ReasonUnknownAgency, "SDMX:AGENCIES")
	agencies := &sdmx.AgencyScheme{}
	agencies.Agency, agencies.ID, agencies.Version = "SDMX", "AGENCIES", "1.0"
	agencies.Items = []sdmx.Agency{{Nameable: sdmx.Nameable{ID: "A"}}}
	o = submit(t, r, registry.ModeReplace, cat, agencies)
	want(t, o, "4 created created")
	if d, err := r.Dangling(context.Background()); err != nil || len(d) != 1 || d[0].To.ID != "TREE" {
		t.Errorf("dangling: %v, %v", d, err)
	}
	agencies.Items = nil
	wantReason(t, submit(t, r, registry.ModeReplace, agencies), registry.ReasonOwns, "maintains")
}

func TestImmutable(t *testing.T) {
	r, _ := open(t)
	submit(t, r, registry.ModeReplace, codelist("CL", "1.0.0", "a"))
	wantReason(t, submit(t, r, registry.ModeReplace, codelist("CL", "1.0.0", "a", "b")), registry.ReasonImmutable, "new version")
	renamed := codelist("CL", "1.0.0", "a")
	renamed.Names[0].Value = "another name"
	want(t, submit(t, r, registry.ModeReplace, renamed), "2 updated")
	final := codelist("F", "1.0", "a")
	final.Final = true
	submit(t, r, registry.ModeReplace, final)
	wantReason(t, submit(t, r, registry.ModeReplace, codelist("F", "1.0", "a")), registry.ReasonImmutable, "taken back")
}

func TestRename(t *testing.T) {
	r, _ := open(t)
	ctx := context.Background()
	l := codelist("CL", "1.0.0", "a")
	submit(t, r, registry.ModeReplace, concepts("CS", l, "X"), l)
	o, err := r.Rename(ctx, registry.Rename{Structure: sdmx.URNOf(l), NewID: "CL_NEW"})
	if err != nil {
		t.Fatal(err)
	}
	wantReason(t, o, registry.ReasonImmutable, "cannot be renamed")
	force := registry.Request{Force: "wrong name"}
	if o, err = r.Rename(ctx, registry.Rename{Structure: sdmx.URNOf(l), NewID: "CL_NEW", Request: force}); err != nil {
		t.Fatal(err)
	}
	want(t, o, "2 3 created updated deleted")
	o, err = r.Rename(ctx, registry.Rename{Agency: "A", NewAgency: "B", Request: force})
	if err != nil {
		t.Fatal(err)
	}
	want(t, o, "4 5 created created deleted deleted")
	if d, err := r.Dangling(ctx); err != nil || len(d) != 0 {
		t.Errorf("after the renames dangling: %v, %v", d, err)
	}
	o, err = r.Rename(ctx, registry.Rename{Structure: sdmx.URNOf(l), NewID: "Z"})
	if err != nil {
		t.Fatal(err)
	}
	wantReason(t, o, registry.ReasonMissing, "cannot be renamed")
}

// Renaming an agency renames all that it and its sub-agencies maintain, and rewrites all
// references to these, each to its own target.
func TestRenameAgencyOfMany(t *testing.T) {
	r, _ := open(t)
	ctx := context.Background()
	holder := &sdmx.AgencyScheme{}
	holder.Agency, holder.ID, holder.Version = "SDMX", sdmx.AgencySchemeID, sdmx.VersionDefault
	holder.Items = []sdmx.Agency{{Nameable: sdmx.Nameable{ID: "A"}}, {Nameable: sdmx.Nameable{ID: "C"}}}
	ms := []sdmx.Maintainable{holder}
	const many = 300
	for i := range many {
		l := codelist(fmt.Sprintf("CL_%d", i), "1.0", "a")
		if i%2 == 1 {
			l.Agency = "A.SUB"
		}
		refers := concepts(fmt.Sprintf("CS_%d", i), l, "X")
		refers.Agency = "B"
		ms = append(ms, l, refers)
	}
	submit(t, r, registry.ModeReplace, ms...)
	o, err := r.Rename(ctx, registry.Rename{Agency: "A", NewAgency: "A2"})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[registry.Verdict]int{}
	for i := range o.Results {
		counts[o.Results[i].Verdict]++
	}
	if counts[registry.Created] != many || counts[registry.Deleted] != many || counts[registry.Updated] != many+1 || len(counts) != 3 {
		t.Errorf("verdicts %v", counts)
	}
	if d, err := r.Dangling(ctx); err != nil || len(d) != 0 {
		t.Errorf("dangling: %v, %v", d, err)
	}
	for i := range many {
		u := sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A2", ID: fmt.Sprintf("CL_%d", i), Version: "1.0"}
		if i%2 == 1 {
			u.Agency = "A2.SUB"
		}
		if who, err := r.Referring(ctx, u); err != nil || len(who) != 1 || who[0].ID != fmt.Sprintf("CS_%d", i) {
			t.Errorf("to %s refer %v, %v", u, who, err)
		}
	}
	o, err = r.Rename(ctx, registry.Rename{Agency: "A2", NewAgency: "C"})
	if err != nil {
		t.Fatal(err)
	}
	wantReason(t, o, registry.ReasonTwice, "Agency C is there already")
}

func TestDryRunLeavesNothing(t *testing.T) {
	r, _ := open(t)
	in := submission(registry.ModeReplace, codelist("CL", "1.0", "a"))
	in.DryRun = true
	o, err := r.Submit(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	want(t, o, " created")
	if n, last, err := r.Counts(context.Background()); err != nil || len(n) != 0 || last != 0 {
		t.Errorf("a dry run left %v, %d, %v", n, last, err)
	}
}

// A dry run neither blocks others nor waits for them, however long these take.
func TestDryRunTakesNoLock(t *testing.T) {
	r, store := open(t)
	submit(t, r, registry.ModeReplace, codelist("CL", "1.0", "a"))
	defer rig.LockRegistry(t, store.Pool())()
	in := submission(registry.ModeReplace, codelist("CL", "1.0", "a", "b"))
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if o, err := r.Submit(short, in); err == nil {
		t.Errorf("a submission did not wait for the lock: %+v", o)
	}
	in.DryRun = true
	long, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	o, err := r.Submit(long, in)
	if err != nil {
		t.Fatalf("a dry run waited for the lock: %v", err)
	}
	want(t, o, " updated")
	cl := sdmx.URNOf(codelist("CL", "1.0"))
	if o, err = r.Rename(long, registry.Rename{Structure: cl, NewID: "CL_2", DryRun: true}); err != nil {
		t.Fatalf("the preview of a rename waited for the lock: %v", err)
	}
	want(t, o, " created deleted")
}

func TestConcurrentSubmittersLeaveNoGap(t *testing.T) {
	r, _ := open(t)
	const clients, each = 8, 25
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range each {
				if o := submit(t, r, registry.ModeReplace, codelist(fmt.Sprintf("CL_%d_%d", c, i), "1.0", "a")); len(o.Transactions) != 1 {
					t.Errorf("%+v", o)
				}
			}
		})
	}
	wg.Wait()
	ts, err := r.Transactions(context.Background(), 0, 1000)
	if err != nil || len(ts) != clients*each {
		t.Fatalf("%d transactions, %v", len(ts), err)
	}
	for i := range ts {
		if ts[i].Number != registry.Number(i+1) {
			t.Fatalf("number %d stands at place %d", ts[i].Number, i+1)
		}
		if i > 0 && ts[i].RecordedAt.Before(ts[i-1].RecordedAt) {
			t.Logf("transaction %d was recorded before %d", ts[i].Number, ts[i-1].Number)
		}
	}
}

func TestAsOfAndManyStructures(t *testing.T) {
	r, store := open(t)
	var ms []sdmx.Maintainable
	for i := range 2000 {
		ms = append(ms, codelist(fmt.Sprintf("CL_%d", i), "1.0", "a"))
	}
	if o := submit(t, r, registry.ModeReplace, ms...); len(o.Transactions) != 1 {
		t.Fatalf("%+v", o.Results[0])
	}
	submit(t, r, registry.ModeFullReplace, codelist("CL_0", "1.0", "b"))
	for asOf, n := range map[registry.Number]int{1: 2000, 2: 2000, 3: 1} {
		got := 0
		if err := r.Find(context.Background(), registry.Query{AsOf: asOf}, nil, func(sdmx.URN, []byte) error { got++; return nil }); err != nil || got != n {
			t.Errorf("as of %d: %d structures, want %d, %v", asOf, got, n, err)
		}
	}
	if store.RegistryID() == "" {
		t.Error("the registry has no id")
	}
}

func TestItemsAreDeletedAndAgenciesStayApart(t *testing.T) {
	r, _ := open(t)
	ctx := context.Background()
	l := codelist("CL", "1.0", "a", "b")
	l.Items[1].Parent = "a"
	agencies := &sdmx.AgencyScheme{}
	agencies.Agency, agencies.ID, agencies.Version = "SDMX", "AGENCIES", "1.0"
	agencies.Items = []sdmx.Agency{{Nameable: sdmx.Nameable{ID: "A"}}, {Nameable: sdmx.Nameable{ID: "B"}}}
	submit(t, r, registry.ModeReplace, l, agencies)
	o, err := r.Submit(ctx, registry.Submission{Mode: registry.ModeDelete, Deletions: []sdmx.Ref{sdmx.RefToItem(sdmx.ClassCode, "A", "CL", "1.0", "a")}})
	if err != nil {
		t.Fatal(err)
	}
	want(t, o, "2 updated")
	err = r.Find(ctx, registry.Query{IDs: []string{"CL"}}, nil, func(u sdmx.URN, body []byte) error {
		m, err := sdmx.ParseCanonical(u.Class, body)
		if err == nil && m.(*sdmx.Codelist).Items[0].Parent != "" {
			t.Error("the child of a deleted code still names it")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if o, err = r.Rename(ctx, registry.Rename{Agency: "A", NewAgency: "B"}); err != nil {
		t.Fatal(err)
	}
	wantReason(t, o, registry.ReasonTwice, "there already")
}
