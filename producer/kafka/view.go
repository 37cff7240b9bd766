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
	// readersKept is how many readers are kept for who looks next, of all connections,
	// and keptFor how long: to make one takes longer than all that a page asks of it.
	readersKept = 4
	keptFor     = time.Minute
	// wellWithin is how soon a reader that was kept must have an answer.
	wellWithin = time.Second
)

// A reader is a client that reads topics of a connection, for one at a time.
type reader struct {
	broker *Broker
	*consumer
	ear    *ear
	broken atomic.Bool   // something went wrong: nobody else gets it
	taken  chan struct{} // closed when it is kept no longer
}

// readers are those kept, the last one used behind.
type readers struct {
	mu      sync.Mutex
	all     []*reader
	closed  bool
	closing sync.WaitGroup // of those that are kept no longer, and the wait for that
}

// Close closes the readers that are kept for who looks next, and keeps no more.
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
	c.brokerEnds.close()
}

// drop closes a reader while others go on.
func (k *readers) drop(r *reader) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		r.close()
		return
	}
	k.closing.Go(r.close)
}

// A view is a topic that somebody looks into.
type view struct {
	*reader
	cluster *Cluster
	topic   string
	located bool // where the topic is has been asked
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
	r := &reader{broker: b, ear: b.ear()}
	if r.consumer, err = b.consumer(r.ear, 256<<10); err != nil {
		b.Close()
		return nil, err
	}
	return r, nil
}

// well says that nothing was heard of the reader's connections since it was used, and
// that it learns at once where the topic is now. One that lost a broker comes back to it
// by itself, but only after seconds.
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
	r.ear.running.Wait()
	r.broker.Close()
}

// take gives the reader of a connection that was used last; nil if none is kept.
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

// keep keeps a reader until somebody takes it, its time is up or its connection is
// another. The one used longest ago makes room.
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

// forget takes a reader from those kept, and says whether it was there.
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
	err := v.broker.follow(ctx, v.Consumer, v.topic, from, to, func(string) {}, func(m *ck.Message) error {
		err := yield(committed(m))
		stopped = err != nil
		return err
	})
	// What is assigned is read ahead, and held, for as long as the reader is kept.
	whole = v.Unassign() == nil && (err == nil || stopped)
	return err
}

// committed takes everything from a message.
func committed(m *ck.Message) *topicview.Committed {
	c := &topicview.Committed{Offset: int64(m.TopicPartition.Offset), At: m.Timestamp.UTC()}
	c.Key, c.Value = m.Key, m.Value
	for i := range m.Headers {
		c.Headers = append(c.Headers, producer.Header{Key: m.Headers[i].Key, Value: m.Headers[i].Value})
	}
	return c
}
