package publisher

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"urncast/producer"
	"urncast/registry"
)

// running starts a publisher on a lease that is free; its end is the test's, or
// what stop waits for.
func running(t *testing.T, s *modelStore, b *modelBroker) (p *Publisher, stop func()) {
	t.Helper()
	p = newPublisher(s, b)
	ctx, cancel := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() { p.Run(ctx) })
	stop = func() { cancel(); ended.Wait() }
	t.Cleanup(stop)
	return p, stop
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come about", what)
		}
	}
}

func (b *modelBroker) end() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.logs[producer.TopicDefault])
}

// A holder that is told of the end of its lease begins no transaction after that,
// though the broker, whose ids nobody has taken, would let it.
func TestToldOfTheEndItSendsNothing(t *testing.T) {
	s, b := started(t, "fusion-json")
	running(t, s, b)
	s.record(registry.Replace, "1.0", "X")
	eventually(t, "sending", s.handled(1))
	s.depose(true)
	end := b.end()
	for range 5 {
		s.record(registry.Replace, "1.0", "X")
	}
	time.Sleep(50 * time.Millisecond)
	if got := b.end(); got != end {
		t.Errorf("the log went on from %d to %d after the lease had ended", end, got)
	}
	if s.row.Cursor.Number != 1 {
		t.Errorf("the cursor is at %d", s.row.Cursor.Number)
	}
}

// A holder that nobody told finds out at its first write: that is refused, and
// nothing follows.
func TestPassedTermWritesNothing(t *testing.T) {
	s, b := started(t, "fusion-json")
	running(t, s, b)
	s.record(registry.Replace, "1.0", "X")
	eventually(t, "sending", s.handled(1))
	s.mu.Lock()
	before := s.row
	s.mu.Unlock()
	s.depose(false)
	s.record(registry.Replace, "1.0", "Y")
	eventually(t, "the refusal", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.refused > 0
	})
	time.Sleep(20 * time.Millisecond) // what was on its way lands
	end := b.end()
	for range 5 {
		s.record(registry.Replace, "1.0", "Z")
	}
	time.Sleep(50 * time.Millisecond)
	if got := b.end(); got != end {
		t.Errorf("the log went on from %d to %d after a write was refused", end, got)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.row.Cursor.Equal(before.Cursor) || s.row.State != before.State || s.row.Reason != before.Reason {
		t.Errorf("the row was %+v, and a passed term made it %+v", before, s.row)
	}
}

// A publisher is deposed at any moment, told or not, while another takes over; the
// topic stays right.
func TestExactlyOnceUnderTakeovers(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		s, b := newModelStore(), newModelBroker(rnd)
		s.row.Config.Routes[0].Format = "sdmx-ml-2.1"
		s.wish(producer.Idle, producer.StartIdle)
		until(t, s, b, "the start", s.handled(0))
		_, stopFirst := running(t, s, b)
		_, stopSecond := running(t, s, b)
		total := 0
		for range 8 {
			for range 1 + rnd.IntN(6) {
				total++
				s.record(registry.Replace, "1.0", "X", "Y")
			}
			time.Sleep(time.Duration(rnd.IntN(2000)) * time.Microsecond)
			s.depose(rnd.IntN(2) == 0)
			s.mu.Lock()
			s.holder = nil // and free for whoever comes first
			s.mu.Unlock()
		}
		eventually(t, "sending all", s.handled(total))
		stopFirst()
		stopSecond()
		checkOnce(t, s, b)
	}
}

// A takeover is no restart: what was suspended stays so, and what failed is not
// tried again, though this process came up later. A restart lifts both.
func TestTakeoverIsNoRestart(t *testing.T) {
	for _, state := range []producer.State{producer.Suspended, producer.Failed} {
		s, b := started(t, "fusion-json")
		s.mu.Lock()
		s.row.State, s.row.Reason, s.row.Since = state, "as it was", time.Now()
		s.takenOver = true
		s.mu.Unlock()
		s.record(registry.Replace, "1.0", "X")
		time.Sleep(2 * time.Millisecond)
		_, stop := running(t, s, b) // its process starts after the state's beginning
		for range 20 {
			signal(s.wishes)
			time.Sleep(time.Millisecond)
		}
		if !s.in(state, "as it was")() {
			t.Errorf("a takeover made %s into %s: %s", state, s.row.State, s.row.Reason)
		}
		wantTold(t, b)
		stop()
		s.takenOver = false
		until(t, s, b, "sending after the restart", s.handled(1))
	}
}

// A publisher that is fenced once recovers and shows nothing. If it is fenced again and again
// while it holds the lease, it shows what may be doing that, until it is over.
func TestFencedAgainAndAgainIsShown(t *testing.T) {
	s, b := started(t, "fusion-json")
	running(t, s, b)
	s.record(registry.Replace, "1.0", "X")
	eventually(t, "sending", s.handled(1))
	n := 1
	fence := func() {
		n++
		eventually(t, "readiness", func() bool { return s.in(producer.Idle, "")() || s.in(producer.Degraded, "Another program")() })
		b.mu.Lock()
		for id := range b.epochs {
			b.epochs[id]++
		}
		b.mu.Unlock()
		s.record(registry.Replace, "1.0", "X")
		eventually(t, "sending in spite of it", func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return int(s.row.Cursor.Number) == n
		})
	}
	for range fencingsMany - 1 {
		fence()
	}
	if !s.in(producer.Idle, "")() || strings.Contains(s.row.Reason, "Another") {
		t.Errorf("after %d times it is %s: %s", n-1, s.row.State, s.row.Reason)
	}
	fence()
	eventually(t, "the sentence", s.in(producer.Degraded, "tx-r-p-0 and tx-r-p-1: this instance was fenced 5 times within 10m0s"))
	checkOnce(t, s, b)
}

// The sentence goes when the last fencing is long enough ago.
func TestFencingsAreForgotten(t *testing.T) {
	row := &producer.Row{ID: "p", Registry: "r", Config: producer.Config{}.WithDefaults()}
	now := time.Now()
	f := fencings{now.Add(-fencingsWithin - time.Second)}
	for i := range fencingsMany - 1 {
		f = append(f, now.Add(-fencingsWithin+time.Duration(i+1)*50*time.Millisecond))
	}
	if text, _ := f.rivalry(row); text != "" {
		t.Errorf("%d within the time are called trouble: %s", fencingsMany-1, text)
	}
	f.add()
	text, calm := f.rivalry(row)
	if text == "" {
		t.Fatal("no trouble is seen")
	}
	select {
	case <-calm:
	case <-time.After(5 * time.Second):
		t.Fatal("the trouble has no end")
	}
	time.Sleep(5 * time.Millisecond)
	if text, _ := f.rivalry(row); text != "" {
		t.Errorf("it is still called trouble: %s", text)
	}
}

// refusing is a store whose database is away.
type refusing struct {
	*modelStore
	why func() error
}

// Acquire implements Store.
func (r refusing) Acquire(context.Context, func(string, int64)) (producer.Hold, error) {
	return nil, r.why()
}

// The lease is tried each second; why it is not had is logged once for each reason.
func TestADatabaseThatIsAwayIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, b := started(t, "fusion-json")
		p, log, tries := newPublisher(s, b), &bytes.Buffer{}, 0
		ctx, cancel := context.WithCancel(t.Context())
		p.Log = slog.New(slog.NewTextHandler(log, nil))
		p.Store = refusing{s, func() error {
			if tries++; tries == 20 {
				cancel()
			}
			if tries > 10 {
				return errors.New("the password is wrong")
			}
			return errors.New("connection refused")
		}}
		p.Run(ctx)
		if n := strings.Count(log.String(), "does not publish"); n != 2 || tries != 20 {
			t.Errorf("%d tries and %d lines: %s", tries, n, log)
		}
	})
}
