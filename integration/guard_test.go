package integration

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// A publisher whose process is paused (SIGSTOP) for longer than its transaction timeout loses
// the open transaction: the broker aborts it. The publisher finds that out and sends the
// transaction again, once.
func TestPausedPastTransactionTimeout(t *testing.T) {
	t.Parallel()
	k := rig.StartKafka(t)
	w := newWorld(t, k, pg.Shared(t), k.Proxy.Address())
	w.loadFor(func() { time.Sleep(300 * time.Millisecond) })
	w.settle()
	hold := make(chan struct{})
	var held atomic.Int64
	k.Proxy.Rule(func(r rig.Request) rig.Ruling {
		if r.Key == rig.EndTxn && held.Add(1) == 1 {
			return rig.Ruling{Hold: hold}
		}
		return rig.Ruling{}
	})
	if err := w.step(w.random); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); held.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no EndTxn request came within 10 s")
		}
	}
	w.product.Pause()
	time.Sleep(62 * time.Second) // the product's transaction.timeout.ms is 60 s
	close(hold)
	w.product.Continue()
	w.settle()
	w.check()
}

// awaitQuestion waits until the producer is STOPPED and asks an admin how to continue.
func (w *world) awaitQuestion() producerStatus {
	w.t.Helper()
	s := w.await(func(p producerStatus) bool { return p.State == "STOPPED" && len(p.Ask) > 0 })
	w.t.Logf("the producer asks: %s", s.Reason)
	return s
}

// A topic that was deleted and created again is not published to before an admin has answered.
// A baseline then makes it complete.
func TestTopicRecreated(t *testing.T) {
	t.Parallel()
	k := rig.SharedKafka(t)
	w := newWorld(t, k, pg.Shared(t), k.Bootstrap())
	w.loadFor(func() { time.Sleep(300 * time.Millisecond) })
	w.settle()
	if err := w.product.Stop(); err != nil {
		t.Fatal(err)
	}
	k.DeleteTopic(t, w.topic)
	time.Sleep(2 * time.Second) // the broker deletes the log in the background
	k.CreateTopic(t, w.topic, "cleanup.policy=compact")
	w.start()
	if s := w.awaitQuestion(); !strings.Contains(s.Reason, w.topic) {
		t.Errorf("the reason does not name the topic: %s", s.Reason)
	}
	w.command("start", "baseline")
	w.settle()
	w.loadFor(func() { time.Sleep(300 * time.Millisecond) })
	w.settle()
	w.check()
}

// A database that was restored from an older dump, and then written to, assigns numbers that
// the topic already has. The producer stops and asks before it publishes anything, however far
// the registry has counted by then.
func TestDatabaseRestored(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	for _, more := range []int{0, 3, 40} {
		w := newWorld(t, k, s, k.Bootstrap())
		for range 5 {
			if err := w.step(w.random); err != nil {
				t.Fatal(err)
			}
		}
		w.settle()
		if err := w.product.Stop(); err != nil {
			t.Fatal(err)
		}
		dump := s.Dump(t, w.database)
		w.start()
		for range 10 {
			if err := w.step(w.random); err != nil {
				t.Fatal(err)
			}
		}
		w.settle()
		before := w.topicEnd()
		w.product.Kill()
		s.Restore(t, w.database, dump)
		w.acknowledged.Store(0) // acknowledged transactions are lost: a restore loses them

		// The new history is written while the producer cannot reach the broker.
		w.product = rig.NewProduct(t, w.withoutProducer())
		w.start()
		for range more {
			if err := w.step(w.random); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.product.Stop(); err != nil {
			t.Fatal(err)
		}
		w.product = rig.NewProduct(t, w.settings)
		w.start()
		w.awaitQuestion()
		if end := w.topicEnd(); end != before {
			t.Errorf("the topic grew from %d to %d messages before an admin decided", before, end)
		}
		w.command("start", "baseline")
		w.settle()
		w.checkReplica()
		w.product.Kill()
	}
}
