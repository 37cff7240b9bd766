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
	r := &producer.Record{Key: []byte("urn"), Headers: []producer.Header{{Key: "a", Value: []byte("bc")}}}
	// 61 + 21 + (1+3) + (2+100) + 1 + (1+1) + (1+2)
	if got := framedBytes(r, 100); got != 194 {
		t.Errorf("%d bytes, want 194", got)
	}
}

// A record above max.request.size is refused before the client library sees it, for
// good, with the numbers; one that just fits is not.
func TestRecordAboveRequestSize(t *testing.T) {
	r := &producer.Record{Key: []byte("urn:sdmx:x"), Value: make([]byte, 1000)}
	size := framedBytes(r, len(r.Value))
	if err := (&Broker{request: size}).oversize("structures", r); err != nil {
		t.Errorf("a record of %d bytes does not pass max.request.size=%d: %v", size, size, err)
	}
	l := &lane{topic: "structures", broker: &Broker{request: size - 1}}
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
