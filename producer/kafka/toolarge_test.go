package kafka

import (
	"errors"
	"strings"
	"testing"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/properties"
)

// A structure that is too large is told with its size, the limit, where that is set, and the command
// that raises it. Where the limit may not be read now and then, it is the same failure all the same.
func TestTooLargeNamesLimitAndCommand(t *testing.T) {
	tooLarge, list := ck.NewError(ck.ErrMsgSizeTooLarge, "Broker: Message size too large", false), ck.NewError(ck.ErrRecordListTooLarge, "Broker: Batch too large", false)
	r := &producer.Record{Topic: "structures", Key: []byte("urn:x"), Value: make([]byte, 5_000_000)}
	const alter = `with "kafka-configs --bootstrap-server b:9092 --alter --entity-type topics --entity-name structures --add-config `
	sizes := func(request int, client map[string]string, fixed bool) *sizes {
		c := &connection.Connection{Name: "main", Fixed: fixed, Properties: client}
		return &sizes{request: requestLimitOf(c), settings: &properties.Resolved{Bootstrap: []string{"b:9092"}, RequestBytes: request, Client: client}}
	}
	ofTopic := func(e ck.Error, size int64, set admin.Setting) error {
		return sizes(0, nil, false).tooLarge("structures", "urn:x", size, e, set)
	}
	small := sizes(0, nil, false)
	small.seen.Store("structures", topicLimits{socket: 4_000_000})
	for name, c := range map[string]struct {
		err              error
		what, says, cure string
	}{
		"the topic's": {ofTopic(tooLarge, 1_234_567, admin.Setting{Value: "1048588", Own: true}), "urn:x is too large for topic structures. It has 1234567 bytes with its key, and ",
			"max.message.bytes=1048588, which is set on the topic, refuses it: Broker: Message size too large (Kafka error 10)", alter + `max.message.bytes=2000000"`},
		"the broker's": {ofTopic(tooLarge, 1_234_567, admin.Setting{Value: "1048588"}), "urn:x is too large for topic structures. ",
			"message.max.bytes=1048588, which is set on the broker, refuses it: the topic sets no max.message.bytes", alter + `max.message.bytes=2000000"`},
		"one that is not read": {ofTopic(tooLarge, 999_999, admin.Setting{}), "urn:x is too large for topic structures. It has 999999 bytes",
			"max.message.bytes of the topic refuses it, whose value could not be read", alter + `max.message.bytes=2000000"`},
		"one just above": {ofTopic(tooLarge, 1_048_500, admin.Setting{Value: "1048588", Own: true}), "urn:x is too large for topic structures. It has 1048500 bytes with its key, without headers and framing",
			"max.message.bytes=1048588", alter + `max.message.bytes=2000000"`},
		"the segment's": {ofTopic(list, 1_234_567, admin.Setting{Value: "1000000", Own: true}), "urn:x is too large for topic structures. ", "segment.bytes=1000000, which is set on the topic",
			alter + `segment.bytes=2000000"`},
		"the request's": {small.oversize(r), "urn:x is too large for the broker that leads topic structures. ", "socket.request.max.bytes=4000000, which is set on the broker, refuses it",
			"set socket.request.max.bytes=6000000 in the server.properties of every broker"},
		"the connection's": {sizes(700_000, nil, false).oversize(r), "urn:x is too large for connection main, for topic structures. ", "bytes with key, headers and framing, and max.request.size=700000, which is set on the connection and counts before compression, refuses it",
			`"urncast connection set main max.request.size=6000000"`},
		"the connection's, as librdkafka names it": {sizes(700_000, map[string]string{"message.max.bytes": "700000"}, false).oversize(r), "urn:x is too large for connection main", "message.max.bytes=700000",
			`"urncast connection set main message.max.bytes=6000000"`},
		"that of a process": {sizes(700_000, nil, true).oversize(r), "urn:x is too large for connection main", "max.request.size=700000", "restart urncast with --kafka max.request.size=6000000"},
	} {
		var f *producer.Fault
		if !errors.As(c.err, &f) || f.Kind != producer.Permanent {
			t.Errorf("%s: %v", name, c.err)
			continue
		}
		what := producer.WithoutCure(f.Error(), f.Cure)
		if !strings.HasPrefix(what, c.what) || !strings.Contains(what, c.says) {
			t.Errorf("%s: it does not say %q, %q: %s", name, c.what, c.says, what)
		}
		if !strings.Contains(f.Cure, c.cure) || !strings.HasSuffix(f.Cure, ", or shorten the structure, then start the producer") || strings.Contains(what, "shorten") {
			t.Errorf("%s: the cure is not %q: %s", name, c.cure, f)
		}
	}
	read, unread := ofTopic(tooLarge, 2_000_000, admin.Setting{Value: "1048588", Own: true}), ofTopic(tooLarge, 2_000_000, admin.Setting{})
	if producer.Key(read) != producer.Key(unread) || producer.Key(read) == producer.Key(ofTopic(list, 2_000_000, admin.Setting{})) {
		t.Errorf("one failure is told as two: %q, %q", producer.Key(read), producer.Key(unread))
	}
	var code ck.Error
	if !errors.As(read, &code) || code.Code() != ck.ErrMsgSizeTooLarge {
		t.Errorf("the broker's error is lost: %v", read)
	}
}

// A record above max.request.size is refused before the client library sees it, for
// good, with the numbers; one that just fits is not.
func TestRecordAboveRequestSize(t *testing.T) {
	r := &producer.Record{Topic: "structures", Key: []byte("urn:sdmx:x"), Value: make([]byte, 1000)}
	size := FramedBytes(r, len(r.Value))
	if err := (&sizes{settings: &properties.Resolved{RequestBytes: size}}).oversize(r); err != nil {
		t.Errorf("a record of %d bytes does not pass max.request.size=%d: %v", size, size, err)
	}
	l := &lane{broker: &Broker{sizes: &sizes{settings: &properties.Resolved{RequestBytes: size - 1}}}}
	err := l.Send(t.Context(), r)
	var f *producer.Fault
	if !errors.As(err, &f) || f.Kind != producer.Permanent {
		t.Fatalf("the error is %v, want a permanent fault", err)
	}
}

// A request that the broker would close the connection at is not sent: the client
// library would send it again and again.
func TestSocketLimitIsKnownBefore(t *testing.T) {
	b := &sizes{settings: &properties.Resolved{}}
	r := &producer.Record{Topic: "structures", Key: []byte("urn:sdmx:x"), Value: make([]byte, 5000)}
	if err := b.oversize(r); err != nil {
		t.Errorf("without a limit: %v", err)
	}
	b.seen.Store(r.Topic, topicLimits{socket: 5000})
	err := b.oversize(r)
	if err == nil || kindOf(t, err) != producer.Permanent || !strings.Contains(err.Error(), "socket.request.max.bytes=5000") {
		t.Errorf("above the limit: %v", err)
	}
	b.seen.Store(r.Topic, topicLimits{socket: 6000})
	if err := b.oversize(r); err != nil {
		t.Errorf("below the limit: %v", err)
	}
}
