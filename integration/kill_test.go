package integration

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// steps are the lines at which the product ends itself by SIGKILL, and how often
// a run of the test hits each. Each must be hit.
var steps = []struct {
	name string
	// within is how many passes of the step a run may let go by first.
	within int
	// atStart says that the step is passed while the producer comes up; before
	// asks for a baseline first.
	atStart, baseline bool
}{
	{"submit-documents", 20, false, false},
	{"submit-checked", 20, false, false},
	{"submit-committed", 20, false, false},
	{"publish-begun", 20, false, false},
	{"publish-produced", 30, false, false},
	{"publish-delivered", 20, false, false},
	{"publish-committed", 20, false, false},
	{"publish-moved", 20, false, false},
	{"recover-fenced", 1, true, false},
	{"recover-read", 1, true, false},
	{"baseline-begun", 1, false, true},
	{"baseline-half", 1, false, true},
	{"baseline-sent", 1, false, true},
	{"baseline-cleared", 1, false, true},
}

// runs gives how many kills a test makes: the number here, or as many times more
// as URNCAST_SOAK says.
func runs(t *testing.T, n int) int {
	text := os.Getenv("URNCAST_SOAK")
	if text == "" {
		return n
	}
	times, err := strconv.Atoi(text)
	if err != nil || times < 1 {
		t.Fatalf("URNCAST_SOAK is how many times as many kills to make, not %q", text)
	}
	return n * times
}

// Killed at each named step of submitting, publishing, recovering and making a
// baseline, the product comes back and nothing is lost, doubled or out of order.
func TestKillAtEachStep(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	// Two worlds at a time go through the steps. Parallel subtests would be as many as the
	// other tests of the package leave room for, and those that wait would leave them none.
	next := make(chan int, len(steps))
	for i := range steps {
		next <- i
	}
	close(next)
	var worlds sync.WaitGroup
	for range 2 {
		worlds.Go(func() {
			for i := range next {
				t.Run(steps[i].name, func(t *testing.T) { killAtStep(t, k, s, i) })
			}
		})
	}
	worlds.Wait()
}

func killAtStep(t *testing.T, k *rig.Kafka, s *pg.Server, i int) {
	step := steps[i]
	w := newWorld(t, k, s, k.Bootstrap())
	n := runs(t, 10)
	for range n {
		at := fmt.Sprintf("URNCAST_CRASH_AT=%s:%d", step.name, 1+w.random.IntN(step.within))
		w.killAt(at, step.atStart, step.baseline)
		w.start()
		w.settle()
		w.check()
		if t.Failed() {
			t.Fatalf("after %s", at)
		}
	}
	t.Logf("killed %d times at %s", n, step.name)
}

// killAt brings the product to the step and waits until it has killed itself.
func (w *world) killAt(at string, atStart, baseline bool) {
	w.t.Helper()
	if atStart { // leave something to recover
		w.loadFor(func() {
			time.Sleep(time.Duration(100+w.random.IntN(300)) * time.Millisecond)
			w.product.Kill()
		})
	} else if err := w.product.Stop(); err != nil {
		w.t.Fatal(err)
	}
	if err := w.product.Launch(at); err != nil {
		w.t.Fatal(err)
	}
	if !atStart {
		if err := w.product.Ready(30 * time.Second); err != nil {
			w.t.Fatal(err)
		}
		if baseline {
			if err := w.step(rand.New(rand.NewPCG(w.random.Uint64(), 1))); err != nil {
				w.t.Fatal(err)
			}
			w.command("start", "baseline")
		} else {
			stop := make(chan struct{})
			defer close(stop)
			r := rand.New(rand.NewPCG(w.random.Uint64(), 1))
			go w.load(r, stop)
		}
	}
	select {
	case <-w.product.Process().Done():
	case <-time.After(60 * time.Second):
		w.t.Fatalf("%s was not reached\n%s", at, rig.Tail(w.product.Log))
	}
	if !w.product.Process().Killed() {
		w.t.Fatalf("%s: the product ended otherwise than by SIGKILL\n%s", at, rig.Tail(w.product.Log))
	}
}

// Killed at random moments under load, the product comes back and nothing is
// lost, doubled or out of order.
func TestKillAtRandom(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	t.Run("worlds", func(t *testing.T) {
		for i := range 2 {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, k, s, k.Bootstrap())
				n := runs(t, 40)
				for run := range n {
					w.loadFor(func() {
						time.Sleep(time.Duration(w.random.IntN(700)) * time.Millisecond)
						w.product.Kill()
					})
					w.start()
					if w.random.IntN(3) == 0 {
						continue // killed again, perhaps while it recovers
					}
					w.settle()
					w.check()
					if t.Failed() {
						t.Fatalf("after kill %d", run+1)
					}
				}
				w.settle()
				w.check()
				t.Logf("killed %d times at random moments", n)
			})
		}
	})
}

// loadFor makes random changes from two clients while f runs.
func (w *world) loadFor(f func()) {
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 2 {
		r := rand.New(rand.NewPCG(w.random.Uint64(), 1))
		clients.Go(func() { w.load(r, stop) })
	}
	defer clients.Wait()
	defer close(stop) // though f ends the test
	f()
}
