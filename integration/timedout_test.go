package integration

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// heldFor is longer than each of the client's timeouts, of which the longest are a
// minute: of a request, of a delivery and of a transaction.
const heldFor = 65 * time.Second

// A request that is held up for longer than the client waits, and then reaches the
// broker all the same, does no harm: whatever it was to do, the session after it has
// done, or does.
func TestRequestTimedOut(t *testing.T) {
	t.Parallel()
	k, s := rig.StartKafka(t), pg.Shared(t)
	h := &holder{}
	k.Proxy.Rule(h.rule)
	// All wait at once, in the room of one test: each waits for a minute, which others can use.
	var waiting sync.WaitGroup
	for name, key := range map[string]int16{
		"initialising": rig.InitProducerID, "adding the topic": rig.AddPartitionsToTxn, "producing": rig.Produce, "committing": rig.EndTxn,
	} {
		waiting.Go(func() {
			t.Run(name, func(t *testing.T) { timedOut(t, newWorld(t, k, s, k.Proxy.Address()), h, key) })
		})
	}
	waiting.Wait()
}

func timedOut(t *testing.T, w *world, h *holder, key int16) {
	w.replace(rig.Codelist{ID: "CL_A", Name: "A", Codes: 1})
	w.settle()
	holding, released := h.hold(w.ids(), key)
	if key == rig.InitProducerID {
		if err := w.product.Stop(); err != nil {
			t.Fatal(err)
		}
		w.start()
	}
	for i := range 3 {
		w.replace(rig.Codelist{ID: fmt.Sprintf("CL_%d", i), Name: "Held up", Codes: 1})
	}
	select {
	case <-holding:
	case <-time.After(30 * time.Second):
		t.Fatal("no request was held up: the test has shown nothing")
	}
	began := time.Now()
	w.awaitFor(2*time.Minute, func(p producerStatus) bool { return p.Pending == 0 && p.Sent == 4 })
	t.Logf("all is sent after %s", time.Since(began).Round(100*time.Millisecond))
	<-released // what was held up reaches the broker now
	time.Sleep(300 * time.Millisecond)
	w.replace(rig.Codelist{ID: "CL_A", Name: "Second", Codes: 1})
	w.settle()
	w.check()
	log, err := os.ReadFile(w.product.Log)
	if err != nil {
		t.Fatal(err)
	}
	ended := 0
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, "session ended") {
			ended++
			t.Log(strings.TrimSpace(line))
		}
	}
	if ended == 0 {
		t.Error("no session ended: the test has shown nothing")
	}
}

// A holder holds up one request for each producer that asks for it.
type holder struct {
	mu   sync.Mutex
	held map[string]*held // by transactional id
}

type held struct {
	key               int16
	once              *sync.Once
	holding, released chan struct{}
}

// hold arms it. The channels are closed when the request has come, and when it goes on.
func (h *holder) hold(ids []string, key int16) (holding, released <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := &held{key, &sync.Once{}, make(chan struct{}), make(chan struct{})}
	if h.held == nil {
		h.held = map[string]*held{}
	}
	for _, id := range ids {
		h.held[id] = one
	}
	return one.holding, one.released
}

func (h *holder) rule(r rig.Request) (v rig.Ruling) {
	h.mu.Lock()
	one := h.held[r.TransactionalID]
	h.mu.Unlock()
	if one != nil && one.key == r.Key {
		one.once.Do(func() {
			close(one.holding)
			time.AfterFunc(heldFor, func() { close(one.released) })
			v.Hold = one.released
		})
	}
	return v
}
