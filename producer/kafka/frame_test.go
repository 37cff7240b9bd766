package kafka

import (
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
