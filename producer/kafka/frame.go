package kafka

import (
	"encoding/binary"

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
