package web

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/registry"
	"urncast/registry/plan"
	"urncast/web/background"
)

// sizes are the registry's figures, read from the database when they are asked
// for. They cost the same at any size.
type sizes struct {
	registry *plan.Registry
	found    background.Shared[registry.Sizes]

	known, transactions, horizon, structures, bytes *prometheus.Desc
}

func newSizes(r *plan.Registry, log *slog.Logger) *sizes {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("urncast_registry_"+name, help, labels, nil)
	}
	return &sizes{
		registry:     r,
		found:        background.Shared[registry.Sizes]{Log: log},
		known:        desc("known", "1 if the registry's figures could be read for this scrape; 0 if the database did not answer in time, and they are left out."),
		transactions: desc("transactions", "Structure transactions recorded: the number of the last."),
		horizon:      desc("horizon_transaction_number", "The first transaction as of which everything can be read; 0 before housekeeping removed anything."),
		structures:   desc("structures", "Structures that are current, by class.", "class"),
		bytes:        desc("documents_bytes", "Bytes on disk of the documents of current and old versions: files as they are, with their index and with free space inside."),
	}
}

// Describe implements prometheus.Collector.
func (s *sizes) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.known, s.transactions, s.horizon, s.structures, s.bytes} {
		out <- d
	}
}

// sizesPatience is how long a scrape waits for the figures.
const sizesPatience = 3 * time.Second

// Collect implements prometheus.Collector. Figures that cannot be read are left out, for
// an old one would be taken for one of now; all other metrics of the process stay.
func (s *sizes) Collect(out chan<- prometheus.Metric) {
	now, _, err := s.found.Get(context.Background(), sizesPatience, func(registry.Sizes, time.Duration) bool { return false }, s.registry.Sizes)
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if err != nil {
		gauge(s.known, 0)
		return
	}
	gauge(s.known, 1)
	gauge(s.transactions, float64(now.Last))
	gauge(s.horizon, float64(now.Horizon))
	gauge(s.bytes, float64(now.DocumentBytes))
	for class, n := range now.Structures {
		gauge(s.structures, float64(n), class.String())
	}
}
