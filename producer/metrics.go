package producer

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are a publisher's figures, with Prometheus' names and units. Lag and
// state are read from the database when they are asked for, so that every
// instance shows the same.
type Metrics struct {
	admin   *Admin
	commit  prometheus.Histogram
	publish prometheus.Histogram
	sent    prometheus.Counter
	bytes   prometheus.Counter
	left    prometheus.Counter
	faults  *prometheus.CounterVec

	pending, lag, number, state *prometheus.Desc
}

// NewMetrics registers the figures of a producer.
func NewMetrics(r prometheus.Registerer, admin *Admin) *Metrics {
	buckets := []float64{.001, .002, .003, .005, .0075, .01, .02, .05, .1, .25, .5, .7, 1, 2.5, 5, 10, 60, 300, 900}
	histogram := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "urncast", Subsystem: "producer", Name: name, Help: help, Buckets: buckets})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "urncast", Subsystem: "producer", Name: name, Help: help})
	}
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("urncast_producer_"+name, help, append([]string{"producer"}, labels...), nil)
	}
	m := &Metrics{
		admin:   admin,
		commit:  histogram("commit_seconds", "Time from asking the broker for a commit to its acknowledgement."),
		publish: histogram("publish_seconds", "Time from the begin of a Kafka transaction to its acknowledged commit."),
		sent:    counter("kafka_transactions_total", "Kafka transactions that the broker acknowledged."),
		bytes:   counter("sent_bytes_total", "Bytes of message values handed to the Kafka client."),
		left:    counter("left_out_structures_total", "Structures that the format could not express."),
		faults: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "urncast", Subsystem: "producer", Name: "faults_total",
			Help: "Sessions that ended in a fault, by kind."}, []string{"kind"}),
		pending: desc("lag_transactions", "Structure transactions recorded and not yet acknowledged by the broker."),
		lag:     desc("lag_seconds", "Age of the oldest pending structure transaction."),
		number:  desc("sent_transaction_number", "The last structure transaction that is handled."),
		state:   desc("state", "1 for the state that the producer is in, 0 for the others.", "state"),
	}
	r.MustRegister(m.commit, m.publish, m.sent, m.bytes, m.left, m.faults, m)
	return m
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.pending, m.lag, m.number, m.state} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s, err := m.admin.Status(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(m.pending, err)
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{s.Name}, labels...)...)
	}
	age := 0.0
	if !s.OldestPending.IsZero() {
		age = max(0, time.Since(s.OldestPending).Seconds())
	}
	gauge(m.pending, float64(s.Pending))
	gauge(m.lag, age)
	gauge(m.number, float64(s.Sent))
	for _, state := range []State{Stopped, Recovering, Idle, Publishing, Degraded, Suspended, Failed} {
		v := 0.0
		if state == s.State {
			v = 1
		}
		gauge(m.state, v, string(state))
	}
}
