package plan

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"urncast/registry"
	"urncast/sdmx"
)

// seedOf returns the seed of a test's random numbers: that in URNCAST_SEED, so that a run can be
// repeated, or else a new one.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	n := uint64(time.Now().UnixNano())
	if text := os.Getenv("URNCAST_SEED"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("URNCAST_SEED must be a number, and is %q: %v", text, err)
		}
	}
	t.Logf("URNCAST_SEED=%d", n)
	return n
}

// For random proposals on random registries, plan accepts exactly those in which the oracle
// finds nothing wrong, reports all that the oracle finds in the others, and writes what the
// oracle expects. So after every accepted proposal each reference resolves, no stable version
// has changed unforced, and no structure is lost that the proposal did not name.
func TestPlanProperties(t *testing.T) {
	seed := seedOf(t)
	count := map[string]int{}
	const registries, each = 60, 100
	for i := range uint64(registries) {
		s := newShelf()
		s.settings = registry.Settings{AllowDangling: i%5 == 4, RequireAgencies: i%7 == 6}
		m := &maker{rand.New(rand.NewPCG(seed, i)), s, i%2 == 0}
		for range each {
			step(t, m, count)
			if t.Failed() {
				t.Fatalf("URNCAST_SEED=%d, registry %d: %v", seed, i, count)
			}
		}
	}
	t.Logf("%d submissions: %v", registries*each, count)
	for _, kind := range []string{"accepted", "quiet", "unresolved-reference", "referenced", "immutable", "partial", "not-found", "submitted-twice", "owns-structures", "invalid", "unknown-agency", "dangling", "rename", "forced", "pair"} {
		if count[kind] < 10 {
			t.Errorf("only %d cases of %s: they prove little", count[kind], kind)
		}
	}
}

// The oracle and the plan agree on every code to which random structures refer, also on those that
// a list takes from a stub, which has any code.
func TestOracleKnowsEveryCodeReferredTo(t *testing.T) {
	base, once, twice, around := stub(list("P", "1.0.0")), list("P", "1.1.0", "a"), list("Q", "1.0", "b"), list("Q", "1.1.0", "c")
	for l, of := range map[*sdmx.Codelist]*sdmx.Codelist{once: base, twice: once, around: around} {
		l.Extensions = []sdmx.CodelistExtension{{Codelist: sdmx.RefTo(sdmx.URNOf(of)), Prefix: "X_"}}
	}
	s := newShelf()
	for _, l := range []*sdmx.Codelist{base, once, twice, around} {
		s.now[sdmx.URNOf(l)] = l
	}
	s.number()
	v, from := newView(s.index()), sdmx.URNOf(to("K", "1.0", "Codelist=A:P(1.0.0)"))
	m, count := &maker{Rand: rand.New(rand.NewPCG(1, 2)), of: s}, map[string]int{}
	for range 5000 {
		r := m.filled(sdmx.ClassCategorisation).(*sdmx.Categorisation).Source
		if r.ItemClass != sdmx.ClassCode {
			continue
		}
		want := v.resolves(from, r, before)
		if got := oracle(s.now).resolves(from, r, true); got != want {
			t.Fatalf("%s resolves: the oracle says %t, the plan %t", r, got, want)
		}
		count[fmt.Sprintf("%d prefixes, %t", prefixes(r.Item), want)]++
	}
	if count["1 prefixes, false"] < 10 || count["3 prefixes, true"] < 10 || count["4 prefixes, true"] > 0 {
		t.Errorf("codes referred to, and whether they are there: %v", count)
	}
}

func step(t *testing.T, m *maker, count map[string]int) {
	t.Helper()
	s := m.of
	p, sent := m.proposal()
	if len(p.entries)+len(p.deletes)+len(p.items) == 0 && p.rename == nil {
		return
	}
	d, n, err := plan(s.index(), p)
	if err != nil || !n.empty() {
		t.Fatalf("a plan in a world that holds everything needs %+v, %v", n, err)
	}
	sparse, err := p.makePlan(context.Background(), s)
	if err != nil || !reflect.DeepEqual(comparableParts(p, d), comparableParts(p, sparse)) {
		t.Errorf("a plan that loads what it needs differs: %v\n%+v\n%+v", err, comparableParts(p, d), comparableParts(p, sparse))
	}
	w := s.after(p, sent)
	reasons := map[string]bool{}
	for _, r := range p.outcome(d).Results {
		for _, problem := range r.Problems {
			count[problem.Reason.String()]++
			reasons[problem.Reason.String()+" "+r.URN.String()] = true
			for _, u := range problem.URNs {
				reasons[problem.Reason.String()+" "+r.URN.String()+" "+u] = true
				if problem.Reason == registry.ReasonReferenced {
					reasons["referenced by "+u] = true
				}
			}
		}
	}
	renameRefused := p.rename != nil && reasons["submitted-twice "+schemeOf(p.rename)] || reasons["not-found "+schemeOf(p.rename)]
	if !d.refused() {
		count["dangling"] += len(d.dangling)
	}
	if d.refused() {
		if len(d.replaces)+len(d.removes) > 0 {
			t.Error("what is refused is written")
		}
		if len(w.wrong) == 0 && !renameRefused {
			t.Errorf("refused without need: %+v", p.outcome(d).Results)
		}
		for wrong := range w.wrong {
			if !reasons[wrong] && !renameRefused {
				t.Errorf("%s: not told: %s\n%v", p.origin, wrong, reasons)
			}
		}
		return
	}
	if len(w.wrong) > 0 {
		t.Errorf("%s: accepted though %v", p.origin, w.wrong)
	}
	checkAccepted(t, s, p, d, w, count)
}

func schemeOf(n *registry.Rename) string {
	if n == nil || n.Agency == "" {
		return "none"
	}
	u, _ := sdmx.AgencySchemeOf(n.Agency)
	return u.String()
}

// comparableParts returns the parts of a decision that two plans of a proposal have in common.
func comparableParts(p *proposal, d *decision) any {
	o := p.outcome(d)
	for i := range o.Results {
		if len(o.Results[i].Problems) == 0 {
			o.Results[i].Problems = nil
		}
		if len(o.Results[i].Notices) == 0 {
			o.Results[i].Notices = nil
		}
	}
	return []any{*o, d.replaces, d.removes, d.forced}
}

// checkAccepted applies a decision to the shelf and checks the promises of the package on it.
func checkAccepted(t *testing.T, s *shelf, p *proposal, d *decision, w *expectation, count map[string]int) {
	t.Helper()
	old := oracle{}
	for u, m := range s.now {
		old[u] = m
	}
	s.take(d)
	now := oracle(s.now)
	kind := "accepted"
	if len(d.replaces)+len(d.removes) == 0 {
		kind = "quiet"
	}
	count[kind]++
	if p.rename != nil {
		count["rename"]++
	}
	if len(d.forced) > 0 {
		count["forced"]++
	}
	if len(d.replaces) > 0 && len(d.removes) > 0 {
		count["pair"]++
	}
	var lost []registry.Dangling
	for u, m := range now {
		if w.oracle[u] == nil || digest(w.oracle[u]) != digest(m) {
			t.Errorf("%s: %s is stored, and should not be, or not so", p.origin, u)
		}
		// Orphans are allowed where an extended list was missing before (AllowDangling).
		if strays := now.orphans(u); len(strays) > 0 && !old.extendsMissing(u, map[sdmx.URN]bool{}) && !slices.Equal(strays, old.orphans(u)) {
			t.Errorf("%s: parents of %v in %s are not there, or go in a circle", p.origin, strays, u)
		}
		for _, r := range sdmx.Refs(m) {
			if !now.resolves(u, r, false) {
				lost = append(lost, registry.Dangling{From: u, To: r})
			}
		}
	}
	dangling(t, s, p, d, lost)
	for u, m := range old {
		if now[u] == nil && !w.asked[u] {
			t.Errorf("%s: %s is lost, which nobody asked for", p.origin, u)
		}
		if sdmx.Immutable(m) && (now[u] == nil || sdmx.StructuralDigest(now[u]) != sdmx.StructuralDigest(m)) && !slices.Contains(d.forced, u) {
			t.Errorf("%s: %s is stable, and changed unforced", p.origin, u)
		}
	}
	inOrder(t, now, d.replaces)
	slices.Reverse(d.removes)
	inOrder(t, old, d.removes)
}

// dangling compares the references that do not resolve with those in the decision and in the
// list of Registry.Dangling.
func dangling(t *testing.T, s *shelf, p *proposal, d *decision, lost []registry.Dangling) {
	t.Helper()
	if len(lost) > 0 && !s.settings.AllowDangling {
		t.Errorf("%s: %v refer to what is not there", p.origin, lost)
	}
	listed, err := New(aStore{shelf: s}).Dangling(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range lost {
		if !slices.Contains(listed, x) {
			t.Errorf("%s: %v is lost, and not listed", p.origin, x)
		}
	}
	if len(listed) != len(lost) {
		t.Errorf("%s: listed as dangling are %v, and are %v", p.origin, listed, lost)
	}
	for _, x := range d.dangling {
		if !slices.Contains(lost, x) {
			t.Errorf("%s: told as dangling is %v, which is not", p.origin, x)
		}
	}
}

// inOrder checks that referenced structures come before referring ones, except in circles.
func inOrder(t *testing.T, o oracle, changes []registry.WriteChange) {
	t.Helper()
	place := map[sdmx.URN]int{}
	for i := range changes {
		place[changes[i].URN] = i
	}
	next := func(u sdmx.URN) (out []sdmx.URN) {
		for _, r := range sdmx.Refs(o[u]) {
			if to, found := o.leads(u.Version, r); found && o[to] != nil {
				out = append(out, to)
			}
		}
		return out
	}
	for u, i := range place {
		for _, to := range next(u) {
			if j, both := place[to]; both && j > i && !reaches(next, to, u, map[sdmx.URN]bool{}) {
				t.Errorf("%s refers to %s, and comes before it", u, to)
			}
		}
	}
}

func reaches(next func(sdmx.URN) []sdmx.URN, from, to sdmx.URN, seen map[sdmx.URN]bool) bool {
	if from == to {
		return true
	}
	seen[from] = true
	for _, n := range next(from) {
		if !seen[n] && reaches(next, n, to, seen) {
			return true
		}
	}
	return false
}
