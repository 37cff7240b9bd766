package producer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"urncast/registry"
	"urncast/sdmx"
)

func TestFilterPasses(t *testing.T) {
	urn := func(class, rest string) string { return "urn:sdmx:org.sdmx.infomodel." + class + "=" + rest }
	freq, below := urn("codelist.Codelist", "SDMX:CL_FREQ(2.1)"), urn("conceptscheme.ConceptScheme", "SDMX.SUB:CS(1.0)")
	alike := urn("codelist.Codelist", "SDMXX:CL_FREQ(2.1)")
	for name, c := range map[string]struct {
		filter Filter
		passes []string
	}{
		"none":                  {Filter{}, []string{freq, below, alike}},
		"class":                 {Filter{Classes: []string{"ConceptScheme"}}, []string{below}},
		"agency":                {Filter{Agencies: []string{"SDMX"}}, []string{freq}},
		"agency with those":     {Filter{Agencies: []string{"SDMX.*"}}, []string{freq, below}},
		"whole URN":             {Filter{URNs: []string{freq}}, []string{freq}},
		"beginning of a URN":    {Filter{URNs: []string{freq[:len(freq)-1]}}, nil},
		"pattern":               {Filter{URNs: []string{"*:CL_*(2.*)"}}, []string{freq, alike}},
		"one of two patterns":   {Filter{URNs: []string{"*=SDMX:*", "*.SUB:*"}}, []string{freq, below}},
		"all lists must let by": {Filter{Classes: []string{"Codelist"}, Agencies: []string{"SDMX.*"}, URNs: []string{"*"}}, []string{freq}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.filter.Check(); err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{freq, below, alike} {
				u, err := sdmx.ParseURN(key)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := c.filter.Passes(u), slices.Contains(c.passes, key); got != want {
					t.Errorf("passing %s is %v, want %v", key, got, want)
				}
			}
		})
	}
}

func TestFilterCheck(t *testing.T) {
	for _, f := range []Filter{
		{Classes: []string{"Code"}}, {Classes: []string{"codelist"}}, {Agencies: []string{""}}, {Agencies: []string{"*"}}, {Agencies: []string{"A*"}},
		{URNs: []string{"SDMX:CL_FREQ"}}, {URNs: []string{"*" + strings.Repeat("x", filterBytesMax)}},
	} {
		if f.Check() == nil {
			t.Errorf("%.80v is taken", f)
		}
	}
}

// The stored form does not depend on order, and is read back as it was.
func TestFilterStored(t *testing.T) {
	a := Filter{Classes: []string{"Codelist", "Dataflow"}, URNs: []string{"*"}}
	b := Filter{Classes: []string{"Dataflow", "Codelist", "Codelist"}, URNs: []string{"*"}}
	if a.String() != b.String() {
		t.Errorf("%s and %s differ", a, b)
	}
	for _, f := range []Filter{a, {}} {
		if got, err := ParseFilter(f.String()); err != nil || got.String() != f.String() {
			t.Errorf("%s is read as %s, %v", f, got, err)
		}
	}
}

func onlyIDs(ids ...string) Filter {
	var f Filter
	for _, id := range ids {
		f.URNs = append(f.URNs, "*:"+id+"(*")
	}
	return f
}

// What does not pass is not sent, its deletion neither; where nothing passes the
// transaction is skipped, and the next record says so.
func TestFilterSendsWhatPasses(t *testing.T) {
	for _, large := range []bool{false, true} {
		s, b := newModelStore(), newModelBroker(nil)
		s.row.Config.Routes[0].Filter = onlyIDs("X", "Z")
		s.wish(Idle, StartIdle)
		until(t, s, b, "the start", s.handled(0))
		s.record(registry.Replace, "1.0", "X", "Y", "Z")
		s.record(registry.Replace, "1.0", "Y")
		s.record(registry.Delete, "1.0", "Y")
		s.record(registry.Delete, "1.0", "X", "Y")
		for i := range s.txs {
			s.txs[i].large = large && s.txs[i].Kind == registry.Replace
		}
		until(t, s, b, "sending", s.handled(4))
		wantTold(t, b, "1 replace A:X(1.0) 1/2", "1 replace A:Z(1.0) 2/2", "4 delete A:X(1.0) 1/1")
		if s.marks[2] != StatusSkipped || s.marks[3] != StatusSkipped || len(s.left) > 0 {
			t.Errorf("marks are %v, left out %v", s.marks, s.left)
		}
	}
}

// A changed filter asks; both answers take off the topic what passes no more.
func TestChangedFilterClears(t *testing.T) {
	for _, c := range []struct {
		how  string
		want []string
	}{
		{StartContinue, []string{"2 delete A:Y(1.0) 1/1 job", "3 replace A:Z(1.0) 1/1"}},
		{StartBaseline, []string{"4 replace A:X(1.0) 1/2 job", "4 replace A:Z(1.0) 2/2 job", "4 delete A:Y(1.0) 1/1 job"}},
	} {
		t.Run(c.how, func(t *testing.T) {
			s, b := newModelStore(), newModelBroker(nil)
			s.wish(Idle, StartIdle)
			until(t, s, b, "the start", s.handled(0))
			s.record(registry.Replace, "1.0", "X")
			s.record(registry.Replace, "1.0", "Y")
			until(t, s, b, "sending", s.handled(2))
			s.row.Config.Routes[0].Filter = onlyIDs("X", "Z")
			s.record(registry.Replace, "1.0", "Z")
			s.record(registry.Replace, "1.0", "Y")
			until(t, s, b, "the question", func() bool {
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.row.State == Stopped && strings.Contains(s.row.Reason, "filter was changed from none to")
			})
			s.wish(Idle, c.how)
			until(t, s, b, "going on", s.handled(4))
			wantTold(t, b, append([]string{"1 replace A:X(1.0) 1/1", "2 replace A:Y(1.0) 1/1"}, c.want...)...)
		})
	}
}

// TestFilterUnderFaults changes the filter again and again while calls fail and
// cursors are lost: every transaction's records come once, whole and in order, as
// its filter lets them, and the live keys always pass the filter of the moment.
func TestFilterUnderFaults(t *testing.T) {
	filters := []Filter{{}, onlyIDs("X"), onlyIDs("Y", "Z"), onlyIDs("NONE")}
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 2))
			s, b := newModelStore(), newModelBroker(rnd)
			s.wish(Idle, StartIdle)
			until(t, s, b, "the start", s.handled(0))
			var want []string
			for range 6 {
				filter := filters[rnd.IntN(len(filters))]
				s.row.Config.Routes[0].Filter = filter
				s.wish(Idle, StartContinue)
				for range 1 + rnd.IntN(8) {
					s.record(registry.Kind(1+rnd.IntN(2)), "1.0", []string{"X", "Y", "Z"}[:1+rnd.IntN(3)]...)
					want = append(want, passing(&s.txs[len(s.txs)-1].Pending, filter)...)
				}
				left := 1 + rnd.IntN(4)
				b.mu.Lock()
				b.chance = func() bool {
					if left > 0 && rnd.IntN(9) == 0 {
						left--
						return true
					}
					return false
				}
				b.mu.Unlock()
				luck := rand.New(rand.NewPCG(seed, uint64(len(s.txs))))
				s.lossy = func() bool { return luck.IntN(2) == 0 }
				until(t, s, b, "sending", s.handled(len(s.txs)))
				checkPassing(t, b, filter)
			}
			got := slices.DeleteFunc(b.told(), func(line string) bool { return strings.HasSuffix(line, " job") })
			if !slices.Equal(got, want) {
				t.Errorf("the topic says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// passing is what a reader is told of a transaction.
func passing(p *Pending, f Filter) (lines []string) {
	var names []string
	for _, d := range p.Documents {
		if f.Passes(d.URN) {
			names = append(names, d.URN.Short())
		}
	}
	for i, name := range names {
		lines = append(lines, fmt.Sprintf("%d %s %s %d/%d", p.Number, p.Kind, name, i+1, len(names)))
	}
	return lines
}

func checkPassing(t *testing.T, b *modelBroker, f Filter) {
	t.Helper()
	live := map[string]bool{}
	for _, r := range b.logs[TopicDefault] {
		if r != nil && r.committed {
			live[string(r.Key)] = r.Value != nil
		}
	}
	for key, there := range live {
		if there && !f.takes(key) {
			t.Errorf("%s is on the topic and does not pass %s", key, f)
		}
	}
}

// A transaction that is on the topic while the cursor was lost is not sent again
// when the answer takes up another filter.
func TestChangedFilterAfterLostCursor(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.wish(Idle, StartIdle)
	until(t, s, b, "the start", s.handled(0))
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "sending", s.handled(1))
	before := s.row.Cursor
	s.record(registry.Replace, "1.0", "X", "Y")
	until(t, s, b, "sending", s.handled(2))
	s.row.Cursor, s.row.Config.Routes[0].Filter = before, onlyIDs("X")
	s.wish(Idle, StartContinue)
	until(t, s, b, "going on", s.handled(2))
	wantTold(t, b, "1 replace A:X(1.0) 1/1", "2 replace A:X(1.0) 1/2", "2 replace A:Y(1.0) 2/2", "2 delete A:Y(1.0) 1/1 job")
}

// A crash between the writes of a changed filter, or after its tombstones, leaves
// a job open: the next session ends with the topic as it should be, and no
// tombstone twice.
func TestChangedFilterAfterCrash(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.wish(Idle, StartIdle)
	until(t, s, b, "the start", s.handled(0))
	s.record(registry.Replace, "1.0", "X", "Y")
	until(t, s, b, "sending", s.handled(1))
	s.record(registry.Replace, "1.0", "X")
	s.row.Config.Routes[0].Filter = onlyIDs("X")
	s.row.Job = &Job{ID: "begun", Kind: JobFilter, AsOf: 1, Phase: phasePublish} // and the route not yet adopted
	s.wish(Idle, StartContinue)
	until(t, s, b, "going on", s.handled(2))
	want := []string{"1 replace A:X(1.0) 1/2", "1 replace A:Y(1.0) 2/2", "1 delete A:Y(1.0) 1/1 job", "2 replace A:X(1.0) 1/1"}
	wantTold(t, b, want...)

	s.row.Job = &Job{ID: "sent", Kind: JobFilter, AsOf: 2, Phase: phaseClear} // its end was not written
	s.row.State = Recovering
	until(t, s, b, "the end of the job", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.row.State == Idle && s.row.Job == nil
	})
	wantTold(t, b, want...)
}
