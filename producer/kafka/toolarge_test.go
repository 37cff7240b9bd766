package kafka

import (
	"errors"
	"strings"
	"testing"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
	"urncast/producer/kafka/properties"
)

// A structure that is too large is told with its size, the limit, whose limit that is, and the
// command that raises it, which is the end and stands nowhere in the middle.
func TestTooLargeNamesLimitAndCommand(t *testing.T) {
	tooLarge, list := ck.NewError(ck.ErrMsgSizeTooLarge, "Broker: Message size too large", false), ck.NewError(ck.ErrRecordListTooLarge, "", false)
	r := &producer.Record{Topic: "structures", Key: []byte("urn:x"), Value: make([]byte, 5_000_000)}
	const alter = "kafka-configs --bootstrap-server b:9092 --alter --entity-type topics --entity-name structures --add-config "
	sizes := func(seen topicLimits, request int, fixed bool) *sizes {
		z := &sizes{connection: "main", fixed: fixed, settings: &properties.Resolved{Bootstrap: []string{"b:9092"}, RequestBytes: request}}
		z.seen.Store("structures", seen)
		return z
	}
	for name, c := range map[string]struct {
		err   error
		says  []string
		ends  string
		brief string
	}{
		"the topic's": {sizes(topicLimits{message: 1048588}, 0, false).refusedRecord("structures", "urn:x", 1_234_567, tooLarge),
			[]string{"1234567 bytes", "its max.message.bytes=1048588"}, alter + "max.message.bytes=2000000", "(Kafka error 10)"},
		"the topic's, unread": {sizes(topicLimits{}, 0, false).refusedRecord("structures", "urn:x", 999_999, tooLarge),
			[]string{"999999 bytes", "max.message.bytes, which could not be read"}, alter + "max.message.bytes=2000000", "(Kafka error 10)"},
		"the segment's": {sizes(topicLimits{}, 0, false).refusedRecord("structures", "urn:x", 1_234_567, list),
			[]string{"its segment.bytes"}, alter + "segment.bytes=2000000", "(Kafka error 18)"},
		"the broker's": {sizes(topicLimits{socket: 4_000_000}, 0, false).oversize(r),
			[]string{"bytes with key, headers", "socket.request.max.bytes=4000000", "server.properties"}, ": socket.request.max.bytes=6000000", "for a broker"},
		"the connection's": {sizes(topicLimits{}, 700_000, false).oversize(r),
			[]string{"bytes with key, headers", "max.request.size=700000"}, ": urncast connection set main max.request.size=6000000", "for the connection"},
		"that of a process": {sizes(topicLimits{}, 700_000, true).oversize(r),
			[]string{"where the process is started"}, ": --kafka max.request.size=6000000", "for the connection"},
	} {
		var f *producer.Fault
		if !errors.As(c.err, &f) || f.Kind != producer.Permanent {
			t.Errorf("%s limit: %v", name, c.err)
			continue
		}
		for _, want := range append(c.says, "urn:x", "structures", "or shorten the structure, then start the producer") {
			if !strings.Contains(f.Error(), want) {
				t.Errorf("%s limit: %q is not said: %s", name, want, f)
			}
		}
		if first, _, _ := strings.Cut(f.Error(), ": "); !strings.HasSuffix(first, c.brief) {
			t.Errorf("%s limit: it begins with %q", name, first)
		}
		if !strings.HasSuffix(f.Error(), ": "+f.Cure) || !strings.HasSuffix(f.Cure, c.ends) {
			t.Errorf("%s limit: it does not end with %q: %s", name, c.ends, f)
		}
	}
	other := ck.NewError(ck.ErrTransport, "", false)
	if got := kindOf(t, sizes(topicLimits{}, 0, false).refusedRecord("structures", "urn:x", 1, other)); got != producer.InDoubt {
		t.Errorf("another error became %s", got)
	}
}
