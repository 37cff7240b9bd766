package kafka

import (
	"encoding/binary"
	"fmt"

	"urncast/producer"
)

const (
	// RequestFrame is, generously, what a request adds to the batch in it: its
	// header, the ids and the topic's name.
	RequestFrame = 512
	// BatchOverhead is the header of a batch, recordOverhead the most that a
	// record's own fields take.
	BatchOverhead  = 61
	recordOverhead = 21
)

// FramedBytes is what Java's producer compares with max.request.size: a record's
// key, headers and framing, and a value of so many bytes, before compression.
func FramedBytes(r *producer.Record, value int) int {
	size := BatchOverhead + recordOverhead + prefixed(len(r.Key)) + prefixed(value)
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
func (z *sizes) oversize(r *producer.Record) error {
	framed := FramedBytes(r, len(r.Value))
	if limit := z.limitsSeen(r.Topic).socket; limit > 0 && !z.settings.Compresses() && int64(framed+RequestFrame) > limit {
		cure := "raise it on every broker, or shorten the structure, then start the producer"
		return &producer.Fault{Kind: producer.Permanent, Cure: cure,
			Text: fmt.Sprintf("%s has %d bytes with key, headers and framing, and the broker of topic %s closes the connection at a request of more than socket.request.max.bytes=%d: %s",
				r.Key, framed, r.Topic, limit, cure)}
	}
	bound := z.settings.RequestBytes
	if bound == 0 || framed <= bound {
		return nil
	}
	cure := "raise it (librdkafka: message.max.bytes), or shorten the structure, then start the producer"
	return &producer.Fault{Kind: producer.Permanent, Cure: cure,
		Text: fmt.Sprintf("%s has %d bytes with key, headers and framing, before compression, which is more than max.request.size=%d allows for topic %s: %s",
			r.Key, framed, bound, r.Topic, cure)}
}
