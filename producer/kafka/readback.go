package kafka

import (
	"context"
	"errors"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

// fetchWait is how long (ms) a broker may hold back the answer that there is
// nothing more: behind the last record stands a commit marker, so that every
// reading back ends with one.
const fetchWait = 10

// waitingAfter is how long reading back may stand still before it says so.
const waitingAfter = 3 * time.Second

// ReadBack implements producer.Broker.
func (b *Broker) ReadBack(ctx context.Context, topic string, from, to int64, waiting func(int64), yield func(*producer.Seen)) error {
	return b.read(ctx, topic, from, to, waiting, func(m *ck.Message) error {
		yield(seen(m))
		return nil
	})
}

// read reads with a consumer of its own.
func (b *Broker) read(ctx context.Context, topic string, from, to int64, waiting func(int64), yield func(*ck.Message) error) error {
	if from >= to {
		return nil
	}
	c, err := b.consumer(b.ear(), 16<<20)
	if err != nil {
		return err
	}
	defer func() {
		b.bearer.release(c)
		c.Close()
	}()
	if err := b.locate(c, topic); err != nil {
		return err
	}
	return b.follow(ctx, c, topic, from, to, waiting, yield)
}

// follow yields every committed message from one offset up to another. End-of-file alone
// would not do: it comes at the last stable offset, and behind a foreign open
// transaction there may be commits of ours. The position counts aborted records and
// markers, which no message shows, so the end-of-file events carry it. waiting is called
// while the position stands still.
func (b *Broker) follow(ctx context.Context, c *ck.Consumer, topic string, from, to int64, waiting func(int64), yield func(*ck.Message) error) error {
	if err := c.Assign([]ck.TopicPartition{{Topic: &topic, Partition: 0, Offset: ck.Offset(from)}}); err != nil {
		return b.explain(fault("reading topic "+topic, err), producer.Transitory)
	}
	position, moved := from, time.Now()
	for position < to {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		before := position
		switch e := c.Poll(100).(type) {
		case *ck.Message:
			at := int64(e.TopicPartition.Offset)
			if at < to {
				if err := yield(e); err != nil {
					return err
				}
			}
			position = max(position, at+1)
		case ck.PartitionEOF:
			position = max(position, int64(e.Offset))
		case ck.Error:
			if f := b.readFault(topic, e); f != nil {
				return f
			}
		}
		if position > before {
			moved = time.Now()
		} else if time.Since(moved) > waitingAfter {
			waiting(position)
			moved = time.Now()
		}
	}
	return nil
}

// consumer is a read_committed consumer that fetches so many bytes at a time; an ear
// hears its log.
func (b *Broker) consumer(e *ear, fetchBytes int) (*ck.Consumer, error) {
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
		return nil, b.explain(fault("opening a reader", err), producer.Transitory)
	}
	b.bearer.feed(c)
	go func() { // until the reader is closed
		for line := range c.Logs() {
			e.note(line)
		}
	}()
	return c, nil
}

// locate asks where a topic is. Without that the first look-up of an offset waits
// 500 ms, and a reader that is kept would look for a topic that was deleted and made anew
// under its old id.
func (b *Broker) locate(c *ck.Consumer, topic string) error {
	_, err := c.GetMetadata(&topic, false, int(requestTimeout.Milliseconds()))
	if err != nil {
		err = b.explain(fault("asking for topic "+topic, err), producer.Transitory)
	}
	return err
}

// readFault sorts a reader's error events: most only inform, and the client goes
// on by itself.
func (b *Broker) readFault(topic string, e ck.Error) error {
	var f *producer.Fault
	err := b.explain(fault("reading topic "+topic, e), producer.Transitory)
	if e.Code() == ck.ErrGroupAuthorizationFailed {
		return nil // the client looks for the coordinator of a group that it never uses
	}
	if e.Code() == ck.ErrTransport || e.Code() == ck.ErrResolve || !errors.As(err, &f) {
		return nil
	}
	if f.Kind == producer.Transitory && e.Code() != ck.ErrAllBrokersDown {
		return nil
	}
	return f
}

// seen takes what recovery asks from a message.
func seen(m *ck.Message) *producer.Seen {
	s := &producer.Seen{Offset: int64(m.TopicPartition.Offset), Key: string(m.Key), Tombstone: m.Value == nil}
	for i := range m.Headers {
		s.Take(m.Headers[i].Key, m.Headers[i].Value)
	}
	return s
}
