//go:build bench

package bench

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

const (
	pagesLists = 50_000
	pagesLog   = 100_000
	// onlookers have the dashboard open, for so long, while somebody submits each second.
	onlookers   = 50
	lookingTime = 30 * time.Second
)

// TestPages measures every page of the console with 50,000 structures and 100,000
// transactions, and what people who look on cost.
func TestPages(t *testing.T) {
	out := &table{}
	defer out.print()
	w := newWorld(t, rig.StartKafkaForBench(t), pg.Start(t), "pages")
	w.age(pagesLists, 2, pagesLog, pagesLog)
	if err := w.product.Start(); err != nil {
		t.Fatal(err)
	}
	w.await(status.settled)
	for _, page := range []struct{ name, path string }{
		{"dashboard", "/"},
		{"transactions", "/transactions"},
		{"transactions, in the middle", fmt.Sprintf("/transactions?before=%d", pagesLog/2)},
		{"one transaction", fmt.Sprintf("/transactions/%d", pagesLog)},
		{"structures", "/structures"},
		{"structures, found by text", "/structures?q=List+4711"},
		{"one structure", "/structures/codelist/RIG/L_4711/1.0"},
		{"its source", "/structures/codelist/RIG/L_4711/1.0/source?format=fusion-json"},
		{"producers", "/producers"},
		{"one producer", "/producers/default"},
		{"topics", "/topics"},
		{"connections", "/connections"},
		{"audit log", "/audit"},
		{"access", "/access"},
		{"settings", "/settings"},
		{"mail", "/mail"},
	} {
		all := make([]time.Duration, 100)
		for i := range all {
			began := time.Now()
			code, body, err := w.product.Get(page.path)
			if all[i] = time.Since(began); err != nil || code != http.StatusOK {
				t.Errorf("%s: %d %.200s %v", page.path, code, body, err)
				break
			}
		}
		out.rows = append(out.rows,
			row{what: page.name + ", p50", unit: "ms", ours: figure{percentile(all, 0.5)}, aim: "30 wanted"},
			row{what: page.name + ", p99", unit: "ms", ours: figure{percentile(all, 0.99)}, aim: "< 100"})
	}
	out.rows = append(out.rows, w.lookedAt())
}

// lookedAt gives the share of a core that onlookers cost, beside the same submissions
// without them.
func (w *world) lookedAt() row {
	share := func(readers int) float64 {
		ctx, cancel := context.WithTimeout(w.t.Context(), lookingTime)
		defer cancel()
		var all sync.WaitGroup
		for range readers {
			all.Go(func() { w.look(ctx) })
		}
		before := w.cpu()
		for i := 0; ctx.Err() == nil; i++ {
			w.submit(rig.Message(rig.Codelist{ID: "LOOKED", Name: fmt.Sprintf("Name %d of %d", i, readers), Codes: 1}))
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
		all.Wait()
		return 100 * (w.cpu() - before).Seconds() / lookingTime.Seconds()
	}
	without := share(0)
	return row{what: fmt.Sprintf("%d people on the live dashboard, a submission each second", onlookers), unit: "% of a core",
		ours: figure{share(onlookers)}, bare: figure{without}, bareName: "nobody looks on", aim: "< 10"}
}

// look reads the live dashboard as a browser does.
func (w *world) look(ctx context.Context) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.product.URL+"/live/dashboard", nil)
	if err != nil {
		w.t.Error(err)
		return
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Error(err)
		return
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
	}
}

// cpu is the processor time that the product has taken.
func (w *world) cpu() time.Duration {
	w.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.product.Process().PID()))
	if err != nil {
		w.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(after)
	var user, system int64
	if _, err := fmt.Sscan(fields[11], &user); err != nil {
		w.t.Fatal(err)
	}
	if _, err := fmt.Sscan(fields[12], &system); err != nil {
		w.t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond // a hundred ticks a second
}
