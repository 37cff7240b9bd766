package integration

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// brokers is a cluster of three brokers, and what they answered to the product.
type brokers struct {
	*rig.Cluster
	postgres *pg.Server

	mu    sync.Mutex
	codes map[int16]int // Kafka's error codes, and how often each was answered
}

// transactionState is the topic whose leaders coordinate transactions.
const transactionState = "__transaction_state"

// On three brokers, whoever leads or coordinates is killed, stopped or relieved under
// load, and nothing is lost, doubled or out of order, without anybody's help.
func TestBrokers(t *testing.T) {
	t.Parallel()
	b := &brokers{Cluster: rig.StartCluster(t), postgres: pg.Shared(t)}
	for _, c := range []struct {
		name string
		run  func(*testing.T, *brokers)
		// answered are error codes of which the brokers must have answered one, lest
		// the test has shown nothing.
		answered []*kerr.Error
	}{
		{"leaders moved by an admin", leadersMoved, []*kerr.Error{kerr.NotLeaderForPartition}},
		{"coordinators moved by an admin", coordinatorsMoved, []*kerr.Error{kerr.NotCoordinator}},
		{"leader killed", leaderKilled, nil},
		{"coordinator killed", coordinatorKilled, nil}, // who asks finds the next one, and may be told of no error
		{"rolling restart", rollingRestart, []*kerr.Error{kerr.NotCoordinator, kerr.NotLeaderForPartition}},
		// Where a transaction was about to end, its marker waits, and so does the next one.
		{"too few replicas of the topic", topicShort, []*kerr.Error{kerr.NotEnoughReplicas, kerr.ConcurrentTransactions}},
		{"two of three killed", twoKilled, []*kerr.Error{kerr.CoordinatorNotAvailable, kerr.NotEnoughReplicas, kerr.ConcurrentTransactions}},
		{"commit held up", commitHeldUp, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.codes = map[int16]int{}
			b.Rule(b.note)
			c.run(t, b)
			b.Rule(nil)
			b.mu.Lock()
			defer b.mu.Unlock()
			t.Logf("the brokers answered %v", b.codes)
			if len(c.answered) > 0 && !slices.ContainsFunc(c.answered, func(e *kerr.Error) bool { return b.codes[e.Code] > 0 }) {
				t.Errorf("they answered none of %v: the test has shown nothing", c.answered)
			}
		})
	}
}

// newWorld makes a world behind the proxies, which note what is answered.
func (b *brokers) newWorld(t *testing.T) *world {
	t.Helper()
	return newWorld(t, b.Brokers[0], b.postgres, b.Proxied())
}

func (b *brokers) note(r rig.Request) rig.Ruling {
	return rig.Ruling{Answered: func(frame []byte) {
		codes, err := rig.ErrorCodes(r, frame)
		b.mu.Lock()
		defer b.mu.Unlock()
		if err != nil {
			b.codes[-1]++
		}
		for _, c := range codes {
			// In ordinary work a transaction is told so, too; an id that begins, only where
			// the end of what it left does not come about.
			if c != kerr.ConcurrentTransactions.Code || r.Key == rig.InitProducerID {
				b.codes[c]++
			}
		}
	}}
}

// under puts the world under load while f runs, and settles it. It gives the states that
// the producer was seen in, each with the reason that it gave last; one that waits for
// somebody's help fails the test.
func (w *world) under(f func()) map[string]string {
	w.t.Helper()
	states, stop := map[string]string{}, make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			if s, err := w.status(); err == nil && (s.Reason != "" || states[s.State] == "") {
				states[s.State] = s.Reason
			}
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	w.loadFor(func() {
		time.Sleep(300 * time.Millisecond)
		f()
	})
	w.settle()
	close(stop)
	watching.Wait()
	w.t.Logf("the producer was %v; %d submissions", slices.Sorted(maps.Keys(states)), w.acknowledged.Load())
	for _, bad := range []string{"FAILED", "STOPPED", "SUSPENDED"} {
		if reason, was := states[bad]; was {
			w.t.Errorf("the producer was %s: %s", bad, reason)
		}
	}
	return states
}

// published waits until more was sent than was under way at its call, and says how long
// that took from a moment on.
func (w *world) published(from time.Time) time.Duration {
	w.t.Helper()
	s := w.await(func(producerStatus) bool { return true })
	w.await(func(p producerStatus) bool { return p.Sent > s.Sent+4 })
	return time.Since(from).Round(time.Millisecond)
}

// back starts a broker, and waits until it has all of the topics.
func (b *brokers) back(w *world, k *rig.Kafka) {
	w.t.Helper()
	if err := k.Start(); err != nil {
		w.t.Fatal(err)
	}
	b.AwaitInSync(w.t, w.topic, transactionState)
}

// An admin evens the load out: who leads changes, and nothing has failed.
func leadersMoved(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	w.under(func() {
		for i := range 3 {
			to, from := b.Others(b.Leader(t, w.topic))[i%2], time.Now()
			b.MoveLeader(t, w.topic, to)
			t.Logf("the leader moved; something new is sent after %s", w.published(from))
		}
	})
	w.check()
}

func coordinatorsMoved(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	id := w.ids()[0]
	w.under(func() {
		for i := range 4 {
			was, from := b.Coordinator(t, id), time.Now()
			b.MoveLeader(t, transactionState, b.Others(was)[i%2])
			if b.Coordinator(t, id) == was {
				t.Error("the coordinator is the one that it was")
			}
			t.Logf("the coordinators moved; something new is sent after %s", w.published(from))
		}
	})
	w.check()
}

func leaderKilled(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	leader := b.Leader(t, w.topic)
	b.MoveLeader(t, transactionState, b.Others(leader)[0])
	w.under(func() {
		killed := time.Now()
		leader.Kill()
		b.Leader(t, w.topic)
		moved := time.Since(killed).Round(time.Millisecond)
		t.Logf("another leads after %s; something new is sent after %s", moved, w.published(killed))
		b.back(w, leader)
		w.published(time.Now())
	})
	w.check()
}

func coordinatorKilled(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	id := w.ids()[0]
	coordinator := b.Coordinator(t, id)
	b.MoveLeader(t, transactionState, coordinator) // of both lanes
	b.MoveLeader(t, w.topic, b.Others(coordinator)[0])
	w.under(func() {
		killed := time.Now()
		coordinator.Kill()
		b.Coordinator(t, id)
		moved := time.Since(killed).Round(time.Millisecond)
		t.Logf("another coordinates after %s; something new is sent after %s", moved, w.published(killed))
		b.back(w, coordinator)
		w.published(time.Now())
	})
	w.check()
}

func rollingRestart(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	w.under(func() {
		for _, k := range b.Brokers {
			stopping := time.Now()
			if err := k.Stop(); err != nil {
				t.Error(err)
			}
			took := time.Since(stopping).Round(time.Millisecond)
			t.Logf("a broker stops for %s; something new is sent after %s", took, w.published(stopping))
			b.back(w, k)
		}
		w.published(time.Now())
	})
	w.check()
}

// degraded waits until the producer says that it is DEGRADED, and why.
func (w *world) degraded(from time.Time, words ...string) {
	w.t.Helper()
	w.says(w.await(func(p producerStatus) bool { return p.State == "DEGRADED" }), words...)
	w.t.Logf("DEGRADED after %s", time.Since(from).Round(time.Millisecond))
}

// A topic that wants all replicas takes nothing while one is away; transactions are
// coordinated as ever.
func topicShort(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	w.setTopic("min.insync.replicas", "3")
	leader := b.Leader(t, w.topic)
	others := b.Others(leader)
	b.MoveLeader(t, transactionState, others[0])
	w.under(func() {
		killed := time.Now()
		others[1].Kill()
		w.degraded(killed, w.topic, "of its 3 replicas 3 must be in sync", "2 are", "What is pending is kept")
		b.back(w, others[1])
		t.Logf("after it is back something new is sent within %s", w.published(time.Now()))
	})
	w.check()
}

// With one of three left neither the topic nor the coordinators take anything; with two,
// all goes on.
func twoKilled(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	others := b.Others(b.Leader(t, w.topic))
	w.under(func() {
		killed := time.Now()
		for _, k := range others {
			k.Kill()
		}
		w.degraded(killed, "What is pending is kept")
		if err := others[0].Start(); err != nil {
			t.Fatal(err)
		}
		t.Logf("two of three: something new is sent after %s", w.published(time.Now()))
	})
	b.back(w, others[1])
	w.check()
}

// A commit's request that is late is in doubt, whichever broker coordinates.
func commitHeldUp(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	var asked, held atomic.Int64
	b.Rule(func(r rig.Request) rig.Ruling {
		v := b.note(r)
		if n := asked.Add(1); r.Key == rig.EndTxn && n%40 == 0 && held.Add(1) <= 2 {
			v.Delay = 6 * time.Second // more than a commit may take
		}
		return v
	})
	states := w.under(func() {
		for held.Load() < 2 {
			w.published(time.Now())
		}
	})
	if _, was := states["RECOVERING"]; !was {
		t.Error("the producer was never RECOVERING: the test has shown nothing")
	}
	w.check()
}
