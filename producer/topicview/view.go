package topicview

import (
	"context"
	"time"
	"urncast/producer"
)

// A Committed is one committed record of a topic, whole.
type Committed struct {
	producer.Record
	Offset int64
	At     time.Time // by the clock of who wrote it
}

// Get gives a header's value, empty if it is not there.
func (c *Committed) Get(name string) string {
	for i := range c.Headers {
		if c.Headers[i].Key == name {
			return string(c.Headers[i].Value)
		}
	}
	return ""
}

// Seen is what the record says of itself.
func (c *Committed) Seen() *producer.Seen {
	s := &producer.Seen{Offset: c.Offset, Key: string(c.Key), Tombstone: c.Value == nil}
	for i := range c.Headers {
		s.Take(c.Headers[i].Key, c.Headers[i].Value)
	}
	return s
}

// A TopicView is a topic that is read. Its errors are Faults.
type View interface {
	// Ends gives the log's start and its high watermark. It may be called while Read is
	// under way.
	Ends(ctx context.Context) (start, end int64, err error)
	// Read yields every committed record from one offset up to another, until yield
	// gives an error, which it returns, or ctx ends. It waits behind a transaction
	// that is open. From is at or behind the log's start.
	Read(ctx context.Context, from, to int64, yield func(*Committed) error) error
	Close()
}

// A TopicReader opens topics for people who look into them.
type Opener interface {
	OpenTopic(ctx context.Context, connection, topic string) (View, error)
}
