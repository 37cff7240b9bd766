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
	At     time.Time // by the writer's clock
}

// Get returns a header's value, empty if there is no such header.
func (c *Committed) Get(name string) string {
	for i := range c.Headers {
		if c.Headers[i].Key == name {
			return string(c.Headers[i].Value)
		}
	}
	return ""
}

// Seen returns what the record's key, value and headers say of it.
func (c *Committed) Seen() *producer.Seen {
	s := &producer.Seen{Offset: c.Offset, Key: string(c.Key), Tombstone: c.Value == nil}
	for i := range c.Headers {
		s.Take(c.Headers[i].Key, c.Headers[i].Value)
	}
	return s
}

// A View is a topic that is open for reading. Its errors are Faults.
type View interface {
	// Ends returns the offset at which the log starts, and its high watermark. It may be
	// called while Read runs.
	Ends(ctx context.Context) (start, end int64, err error)
	// Read yields every committed record from one offset up to another, until yield
	// returns an error, which it returns, or ctx ends. It waits for an open transaction to
	// end. from must not be before the log's start.
	Read(ctx context.Context, from, to int64, yield func(*Committed) error) error
	Close()
}

// An Opener opens topics for reading.
type Opener interface {
	OpenTopic(ctx context.Context, connection, topic string) (View, error)
}
