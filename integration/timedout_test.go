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

// heldFor is longer than every timeout of the Kafka client. The longest, those of a request,
// of a delivery and of a transaction, are a minute.
const heldFor = 65 * time.Second

// A request that is delayed for longer than the client waits, and then still reaches the
// broker, does no harm: the session that follows has done what the request was to do, or does
// it.
func TestRequestTimedOut(t *testing.T) {
	t.Parallel()
	k, s := rig.StartKafka(t), pg.Shared(t)
	h := &delayer{}
	k.Proxy.Rule(h.rule)
	// The cases run at once, but not as parallel subtests: each mostly waits, and would take a
	// slot of -parallel that other tests can use.
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

// timedOut delays a request of one kind and checks that everything is published once.
func timedOut(t *testing.T, w *world, h *delayer, key int16) {
	w.replace(rig.Codelist{ID: "CL_A", Name: "A", Codes: 1})
	w.settle()
	holding, released := h.delay(w.ids(), key)
	if key == rig.InitProducerID {
		if err := w.product.Stop(); err != nil {
			t.Fatal(err)
		}
		w.start()
	}
	for i := range 3 {
		w.replace(rig.Codelist{ID: fmt.Sprintf("CL_%d", i), Name: "Delayed", Codes: 1})
	}
	select {
	case <-holding:
	case <-time.After(30 * time.Second):
		t.Fatal("no request was delayed within 30 s: nothing was tested")
	}
	began := time.Now()
	w.awaitFor(2*time.Minute, func(p producerStatus) bool { return p.Pending == 0 && p.Sent == 4 })
	t.Logf("everything is sent after %s", time.Since(began).Round(100*time.Millisecond))
	<-released // the delayed request reaches the broker now
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
		t.Error("no session ended: nothing was tested")
	}
}

// A delayer delays one request for each producer that a test asks it to.
type delayer struct {
	mu     sync.Mutex
	delays map[string]*delay // by transactional id
}

// A delay is one request to delay: the first with this API key.
type delay struct {
	key               int16
	once              *sync.Once
	holding, released chan struct{}
}

// delay makes one request wait for heldFor: the next with this API key by a producer with one
// of these transactional ids. holding is closed when the request has come, released when it is
// passed on.
func (h *delayer) delay(ids []string, key int16) (holding, released <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := &delay{key, &sync.Once{}, make(chan struct{}), make(chan struct{})}
	if h.delays == nil {
		h.delays = map[string]*delay{}
	}
	for _, id := range ids {
		h.delays[id] = one
	}
	return one.holding, one.released
}

// rule is the rule for the proxy.
func (h *delayer) rule(r rig.Request) (v rig.Ruling) {
	h.mu.Lock()
	one := h.delays[r.TransactionalID]
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
