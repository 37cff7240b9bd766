package web

import (
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/registry/plan"
)

// metrics are the metrics of the HTTP server. They are labelled by route and not by path,
// so that their number is bounded.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

func newMetrics(to prometheus.Registerer, r *plan.Registry, log *slog.Logger) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "urncast_http_requests_total", Help: "HTTP requests answered, by route, method and status.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "urncast_http_request_duration_seconds", Help: "Time from an HTTP request's header to its answer's end, by route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10, 60},
		}, []string{"route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "urncast_http_requests_in_flight", Help: "HTTP requests that are being answered.",
		}),
	}
	m.requests = registered(to, m.requests)
	m.duration = registered(to, m.duration)
	m.inFlight = registered(to, m.inFlight)
	registered(to, newSizes(r, log))
	return m
}

// registered registers a collector, or finds the one that an earlier handler of
// the same process registered, so that both count together.
func registered[C prometheus.Collector](to prometheus.Registerer, c C) C {
	var already prometheus.AlreadyRegisteredError
	if err := to.Register(c); errors.As(err, &already) {
		if earlier, ok := already.ExistingCollector.(C); ok {
			return earlier
		}
	}
	return c
}

// begin counts a request in and returns the function that counts it out.
func (m *metrics) begin() func(route, method string, status int, took time.Duration) {
	m.inFlight.Inc()
	return func(route, method string, status int, took time.Duration) {
		m.inFlight.Dec()
		if route == "" {
			route, method = "none", "other" // what strangers send must not become a label
		}
		m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
		m.duration.WithLabelValues(route).Observe(took.Seconds())
	}
}
