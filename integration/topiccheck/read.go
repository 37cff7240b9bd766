// Package topiccheck reads a topic as an application would, and checks that it keeps the
// message contract (docs/message-contract.md). It shares no code with urncast, not even its
// Kafka client, so that one mistake cannot be in both.
package topiccheck

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A Message is one committed record.
type Message struct {
	Offset      int64
	ProducerID  int64 // Kafka's producer id of the session that wrote it
	Epoch       int16 // Kafka's producer epoch, which rises when a new session fences the former
	Key         string
	Value       []byte // nil for a tombstone
	Headers     map[string]string
	Number      int64
	Position    int
	Count       int
	Repeated    []string // headers that appear twice
	wrongNumber []string // headers that should be numbers and are not
}

// A Commit is a marker that commits a Kafka transaction.
type Commit struct {
	Offset     int64
	ProducerID int64
}

// A Log is the content of a topic up to its end.
type Log struct {
	Topic    string
	Messages []Message
	Commits  []Commit
	End      int64
	part     bool // the log lacks the topic's beginning
}

// Read reads partition 0 of a topic with isolation level read_committed, up to the high
// watermark at the time of the call. Like every such reader it waits until open transactions
// have ended.
func Read(ctx context.Context, bootstrap, topic string) (*Log, error) {
	c, err := kgo.NewClient(kgo.SeedBrokers(bootstrap),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.FetchMaxBytes(100<<20), kgo.FetchMaxPartitionBytes(50<<20),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	l := &Log{Topic: topic}
	if l.End, err = highWatermark(ctx, c, topic); err != nil {
		return nil, err
	}
	// Control records are kept, so that position reaches the end even if the last records
	// were aborted.
	position := int64(0)
	for position < l.End {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("topic %s at offset %d of %d: %w", topic, position, l.End, err)
		}
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			for _, r := range p.Records {
				l.add(r)
				position = r.Offset + 1
			}
		})
	}
	return l, nil
}

func highWatermark(ctx context.Context, c *kgo.Client, topic string) (int64, error) {
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Timestamp = -1
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic, t.Partitions = topic, append(t.Partitions, p)
	r := kmsg.NewPtrListOffsetsRequest()
	r.ReplicaID, r.Topics = -1, append(r.Topics, t)
	resp, err := r.RequestWith(ctx, c)
	if err != nil {
		return 0, err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 {
		return 0, fmt.Errorf("topic %s: the broker's response to ListOffsets has no end offset", topic)
	}
	if code := resp.Topics[0].Partitions[0].ErrorCode; code != 0 {
		return 0, fmt.Errorf("topic %s: ListOffsets returned Kafka error %d", topic, code)
	}
	return resp.Topics[0].Partitions[0].Offset, nil
}

func (l *Log) add(r *kgo.Record) {
	if r.Attrs.IsControl() {
		if len(r.Key) >= 4 && binary.BigEndian.Uint16(r.Key[2:]) == 1 {
			l.Commits = append(l.Commits, Commit{r.Offset, r.ProducerID})
		}
		return
	}
	m := Message{Offset: r.Offset, ProducerID: r.ProducerID, Epoch: r.ProducerEpoch, Key: string(r.Key), Value: r.Value, Headers: map[string]string{}}
	for _, h := range r.Headers {
		if _, twice := m.Headers[h.Key]; twice {
			m.Repeated = append(m.Repeated, h.Key)
		}
		m.Headers[h.Key] = string(h.Value)
	}
	number := func(name string) int64 {
		n, err := strconv.ParseInt(m.Headers[name], 10, 64)
		if err != nil {
			m.wrongNumber = append(m.wrongNumber, name)
		}
		return n
	}
	m.Number = number("urncast-txn")
	m.Position, m.Count = int(number("urncast-txn-position")), int(number("urncast-txn-count"))
	l.Messages = append(l.Messages, m)
}

// Replica returns what an application holds that has applied every message: the newest value
// of each key.
func (l *Log) Replica() map[string][]byte {
	replica := map[string][]byte{}
	for i := range l.Messages {
		if m := &l.Messages[i]; m.Value == nil {
			delete(replica, m.Key)
		} else {
			replica[m.Key] = m.Value
		}
	}
	return replica
}
