package kafka

import (
	"cmp"
	"errors"
	"fmt"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

// orShorten follows the setting to raise in every cure here. After it comes the command, or the
// line, that raises it, at the end, where it is easily copied.
const orShorten = ", or shorten the structure, then start the producer; this raises it"

// tooLargeRecord refuses a record that is above a limit. what, size, limit and cure are in words.
func tooLargeRecord(what, key, size, topic, limit, cure string) error {
	return &producer.Fault{Kind: producer.Permanent, Cure: cure,
		Text: fmt.Sprintf("%s: %s has %s, for topic %s, which is more than %s: %s", what, key, size, topic, limit, cure)}
}

// oversize refuses a record that is larger than max.request.size allows, in the
// meaning that Java's producer gives to it: the client library counts after
// compression.
func (z *sizes) oversize(r *producer.Record) error {
	const property, ofBroker = "max.request.size", "socket.request.max.bytes"
	framed := FramedBytes(r, len(r.Value))
	size := fmt.Sprintf("%d bytes with key, headers and framing, before compression", framed)
	if limit := z.limitsSeen(r.Topic).socket; limit > 0 && !z.settings.Compresses() && int64(framed+RequestFrame) > limit {
		return tooLargeRecord("Message too large for a broker", string(r.Key), size, r.Topic,
			fmt.Sprintf("its broker takes in a request (%s=%d)", ofBroker, limit),
			fmt.Sprintf("raise %s on every broker%s, as a line of each broker's server.properties, which is read when it starts: %[1]s=%[3]d", ofBroker, orShorten, room(int64(framed))))
	}
	bound := z.settings.RequestBytes
	if bound == 0 || framed <= bound {
		return nil
	}
	how := ": urncast connection set " + cmp.Or(z.connection, producer.NameDefault) + " "
	if z.fixed {
		how = ", where the process is started: --kafka "
	}
	return tooLargeRecord("Message too large for the connection", string(r.Key), size, r.Topic,
		fmt.Sprintf("the connection allows (%s=%d)", property, bound),
		fmt.Sprintf("raise the connection's %s (librdkafka: message.max.bytes)%s%s%[1]s=%[4]d", property, orShorten, how, room(int64(framed))))
}

// room is a limit under which a record of a size fits well, in whole megabytes.
func room(size int64) int64 {
	const megabyte = 1_000_000
	return ((size+size/10+RequestFrame)/megabyte + 1) * megabyte
}

// refusedRecord is the error of sending one record, as recordFault has it. Where a limit of the
// brokers refused it, it says which, and the command that raises it.
func (z *sizes) refusedRecord(topic, key string, size int64, err error) error {
	var e ck.Error
	if !errors.As(err, &e) {
		return recordFault(topic, key, size, err)
	}
	property, limit := "max.message.bytes", ""
	switch seen := z.limitsSeen(topic).message; {
	case e.Code() == ck.ErrRecordListTooLarge:
		property, limit = "segment.bytes", "a segment of the topic may have (its segment.bytes)"
	case e.Code() != ck.ErrMsgSizeTooLarge:
		return recordFault(topic, key, size, err)
	case seen > 0:
		limit = fmt.Sprintf("the topic takes after compression (its max.message.bytes=%d, or the broker's message.max.bytes where it sets none)", seen)
	default:
		limit = "the topic takes after compression (its max.message.bytes, which could not be read, or the broker's message.max.bytes where it sets none)"
	}
	return tooLargeRecord(fmt.Sprintf("Message too large for the topic (Kafka error %d)", e.Code()), key,
		fmt.Sprintf("%d bytes with its key, before compression", size), topic, limit,
		fmt.Sprintf("raise the topic's %s%s: kafka-configs %s --alter --entity-type topics --entity-name %s --add-config %[1]s=%[5]d",
			property, orShorten, z.settings.CommandOptions(), topic, room(size)))
}
