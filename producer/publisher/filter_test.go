package publisher

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"urncast/producer"
	"urncast/registry"
)

func onlyIDs(ids ...string) producer.Filter {
	var f producer.Filter
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
		s.wish(producer.Idle, producer.StartIdle)
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
		if s.marks[2] != producer.StatusSkipped || s.marks[3] != producer.StatusSkipped || len(s.left) > 0 {
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
		{producer.StartContinue, []string{"2 delete A:Y(1.0) 1/1 job", "3 replace A:Z(1.0) 1/1"}},
		{producer.StartBaseline, []string{"4 replace A:X(1.0) 1/2 job", "4 replace A:Z(1.0) 2/2 job", "4 delete A:Y(1.0) 1/1 job"}},
	} {
		t.Run(c.how, func(t *testing.T) {
			s, b := newModelStore(), newModelBroker(nil)
			s.wish(producer.Idle, producer.StartIdle)
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
				return s.row.State == producer.Stopped && strings.Contains(s.row.Reason, "filter was changed from none to")
			})
			s.wish(producer.Idle, c.how)
			until(t, s, b, "going on", s.handled(4))
			wantTold(t, b, append([]string{"1 replace A:X(1.0) 1/1", "2 replace A:Y(1.0) 1/1"}, c.want...)...)
		})
	}
}

// TestFilterUnderFaults changes the filter again and again while calls fail and
// cursors are lost: every transaction's records come once, whole and in order, as
// its filter lets them, and the live keys always pass the filter of the moment.
func TestFilterUnderFaults(t *testing.T) {
	filters := []producer.Filter{{}, onlyIDs("X"), onlyIDs("Y", "Z"), onlyIDs("NONE")}
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 2))
			s, b := newModelStore(), newModelBroker(rnd)
			s.wish(producer.Idle, producer.StartIdle)
			until(t, s, b, "the start", s.handled(0))
			var want []string
			for range 6 {
				filter := filters[rnd.IntN(len(filters))]
				s.row.Config.Routes[0].Filter = filter
				s.wish(producer.Idle, producer.StartContinue)
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
func passing(p *producer.Pending, f producer.Filter) (lines []string) {
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

func checkPassing(t *testing.T, b *modelBroker, f producer.Filter) {
	t.Helper()
	live := map[string]bool{}
	for _, r := range b.logs[producer.TopicDefault] {
		if r != nil && r.committed {
			live[string(r.Key)] = r.Value != nil
		}
	}
	for key, there := range live {
		if there && !f.PassesKey(key) {
			t.Errorf("%s is on the topic and does not pass %s", key, f)
		}
	}
}

// A transaction that is on the topic while the cursor was lost is not sent again
// when the answer takes up another filter.
func TestChangedFilterAfterLostCursor(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.wish(producer.Idle, producer.StartIdle)
	until(t, s, b, "the start", s.handled(0))
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "sending", s.handled(1))
	before := s.row.Cursor
	s.record(registry.Replace, "1.0", "X", "Y")
	until(t, s, b, "sending", s.handled(2))
	s.row.Cursor, s.row.Config.Routes[0].Filter = before, onlyIDs("X")
	s.wish(producer.Idle, producer.StartContinue)
	until(t, s, b, "going on", s.handled(2))
	wantTold(t, b, "1 replace A:X(1.0) 1/1", "2 replace A:X(1.0) 1/2", "2 replace A:Y(1.0) 2/2", "2 delete A:Y(1.0) 1/1 job")
}

// A crash between the writes of a changed filter, or after its tombstones, leaves
// a job open: the next session ends with the topic as it should be, and no
// tombstone twice.
func TestChangedFilterAfterCrash(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.wish(producer.Idle, producer.StartIdle)
	until(t, s, b, "the start", s.handled(0))
	s.record(registry.Replace, "1.0", "X", "Y")
	until(t, s, b, "sending", s.handled(1))
	s.record(registry.Replace, "1.0", "X")
	s.row.Config.Routes[0].Filter = onlyIDs("X")
	s.row.Job = &producer.Job{ID: "begun", Kind: producer.JobFilter, AsOf: 1, Phase: producer.PhasePublish} // and the route not yet adopted
	s.wish(producer.Idle, producer.StartContinue)
	until(t, s, b, "going on", s.handled(2))
	want := []string{"1 replace A:X(1.0) 1/2", "1 replace A:Y(1.0) 2/2", "1 delete A:Y(1.0) 1/1 job", "2 replace A:X(1.0) 1/1"}
	wantTold(t, b, want...)

	s.row.Job = &producer.Job{ID: "sent", Kind: producer.JobFilter, AsOf: 2, Phase: producer.PhaseClear} // its end was not written
	s.row.State = producer.Recovering
	until(t, s, b, "the end of the job", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.row.State == producer.Idle && s.row.Job == nil
	})
	wantTold(t, b, want...)
}
