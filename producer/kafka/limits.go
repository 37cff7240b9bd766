package kafka

import (
	"context"
	"strconv"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
	"urncast/producer/kafka/properties"
)

// limitsTimeout bounds the question for limits: no start waits long for what only
// makes a warning earlier.
const limitsTimeout = 2 * time.Second

// limits asks what one record on a topic may have. What may not be read is not known,
// nor are the limits that count after compression, where there is one.
func (b *Broker) limits(ctx context.Context, a *asker, d *ck.TopicDescription) producer.Limits {
	l := producer.Limits{Request: int64(b.request)}
	if compresses(b.settings) {
		return l
	}
	ask := []ck.ConfigResource{{Type: ck.ResourceTopic, Name: d.Name}}
	if len(d.Partitions) > 0 && d.Partitions[0].Leader != nil {
		ask = append(ask, ck.ConfigResource{Type: ck.ResourceBroker, Name: strconv.Itoa(d.Partitions[0].Leader.ID)})
	}
	ctx, cancel := context.WithTimeout(ctx, limitsTimeout)
	defer cancel()
	all, _ := a.DescribeConfigs(ctx, ask, ck.SetAdminRequestTimeout(limitsTimeout)) // an error leaves both unknown
	for _, r := range all {
		switch {
		case r.Error.Code() != ck.ErrNoError:
		case r.Type == ck.ResourceTopic:
			l.Message = number(r.Config["max.message.bytes"])
		default:
			l.Socket = number(r.Config["socket.request.max.bytes"])
		}
	}
	b.socket.Store(d.Name, l.Socket)
	return l
}

// number reads a setting; 0 if it is not there.
func number(c ck.ConfigEntryResult) int64 {
	n, err := strconv.ParseInt(c.Value, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func compresses(s *properties.Resolved) bool {
	for _, name := range []string{"compression.type", "compression.codec"} {
		if c := s.Client[name]; c != "" && c != "none" {
			return true
		}
	}
	return false
}
