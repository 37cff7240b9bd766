package publisher

import (
	"context"
	"sync"
	"testing"
	"time"

	"urncast/producer"
	"urncast/registry"
)

// timedBroker keeps the transaction timeouts with which lanes were opened.
type timedBroker struct {
	*modelBroker
	mu       sync.Mutex
	timeouts []time.Duration
}

func (b *timedBroker) Connect(context.Context, string) (producer.Broker, error) { return b, nil }
func (b *timedBroker) Open(ctx context.Context, topics, ids []string, timeout time.Duration) ([]producer.Lane, error) {
	b.mu.Lock()
	b.timeouts = append(b.timeouts, timeout)
	b.mu.Unlock()
	return b.modelBroker.Open(ctx, topics, ids, timeout)
}

// A transaction that may last longer than the lanes' timeout is sent along lanes with a longer
// one, which are opened before anything of it is sent.
func TestALargeTransactionGetsALongerTimeout(t *testing.T) {
	s, b := started(t, "fusion-json")
	s.record(registry.Replace, "1.0", "A")
	s.mu.Lock()
	s.txs[0].Bytes = 128 << 20 // times expansion is 256 s over the slowest link
	s.mu.Unlock()
	timed := &timedBroker{modelBroker: b}
	p := newPublisher(s, b)
	p.Cluster = timed
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { p.Run(ctx); close(ended) }()
	eventually(t, "sent", s.handled(1))
	cancel()
	<-ended
	timed.mu.Lock()
	defer timed.mu.Unlock()
	if n := len(timed.timeouts); n < 2 || timed.timeouts[n-1] != 5*time.Minute || timed.timeouts[n-2] != timeoutBase {
		t.Errorf("the lanes were opened with the timeouts %s", timed.timeouts)
	}
}
