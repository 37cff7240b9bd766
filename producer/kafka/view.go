package kafka

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
	"urncast/producer/topicview"
)

var _ topicview.Opener = (*Cluster)(nil)

const (
	// readersKept is how many readers are kept for the next page, of all connections, and
	// keptFor for how long: making a reader takes longer than all that a page asks of it.
	readersKept = 4
	keptFor     = time.Minute
	// wellWithin is how soon a kept reader must have an answer, or else it is closed.
	wellWithin = time.Second
)

// A reader is a client that reads topics of one connection, one topic at a time.
type reader struct {
	broker *Broker
	*consumer
	monitor *monitor
	broken  atomic.Bool   // a call failed: the reader is closed after use, not kept
	taken   chan struct{} // closed when the reader is no longer kept
}

// readers are the readers that are kept; the last one was used last.
type readers struct {
	mu      sync.Mutex
	all     []*reader
	closed  bool
	closing sync.WaitGroup // the closing of readers, and what waits for the end of their time
}

// Close closes the readers that are kept; from then on none is kept.
func (c *Cluster) Close() {
	k := &c.readers
	k.mu.Lock()
	k.closed = true
	for len(k.all) > 0 {
		r := k.all[0]
		k.forget(r)
		k.closing.Go(r.close)
	}
	k.mu.Unlock()
	k.closing.Wait()
	c.servers.Close()
}

// drop closes a reader in the background, or at once after Close.
func (k *readers) drop(r *reader) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		r.close()
		return
	}
	k.closing.Go(r.close)
}

// A view is a topic that is read for a page.
type view struct {
	*reader
	cluster *Cluster
	topic   string
	located bool // the client knows the topic's leader
}

// OpenTopic implements topicview.Opener.
func (c *Cluster) OpenTopic(ctx context.Context, connection, topic string) (topicview.View, error) {
	for r := c.readers.take(connection); r != nil; r = c.readers.take(connection) {
		same, err := r.broker.same(ctx)
		if err == nil && same && r.well(topic) {
			return &view{reader: r, cluster: c, topic: topic, located: true}, nil
		}
		c.readers.drop(r)
	}
	r, err := c.newReader(ctx, connection)
	if err != nil {
		return nil, err
	}
	return &view{reader: r, cluster: c, topic: topic}, nil
}

func (c *Cluster) newReader(ctx context.Context, connection string) (*reader, error) {
	connected, err := c.Connect(ctx, connection)
	if err != nil {
		return nil, err
	}
	b := connected.(*Broker)
	r := &reader{broker: b, monitor: b.monitor()}
	if r.consumer, err = b.consumer(r.monitor, 256<<10); err != nil {
		b.Close()
		return nil, err
	}
	return r, nil
}

// well reports whether the reader's connections had no error since it was used, and a broker
// answers at once where the topic is. A reader that lost a broker connects again by itself, but
// only after seconds.
func (r *reader) well(topic string) bool {
	for {
		switch e := r.Poll(0).(type) {
		case nil:
			_, err := r.GetMetadata(&topic, false, int(wellWithin.Milliseconds()))
			return err == nil
		case ck.Error:
			if e.Code() != ck.ErrGroupAuthorizationFailed { // as in readFault
				return false
			}
		}
	}
}

func (r *reader) close() {
	r.consumer.close()
	r.monitor.running.Wait()
	r.broker.Close()
}

// take returns the kept reader of a connection that was used last; nil if none is kept.
func (k *readers) take(connection string) *reader {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range slices.Backward(k.all) {
		if r.broker.name == connection {
			k.forget(r)
			return r
		}
	}
	return nil
}

// keep keeps a reader until it is taken, its time is up or its connection was changed. If there
// are too many, the one that was used longest ago is closed.
func (k *readers) keep(r *reader, long time.Duration) {
	taken := make(chan struct{})
	r.taken = taken
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		r.close()
		return
	}
	if len(k.all) >= readersKept {
		old := k.all[0]
		k.forget(old)
		k.closing.Go(old.close)
	}
	k.all = append(k.all, r)
	k.closing.Go(func() {
		end := time.NewTimer(long)
		defer end.Stop()
		select {
		case <-taken:
			return
		case <-end.C:
		case <-r.broker.Changed():
		}
		k.mu.Lock()
		mine := k.forget(r)
		k.mu.Unlock()
		if mine {
			r.close()
		}
	})
}

// forget takes a reader out of those kept, and reports whether it was among them.
func (k *readers) forget(r *reader) bool {
	i := slices.Index(k.all, r)
	if i < 0 {
		return false
	}
	k.all = slices.Delete(k.all, i, i+1)
	close(r.taken)
	return true
}

// Close implements topicview.View.
func (v *view) Close() {
	if v.broken.Load() {
		v.close()
		return
	}
	v.cluster.readers.keep(v.reader, keptFor)
}

// Ends implements topicview.View.
func (v *view) Ends(ctx context.Context) (start, end int64, err error) {
	all, err := v.broker.stand(ctx, []string{v.topic}, false)
	if err != nil {
		v.broken.Store(true)
		return 0, 0, err
	}
	return all[0].Start, all[0].End, nil
}

// Read implements topicview.View.
func (v *view) Read(ctx context.Context, from, to int64, yield func(*topicview.Committed) error) error {
	if from >= to {
		return nil
	}
	whole := false // also when yield panics
	defer func() {
		if !whole {
			v.broken.Store(true)
		}
	}()
	if !v.located {
		if err := v.broker.locate(ctx, v.consumer, v.topic); err != nil {
			return err
		}
		v.located = true
	}
	stopped := false
	err := v.broker.follow(ctx, v.Consumer, []span{{v.topic, from, to}}, func(string) {}, func(m *ck.Message) error {
		err := yield(committed(m))
		stopped = err != nil
		return err
	})
	// The client would go on reading an assigned topic ahead for as long as it is kept.
	whole = v.Unassign() == nil && (err == nil || stopped)
	return err
}

// committed converts a message of the client library.
func committed(m *ck.Message) *topicview.Committed {
	c := &topicview.Committed{Offset: int64(m.TopicPartition.Offset), At: m.Timestamp.UTC()}
	c.Key, c.Value = m.Key, m.Value
	for i := range m.Headers {
		c.Headers = append(c.Headers, producer.Header{Key: m.Headers[i].Key, Value: m.Headers[i].Value})
	}
	return c
}
