package publisher

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/producer"
	"urncast/registry"
)

// A topic that is deleted and made anew, or loses its end, under a living session is
// never written to as if nothing had happened: the session ends before it commits there.
func TestTopicChangesUnderSession(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*modelBroker)
		idle  bool // nothing is sent afterwards: the look alone finds it
		want  string
	}{
		"made anew":                 {func(b *modelBroker) { b.topic.ID, b.logs[producer.TopicDefault] = "topic-2", nil }, false, "made anew"},
		"made anew while idle":      {func(b *modelBroker) { b.topic.ID, b.logs[producer.TopicDefault] = "topic-2", nil }, true, "made anew"},
		"made anew and filled":      {func(b *modelBroker) { b.topic.ID = "topic-2"; b.stranger("", 40) }, true, "made anew"},
		"lost its end":              {func(b *modelBroker) { b.logs[producer.TopicDefault] = b.logs[producer.TopicDefault][:3] }, false, "lost records"},
		"lost its end while idle":   {func(b *modelBroker) { b.logs[producer.TopicDefault] = b.logs[producer.TopicDefault][:3] }, true, "lost records"},
		"another registry writes":   {func(b *modelBroker) { b.stranger("other", 1) }, false, "registry other"},
		"another registry, and all": {func(b *modelBroker) { b.stranger("other", 1) }, true, "registry other"},
	} {
		t.Run(name, func(t *testing.T) {
			s, b := started(t, "fusion-json")
			_, stop := running(t, s, b)
			defer stop()
			for range 3 {
				s.record(registry.Replace, "1.0", "A")
			}
			eventually(t, "sending", s.handled(3))
			b.mu.Lock()
			c.spoil(b)
			b.mu.Unlock()
			if !c.idle {
				s.record(registry.Replace, "1.0", "B")
				s.record(registry.Replace, "1.0", "C")
			}
			eventually(t, "the question", s.in(producer.Stopped, c.want))
			s.wish(producer.Idle, producer.StartBaseline)
			eventually(t, "the baseline", s.baselined)
			checkReplica(t, s, b)
		})
	}
}

// baselined reports whether the job that was asked for is through.
func (s *modelStore) baselined() bool {
	if !s.handled(len(s.txs))() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.row.Job == nil && s.begun > 0 && s.row.Taken == s.row.Wish.Sequence
}

// stranger writes committed records of another registry, or records without a registry if that
// is empty. The caller has locked the broker.
func (b *modelBroker) stranger(of string, n int) {
	for range n {
		at := int64(len(b.logs[producer.TopicDefault]))
		r := &modelRecord{Record: producer.Record{Topic: producer.TopicDefault, Key: []byte("of a stranger")}, offset: at, committed: true}
		if of != "" {
			r.Headers = []producer.Header{{Key: producer.HeaderRegistry, Value: []byte(of)}, {Key: producer.HeaderProducer, Value: []byte("q")}, {Key: producer.HeaderTransaction, Value: []byte("7")}, {Key: producer.HeaderTransactionID, Value: []byte("x")}}
		}
		b.logs[producer.TopicDefault] = append(b.logs[producer.TopicDefault], r)
	}
	b.logs[producer.TopicDefault] = append(b.logs[producer.TopicDefault], nil)
}

// checkReplica compares what a reader of the whole topic holds in the end with what is
// current.
func checkReplica(t *testing.T, s *modelStore, b *modelBroker) {
	t.Helper()
	b.mu.Lock()
	replica := map[string]registry.Number{}
	for _, r := range b.logs[producer.TopicDefault] {
		if r == nil || !r.committed {
			continue
		}
		switch seen := modelSeen(r); {
		case seen.Registry != s.row.Registry:
		case seen.Tombstone:
			delete(replica, seen.Key)
		default:
			replica[seen.Key] = seen.Number
		}
	}
	b.mu.Unlock()
	current, _ := s.Current(t.Context(), registry.Number(len(s.txs)))
	for _, e := range current {
		if n, there := replica[e.URN.String()]; !there {
			t.Errorf("%s is current, and not on the topic", e.URN.Short())
		} else if made := registry.Number(e.Document / 1000); n < made {
			t.Errorf("the topic holds %s as of %d, and it was replaced by %d", e.URN.Short(), n, made)
		}
		delete(replica, e.URN.String())
	}
	for key, n := range replica {
		t.Errorf("the topic holds %s as of %d, and it is not current", key, n)
	}
}

// A database that lost its past under a living session, as by a failover, is found out by
// the row that follows, and by the next look where nothing follows.
func TestDatabaseGoesBackUnderSession(t *testing.T) {
	for name, following := range map[string][]string{"more follows": {"NEVERSENT", "C"}, "one follows": {"NEVERSENT"}, "nothing follows": nil} {
		t.Run(name, func(t *testing.T) {
			s, b := started(t, "fusion-json")
			_, stop := running(t, s, b)
			defer stop()
			s.record(registry.Replace, "1.0", "A")
			s.record(registry.Replace, "1.0", "LOST")
			eventually(t, "sending", s.handled(2))
			s.mu.Lock()
			s.txs = s.txs[:1]
			s.row.Cursor.Number = 1
			s.mu.Unlock()
			for _, key := range following {
				s.record(registry.Replace, "1.0", key)
			}
			eventually(t, "the question", s.in(producer.Stopped, "lost transactions"))
			if told := strings.Join(b.told(), "\n"); strings.Contains(told, "A:C") {
				t.Errorf("something was sent past the loss:\n%s", told)
			}
			s.wish(producer.Idle, producer.StartBaseline)
			eventually(t, "the baseline", s.baselined)
			checkReplica(t, s, b)
		})
	}
}

// Recovery compares every own record that it sees with the log, not the newest alone.
func TestEveryOwnRecordIsCompared(t *testing.T) {
	s, b := started(t, "fusion-json")
	for range 3 {
		s.record(registry.Replace, "1.0", "X")
	}
	until(t, s, b, "sending", s.handled(3))
	// A failover lost 2 and gave its number anew, while the old holder went on and sent 3.
	s.txs[1].ID = "another-2"
	s.row.Cursor = producer.Cursor{Number: 1, Offsets: map[string]int64{producer.TopicDefault: 1}}
	s.record(registry.Replace, "1.0", "Y")
	until(t, s, b, "the question", s.in(producer.Stopped, "Transaction 2 on topic"))
	if !strings.Contains(s.incidents[len(s.incidents)-1].Ask[1].Text, "after transaction 1.") {
		t.Errorf("the choices are %v", s.incidents[len(s.incidents)-1].Ask)
	}
}

// slowPlan holds the first publisher in its job's plan, while a second takes over.
type slowPlan struct {
	*modelStore
	in, out chan struct{}
	once    sync.Once
}

func (s *slowPlan) Current(ctx context.Context, asOf registry.Number) ([]producer.Entry, error) {
	e, err := s.modelStore.Current(ctx, asOf)
	s.once.Do(func() { close(s.in); <-s.out })
	for i := range e { // as if the registry were large
		e[i].Bytes = 64 << 20
	}
	return e, err
}

// A holder that slept while it planned a large baseline, which needs lanes of a longer
// timeout, opens none: it would fence the new holder and send old content after newer.
func TestSleeperOpensNoLanes(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "sending", s.handled(1))
	s.wish(producer.Idle, producer.StartBaseline)
	slow := &slowPlan{modelStore: s, in: make(chan struct{}), out: make(chan struct{})}
	p := newPublisher(s, b)
	p.Store = slow
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { p.Run(ctx); close(ended) }()
	<-slow.in // it plans: the process is stopped, the lease runs out
	s.mu.Lock()
	s.holder = nil
	s.mu.Unlock()
	_, stop := running(t, s, b) // another takes over and does the job
	eventually(t, "the job", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.row.Job == nil && s.row.Cursor.Number == 1 })
	s.record(registry.Replace, "1.0", "X")
	eventually(t, "sending 2", s.handled(2))
	b.mu.Lock()
	opened := fmt.Sprint(b.epochs)
	b.mu.Unlock()
	close(slow.out) // the first wakes up
	time.Sleep(50 * time.Millisecond)
	stop()
	cancel()
	<-ended
	if now := fmt.Sprint(b.epochs); now != opened {
		t.Errorf("the sleeper opened lanes: epochs %s, then %s", opened, now)
	}
	wantTold(t, b, "1 replace A:X(1.0) 1/1", "1 replace A:X(1.0) 1/1 job", "2 replace A:X(1.0) 1/1")
}

// sleeper takes the lease away while the lanes are opened.
type sleeper struct {
	*modelBroker
	asleep func()
	once   sync.Once
}

func (b *sleeper) Connect(context.Context, string) (producer.Broker, error) { return b, nil }

func (b *sleeper) Open(ctx context.Context, topics, ids []string, timeout time.Duration) ([]producer.Lane, error) {
	b.once.Do(b.asleep)
	return b.modelBroker.Open(ctx, topics, ids, timeout)
}

// An instance that lost the lease before its lanes were open stands down, though they open.
func TestLeaseIsLookedAtAfterOpening(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "X")
	p := newPublisher(s, b)
	p.Cluster = &sleeper{modelBroker: b, asleep: func() { s.depose(false) }}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { p.Run(ctx); close(ended) }()
	time.Sleep(100 * time.Millisecond)
	cancel()
	<-ended
	if told := b.told(); len(told) > 0 {
		t.Errorf("without the lease it sent %v", told)
	}
}

// Skipped transactions are named as one range, however many they are, and after a restart
// too.
func TestSkipsAreARange(t *testing.T) {
	for _, restart := range []bool{false, true} {
		s, b := newModelStore(), newModelBroker(nil)
		s.row.Config.Routes[0].Filter = producer.Filter{URNs: []string{"*=A:KEEP(*"}}
		s.wish(producer.Idle, producer.StartIdle)
		until(t, s, b, "the start", s.handled(0))
		const n = 12_000
		for range n {
			s.record(registry.Replace, "1.0", "OTHER")
		}
		if restart {
			until(t, s, b, "skipping", s.handled(n))
		}
		s.record(registry.Replace, "1.0", "KEEP")
		until(t, s, b, "sending", s.handled(n+1))
		if got := b.skippedHeaders(); len(got) != 1 || got[0] != "1-12000" {
			t.Errorf("restarted %t: the headers say %.200q", restart, got)
		}
	}
}

type failingHold struct {
	*modelHold
	fail *bool
}

func (h failingHold) Load(ctx context.Context) (producer.Row, error) {
	if *h.fail {
		*h.fail = false
		return producer.Row{}, errors.New("ERROR: canceling statement due to statement timeout (SQLSTATE 57014)")
	}
	return h.modelHold.Load(ctx)
}

// holding is the model store, whose holds are made into others.
type holding struct {
	*modelStore
	as func(*modelHold) producer.Hold
}

func (s holding) Acquire(ctx context.Context, other func(string, int64)) (producer.Hold, error) {
	h, err := s.modelStore.Acquire(ctx, other)
	if err != nil {
		return nil, err
	}
	return s.as(h.(*modelHold)), nil
}

// A statement that fails is the store's fault, and passes: no producer fails by it.
func TestFailedStatementIsNoFailure(t *testing.T) {
	s, b := started(t, "fusion-json")
	fail := false
	p := newPublisher(s, b)
	p.Store = holding{s, func(h *modelHold) producer.Hold { return failingHold{h, &fail} }}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { p.Run(ctx); close(ended) }()
	defer func() { cancel(); <-ended }()
	s.record(registry.Replace, "1.0", "X")
	eventually(t, "sending", s.handled(1))
	s.mu.Lock()
	fail = true
	s.mu.Unlock()
	signal(s.wishes)
	time.Sleep(50 * time.Millisecond)
	s.record(registry.Replace, "1.0", "Y")
	eventually(t, "sending", s.handled(2))
	for _, i := range s.incidents {
		if i.State == producer.Failed {
			t.Errorf("it failed: %s", i.Reason)
		}
	}
}

// Two registries that start on one empty topic both ask, whichever of them writes first.
func TestSecondRegistryIsTold(t *testing.T) {
	b := newModelBroker(nil)
	s1, s2 := newModelStore(), newModelStore()
	s2.row.Registry = "other"
	s1.wish(producer.Idle, producer.StartIdle)
	until(t, s1, b, "the start", s1.handled(0))
	s2.wish(producer.Idle, producer.StartIdle)
	until(t, s2, b, "the start", s2.handled(0))
	s1.record(registry.Replace, "1.0", "X")
	until(t, s1, b, "sending", s1.handled(1))
	s2.record(registry.Replace, "2.0", "X")
	until(t, s2, b, "the second's question", s2.in(producer.Stopped, "registry r, too"))
	s2.wish(producer.Idle, producer.StartContinue) // it is not to be helped
	until(t, s2, b, "sending", s2.handled(1))
	until(t, s1, b, "the first's question", s1.in(producer.Stopped, "registry other, too"))
	s1.wish(producer.Idle, producer.StartContinue)
	s1.record(registry.Replace, "1.0", "Y")
	until(t, s1, b, "going on", s1.handled(2))
}

// What was published with so many ids is recovered with as many, before others are
// taken up.
func TestLaneCountIsKept(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.row.Sent.Lanes = 3
	s.record(registry.Replace, "1.0", "X")
	until(t, s, b, "sending", s.handled(1))
	if s.row.Sent.Lanes != laneCount || b.epochs["tx-r-p-2"] == 0 {
		t.Errorf("%d lanes are kept, and the epochs are %v", s.row.Sent.Lanes, b.epochs)
	}
}

// A stored connection that leads to other servers asks, though the cluster's id is the
// same; one that shares a server with the last does not.
func TestOtherTargetAsks(t *testing.T) {
	s, b := newModelStore(), newModelBroker(nil)
	s.row.Config.Connection, s.row.Config.Bootstrap = "kafka", "k1:9092,k2:9092"
	s.wish(producer.Idle, producer.StartIdle)
	until(t, s, b, "the start", s.handled(0))
	s.record(registry.Replace, "1.0", "X")
	s.row.Config.Bootstrap = "K2:9092, k3:9092"
	until(t, s, b, "sending", s.handled(1))
	s.record(registry.Replace, "1.0", "Y")
	s.row.Config.Bootstrap = "k4:9092"
	opened := fmt.Sprint(b.epochs)
	until(t, s, b, "the question", s.in(producer.Stopped, "k4:9092"))
	if now := fmt.Sprint(b.epochs); now != opened {
		t.Errorf("it fenced before it asked: %s, then %s", opened, now)
	}
	s.row.Cursor = producer.Cursor{Number: 0, Offsets: map[string]int64{producer.TopicDefault: 0}} // a lost move
	s.wish(producer.Idle, producer.StartContinue)
	until(t, s, b, "going on", s.handled(2))
	wantTold(t, b, "1 replace A:X(1.0) 1/1", "2 replace A:Y(1.0) 1/1")
}

// Brokers that go away while nothing is to be sent are missed, and what is said of them stays
// until they are back.
func TestOutageIsSeenWhileIdle(t *testing.T) {
	s, b := started(t, "fusion-json")
	_, stop := running(t, s, b)
	defer stop()
	eventually(t, "the calm", s.handled(0))
	away := func(is bool) {
		b.mu.Lock()
		b.away = is
		b.mu.Unlock()
	}
	away(true)
	eventually(t, "the outage", s.in(producer.Degraded, "describe"))
	s.mu.Lock()
	s.shown = nil
	s.mu.Unlock()
	time.Sleep(20 * time.Millisecond)
	away(false)
	eventually(t, "the end of the outage", s.handled(0))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, state := range s.shown {
		if state == producer.Recovering {
			t.Errorf("in the outage it showed %v", s.shown)
		}
	}
}
