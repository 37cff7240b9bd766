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

// Read implements producer.TopicView.
func (v *view) Read(ctx context.Context, from, to int64, yield func(*producer.Committed) error) error {
	return v.broker.read(ctx, v.topic, from, to, func(int64) {}, func(m *ck.Message) error { return yield(committed(m)) })
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
