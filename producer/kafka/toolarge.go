package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/faults"
)

// orShorten ends every cure of a structure that is too large.
const orShorten = ", or shorten the structure" + faults.ThenStart

// A requestLimit is where the limit of a connection's own is set: Java's max.request.size.
type requestLimit struct {
	connection string
	property   string // the name that the connection has it by
	fixed      bool   // the connection was given when the process was started
}

func requestLimitOf(c *connection.Connection) requestLimit {
	const java, librdkafka = "max.request.size", "message.max.bytes"
	l := requestLimit{cmp.Or(c.Name, producer.NameDefault), java, c.Fixed}
	if _, set := c.Properties[librdkafka]; set {
		l.property = librdkafka
	}
	return l
}

// oversize refuses a record that is larger than max.request.size allows, in the meaning that Java's
// producer gives to it: the client library counts after compression. It also refuses a record at
// whose request the broker would close the connection.
func (z *sizes) oversize(r *producer.Record) error {
	framed := FramedBytes(r, len(r.Value))
	fault := func(where, property string, limit int64, set, cure string) error {
		return &producer.Fault{Kind: producer.Permanent, Cure: cure + orShorten, Text: fmt.Sprintf(
			"%s is too large for %s. It has %d bytes with key, headers and framing, and %s=%d, which is set %s, refuses it",
			r.Key, where, framed, property, limit, set)}
	}
	if limit := z.limitsSeen(r.Topic).socket; limit > 0 && !z.settings.Compresses() && int64(framed+RequestFrame) > limit {
		const property = "socket.request.max.bytes"
		return fault("the broker that leads topic "+r.Topic, property, limit, "on the broker",
			fmt.Sprintf("set %s=%d in the server.properties of every broker, and restart the brokers", property, room(int64(framed))))
	}
	bound := z.settings.RequestBytes
	if bound == 0 || framed <= bound {
		return nil
	}
	at := z.request
	raise := fmt.Sprintf("raise the limit with \"urncast connection set %s %s=%d\"", at.connection, at.property, room(int64(framed)))
	if at.fixed {
		raise = fmt.Sprintf("restart urncast with --kafka %s=%d", at.property, room(int64(framed)))
	}
	return fault("connection "+at.connection+", for topic "+r.Topic, at.property, int64(bound), "on the connection and counts before compression", raise)
}

// room is a limit, in whole megabytes, that a record of a size is well below.
func room(size int64) int64 {
	const megabyte = 1_000_000
	return ((size+size/10+RequestFrame)/megabyte + 1) * megabyte
}

// topicBounds are the settings of a topic by which the brokers refuse a record as too large.
var topicBounds = map[ck.ErrorCode]struct{ property, ofBroker string }{
	ck.ErrMsgSizeTooLarge:    {"max.message.bytes", "message.max.bytes"},
	ck.ErrRecordListTooLarge: {"segment.bytes", "log.segment.bytes"},
}

// recordFault classifies an error of sending one record, and names the record. If a limit of the
// topic refused it, the fault says which one, and how to raise it.
func (b *Broker) recordFault(topic, key string, size int64, err error) error {
	var e ck.Error
	if errors.As(err, &e) {
		if bound, ok := topicBounds[e.Code()]; ok {
			return b.explain(b.sizes.tooLarge(topic, key, size, e, b.settingNow(topic, bound.property)), producer.InDoubt)
		}
	}
	return b.explain(faults.AfterBegin(fmt.Sprintf("sending %s, %d bytes, to topic %s", key, size, topic), err), producer.InDoubt)
}

// settingNow asks for a setting of a topic as it is now, for it may have changed since the lane was
// opened. It is the zero Setting where that may not be read.
func (b *Broker) settingNow(topic, name string) (found admin.Setting) {
	// An error leaves it unknown.
	_ = b.ask(context.Background(), limitsTimeout, askingFor([]string{topic}), func(ctx context.Context, c *admin.Cluster) error {
		described, err := c.Topics(ctx, topic)
		if err != nil {
			return err
		}
		settings, err := c.TopicSettings(ctx, described[0].Leader, []string{topic}, name)
		found = settings[topic][name]
		return err
	})
	return found
}

// tooLarge is the fault of a record that a limit of its topic refused.
func (z *sizes) tooLarge(topic, key string, size int64, e ck.Error, set admin.Setting) error {
	bound := topicBounds[e.Code()]
	what := fmt.Sprintf("%s is too large for topic %s", key, topic)
	limit, known := admin.Settings{"": set}.Number("")
	content := "with its key"
	switch {
	case z.settings.Compresses():
		content += ", before compression"
	case known && size <= int64(limit):
		content += ", without headers and framing"
	}
	refuses := fmt.Sprintf("%s=%d, which is set on the topic, refuses it", bound.property, limit)
	switch {
	case !known:
		refuses = bound.property + " of the topic refuses it, whose value could not be read (that needs DESCRIBE_CONFIGS on the topic)"
	case !set.Own:
		refuses = fmt.Sprintf("%s=%d, which is set on the broker, refuses it: the topic sets no %s", bound.ofBroker, limit, bound.property)
	}
	cure := fmt.Sprintf("raise the topic's limit with \"kafka-configs %s --alter --entity-type topics --entity-name %s --add-config %s=%d\"",
		z.settings.CommandOptions(), topic, bound.property, room(max(size, int64(limit))))
	return &producer.Fault{Kind: producer.Permanent, Err: faults.Coded(e), Cure: cure + orShorten, Same: fmt.Sprintf("%s (Kafka error %d)", what, e.Code()),
		Text: fmt.Sprintf("%s. It has %d bytes %s, and %s", what, size, content, refuses)}
}
