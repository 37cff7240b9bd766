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

// steps are the points in the code at which urncast can be made to kill itself with SIGKILL.
// TestKillAtEachStep kills it several times at each.
var steps = []struct {
	name string
	// within bounds the random number of times that the step is passed: the last of them
	// kills.
	within int
	// atStart says that the step is passed while the producer starts. baseline says that it is
	// passed during a baseline, which the test then requests.
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

// runs returns how often a test kills: n times, or n times URNCAST_SOAK if that is set.
func runs(t *testing.T, n int) int {
	text := os.Getenv("URNCAST_SOAK")
	if text == "" {
		return n
	}
	times, err := strconv.Atoi(text)
	if err != nil || times < 1 {
		t.Fatalf("URNCAST_SOAK must be a whole number from 1, by which the number of kills is multiplied; it is %q", text)
	}
	return n * times
}

// urncast is killed at each named step of submitting, publishing, recovering and sending a
// baseline. It recovers each time, and nothing is lost, duplicated or out of order.
func TestKillAtEachStep(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	// Two goroutines go through the steps. As parallel subtests, the steps would take all the
	// slots of -parallel that are free, and keep the package's other tests waiting.
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

// killAtStep kills urncast again and again at one step, and checks each recovery.
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
			t.Fatalf("the checks failed after a kill at %s", at)
		}
	}
	t.Logf("killed %d times at %s", n, step.name)
}

// killAt starts urncast so that it kills itself at a step, makes it pass the step, and waits
// until it has ended.
func (w *world) killAt(at string, atStart, baseline bool) {
	w.t.Helper()
	if atStart { // kill it under load, so that the start has something to recover
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
		w.t.Fatalf("urncast did not end at %s within 60 s\n%s", at, rig.Tail(w.product.Log))
	}
	if !w.product.Process().Killed() {
		w.t.Fatalf("%s: urncast ended, but not by SIGKILL\n%s", at, rig.Tail(w.product.Log))
	}
}

// urncast is killed at random moments under load. It recovers each time, and nothing is lost,
// duplicated or out of order.
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
						continue // kill it again, perhaps while it recovers
					}
					w.settle()
					w.check()
					if t.Failed() {
						t.Fatalf("the checks failed after kill %d", run+1)
					}
				}
				w.settle()
				w.check()
				t.Logf("killed %d times at random moments", n)
			})
		}
	})
}

// loadFor runs f while two clients submit random changes.
func (w *world) loadFor(f func()) {
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 2 {
		r := rand.New(rand.NewPCG(w.random.Uint64(), 1))
		clients.Go(func() { w.load(r, stop) })
	}
	defer clients.Wait()
	defer close(stop) // also when f ends the test by Fatal
	f()
}
