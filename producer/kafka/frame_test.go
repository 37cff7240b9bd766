package kafka

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"urncast/producer"
	"urncast/producer/kafka/properties"
)

// What Java's producer compares with max.request.size: 61 bytes of the batch, 21 of
// the record, and every part with the length before it.
func TestFramedBytes(t *testing.T) {
	r := &producer.Record{Topic: "structures", Key: []byte("urn"), Headers: []producer.Header{{Key: "a", Value: []byte("bc")}}}
	// 61 + 21 + (1+3) + (2+100) + 1 + (1+1) + (1+2)
	if got := FramedBytes(r, 100); got != 194 {
		t.Errorf("%d bytes, want 194", got)
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
	for _, word := range []string{"urn:sdmx:x", "max.request.size=", "structures"} {
		if !strings.Contains(f.Text, word) {
			t.Errorf("the words do not name %s: %s", word, f.Text)
		}
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

// Several records go in one batch as far as the brokers take it.
func TestBatch(t *testing.T) {
	b := &sizes{settings: &properties.Resolved{Client: map[string]string{}}, refused: &sync.Map{}}
	topics := []string{"a", "b"}
	want := func(what string, size int64) {
		t.Helper()
		if got := b.batch(topics); got != size {
			t.Errorf("%s: a batch has %d bytes, want %d", what, got, size)
		}
	}
	want("nothing known", defaultBatch)
	b.settings.Client["batch.size"] = "500000"
	want("an admin's own size", 500_000)
	b.seen.Store("a", topicLimits{message: 2_000_000, socket: 1_000_000})
	want("larger limits", 500_000)
	b.seen.Store("a", topicLimits{message: 20_000, socket: 300_000})
	want("one topic's limit", 20_000)
	b.seen.Store("b", topicLimits{message: 1_000_000, socket: 10_000})
	want("a broker's limit", 10_000-RequestFrame)
	for _, c := range []struct{ refused, next int64 }{{80_000, 8000}, {8000, 1}} {
		if err := b.smaller("b", c.refused, nil); kindOf(t, err) != producer.InDoubt {
			t.Errorf("a refused batch: %v", err)
		}
		want("a batch was refused", c.next)
	}
}
