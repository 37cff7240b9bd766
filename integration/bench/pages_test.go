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

	"github.com/jackc/pgx/v5"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

const (
	pagesLists = 50_000
	pagesLog   = 100_000
	// pagesCodes is the number of codes in the largest codelist.
	pagesCodes = 50_000
	// pagesSent is the number of further transactions on the topic, and pagesAsked the number of
	// requests for each page.
	pagesSent  = 200
	pagesAsked = 200
	// viewers is the number of browsers that keep the dashboard open for viewTime, while there is
	// one submission a second.
	viewers  = 50
	viewTime = 30 * time.Second
)

// A page is a measured page of the console.
type page struct{ name, path string }

func consolePages(topic string) []page {
	const list, big = "/structures/codelist/RIG/L_4711/1.0", "/structures/codelist/RIG/BIG/1.0"
	return []page{
		{"dashboard", "/"},
		{"transactions", "/transactions"},
		{"transactions, in the middle", fmt.Sprintf("/transactions?before=%d", pagesLog/2)},
		{"one transaction", fmt.Sprintf("/transactions/%d", pagesLog)},
		{"structures", "/structures"},
		{"structures, found by text", "/structures?q=List+4711"},
		{"one structure", list},
		{"its source", list + "/source?format=fusion-json"},
		{"renaming it, with what follows", list + "/rename?id=L_NEW"},
		{"deleting it, with what is in the way", list + "/delete"},
		{"renaming its agency", "/agencies/RIG/rename"},
		{"a codelist of 50,000", big},
		{"its items in the middle", fmt.Sprintf("%s?from=%d", big, pagesCodes/2)},
		{"its items, found by text", big + "?items=4711"},
		{"submit", "/submit"},
		{"producers", "/producers"},
		{"one producer", "/producers/default"},
		{"topics", "/topics"},
		{"one topic", "/topics/" + topic},
		{"one topic, in the middle", fmt.Sprintf("/topics/%s?from=%d", topic, pagesLists/2)},
		{"one topic, at a transaction", fmt.Sprintf("/topics/%s?transaction=%d", topic, pagesLog+pagesSent/2)},
		{"one message", fmt.Sprintf("/topics/%s/%d", topic, pagesLists/2)},
		{"connections", "/connections"},
		{"one connection", "/connections/saved"},
		{"one connection, all properties", "/connections/saved?view=all"},
		{"audit log", "/audit"},
		{"access", "/access"},
		{"settings", "/settings"},
		{"mail", "/mail"},
	}
}

// TestPages measures every page of the console with 50,000 structures and 100,000 transactions, and
// the CPU time that open dashboards cost.
func TestPages(t *testing.T) {
	out := &table{}
	defer out.print()
	w := newWorld(t, rig.StartKafkaForBench(t), pg.StartIn(t, ""), "pages")
	w.age(pagesLists, 2, pagesLog, pagesLog)
	began := time.Now()
	if err := w.product.Start(); err != nil {
		t.Fatal(err)
	}
	out.rows = append(out.rows, w.awaitSearch(began))
	w.await(status.settled)
	w.submit(rig.Message(rig.Codelist{ID: "BIG", Name: "The largest", Codes: pagesCodes}))
	w.submitEach("SENT", 4, pagesSent, 1)
	code, body, err := w.product.Do(http.MethodPut, "/api/v1/connections/saved", "application/json", fmt.Appendf(nil, `{"properties":{"bootstrap.servers":%q}}`, w.kafka.Bootstrap()))
	if err != nil || code >= 300 {
		t.Fatalf("saving a connection: %d %s %v", code, body, err)
	}
	w.await(status.settled)
	for _, p := range consolePages(w.topic) {
		out.rows = append(out.rows, w.request(p)...)
	}
	out.rows = append(out.rows, w.viewing())
}

// request requests a page repeatedly and returns the percentiles of its response times, and the
// time of the first response.
func (w *world) request(p page) []row {
	all := make([]time.Duration, pagesAsked)
	for i := range all {
		began := time.Now()
		code, body, err := w.product.Get(p.path)
		if all[i] = time.Since(began); err != nil || code != http.StatusOK {
			w.t.Errorf("%s: %d %.200s %v", p.path, code, body, err)
			break
		}
	}
	return []row{
		{what: p.name + ", p50", unit: "ms", ours: figure{percentile(all, 0.5)}, aim: "30 wanted"},
		{what: p.name + ", p99", unit: "ms", ours: figure{percentile(all, 0.99)}, bare: figure{percentile(all[:1], 0)}, bareName: "the first time", aim: "< 100"},
	}
}

// awaitSearch waits until the search index has the whole log, and returns how long that took.
func (w *world) awaitSearch(began time.Time) row {
	c, err := pgx.Connect(w.t.Context(), w.database)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close(w.t.Context())
	for n := 0; n < pagesLog; time.Sleep(10 * time.Millisecond) {
		if err := c.QueryRow(w.t.Context(), `SELECT number FROM labelled`).Scan(&n); err != nil || time.Since(began) > time.Minute {
			w.t.Fatalf("after a minute the search index has %d of %d transactions, %v", n, pagesLog, err)
		}
	}
	return row{what: "start until the search index has the whole log", unit: "s", ours: figure{time.Since(began).Seconds()}}
}

// viewing returns the share of a core that open dashboards cost, beside the same submissions
// without them.
func (w *world) viewing() row {
	share := func(readers int) float64 {
		ctx, cancel := context.WithTimeout(w.t.Context(), viewTime)
		defer cancel()
		var all sync.WaitGroup
		for range readers {
			all.Go(func() { w.view(ctx) })
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
		return 100 * (w.cpu() - before).Seconds() / viewTime.Seconds()
	}
	without := share(0)
	return row{what: fmt.Sprintf("%d people on the live dashboard, a submission each second", viewers), unit: "% of a core",
		ours: figure{share(viewers)}, bare: figure{without}, bareName: "nobody looks on", aim: "< 10"}
}

// view reads the live dashboard as a browser does.
func (w *world) view(ctx context.Context) {
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

// cpu returns the CPU time that the product has used.
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
	return time.Duration(user+system) * 10 * time.Millisecond // 100 clock ticks per second
}
