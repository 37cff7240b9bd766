package kafka

import (
	"context"
	"strconv"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
	"urncast/producer/kafka/properties"
)

// limitsTimeout bounds each question for a limit: no start waits long for what only
// makes a warning earlier.
const limitsTimeout = 2 * time.Second

// limits asks what one record on a topic may have. What may not be read is not known,
// nor are the limits that count after compression, where there is one.
func (b *Broker) limits(ctx context.Context, a *asker, d *ck.TopicDescription) producer.Limits {
	l := producer.Limits{Request: int64(b.request)}
	if compresses(b.settings) {
		return l
	}
	l.Message = setting(ctx, a, ck.ResourceTopic, d.Name, "max.message.bytes")
	if len(d.Partitions) > 0 && d.Partitions[0].Leader != nil {
		l.Socket = setting(ctx, a, ck.ResourceBroker, strconv.Itoa(d.Partitions[0].Leader.ID), "socket.request.max.bytes")
	}
	b.socket.Store(l.Socket)
	return l
}

// setting reads one number of a topic's or a broker's settings; 0 where it may not be
// read.
func setting(ctx context.Context, a *asker, of ck.ResourceType, name, setting string) int64 {
	ctx, cancel := context.WithTimeout(ctx, limitsTimeout)
	defer cancel()
	all, err := a.DescribeConfigs(ctx, []ck.ConfigResource{{Type: of, Name: name}}, ck.SetAdminRequestTimeout(limitsTimeout))
	if err != nil || len(all) != 1 || all[0].Error.Code() != ck.ErrNoError {
		return 0
	}
	n, err := strconv.ParseInt(all[0].Config[setting].Value, 10, 64)
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
