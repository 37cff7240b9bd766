package publisher

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
)

func (b *modelBroker) wantOn(t *testing.T, topic string, want ...string) {
	t.Helper()
	if got := b.toldOn(topic); !slices.Equal(got, want) {
		t.Errorf("topic %s says\n%s\nwant\n%s", topic, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (s *modelStore) question(want string) func() bool {
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.row.State == producer.Stopped && strings.Contains(s.row.Reason, want)
	}
}

// One transaction goes along all routes that take it, each in its format; what no
// route takes is skipped.
func TestRoutesEachTakeTheirPart(t *testing.T) {
	for _, large := range []bool{false, true} {
		s, b := newModelStore(), newModelBroker(nil)
		s.row.Config.Routes = []producer.Route{{Topic: "all", Format: "fusion-json", Filter: producer.Filter{}}, {Topic: "xs", Format: "fusion-json", Filter: onlyIDs("X")}, {Topic: "ml", Format: "sdmx-ml-2.1", Filter: onlyIDs("X", "Y")}}
		s.wish(producer.Idle, producer.StartIdle)
		until(t, s, b, "the start", s.handled(0))
		s.record(registry.Replace, "1.0", "X", "Y", "Z")
		s.record(registry.Replace, "1.0.0-draft", "X") // 2.1 has no such version
		s.record(registry.Delete, "1.0", "Y")
		for i := range s.txs {
			s.txs[i].large = large && s.txs[i].Kind == registry.Replace
		}
		until(t, s, b, "sending", s.handled(3))
		b.wantOn(t, "all", "1 replace A:X(1.0) 1/3", "1 replace A:Y(1.0) 2/3", "1 replace A:Z(1.0) 3/3", "2 replace A:X(1.0.0-draft) 1/1", "3 delete A:Y(1.0) 1/1")
		b.wantOn(t, "xs", "1 replace A:X(1.0) 1/1", "2 replace A:X(1.0.0-draft) 1/1")
		b.wantOn(t, "ml", "1 replace A:X(1.0) 1/2", "1 replace A:Y(1.0) 2/2", "2 delete A:X(1.0.0-draft) 1/1", "3 delete A:Y(1.0) 1/1")
		all, ml := b.logs["all"][0].Value, b.logs["ml"][0].Value
		if all[0] != '{' || ml[0] != '<' {
			t.Errorf("the formats are mixed up: %.20q and %.20q", all, ml)
		}
		if &b.logs["all"][0].Value[0] != &b.logs["xs"][0].Value[0] {
			t.Error("a structure was written twice in one format")
		}
	}
}

// A route that is added asks; a baseline is of that one alone, as of where the
// others are, and what is pending follows on all.
func TestAddedRouteGetsItsBaseline(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.row.Config.Routes = []producer.Route{{Topic: "one", Format: "fusion-json", Filter: producer.Filter{}}}
	s.wish(producer.Idle, producer.StartIdle)
	until(t, s, b, "the start", s.handled(0))
	s.record(registry.Replace, "1.0", "X", "Y")
	until(t, s, b, "sending", s.handled(1))
	s.row.Config.Routes = append(s.row.Config.Routes, producer.Route{Topic: "two", Format: "fusion-json", Filter: onlyIDs("X", "Z")})
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "the question", s.question("Topic two was added."))
	s.wish(producer.Idle, producer.StartBaseline)
	until(t, s, b, "going on", s.handled(2))
	b.wantOn(t, "one", "1 replace A:X(1.0) 1/2", "1 replace A:Y(1.0) 2/2", "2 replace A:X(1.0) 1/1")
	b.wantOn(t, "two", "1 replace A:X(1.0) 1/1 job", "2 replace A:X(1.0) 1/1")

	s.row.Config.Routes = s.row.Config.Routes[1:]
	s.record(registry.Replace, "1.0", "X", "Z")
	until(t, s, b, "the question", s.question("Topic one was removed"))
	s.wish(producer.Idle, producer.StartContinue)
	until(t, s, b, "going on", s.handled(3))
	b.wantOn(t, "two", "1 replace A:X(1.0) 1/1 job", "2 replace A:X(1.0) 1/1", "3 replace A:X(1.0) 1/2", "3 replace A:Z(1.0) 2/2")
}

// A re-publication sends what is current of its scope, and tombstones for what the
// topic holds of it and is gone; it waits for its turn and is done once.
func TestRepublication(t *testing.T) {
	for name, c := range map[string]struct {
		scope producer.Scope
		want  []string
	}{
		"of ids":          {producer.Scope{Filter: onlyIDs("X")}, []string{"3 replace A:X(1.0) 1/1 job"}},
		"of transactions": {producer.Scope{From: 2, To: 3}, []string{"3 replace A:Z(1.0) 1/1 job", "3 delete A:OLD(1.0) 1/1 job"}},
		"of everything":   {producer.Scope{}, []string{"3 replace A:X(1.0) 1/2 job", "3 replace A:Z(1.0) 2/2 job", "3 delete A:OLD(1.0) 1/1 job"}},
		"of nothing":      {producer.Scope{Filter: onlyIDs("NONE")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, b := newModelStore(), newModelBroker(nil)
			s.wish(producer.Idle, producer.StartIdle)
			until(t, s, b, "the start", s.handled(0))
			s.record(registry.Replace, "1.0", "X", "Y", "OLD")
			s.record(registry.Replace, "1.0", "Z")
			s.record(registry.Delete, "1.0", "Y")
			until(t, s, b, "sending", s.handled(3))
			before := b.told()
			s.txs[2].Documents = append(s.txs[2].Documents, s.txs[0].Documents[2]) // OLD is gone without a word
			if err := newAdministrator(s, "u").Publish(c.scope); err != nil {
				t.Fatal(err)
			}
			until(t, s, b, "the job", func() bool {
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.begun == 1 && s.row.Job == nil && s.row.State == producer.Idle
			})
			b.wantOn(t, producer.TopicDefault, append(before, c.want...)...)
		})
	}
}

// The tombstones that a half-sent transaction owes go along the routes that its
// replaces took, before others are taken up.
func TestChangedRouteFinishesHalf(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.row.Config.Routes = []producer.Route{{Topic: "ml", Format: "sdmx-ml-2.1", Filter: producer.Filter{}}}
	s.wish(producer.Idle, producer.StartIdle)
	until(t, s, b, "the start", s.handled(0))
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "sending", s.handled(1))
	before := s.row.Cursor
	s.record(registry.Replace, "1.0", "Y")
	s.txs[1].Documents = append(s.txs[1].Documents, s.txs[0].Documents[0])
	draft := &s.txs[1].Documents[1]
	draft.Position, draft.Before = 2, 1
	l := &sdmx.Codelist{}
	l.ID, l.Agency, l.Version = "X", "A", "1.0.0-draft"
	l.Names = sdmx.Texts{{Lang: "en", Value: "X"}}
	draft.URN, draft.Body = sdmx.URNOf(l), sdmx.AppendCanonical(nil, l)
	until(t, s, b, "sending", s.handled(2))
	told := []string{"1 replace A:X(1.0) 1/1", "2 replace A:Y(1.0) 1/1", "2 delete A:X(1.0.0-draft) 1/1"}
	b.wantOn(t, "ml", told...)

	log := b.logs["ml"]
	log[len(log)-2].committed = false // the tombstone, as if the process had died before
	s.row.Cursor = before
	s.row.Config.Routes = append(s.row.Config.Routes, producer.Route{Topic: "two", Format: "fusion-json", Filter: producer.Filter{}})
	s.record(registry.Replace, "1.0", "Z")
	until(t, s, b, "the question", s.question("Topic two was added."))
	s.wish(producer.Idle, producer.StartContinue)
	until(t, s, b, "going on", s.handled(3))
	b.wantOn(t, "ml", append(told, "3 replace A:Z(1.0) 1/1")...)
	b.wantOn(t, "two", "3 replace A:Z(1.0) 1/1")
}

// A topic of a deleted producer is taken over, and the ids of that producer are fenced; a topic
// of an existing producer is refused.
func TestTopicOfDeletedProducer(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.wish(producer.Idle, producer.StartIdle)
	until(t, s, b, "the start", s.handled(0))
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "sending", s.handled(1))
	fresh := newModelStore()
	fresh.txs, fresh.row.ID = s.txs, "q"
	fresh.wish(producer.Idle, producer.StartIdle)
	until(t, fresh, b, "the refusal", fresh.question("belongs to producer p of this registry"))
	fresh.former = map[string]string{"p": producer.PrefixDefault}
	epoch := b.epochs["tx-r-p-0"]
	fresh.wish(producer.Idle, producer.StartIdle)
	until(t, fresh, b, "the start", fresh.handled(1))
	fresh.record(registry.Replace, "1.0", "Y")
	until(t, fresh, b, "sending", fresh.handled(2))
	if b.epochs["tx-r-p-0"] <= epoch {
		t.Error("the ids of the deleted producer were not fenced")
	}
	wantTold(t, b, "1 replace A:X(1.0) 1/1", "2 replace A:Y(1.0) 1/1")
}

// TestRoutesUnderFaults changes the routes and asks for jobs again and again while
// calls fail and cursors are lost: on each topic every transaction's records come
// once, whole and in order, as the routes of the moment let them.
func TestRoutesUnderFaults(t *testing.T) {
	choice := []producer.Route{{Topic: "ml", Format: "sdmx-ml-2.1", Filter: producer.Filter{}}, {Topic: "xs", Format: "fusion-json", Filter: onlyIDs("X")}, {Topic: "yz", Format: "fusion-json", Filter: onlyIDs("Y", "Z")}, {Topic: "all", Format: "fusion-json", Filter: producer.Filter{}}}
	for seed := range uint64(80) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 3))
			s, b := newModelStore(), newModelBroker(rnd)
			s.row.Config.Routes = choice[:1]
			s.wish(producer.Idle, producer.StartIdle)
			until(t, s, b, "the start", s.handled(0))
			want := map[string][]string{}
			for range 6 {
				var routes []producer.Route
				for _, i := range rnd.Perm(len(choice))[:1+rnd.IntN(3)] {
					routes = append(routes, choice[i])
				}
				s.row.Config.Routes = routes
				s.wish(producer.Idle, []string{producer.StartContinue, producer.StartBaseline}[rnd.IntN(2)])
				until(t, s, b, "the routes", func() bool {
					s.mu.Lock()
					defer s.mu.Unlock()
					return s.row.State == producer.Idle && s.row.Taken == s.row.Wish.Sequence && s.row.Job == nil
				})
				for range 1 + rnd.IntN(8) {
					version := []string{"1.0", "1.0", "1.0", "1.0.0-draft"}[rnd.IntN(4)]
					s.record(registry.Kind(1+rnd.IntN(2)), version, []string{"X", "Y", "Z"}[:1+rnd.IntN(3)]...)
					for _, r := range routes {
						want[r.Topic] = append(want[r.Topic], along(&s.txs[len(s.txs)-1].Pending, r)...)
					}
				}
				s.mu.Lock()
				for range rnd.IntN(3) {
					s.jobs = append(s.jobs, producer.Job{Kind: producer.JobRepublish, Scope: producer.Scope{Filter: onlyIDs("X")}})
				}
				s.mu.Unlock()
				b.troubled(rnd, 1+rnd.IntN(4))
				luck := rand.New(rand.NewPCG(seed, uint64(len(s.txs))))
				s.lossy = func() bool { return luck.IntN(2) == 0 }
				n := len(s.txs)
				until(t, s, b, "sending", func() bool {
					s.mu.Lock()
					defer s.mu.Unlock()
					return s.row.State == producer.Idle && s.row.Cursor.Number >= registry.Number(n) && len(s.jobs) == 0 && s.row.Job == nil
				})
			}
			for _, r := range choice {
				got := slices.DeleteFunc(b.toldOn(r.Topic), func(line string) bool { return strings.HasSuffix(line, " job") })
				if !slices.Equal(got, want[r.Topic]) {
					t.Errorf("topic %s says\n%s\nwant\n%s", r.Topic, strings.Join(got, "\n"), strings.Join(want[r.Topic], "\n"))
				}
			}
			checkLanded(t, s, b, false)
		})
	}
}

// troubled lets some of the next calls fail.
func (b *modelBroker) troubled(rnd *rand.Rand, left int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.chance = func() bool {
		if left > 0 && rnd.IntN(9) == 0 {
			left--
			return true
		}
		return false
	}
}

// along is what a reader of a route's topic is told of a transaction.
func along(p *producer.Pending, r producer.Route) (lines []string) {
	var sent, gone []string
	for _, d := range p.Documents {
		switch {
		case !r.Filter.Passes(d.URN):
		case p.Kind == registry.Replace && r.Format == "sdmx-ml-2.1" && d.URN.Version != "1.0":
			if p.Number > 1 {
				gone = append([]string{d.URN.Short()}, gone...)
			}
		default:
			sent = append(sent, d.URN.Short())
		}
	}
	for i, name := range sent {
		lines = append(lines, fmt.Sprintf("%d %s %s %d/%d", p.Number, p.Kind, name, i+1, len(sent)))
	}
	for i, name := range gone {
		lines = append(lines, fmt.Sprintf("%d delete %s %d/%d", p.Number, name, i+1, len(gone)))
	}
	return lines
}
