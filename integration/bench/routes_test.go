//go:build bench

package bench

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

type route struct {
	Topic  string         `json:"topic"`
	Format string         `json:"format"`
	Filter map[string]any `json:"filter,omitempty"`
}

// newRoutedWorld creates a world whose producer and routes are created through the API.
func newRoutedWorld(t *testing.T, k *rig.Kafka, s *pg.Server, name string, routes []route) *world {
	t.Helper()
	w := &world{t: t, kafka: k, database: s.Database(t, name), topic: routes[0].Topic}
	w.product = rig.NewProduct(t, rig.Settings{Database: w.database, Bootstrap: k.Bootstrap(), Env: []string{"URNCAST_LOG_LEVEL=warn"}, Patience: 10 * time.Minute})
	if err := w.product.Start(); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"name": "default", "routes": routes})
	if err != nil {
		t.Fatal(err)
	}
	if code, answer, err := w.product.Do(http.MethodPost, "/api/v1/producers", "application/json", body); err != nil || code != http.StatusCreated {
		t.Fatalf("creating the producer: %d %s %v", code, answer, err)
	}
	w.command("start", "idle")
	w.await(func(s status) bool { return s.State == "IDLE" })
	return w
}

// routesRows measures what routes and filters cost: it publishes 1,000 pending transactions of one
// 4 KiB structure along one, five and twenty routes, in one format and in two, and through filters;
// and how long a restart takes to read that many topics back.
func routesRows(t *testing.T, out *table) {
	k, s := rig.StartKafkaForBench(t), pg.StartIn(t, "")
	several := func(name string, n int, change func(i int, r *route)) []route {
		routes := make([]route, n)
		for i := range routes {
			routes[i] = route{Topic: fmt.Sprintf("bench.%s.%d", name, i), Format: "fusion-json"}
			if change != nil {
				change(i, &routes[i])
			}
		}
		return routes
	}
	narrow := func(_ int, r *route) {
		urns := make([]string, 20)
		for i := range urns {
			urns[i] = fmt.Sprintf("*:P%d_*(1.0)", len(urns)-i-1)
		}
		r.Filter = map[string]any{"classes": []string{"Codelist", "ConceptScheme"}, "agencies": []string{"A", "B", "RIG.*"}, "urns": urns}
	}
	rows := []struct {
		name   string
		routes []route
	}{
		{"1 route", several("one", 1, nil)},
		{"1 route past a filter of 25 rules", several("filter", 1, narrow)},
		{"5 routes of one format", several("five", 5, nil)},
		{"5 routes of two formats", several("mixed", 5, func(i int, r *route) { r.Format = []string{"fusion-json", "sdmx-ml-2.1"}[i%2] })},
		{"20 routes of one format", several("twenty", 20, nil)},
	}
	worlds := make([]*world, len(rows))
	for i, r := range rows {
		worlds[i] = newRoutedWorld(t, k, s, fmt.Sprintf("routes%d", i), r.routes)
	}
	speeds, starts := make([]figure, len(rows)), make([]figure, len(rows))
	for round := range rounds {
		for i := range rows { // the first row changes from round to round, because the machine warms up
			at := (i + round) % len(rows)
			speeds[at] = append(speeds[at], worlds[at].pending(round))
		}
		for i, w := range worlds {
			starts[i] = append(starts[i], w.restartToIdle())
		}
	}
	for i, r := range rows {
		drained, started := row{what: "drain of 1,000 pending, " + r.name, unit: "/s", ours: speeds[i]},
			row{what: "kill -9 and start to IDLE, " + r.name, unit: "ms", ours: starts[i]}
		if i > 0 {
			drained.bare, drained.bareName = speeds[0], rows[0].name
			started.bare, started.bareName = starts[0], rows[0].name
		}
		out.rows = append(out.rows, drained, started)
	}
}

// restartToIdle kills and restarts the product, and returns the milliseconds from the start until
// the producer has recovered.
func (w *world) restartToIdle() float64 {
	w.product.Kill()
	began := time.Now()
	if err := w.product.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.await(func(s status) bool { return s.settled() && s.Since.After(began) })
	return float64(time.Since(began).Microseconds()) / 1000
}
