package kafka

import (
	"context"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

var _ producer.TopicReader = (*Cluster)(nil)

// A view is a topic that somebody looks into.
type view struct {
	broker *Broker
	topic  string
}

// OpenTopic implements producer.TopicReader.
func (c *Cluster) OpenTopic(ctx context.Context, connection, topic string) (producer.TopicView, error) {
	b, err := c.Connect(ctx, connection)
	if err != nil {
		return nil, err
	}
	return &view{b.(*Broker), topic}, nil
}

// Close implements producer.TopicView.
func (v *view) Close() { v.broker.Close() }

// Ends implements producer.TopicView.
func (v *view) Ends(ctx context.Context) (start, end int64, err error) {
	return v.broker.Ends(ctx, v.topic)
}

// Read implements producer.TopicView. Like ReadBack it goes by the position, which
// counts aborted records and markers too.
func (v *view) Read(ctx context.Context, from, to int64, yield func(*producer.Committed) error) error {
	if from >= to {
		return nil
	}
	c, err := v.broker.consumer(v.topic, from)
	if err != nil {
		return err
	}
	defer c.Close()
	for position := from; position < to; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch e := c.Poll(100).(type) {
		case *ck.Message:
			at := int64(e.TopicPartition.Offset)
			if at < to {
				if err := yield(committed(e)); err != nil {
					return err
				}
			}
			position = max(position, at+1)
		case ck.PartitionEOF:
			position = max(position, int64(e.Offset))
		case ck.Error:
			if f := v.broker.readFault(v.topic, e); f != nil {
				return f
			}
		}
	}
	return nil
}

// committed takes everything from a message.
func committed(m *ck.Message) *producer.Committed {
	c := &producer.Committed{Offset: int64(m.TopicPartition.Offset), At: m.Timestamp.UTC()}
	c.Key, c.Value = m.Key, m.Value
	for i := range m.Headers {
		c.Headers = append(c.Headers, producer.Header{Key: m.Headers[i].Key, Value: m.Headers[i].Value})
	}
	return c
}
