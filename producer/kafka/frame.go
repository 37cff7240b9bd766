package kafka

import (
	"encoding/binary"
	"fmt"

	"urncast/producer"
)

const (
	// batchOverhead is the header of a batch, recordOverhead the most that a
	// record's own fields take.
	batchOverhead  = 61
	recordOverhead = 21
)

// framedBytes is what Java's producer compares with max.request.size: a record's
// key, headers and framing, and a value of so many bytes, before compression.
func framedBytes(r *producer.Record, value int) int {
	size := batchOverhead + recordOverhead + prefixed(len(r.Key)) + prefixed(value)
	size += len(binary.AppendVarint(nil, int64(len(r.Headers))))
	for _, h := range r.Headers {
		size += prefixed(len(h.Key)) + prefixed(len(h.Value))
	}
	return size
}

// prefixed is the size of bytes with their length before them.
func prefixed(n int) int { return len(binary.AppendVarint(nil, int64(n))) + n }

// oversize refuses a record that is larger than max.request.size allows, in the
// meaning that Java's producer gives to it: the client library counts after
// compression.
func (b *Broker) oversize(r *producer.Record) error {
	framed := framedBytes(r, len(r.Value))
	if limit := b.limitsSeen(r.Topic).socket; limit > 0 && !b.settings.Compresses() && int64(framed+requestFrame) > limit {
		cure := "raise it on every broker, or shorten the structure, then start the producer"
		return &producer.Fault{Kind: producer.Permanent, Cure: cure,
			Text: fmt.Sprintf("%s has %d bytes with key, headers and framing, and the broker of topic %s closes the connection at a request of more than socket.request.max.bytes=%d: %s",
				r.Key, framed, r.Topic, limit, cure)}
	}
	if b.request == 0 || framed <= b.request {
		return nil
	}
	cure := "raise it (librdkafka: message.max.bytes), or shorten the structure, then start the producer"
	return &producer.Fault{Kind: producer.Permanent, Cure: cure,
		Text: fmt.Sprintf("%s has %d bytes with key, headers and framing, before compression, which is more than max.request.size=%d allows for topic %s: %s",
			r.Key, framed, b.request, r.Topic, cure)}
}
