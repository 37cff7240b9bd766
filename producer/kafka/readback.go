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

// read yields every committed message from one offset up to another. End-of-file alone
// would not do: it comes at the last stable offset, and behind a foreign open
// transaction there may be commits of ours. The position counts aborted records and
// markers, which no message shows, so the end-of-file events carry it. waiting is called
// while the position stands still.
func (b *Broker) read(ctx context.Context, topic string, from, to int64, waiting func(int64), yield func(*ck.Message) error) error {
	if from >= to {
		return nil
	}
	c, err := b.consumer(topic, from)
	if err != nil {
		return err
	}
	defer c.Close()
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

// consumer is a read_committed consumer of the topic from an offset on.
func (b *Broker) consumer(topic string, from int64) (_ *ck.Consumer, err error) {
	defer func() { err = b.explain(err, producer.Transitory) }()
	c, err := ck.NewConsumer(b.with(map[string]any{
		"group.id":                "urncast", // demanded by the client, never used
		"enable.auto.commit":      false,
		"isolation.level":         "read_committed",
		"enable.partition.eof":    true,
		"auto.offset.reset":       "error",
		"fetch.queue.backoff.ms":  5,
		"fetch.wait.max.ms":       fetchWait,
		"fetch.message.max.bytes": 16 << 20,
		"go.logs.channel.enable":  true,
	}))
	if err != nil {
		return nil, fault("opening a reader", err)
	}
	e := b.ear()
	go func() { // until the reader is closed
		for line := range c.Logs() {
			e.note(line)
		}
	}()
	// Without the metadata the first look-up of an offset waits 500 ms.
	if _, err := c.GetMetadata(&topic, false, int(requestTimeout.Milliseconds())); err != nil {
		c.Close()
		return nil, fault("asking for topic "+topic, err)
	}
	if err := c.Assign([]ck.TopicPartition{{Topic: &topic, Partition: 0, Offset: ck.Offset(from)}}); err != nil {
		c.Close()
		return nil, fault("reading topic "+topic, err)
	}
	return c, nil
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
