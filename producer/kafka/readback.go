package kafka

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
	"urncast/producer/kafka/faults"
)

// fetchWait is how long (ms) a broker may hold back the answer that there is
// nothing more: behind the last record stands a commit marker, so that every
// reading back ends with one.
const fetchWait = 10

// ReadBack implements producer.Broker.
func (b *Broker) ReadBack(ctx context.Context, from, to map[string]int64, waiting func(string), yield func(*producer.Seen)) error {
	var spans []span
	for _, topic := range slices.Sorted(maps.Keys(to)) {
		if from[topic] < to[topic] {
			spans = append(spans, span{topic, from[topic], to[topic]})
		}
	}
	if len(spans) == 0 {
		return nil
	}
	ctx, left, err := b.call(ctx)
	if err != nil {
		return err
	}
	return left(b.read(ctx, spans, waiting, func(m *ck.Message) error {
		yield(seen(m))
		return nil
	}))
}

// read reads with a consumer of its own, one for all topics: a consumer makes three connections.
func (b *Broker) read(ctx context.Context, spans []span, waiting func(string), yield func(*ck.Message) error) error {
	c, err := b.consumer(b.monitor(), 16<<20)
	if err != nil {
		return err
	}
	defer c.close()
	for i := range spans {
		if err := b.locate(ctx, c, spans[i].topic); err != nil {
			return err
		}
	}
	return b.follow(ctx, c.Consumer, spans, waiting, yield)
}

// A consumer reads topics.
type consumer struct {
	*ck.Consumer
	broker *Broker
	calls  sync.WaitGroup // into the library, of which some may go on when nobody waits for them any more
	lines  sync.WaitGroup // the reading of its log
}

// consumer makes a consumer that reads committed messages and fetches so many bytes at a time.
// The monitor gets its log.
func (b *Broker) consumer(m *monitor, fetchBytes int) (*consumer, error) {
	c, err := ck.NewConsumer(b.with(map[string]any{
		"group.id":                "urncast", // demanded by the client, never used
		"enable.auto.commit":      false,
		"isolation.level":         "read_committed",
		"enable.partition.eof":    true,
		"auto.offset.reset":       "error",
		"fetch.queue.backoff.ms":  5,
		"fetch.wait.max.ms":       fetchWait,
		"fetch.message.max.bytes": fetchBytes,
		"go.logs.channel.enable":  true,
	}))
	if err != nil {
		return nil, b.explain(faults.Of("opening a reader", err), producer.Transitory)
	}
	b.bearer.Feed(c)
	out := &consumer{Consumer: c, broker: b}
	out.lines.Go(func() { // until the reader is closed
		for line := range c.Logs() {
			m.onLog(line)
		}
	})
	return out, nil
}

// close ends the consumer once nothing uses it, which the broker's Close waits for.
func (c *consumer) close() {
	c.broker.bearer.Release(c.Consumer)
	c.broker.closing.Go(func() {
		c.calls.Wait()
		c.Consumer.Close()
		c.lines.Wait()
	})
}

// locate asks where a topic is. Without that the first look-up of an offset waits
// 500 ms, and a reader that is kept would look for a topic that was deleted and made anew
// under its old id. The library's call cannot be cancelled: it is made in parts, and what
// still goes on when the context ends is waited for by close.
func (b *Broker) locate(ctx context.Context, c *consumer, topic string) error {
	e := b.monitor()
	ctx, done := e.wait(ctx, requestTimeout, "asking for topic "+topic)
	located := make(chan error, 1)
	c.calls.Go(func() {
		for part := time.Second; ; part *= 2 {
			_, err := c.GetMetadata(&topic, false, int(part.Milliseconds()))
			var late ck.Error
			if err == nil || ctx.Err() != nil || !errors.As(err, &late) || late.Code() != ck.ErrTimedOut && late.Code() != ck.ErrTransport {
				located <- faults.Of("asking for topic "+topic, err)
				return
			}
		}
	})
	var err error
	select {
	case err = <-located:
	case <-ctx.Done():
		err = faults.Of("asking for topic "+topic, ctx.Err())
	}
	err = done(err)
	e.running.Wait()
	return b.explain(err, producer.Transitory)
}

// over are the codes after which a reader gets no further: what it reads is not what it
// was, and the next session asks how the topic stands.
var over = map[ck.ErrorCode]bool{
	ck.ErrAutoOffsetReset: true, ck.ErrLogTruncation: true, ck.ErrOffsetOutOfRange: true, ck.ErrUnknownTopicID: true,
	ck.ErrUnknownTopicOrPart: true, ck.ErrUnknownTopic: true, ck.ErrUnknownPartition: true, ck.ErrAllBrokersDown: true,
}

// reading says of which topics an error is.
func reading(topics ...string) string {
	if len(topics) == 1 {
		return "reading topic " + topics[0]
	}
	return "reading topics " + strings.Join(topics, ", ")
}

// readFault sorts a reader's errors: most only inform, and the client goes on by itself.
func (b *Broker) readFault(doing string, e ck.Error) error {
	if e.Code() == ck.ErrGroupAuthorizationFailed {
		return nil // the client looks for the coordinator of a group that it never uses
	}
	if e.Code() == ck.ErrTransport || e.Code() == ck.ErrResolve {
		return nil
	}
	var f *producer.Fault
	err := b.explain(faults.Of(doing, e), producer.Transitory)
	if !errors.As(err, &f) || f.Kind == producer.Transitory && !over[e.Code()] {
		return nil
	}
	if over[e.Code()] {
		faults.Explain(f)
	}
	return f
}

// seen takes what recovery asks from a message.
func seen(m *ck.Message) *producer.Seen {
	s := &producer.Seen{Topic: *m.TopicPartition.Topic, Offset: int64(m.TopicPartition.Offset), Key: string(m.Key), Tombstone: m.Value == nil}
	for i := range m.Headers {
		s.Take(m.Headers[i].Key, m.Headers[i].Value)
	}
	return s
}
