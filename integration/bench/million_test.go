//go:build bench

package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/formats"
	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/sdmx"
)

// TestMillion submits a codelist of a million codes, waits for it on the topic, reads it from there
// and from the registry, and compares both with what was submitted. The table shows how long each
// step took and the most memory that the program had.
func TestMillion(t *testing.T) {
	out := &table{}
	defer out.print()
	w := newWorld(t, rig.StartKafkaForBench(t), pg.StartIn(t, ""), "million")
	message := manyCodesMessage()
	sent, err := codelist(message)
	if err != nil {
		t.Fatal(err)
	}
	step := func(name string, bytes int, f func()) {
		began := time.Now()
		f()
		out.rows = append(out.rows, row{what: fmt.Sprintf("a million codes, %s, %d MB", name, bytes/1_000_000), unit: "s", ours: figure{time.Since(began).Seconds()}})
	}
	step("submitted and stored", len(message), func() {
		if code, body, err := w.product.Do(http.MethodPost, "/sdmx/v2/structure", "application/json", message); err != nil || code >= 300 {
			t.Fatalf("submitting: %d %.300s %v", code, body, err)
		}
	})
	step("from the answer until the producer has sent it", len(message), func() { w.await(status.settled) })
	same := func(from string, text []byte) {
		got, err := codelist(text)
		if err != nil {
			t.Fatalf("%s: %v", from, err)
		}
		if a, b := sdmx.AppendCanonical(nil, sent), sdmx.AppendCanonical(nil, got); !bytes.Equal(a, b) {
			t.Fatalf("%s: the codelist differs from the submitted one: %d and %d bytes in the canonical form", from, len(b), len(a))
		}
	}
	same("the topic", w.newest())
	const address = "/sdmx/v2/structure/codelist/RIG/MANY/1.0"
	for _, f := range formats.All() {
		var text []byte
		step("read as "+f.Name, len(message), func() {
			code, body, err := w.product.Get(address + "?format=" + f.Name)
			if err != nil || code != http.StatusOK {
				t.Fatalf("%s: %d %.300s %v", address, code, body, err)
			}
			text = body
		})
		same(f.Name, text)
	}
	stored := len(sdmx.AppendCanonical(nil, sent))
	out.rows = append(out.rows, row{what: "peak resident memory of all that", unit: "MiB", ours: figure{w.peak()}, bare: figure{float64(stored) / (1 << 20)}, bareName: "the stored structure"})
}

// newest returns the value of the topic's newest record that is no tombstone.
func (w *world) newest() (value []byte) {
	w.t.Helper()
	c := w.kafka.Client(w.t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{w.topic: {0: kgo.NewOffset().AtStart()}}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxBytes(200<<20), kgo.BrokerMaxReadBytes(300<<20))
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	for value == nil && ctx.Err() == nil {
		c.PollFetches(ctx).EachRecord(func(r *kgo.Record) { value = r.Value })
	}
	return value
}
