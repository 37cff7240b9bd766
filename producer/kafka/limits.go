package kafka

import (
	"context"
	"strconv"
	"sync"
	"time"

	"urncast/producer"
	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/properties"
)

// limitsTimeout bounds the question for limits: no start waits long for what only
// makes a warning earlier.
const limitsTimeout = 2 * time.Second

const (
	// defaultBatch is librdkafka's batch.size.
	defaultBatch = 1_000_000
	// smallestBatch is the smallest that saves anything over one record each.
	smallestBatch = 4096
)

// topicLimits are the brokers' limits of a topic, in bytes after compression; 0 where
// they are not known.
type topicLimits struct {
	message int64 // of a batch: max.message.bytes
	socket  int64 // of a request: socket.request.max.bytes of the leader
}

// sizes are how large records and batches of a connection may be.
type sizes struct {
	connection string
	request    requestLimit
	settings   *properties.Resolved
	seen       sync.Map  // by topic, its topicLimits
	refused    *sync.Map // the cluster's
}

func (z *sizes) limitsSeen(topic string) topicLimits {
	seen, _ := z.seen.Load(topic)
	l, _ := seen.(topicLimits)
	return l
}

// limits asks what one record on each topic may have. What may not be read is not known,
// nor are the limits that count after compression, where there is one.
func (z *sizes) limits(ctx context.Context, c *admin.Cluster, topics []admin.Topic) []producer.Limits {
	const perMessage, perRequest = "max.message.bytes", "socket.request.max.bytes"
	ctx, cancel := context.WithTimeout(ctx, limitsTimeout)
	defer cancel()
	all := make([]producer.Limits, len(topics))
	for leader, mine := range admin.ByLeader(topics) {
		// An error leaves limits unknown.
		settings, _ := c.TopicSettings(ctx, leader, mine, perMessage)
		socket := c.BrokerNumber(ctx, leader, perRequest)
		for i := range topics {
			if topics[i].Leader != leader {
				continue
			}
			message, _ := settings[topics[i].Name].Number(perMessage)
			all[i] = z.limited(topics[i].Name, topicLimits{int64(message), int64(socket)})
		}
	}
	return all
}

// limited takes note of the limits of a topic.
func (z *sizes) limited(topic string, seen topicLimits) producer.Limits {
	z.seen.Store(topic, seen)
	if refused, _ := z.refused.Load(z.refusedAt(topic)); refused != nil && 0 < seen.message && seen.message < refused.(int64) {
		z.refused.Delete(z.refusedAt(topic)) // that explains it
	}
	l := producer.Limits{Request: int64(z.settings.RequestBytes)}
	if !z.settings.Compresses() {
		l.Message, l.Socket = seen.message, seen.socket
	}
	return l
}

// batch is the batch.size with which the brokers take every batch of records that they
// take one by one: a batch is judged as a whole, and the client does not divide one
// that was refused. One byte stands for batches of one record.
func (z *sizes) batch(topics []string) int64 {
	size, err := strconv.ParseInt(z.settings.Client["batch.size"], 10, 64)
	if err != nil {
		size = defaultBatch
	}
	for _, topic := range topics {
		seen := z.limitsSeen(topic)
		if seen.message > 0 {
			size = min(size, seen.message)
		}
		if seen.socket > 0 {
			size = min(size, seen.socket-RequestFrame)
		}
		if refused, _ := z.refused.Load(z.refusedAt(topic)); refused != nil {
			size = min(size, below(refused.(int64)))
		}
	}
	return max(size, 1)
}

// below is what is tried after a batch was refused: a tenth, and soon one record each.
func below(refused int64) int64 {
	if next := refused / 10; next >= smallestBatch {
		return next
	}
	return 1
}

func (z *sizes) refusedAt(topic string) [2]string { return [2]string{z.connection, topic} }

// smaller takes note that a batch of a lane was refused for its size, and says that the
// next attempt sends smaller ones: the limit was lowered since the lane was opened, or
// may not be read.
func (z *sizes) smaller(topic string, batch int64, err error) error {
	z.refused.Store(z.refusedAt(topic), batch)
	return &producer.Fault{Kind: producer.InDoubt, Err: err, Text: "The brokers refused several records in one batch of topic " + topic + ", which the next attempt sends in smaller ones"}
}
