package publisher

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/producer"
	"urncast/registry"
)

// standby is a copy of the database as it was at one moment.
type standby struct {
	txs   []modelTx
	row   producer.Row
	marks map[registry.Number]string
	jobs  []producer.Job
}

func (s *modelStore) copied() standby {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := standby{slices.Clone(s.txs), s.row, maps.Clone(s.marks), slices.Clone(s.jobs)}
	if c.row.Job != nil {
		j := *c.row.Job
		c.row.Job = &j
	}
	return c
}

// promote makes the standby the database. The holder's session ends with the old one, or
// lives on as behind an address that moved.
func (s *modelStore) promote(c standby, told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.txs, s.row, s.marks, s.jobs = c.txs, c.row, c.marks, c.jobs
	s.landed, s.unwritten = map[registry.Number]producer.Landed{}, nil
	if h := s.holder; told && h != nil && h.lost != nil {
		s.term++
		s.holder = nil
		close(h.lost)
	}
	signal(s.work)
	signal(s.wishes)
}

// losing lets the topic lose records, the database its past, and another registry write,
// at random moments under a living session.
func losing(rnd *rand.Rand, s *modelStore, b *modelBroker, c standby) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	log := b.logs[producer.TopicDefault]
	switch rnd.IntN(5) {
	case 0:
		b.topic.ID += "'"
		b.cut(0)
		return "topic made anew"
	case 1:
		b.cut(rnd.IntN(len(log) + 1))
		return "end lost"
	case 2:
		b.stranger("other", 100) // more than was lost: what fills a hole exactly nobody can tell
		return "stranger"
	case 3:
		b.mu.Unlock()
		s.promote(c, rnd.IntN(2) == 0)
		b.mu.Lock()
		return "failover"
	}
	return "nothing"
}

// cut takes the end of the topic away; what was open there is gone as well.
func (b *modelBroker) cut(to int) {
	log := b.logs[producer.TopicDefault]
	for _, r := range log[to:] {
		if r != nil {
			r.committed, r.lost = false, true
		}
	}
	b.logs[producer.TopicDefault] = log[:to:to]
}

// Whatever the world loses, at any moment, beside calls that fail: in the end the topic
// holds what is current, or the producer has stopped and asked; then a baseline heals it.
func TestWorldLosesThings(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(seed, 7))
			s, b := started(t, "fusion-json")
			b.rnd = rand.New(rand.NewPCG(seed, 8))
			faults := rand.New(rand.NewPCG(seed, 9))
			var did []string
			s.record(registry.Replace, "1.0", "X") // a transaction that no failover takes: without one nothing can be sent
			until(t, s, b, "the first", s.handled(1))
			strangers := 0
			for range 6 {
				c := s.copied()
				left := faults.IntN(3)
				b.mu.Lock()
				b.chance = func() bool {
					if left > 0 && faults.IntN(12) == 0 {
						left--
						return true
					}
					return false
				}
				b.mu.Unlock()
				_, stop := running(t, s, b)
				for range 2 + rnd.IntN(8) {
					s.record(registry.Kind(1+rnd.IntN(2)), "1.0", []string{"X", "Y", "Z", "U", "V"}[:1+rnd.IntN(5)]...)
					if rnd.IntN(3) == 0 {
						eventually(t, "some work", func() bool { s.admin(b); return s.settledSome() })
					}
					if rnd.IntN(6) == 0 {
						what := losing(rnd, s, b, c)
						if did = append(did, what); what == "stranger" {
							strangers++
						}
					}
				}
				if rnd.IntN(3) == 0 {
					stop()
					_, stop = running(t, s, b)
				}
				// It is over when nothing is left to do for as long as the guard needs to look.
				calm := 0
				for deadline := time.Now().Add(20 * time.Second); calm < 40; time.Sleep(time.Millisecond) {
					if calm++; !s.handled(len(s.txs))() || !b.quiet(s) {
						calm = 0
					}
					if s.admin(b); time.Now().After(deadline) {
						t.Fatalf("after %s it is %s, %+v, of %d, on %s: %s; incidents: %s", strings.Join(did, ", "), s.row.State, s.row.Cursor, len(s.txs), b.show(), s.row.Reason, s.asked())
					}
				}
				stop()
				checkReplica(t, s, b)
				if t.Failed() {
					t.Fatalf("after %s; incidents: %s", strings.Join(did, ", "), s.asked())
				}
			}
			if strangers > 0 && !strings.Contains(s.asked(), "registry other") && !strings.Contains(s.asked(), "made anew") && !strings.Contains(s.asked(), "lost records") {
				t.Errorf("after %s nobody was told of the stranger: %s", strings.Join(did, ", "), s.asked())
			}
		})
	}
}

// admin answers each question with a baseline. A new topic that a stranger took first is
// made anew again.
func (s *modelStore) admin(b *modelBroker) {
	s.mu.Lock()
	asks, taken := s.row.State == producer.Stopped && s.row.Wish.Sequence == s.row.Taken && s.row.Started, strings.Contains(s.row.Reason, "belongs to")
	s.mu.Unlock()
	if asks {
		if taken {
			b.mu.Lock()
			b.topic.ID += "'"
			b.cut(0)
			b.mu.Unlock()
		}
		s.wish(producer.Idle, producer.StartBaseline)
	}
}

func (s *modelStore) settledSome() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.row.State != producer.Recovering && (int(s.row.Cursor.Number) >= len(s.txs)-3 || s.row.State == producer.Stopped)
}

// quiet reports whether the guard has had the time to look at all that happened.
func (b *modelBroker) quiet(s *modelStore) bool {
	s.mu.Lock()
	looked := s.row.Cursor.Offsets[producer.TopicDefault]
	s.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	return looked == int64(len(b.logs[producer.TopicDefault]))
}

func (s *modelStore) asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, i := range s.incidents {
		all = append(all, i.Reason)
	}
	return strings.Join(all, "\n")
}

func (b *modelBroker) show() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := fmt.Sprintf("topic %s, %d long", b.topic.ID, len(b.logs[producer.TopicDefault]))
	for id, open := range b.open {
		out += fmt.Sprintf(", %d open of %s", len(open), id)
	}
	return out
}
