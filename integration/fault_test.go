package integration

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// A broker that is killed and started again delays publishing, and has no other effect.
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

// A PostgreSQL server that is killed and started again delays publishing, and has no other
// effect.
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

// When the response to a commit is lost, or its request, the producer reads the topic to find
// out whether the commit took place, and never just sends the transaction again.
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
				t.Error("no commit was lost: nothing was tested")
			}
			t.Logf("%d of %d commits lost their %s", lost.Load(), passed.Load(), name)
		})
	}
}

// An EndTxn request that is delayed until another instance has taken over is rejected by the
// broker, and the transaction is on the topic once.
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
				t.Fatal("no EndTxn request came within 10 s")
			}
		}
		w.product.Kill()
		w.start()
		w.settle()
		close(hold) // the delayed request reaches the broker now
		time.Sleep(300 * time.Millisecond)
		w.loadFor(func() { time.Sleep(300 * time.Millisecond) })
		w.settle()
		w.check()
		k.Proxy.Rule(nil)
		w.product.Kill()
	}
}

// A publisher whose process is paused (SIGSTOP) while another takes over does no harm when it
// continues.
func TestPausedPublisher(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	w := newWorld(t, k, s, k.Bootstrap())
	for range runs(t, 3) {
		paused := w.product
		w.loadFor(func() {
			time.Sleep(time.Duration(100+w.random.IntN(400)) * time.Millisecond)
			paused.Pause()
		})
		s.CutOff(t, w.database) // PostgreSQL ends its connections, as it does when TCP keepalive fails
		w.product = rig.NewProduct(t, w.settings)
		w.start()
		w.settle()
		w.loadFor(func() {
			time.Sleep(300 * time.Millisecond)
			paused.Continue()
			time.Sleep(time.Second)
		})
		w.settle()
		w.check()
		paused.Kill()
	}
}

// While a foreign producer's transaction is open on the topic, recovery waits: records of ours
// may stand behind it, hidden from read_committed readers. Nothing is published twice.
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
		time.Sleep(300 * time.Millisecond) // our committed records now stand behind the foreign record
		w.product.Kill()
	})
	w.start()
	s := w.await(func(p producerStatus) bool { return p.State == "DEGRADED" || p.State == "RECOVERING" && p.Reason != "" })
	t.Logf("while recovery waits: %s %s", s.State, s.Reason)
	if err := w.step(w.random); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	if now, err := w.status(); err != nil || now.State == "IDLE" || now.Pending == 0 {
		t.Errorf("the producer published before it could read what was committed: %+v, %v", now, err)
	}
	if err := foreign.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.check()
}
