package kafka

import (
	"errors"
	"strings"
	"testing"

	"urncast/producer"
)

// What Java's producer compares with max.request.size: 61 bytes of the batch, 21 of
// the record, and every part with the length before it.
func TestFramedBytes(t *testing.T) {
	r := &producer.Record{Topic: "structures", Key: []byte("urn"), Headers: []producer.Header{{Key: "a", Value: []byte("bc")}}}
	// 61 + 21 + (1+3) + (2+100) + 1 + (1+1) + (1+2)
	if got := framedBytes(r, 100); got != 194 {
		t.Errorf("%d bytes, want 194", got)
	}
}

// A record above max.request.size is refused before the client library sees it, for
// good, with the numbers; one that just fits is not.
func TestRecordAboveRequestSize(t *testing.T) {
	r := &producer.Record{Topic: "structures", Key: []byte("urn:sdmx:x"), Value: make([]byte, 1000)}
	size := framedBytes(r, len(r.Value))
	if err := (&Broker{request: size}).oversize(r); err != nil {
		t.Errorf("a record of %d bytes does not pass max.request.size=%d: %v", size, size, err)
	}
	l := &lane{broker: &Broker{request: size - 1}}
	err := l.Send(t.Context(), r)
	var f *producer.Fault
	if !errors.As(err, &f) || f.Kind != producer.Permanent {
		t.Fatalf("the error is %v, want a permanent fault", err)
	}
	for _, word := range []string{"urn:sdmx:x", "max.request.size=", "structures"} {
		if !strings.Contains(f.Text, word) {
			t.Errorf("the words do not name %s: %s", word, f.Text)
		}
	}
}

// A request that the broker would close the connection at is not sent: the client
// library would send it again and again.
func TestSocketLimitIsKnownBefore(t *testing.T) {
	b := &Broker{}
	r := &producer.Record{Topic: "structures", Key: []byte("urn:sdmx:x"), Value: make([]byte, 5000)}
	if err := b.oversize(r); err != nil {
		t.Errorf("without a limit: %v", err)
	}
	b.socket.Store(r.Topic, int64(5000))
	err := b.oversize(r)
	if err == nil || kindOf(t, err) != producer.Permanent || !strings.Contains(err.Error(), "socket.request.max.bytes=5000") {
		t.Errorf("above the limit: %v", err)
	}
	b.socket.Store(r.Topic, int64(6000))
	if err := b.oversize(r); err != nil {
		t.Errorf("below the limit: %v", err)
	}
}
