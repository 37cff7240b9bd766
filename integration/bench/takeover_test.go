//go:build bench

package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// TestTakeover measures how long nothing arrives on the topic when the publishing instance is
// killed, and when it is stopped cleanly, and prints the result.
func TestTakeover(t *testing.T) {
	out := &table{}
	defer out.print()
	takeoverRows(t, out)
}

// takeoverRows measures the time from the signal until a read_committed reader has a submission
// that was made after the signal, through the remaining instance.
func takeoverRows(t *testing.T, out *table) {
	k, s := rig.StartKafkaForBench(t), pg.StartIn(t, "")
	w := newWorld(t, k, s, "takeover")
	holder := w.product
	other := rig.NewProduct(t, rig.Settings{Database: w.database, Bootstrap: k.Bootstrap(), Topic: w.topic, Env: []string{"URNCAST_LOG_LEVEL=warn"}})
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	arrived := make(chan time.Time, 1000)
	w.arrivals(ctx, w.topic, func(r *kgo.Record, at time.Time) {
		for _, h := range r.Headers {
			if h.Key == "urncast-recorded-at" {
				if recorded, err := time.Parse(time.RFC3339Nano, string(h.Value)); err == nil {
					arrived <- recorded
				}
			}
		}
	})
	var killed, stopped figure
	for i := range 2 * rounds {
		time.Sleep(time.Second) // the other instance is now on standby
		w.product = other
		began := time.Now()
		if i%2 == 0 {
			holder.Kill()
		} else if err := holder.Process().Stop(20 * time.Second); err != nil {
			t.Fatal(err)
		}
		w.submit(rig.Message(list(fmt.Sprintf("TAKEN_%d", i), 0, fourKiB)))
		for recorded := range arrived {
			if recorded.After(began) {
				break
			}
		}
		took := time.Since(began).Seconds() * 1000
		if i%2 == 0 {
			killed = append(killed, took)
		} else {
			stopped = append(stopped, took)
		}
		w.await(status.settled)
		if err := holder.Start(); err != nil {
			t.Fatal(err)
		}
		holder, other = other, holder
	}
	out.rows = append(out.rows,
		row{what: "takeover: SIGKILL of the holder to the next transaction seen", unit: "ms", ours: killed, aim: "< 5000"},
		row{what: "takeover: SIGTERM of the holder to the next transaction seen", unit: "ms", ours: stopped, aim: "< 5000"})
}
