package integration

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// A broker that is killed and comes back costs time, and nothing else.
func TestBrokerKilled(t *testing.T) {
	t.Parallel()
	k := rig.StartKafka(t)
	w := newWorld(t, k, pg.Shared(t), k.Bootstrap())
	for range runs(t, 3) {
		w.loadFor(func() {
			time.Sleep(time.Duration(200+w.random.IntN(600)) * time.Millisecond)
			k.Kill()
			time.Sleep(time.Duration(w.random.IntN(1500)) * time.Millisecond)
			if err := k.Start(); err != nil {
				t.Error(err)
			}
		})
		w.settle()
		w.check()
	}
}

// So does a PostgreSQL that is killed and comes back.
func TestPostgresKilled(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Start(t)
	w := newWorld(t, k, s, k.Bootstrap())
	for range runs(t, 5) {
		w.loadFor(func() {
			time.Sleep(time.Duration(200+w.random.IntN(600)) * time.Millisecond)
			s.Kill()
			time.Sleep(time.Duration(w.random.IntN(500)) * time.Millisecond)
			if err := s.Start(); err != nil {
				t.Error(err)
			}
		})
		w.settle()
		w.check()
	}
}

// A commit whose answer is lost, and one whose request is lost, are found out
// by reading the topic: neither is repeated blindly.
func TestCommitAnswerLost(t *testing.T) {
	t.Parallel()
	for name, ruling := range map[string]rig.Ruling{"answer": {LoseAnswer: true}, "request": {Lose: true}} {
		t.Run(name, func(t *testing.T) {
			k := rig.StartKafka(t)
			w := newWorld(t, k, pg.Shared(t), k.Proxy.Address())
			var passed, lost atomic.Int64
			k.Proxy.Rule(func(r rig.Request) rig.Ruling {
				if r.Key == rig.EndTxn && passed.Add(1)%10 == 0 {
					lost.Add(1)
					return ruling
				}
				return rig.Ruling{}
			})
			w.loadFor(func() { time.Sleep(8 * time.Second) })
			k.Proxy.Rule(nil)
			w.settle()
			w.check()
			if lost.Load() == 0 {
				t.Error("no commit was lost: the test has shown nothing")
			}
			t.Logf("%d of %d commits lost their %s", lost.Load(), passed.Load(), name)
		})
	}
}

// A commit's request that is held back until another instance has taken over is
// refused by the broker, and the transaction is on the topic once.
func TestCommitDelayedUntilAfterTakeover(t *testing.T) {
	t.Parallel()
	k, s := rig.StartKafka(t), pg.Shared(t)
	for range runs(t, 3) {
		w := newWorld(t, k, s, k.Proxy.Address())
		hold := make(chan struct{})
		var held atomic.Int64
		arm := make(chan struct{})
		k.Proxy.Rule(func(r rig.Request) rig.Ruling {
			select {
			case <-arm:
			default:
				return rig.Ruling{}
			}
			if r.Key == rig.EndTxn && held.Add(1) == 1 {
				return rig.Ruling{Hold: hold}
			}
			return rig.Ruling{}
		})
		w.loadFor(func() { time.Sleep(300 * time.Millisecond) })
		w.settle()
		close(arm)
		if err := w.step(w.random); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(10 * time.Second); held.Load() == 0; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("no commit was asked for")
			}
		}
		w.product.Kill()
		w.start()
		w.settle()
		close(hold) // the late copy reaches the broker now
		time.Sleep(300 * time.Millisecond)
		w.loadFor(func() { time.Sleep(300 * time.Millisecond) })
		w.settle()
		w.check()
		k.Proxy.Rule(nil)
		w.product.Kill()
	}
}

// A publisher that was stopped in its tracks while another took over does no
// harm when it goes on.
func TestPausedPublisher(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	w := newWorld(t, k, s, k.Bootstrap())
	for range runs(t, 3) {
		stopped := w.product
		w.loadFor(func() {
			time.Sleep(time.Duration(100+w.random.IntN(400)) * time.Millisecond)
			stopped.Pause()
		})
		s.CutOff(t, w.database) // its connections end, as after the keep-alive ran out
		w.product = rig.NewProduct(t, w.settings)
		w.start()
		w.settle()
		w.loadFor(func() {
			time.Sleep(300 * time.Millisecond)
			stopped.Continue()
			time.Sleep(time.Second)
		})
		w.settle()
		w.check()
		stopped.Kill()
	}
}

// While another producer's transaction is open on the topic, recovery waits: what
// it hides might be ours. Nothing is published twice.
func TestForeignOpenTransaction(t *testing.T) {
	t.Parallel()
	k := rig.SharedKafka(t)
	w := newWorld(t, k, pg.Shared(t), k.Bootstrap())
	w.loadFor(func() { time.Sleep(300 * time.Millisecond) })
	foreign := k.Client(t, kgo.DefaultProduceTopic(w.topic), kgo.TransactionalID("foreign"), kgo.TransactionTimeout(time.Minute))
	if err := foreign.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := foreign.ProduceSync(t.Context(), &kgo.Record{Key: []byte("foreign"), Value: []byte("x")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	w.loadFor(func() {
		time.Sleep(300 * time.Millisecond) // commits of ours stand behind the foreign record now
		w.product.Kill()
	})
	w.start()
	s := w.await(func(p producerStatus) bool { return p.State == "DEGRADED" || p.State == "RECOVERING" && p.Reason != "" })
	t.Logf("while it waits: %s %s", s.State, s.Reason)
	if err := w.step(w.random); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	if now, err := w.status(); err != nil || now.State == "IDLE" || now.Pending == 0 {
		t.Errorf("it published before it could know what was committed: %+v, %v", now, err)
	}
	if err := foreign.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.check()
}
