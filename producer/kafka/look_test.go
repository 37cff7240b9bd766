package kafka

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/producer"
)

// What a living session asks every few seconds is true at once: of several topics, by
// several callers, of one that is made anew, and of a broker that is killed.
func TestLook(t *testing.T) {
	k := rig.StartKafka(t)
	b := brokerAt(t, map[string]string{"bootstrap.servers": k.Bootstrap()})
	topics := []string{"c", "a", "b"}
	for _, topic := range topics {
		k.CreateTopic(t, topic, "cleanup.policy=delete")
	}
	lanes, err := b.Open(t.Context(), []string{"a"}, []string{"x"}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, lanes[0], "a", 3) // and a marker
	publish(t, lanes[0], "b", 1)
	lanes[0].Close()
	k.DeleteRecords(t, "a", 2)
	want := []producer.Sight{{}, {Start: 2, End: 4}, {End: 2}}
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			sights, err := b.Look(t.Context(), topics)
			if err != nil {
				t.Error(err)
				return
			}
			for i, s := range sights {
				if s.Start != want[i].Start || s.End != want[i].End || s.ID == "" {
					t.Errorf("topic %s is seen as %+v, want %+v", topics[i], s, want[i])
				}
			}
		})
	}
	callers.Wait()
	before, err := b.Look(t.Context(), []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	k.RemakeTopic(t, "a")
	waitFor(t, 10*time.Second, func() bool { return k.HasTopic(t, "a") })
	after, err := b.Look(t.Context(), []string{"a"})
	if err != nil || after[0].ID == before[0].ID || after[0].End != 0 {
		t.Errorf("a topic made anew is seen as %+v, %v; it was %+v", after, err, before)
	}
	k.DeleteTopic(t, "c")
	if _, err := b.Look(t.Context(), topics); err == nil || kindOf(t, err) != producer.Transitory || !strings.Contains(err.Error(), "Topic c does not exist") {
		t.Errorf("a look at a topic that is gone says %v", err)
	}
	k.Kill()
	for range 3 {
		endsSoon(t, "a look after the broker was killed", 5*time.Second, producer.Transitory, "refuses the connection", func() error {
			_, err := b.Look(t.Context(), []string{"a"})
			return err
		})
	}
	if err := k.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Look(t.Context(), []string{"a"}); err != nil {
		t.Errorf("a look after the broker came back says %v", err)
	}
}

// endsSoon sees that a call ends in time with a fault of a kind, and says why.
func endsSoon(t *testing.T, what string, within time.Duration, kind producer.FaultKind, words string, f func() error) {
	t.Helper()
	began := time.Now()
	err := f()
	took := time.Since(began)
	t.Logf("%s took %s: %v", what, took.Round(time.Millisecond), err)
	if took > within {
		t.Errorf("%s took %s", what, took)
	}
	var fault *producer.Fault
	if !errors.As(err, &fault) {
		t.Errorf("%s gave %v, no fault", what, err)
	} else if fault.Kind != kind || !strings.Contains(err.Error(), words) {
		t.Errorf("%s gave %s: %v; want %s, %q", what, fault.Kind, err, kind, words)
	}
}

// Who closes a broker ends the calls that are under way.
func TestCloseEndsCalls(t *testing.T) {
	b := brokerAt(t, map[string]string{"bootstrap.servers": silent(t)}).(*Broker)
	calls := map[string]func() error{
		"Look":     func() error { _, err := b.Look(t.Context(), []string{"t"}); return err },
		"Describe": func() error { _, err := b.Describe(t.Context(), []string{"t"}); return err },
		"ReadBack": func() error {
			return b.ReadBack(t.Context(), nil, map[string]int64{"t": 1}, func(string) {}, func(*producer.Seen) {})
		},
		"Open": func() error {
			_, err := b.Open(t.Context(), []string{"t"}, []string{"id"}, time.Minute)
			return err
		},
	}
	ended := make(chan error, len(calls))
	for name, call := range calls {
		go func() {
			if err := call(); err == nil || kindOf(t, err) != producer.Transitory || !strings.Contains(err.Error(), "closed meanwhile") {
				ended <- fmt.Errorf("%s gave %v", name, err)
				return
			}
			ended <- nil
		}()
	}
	time.Sleep(300 * time.Millisecond)
	began := time.Now()
	b.Close()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("closing took %s", took)
	}
	for range calls {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// On a cluster a look finds the leader wherever it is, and says of a leader that is gone
// which it is. A topic without a leader is told as that.
func TestLookOnACluster(t *testing.T) {
	c := rig.StartCluster(t)
	b := brokerAt(t, map[string]string{"bootstrap.servers": c.Bootstrap()})
	c.Brokers[0].CreateTopic(t, "s", "min.insync.replicas=1")
	c.AwaitInSync(t, "s")
	look := func() error { _, err := b.Look(t.Context(), []string{"s"}); return err }
	for range 2 {
		for _, to := range c.Brokers {
			c.MoveLeader(t, "s", to)
			if err := look(); err != nil {
				t.Errorf("with broker %s leading: %v", to.Bootstrap(), err)
			}
		}
	}
	leader := c.Leader(t, "s")
	leader.Kill()
	endsSoon(t, "a look when the leader was killed", 5*time.Second, producer.Transitory, "which cannot be used, though others can", look)
	c.Leader(t, "s")
	if err := look(); err != nil {
		t.Errorf("a look with another leader: %v", err)
	}
	// The last one in sync goes, and one that lags behind comes.
	second := c.Leader(t, "s")
	third := c.Others(leader, second)[0]
	third.Kill()
	waitFor(t, 20*time.Second, func() bool { return look() == nil })
	lanes, err := b.Open(t.Context(), []string{"s"}, nil, time.Minute)
	if err != nil || len(lanes) != 0 {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Second) // the ISR shrinks to the one that is left
	second.Kill()
	if err := third.Start(); err != nil {
		t.Fatal(err)
	}
	endsSoon(t, "a look at a topic without a leader", 9*time.Second, producer.Transitory, "", look)
}

func waitFor(t *testing.T, within time.Duration, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !so(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it was not so in time")
		}
	}
}
