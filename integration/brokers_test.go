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

// brokers is a cluster of three brokers, with a count of the errors that they returned to
// urncast.
type brokers struct {
	*rig.Cluster
	postgres *pg.Server

	mu    sync.Mutex
	codes map[int16]int // how often each Kafka error code was returned; -1 counts responses that could not be parsed
}

// transactionState is Kafka's internal topic of transaction state. The leader of each of its
// partitions coordinates the transactions of some transactional ids.
const transactionState = "__transaction_state"

// On a cluster of three brokers, a partition leader or a transaction coordinator is killed,
// stopped, or moved to another broker while urncast publishes. Nothing is lost, duplicated or
// out of order, and no admin has to act.
func TestBrokers(t *testing.T) {
	t.Parallel()
	b := &brokers{Cluster: rig.StartCluster(t), postgres: pg.Shared(t)}
	for _, c := range []struct {
		name string
		run  func(*testing.T, *brokers)
		// answered lists error codes of which the brokers must have returned at least one. If
		// they returned none, the fault did not reach urncast and nothing was tested.
		answered []*kerr.Error
	}{
		{"leaders moved by an admin", leadersMoved, []*kerr.Error{kerr.NotLeaderForPartition}},
		{"coordinators moved by an admin", coordinatorsMoved, []*kerr.Error{kerr.NotCoordinator}},
		{"leader killed", leaderKilled, nil},
		{"coordinator killed", coordinatorKilled, nil}, // a client that looks the coordinator up only after the move gets no error
		{"rolling restart", rollingRestart, []*kerr.Error{kerr.NotCoordinator, kerr.NotLeaderForPartition}},
		// If a transaction was just ending, its marker cannot be written, and the next
		// transaction gets CONCURRENT_TRANSACTIONS until it is.
		{"too few replicas of the topic", topicShort, []*kerr.Error{kerr.NotEnoughReplicas, kerr.ConcurrentTransactions}},
		{"two of three killed", twoKilled, []*kerr.Error{kerr.CoordinatorNotAvailable, kerr.NotEnoughReplicas, kerr.ConcurrentTransactions}},
		{"commit held up", commitHeldUp, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.codes = map[int16]int{}
			b.Rule(b.countErrors)
			c.run(t, b)
			b.Rule(nil)
			b.mu.Lock()
			defer b.mu.Unlock()
			t.Logf("the brokers returned these error codes: %v", b.codes)
			if len(c.answered) > 0 && !slices.ContainsFunc(c.answered, func(e *kerr.Error) bool { return b.codes[e.Code] > 0 }) {
				t.Errorf("the brokers returned none of %v: nothing was tested", c.answered)
			}
		})
	}
}

// newWorld makes a world whose connection goes through the proxies, so that error codes are
// counted.
func (b *brokers) newWorld(t *testing.T) *world {
	t.Helper()
	return newWorld(t, b.Brokers[0], b.postgres, b.Proxied())
}

// countErrors passes a request on and counts the error codes in its response.
func (b *brokers) countErrors(r rig.Request) rig.Ruling {
	return rig.Ruling{Answered: func(frame []byte) {
		codes, err := rig.ErrorCodes(r, frame)
		b.mu.Lock()
		defer b.mu.Unlock()
		if err != nil {
			b.codes[-1]++
		}
		for _, c := range codes {
			// CONCURRENT_TRANSACTIONS is also a usual response while a transaction ends. In
			// response to InitProducerId it means that the previous one cannot be ended.
			if c != kerr.ConcurrentTransactions.Code || r.Key == rig.InitProducerID {
				b.codes[c]++
			}
		}
	}}
}

// underLoad runs f while clients submit changes, and then waits until everything is sent. It
// returns each state that the producer was in, with the last reason that it gave. A state that
// only an admin can end fails the test.
func (w *world) underLoad(f func()) map[string]string {
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
	w.t.Logf("the producer was in the states %v; the highest transaction number acknowledged is %d", slices.Sorted(maps.Keys(states)), w.acknowledged.Load())
	for _, bad := range []string{"FAILED", "STOPPED", "SUSPENDED"} {
		if reason, was := states[bad]; was {
			w.t.Errorf("the producer was %s: %s", bad, reason)
		}
	}
	return states
}

// awaitPublished waits until the producer has sent transactions that were not yet under way at
// the call. It returns the time since from.
func (w *world) awaitPublished(from time.Time) time.Duration {
	w.t.Helper()
	s := w.await(func(producerStatus) bool { return true })
	w.await(func(p producerStatus) bool { return p.Sent > s.Sent+4 })
	return time.Since(from).Round(time.Millisecond)
}

// startAndAwaitInSync starts a broker and waits until it is in sync for the world's topic and
// for the transaction state.
func (b *brokers) startAndAwaitInSync(w *world, k *rig.Kafka) {
	w.t.Helper()
	if err := k.Start(); err != nil {
		w.t.Fatal(err)
	}
	b.AwaitInSync(w.t, w.topic, transactionState)
}

// leadersMoved moves the leader of the topic's partition, as an admin does who balances load.
// No broker has failed.
func leadersMoved(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	w.underLoad(func() {
		for i := range 3 {
			to, from := b.Others(b.Leader(t, w.topic))[i%2], time.Now()
			b.MoveLeader(t, w.topic, to)
			t.Logf("the leader was moved; new transactions are sent after %s", w.awaitPublished(from))
		}
	})
	w.check()
}

func coordinatorsMoved(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	id := w.ids()[0]
	w.underLoad(func() {
		for i := range 4 {
			was, from := b.Coordinator(t, id), time.Now()
			b.MoveLeader(t, transactionState, b.Others(was)[i%2])
			if b.Coordinator(t, id) == was {
				t.Error("the coordinator did not move")
			}
			t.Logf("the coordinators were moved; new transactions are sent after %s", w.awaitPublished(from))
		}
	})
	w.check()
}

func leaderKilled(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	leader := b.Leader(t, w.topic)
	b.MoveLeader(t, transactionState, b.Others(leader)[0])
	w.underLoad(func() {
		killed := time.Now()
		leader.Kill()
		b.Leader(t, w.topic)
		moved := time.Since(killed).Round(time.Millisecond)
		t.Logf("another broker leads after %s; new transactions are sent after %s", moved, w.awaitPublished(killed))
		b.startAndAwaitInSync(w, leader)
		w.awaitPublished(time.Now())
	})
	w.check()
}

func coordinatorKilled(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	id := w.ids()[0]
	coordinator := b.Coordinator(t, id)
	b.MoveLeader(t, transactionState, coordinator) // for the transactional ids of both lanes
	b.MoveLeader(t, w.topic, b.Others(coordinator)[0])
	w.underLoad(func() {
		killed := time.Now()
		coordinator.Kill()
		b.Coordinator(t, id)
		moved := time.Since(killed).Round(time.Millisecond)
		t.Logf("another broker coordinates after %s; new transactions are sent after %s", moved, w.awaitPublished(killed))
		b.startAndAwaitInSync(w, coordinator)
		w.awaitPublished(time.Now())
	})
	w.check()
}

func rollingRestart(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	w.underLoad(func() {
		for _, k := range b.Brokers {
			stopping := time.Now()
			if err := k.Stop(); err != nil {
				t.Error(err)
			}
			took := time.Since(stopping).Round(time.Millisecond)
			t.Logf("a broker took %s to stop; new transactions are sent after %s", took, w.awaitPublished(stopping))
			b.startAndAwaitInSync(w, k)
		}
		w.awaitPublished(time.Now())
	})
	w.check()
}

// wantDegraded waits until the producer is DEGRADED, and checks that its reason contains
// words.
func (w *world) wantDegraded(from time.Time, words ...string) {
	w.t.Helper()
	w.wantReason(w.await(func(p producerStatus) bool { return p.State == "DEGRADED" }), words...)
	w.t.Logf("DEGRADED after %s", time.Since(from).Round(time.Millisecond))
}

// topicShort stops one of three brokers while the topic requires all three replicas to be in
// sync. The topic then rejects writes, but transactions can still be coordinated.
func topicShort(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	w.setTopic("min.insync.replicas", "3")
	leader := b.Leader(t, w.topic)
	others := b.Others(leader)
	b.MoveLeader(t, transactionState, others[0])
	w.underLoad(func() {
		killed := time.Now()
		others[1].Kill()
		w.wantDegraded(killed, w.topic, "of its 3 replicas 3 must be in sync", "2 are", "What is pending is kept")
		b.startAndAwaitInSync(w, others[1])
		t.Logf("after the broker is back, new transactions are sent within %s", w.awaitPublished(time.Now()))
	})
	w.check()
}

// twoKilled leaves one broker of three: neither the topic nor the transaction state can be
// written to. Once two brokers run, publishing continues.
func twoKilled(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	others := b.Others(b.Leader(t, w.topic))
	w.underLoad(func() {
		killed := time.Now()
		for _, k := range others {
			k.Kill()
		}
		w.wantDegraded(killed, "What is pending is kept")
		if err := others[0].Start(); err != nil {
			t.Fatal(err)
		}
		t.Logf("with two brokers of three, new transactions are sent after %s", w.awaitPublished(time.Now()))
	})
	b.startAndAwaitInSync(w, others[1])
	w.check()
}

// commitHeldUp delays some EndTxn requests for longer than urncast waits for a commit. The
// outcome of the commit is then unknown, whichever broker coordinates, and urncast recovers.
func commitHeldUp(t *testing.T, b *brokers) {
	w := b.newWorld(t)
	var asked, held atomic.Int64
	b.Rule(func(r rig.Request) rig.Ruling {
		v := b.countErrors(r)
		if n := asked.Add(1); r.Key == rig.EndTxn && n%40 == 0 && held.Add(1) <= 2 {
			v.Delay = 6 * time.Second // more than a commit may take
		}
		return v
	})
	states := w.underLoad(func() {
		for held.Load() < 2 {
			w.awaitPublished(time.Now())
		}
	})
	if _, was := states["RECOVERING"]; !was {
		t.Error("the producer was never RECOVERING: nothing was tested")
	}
	w.check()
}
