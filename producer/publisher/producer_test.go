package publisher

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/producer"
	"urncast/registry"
)

func newPublisher(s *modelStore, b *modelBroker) *Publisher {
	return &Publisher{Store: s, Cluster: b, Log: slog.New(slog.DiscardHandler), Metrics: NewMetrics(prometheus.NewRegistry()).of("p"), ProcessStart: time.Now(), backoff: time.Microsecond, beat: 5 * time.Millisecond}
}

// until runs a publisher until the condition holds.
func until(t *testing.T, s *modelStore, b *modelBroker, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	ended := make(chan struct{})
	go func() { newPublisher(s, b).Run(ctx); close(ended) }()
	for !ok() {
		if ctx.Err() != nil {
			t.Fatalf("%s did not come about; state %s: %s; cursor %v of %d", what, s.row.State, s.row.Reason, s.row.Cursor, len(s.txs))
		}
		time.Sleep(time.Millisecond)
		signal(s.wishes)
	}
	cancel()
	<-ended
}

func (s *modelStore) handled(n int) func() bool {
	return func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.row.State == producer.Idle && s.row.Cursor.Number >= registry.Number(n)
	}
}

// told is what a read_committed reader of the topic sees: "number kind key", markers
// left out.
func (b *modelBroker) told() []string { return b.toldOn(producer.TopicDefault) }

func (b *modelBroker) toldOn(topic string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, r := range b.logs[topic] {
		if r == nil || !r.committed {
			continue
		}
		s := modelSeen(r)
		kind := "replace"
		if s.Tombstone {
			kind = "delete"
		}
		job := ""
		if s.Job != "" {
			job = " job"
		}
		out = append(out, fmt.Sprintf("%d %s %s %d/%d%s", s.Number, kind, s.Key[strings.LastIndex(s.Key, "=")+1:], s.Position, s.Count, job))
	}
	return out
}

func wantTold(t *testing.T, b *modelBroker, want ...string) {
	t.Helper()
	if got := b.told(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the topic says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPublishesInOrder(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.record(registry.Replace, "1.0", "OLD")
	s.wish(producer.Idle, producer.StartIdle)
	until(t, s, b, "the idle start", s.handled(1))
	s.record(registry.Replace, "1.0", "X", "Y")
	s.record(registry.Delete, "1.0", "X")
	until(t, s, b, "sending", s.handled(3))
	wantTold(t, b, "2 replace A:X(1.0) 1/2", "2 replace A:Y(1.0) 2/2", "3 delete A:X(1.0) 1/1")
}

func TestBaselineCoversAndClears(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.wish(producer.Idle, producer.StartIdle)
	until(t, s, b, "the start", s.handled(0))
	s.record(registry.Replace, "1.0", "X", "Y")
	until(t, s, b, "sending", s.handled(1))
	s.record(registry.Delete, "1.0", "X")
	s.record(registry.Replace, "1.0", "Z")
	s.wish(producer.Idle, producer.StartBaseline)
	until(t, s, b, "the baseline", s.handled(3))
	wantTold(t, b, "1 replace A:X(1.0) 1/2", "1 replace A:Y(1.0) 2/2",
		"3 replace A:Y(1.0) 1/2 job", "3 replace A:Z(1.0) 2/2 job", "3 delete A:X(1.0) 1/1 job")
}

func TestInexpressibleGetsTombstone(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.row.Config.Routes[0].Format = "sdmx-ml-2.1"
	s.wish(producer.Idle, producer.StartIdle)
	until(t, s, b, "the start", s.handled(0))
	s.record(registry.Replace, "1.0", "X")
	s.record(registry.Replace, "1.0.0-draft", "X") // 2.1 has no such version
	s.record(registry.Replace, "1.0", "Y")
	until(t, s, b, "sending", s.handled(3))
	wantTold(t, b, "1 replace A:X(1.0) 1/1", "2 delete A:X(1.0.0-draft) 1/1", "3 replace A:Y(1.0) 1/1")
	if s.left[2] != 1 {
		t.Errorf("what was left out is not counted: %v", s.left)
	}
}

func TestGuards(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*modelStore, *modelBroker)
		want  string
	}{
		"topic made anew": {func(_ *modelStore, b *modelBroker) { b.topic.ID, b.logs[producer.TopicDefault] = "topic-2", nil }, "deleted and made anew"},
		"other cluster":   {func(_ *modelStore, b *modelBroker) { b.topic.Cluster = "other" }, "cluster other"},
		"cloned database": {func(s *modelStore, _ *modelBroker) { s.row.System = "elsewhere" }, "copy"},
		"lost transactions": {func(s *modelStore, _ *modelBroker) {
			s.txs, s.row.Cursor = s.txs[:1], producer.Cursor{}
		}, "has lost transactions"},
		"numbers given anew": {func(s *modelStore, _ *modelBroker) {
			s.row.Cursor = producer.Cursor{}
			s.txs[2].ID = "another"
		}, "given their numbers anew"},
		"records lost":   {func(_ *modelStore, b *modelBroker) { b.logs[producer.TopicDefault] = b.logs[producer.TopicDefault][:1] }, "has lost records"},
		"changed topic":  {func(s *modelStore, _ *modelBroker) { s.row.Config.Routes[0].Topic = "other" }, "topic was changed"},
		"changed format": {func(s *modelStore, _ *modelBroker) { s.row.Config.Routes[0].Format = "sdmx-ml-2.1" }, "format was changed"},
	} {
		t.Run(name, func(t *testing.T) {
			s, b := newModelStore(), newModelBroker(nil)
			s.wish(producer.Idle, producer.StartIdle)
			until(t, s, b, "the start", s.handled(0))
			for range 3 {
				s.record(registry.Replace, "1.0", "X")
			}
			until(t, s, b, "sending", s.handled(3))
			c.spoil(s, b)
			before := len(b.told())
			until(t, s, b, "the question", func() bool {
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.row.State == producer.Stopped && strings.Contains(s.row.Reason, c.want)
			})
			if len(b.told()) != before {
				t.Error("something was published in spite of the question")
			}
			s.record(registry.Replace, "1.0", "NEW")
			s.wish(producer.Idle, producer.StartContinue)
			until(t, s, b, "going on", s.handled(len(s.txs)))
			if got := b.toldOn(s.row.Config.Routes[0].Topic); !strings.Contains(got[len(got)-1], "A:NEW(1.0)") {
				t.Errorf("after going on the last is %q", got[len(got)-1])
			}
			if !strings.Contains(c.want, "transactions") && !strings.Contains(c.want, "numbers") { // else two transactions there have one number
				checkLanded(t, s, b, false)
			}
		})
	}
}

// TestExactlyOnceUnderFaults lets every call fail at random, loses cursors,
// restarts publishers and starts a baseline now and then: a reader must see each
// transaction once, whole and in order.
func TestExactlyOnceUnderFaults(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 1))
			s, b := newModelStore(), newModelBroker(rnd)
			s.row.Config.Routes[0].Format = "sdmx-ml-2.1"
			s.wish(producer.Idle, producer.StartIdle)
			until(t, s, b, "the start", s.handled(0))
			total := 0
			for range 6 {
				for range 1 + rnd.IntN(12) {
					total++
					version := "1.0"
					if rnd.IntN(8) == 0 {
						version = "1.0.0-draft"
					}
					s.record(registry.Kind(1+rnd.IntN(2)), version, []string{"X", "Y", "Z"}[:1+rnd.IntN(3)]...)
				}
				left := 1 + rnd.IntN(4)
				b.mu.Lock()
				b.chance = func() bool { // a few faults, then calm
					if left > 0 && rnd.IntN(9) == 0 {
						left--
						return true
					}
					return false
				}
				b.mu.Unlock()
				luck := rand.New(rand.NewPCG(seed, uint64(total)))
				s.lossy = func() bool { return luck.IntN(2) == 0 }
				until(t, s, b, "sending", s.handled(total))
			}
			checkOnce(t, s, b)
		})
	}
}

// checkLanded holds what is kept of where transactions are to the topics. All says
// whether that of each transaction must be there, on each of its topics.
func checkLanded(t *testing.T, s *modelStore, b *modelBroker, all bool) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	records := map[registry.Number][]*modelRecord{}
	for _, log := range b.logs {
		for _, r := range log {
			if r == nil || !r.committed {
				continue
			}
			if seen := modelSeen(r); seen.Job == "" {
				records[seen.Number] = append(records[seen.Number], r)
			}
		}
	}
	for n, found := range records {
		want, kept := stretchesOf(found), s.landed[n].Stretches
		for topic, at := range kept {
			if want[topic] != at {
				t.Errorf("transaction %d is kept as %v on %s, and is %v", n, at, topic, want[topic])
			}
		}
		if all && len(kept) != len(want) {
			t.Errorf("of transaction %d it is kept that it is at %v, and it is at %v", n, kept, want)
		}
	}
	for n, l := range s.landed {
		if len(records[n]) == 0 && len(l.Stretches) > 0 {
			t.Errorf("transaction %d is kept as being at %v, and is not on a topic", n, l.Stretches)
		}
	}
}

func checkOnce(t *testing.T, s *modelStore, b *modelBroker) {
	t.Helper()
	var want []string
	for _, p := range s.txs {
		var gone []string
		n := 0
		for _, d := range p.Documents {
			if p.Kind == registry.Replace && d.URN.Version != "1.0" {
				gone = append([]string{d.URN.Short()}, gone...)
			} else {
				n++
			}
		}
		i := 0
		for _, d := range p.Documents {
			if p.Kind == registry.Delete || d.URN.Version == "1.0" {
				i++
				want = append(want, fmt.Sprintf("%d %s %s %d/%d", p.Number, p.Kind, d.URN.Short(), i, n))
			}
		}
		if p.Number == 1 {
			continue // it has no predecessor: nothing of it was on the topic
		}
		for i, k := range gone {
			want = append(want, fmt.Sprintf("%d delete %s %d/%d", p.Number, k, i+1, len(gone)))
		}
	}
	wantTold(t, b, want...)
	checkLanded(t, s, b, true)
}
