//go:build bench

package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
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
// step took, and the most memory that the program had in it.
func TestMillion(t *testing.T) {
	out := &table{}
	defer out.print()
	w := newWorld(t, rig.StartKafkaForBench(t), pg.StartIn(t, ""), "million")
	message := manyCodesMessage()
	sent, err := codelist(message)
	if err != nil {
		t.Fatal(err)
	}
	stored := figure{float64(len(sdmx.AppendCanonical(nil, sent))) / (1 << 20)}
	step := func(name string, f func()) {
		w.resetPeak()
		began := time.Now()
		f()
		out.rows = append(out.rows, row{what: "a million codes, " + name, unit: "s", ours: figure{time.Since(began).Seconds()}},
			row{what: "  peak resident memory", unit: "MiB", ours: figure{w.peak()}, bare: stored, bareName: "the stored structure"})
	}
	step(fmt.Sprintf("%d MB of Fusion-JSON, submitted and stored", len(message)/1_000_000), func() {
		if code, body, err := w.product.Do(http.MethodPost, "/sdmx/v2/structure", "application/json", message); err != nil || code >= 300 {
			t.Fatalf("submitting: %d %.300s %v", code, body, err)
		}
	})
	step("from the answer until the producer has sent it", func() { w.await(status.settled) })
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
		step("read as "+f.Name, func() {
			code, body, err := w.product.Get(address + "?format=" + f.Name)
			if err != nil || code != http.StatusOK {
				t.Fatalf("%s: %d %.300s %v", address, code, body, err)
			}
			text = body
		})
		same(f.Name, text)
	}
}

// resetPeak makes peak begin anew (proc(5), clear_refs).
func (w *world) resetPeak() {
	w.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", w.product.Process().PID()), []byte("5"), 0); err != nil {
		w.t.Fatal(err)
	}
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
