package publisher

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the Prometheus metrics of the publishers of this process. Lag and state, which
// every instance shows alike, are in control.Figures.
type Metrics struct {
	commit    *prometheus.HistogramVec
	publish   *prometheus.HistogramVec
	sent      *prometheus.CounterVec
	bytes     *prometheus.CounterVec
	left      *prometheus.CounterVec
	faults    *prometheus.CounterVec
	reachable *prometheus.GaugeVec
}

// meters are the metrics of one producer.
type meters struct {
	commit, publish   prometheus.Observer
	sent, bytes, left prometheus.Counter
	faults            *prometheus.CounterVec
	reachable         func(reached, known bool)
}

// of returns the metrics of a producer.
func (m *Metrics) of(name string) *meters {
	return &meters{m.commit.WithLabelValues(name), m.publish.WithLabelValues(name), m.sent.WithLabelValues(name), m.bytes.WithLabelValues(name),
		m.left.WithLabelValues(name), m.faults.MustCurryWith(prometheus.Labels{"producer": name}), func(reached, known bool) {
			switch {
			case !known:
				m.reachable.DeleteLabelValues(name)
			case reached:
				m.reachable.WithLabelValues(name).Set(1)
			default:
				m.reachable.WithLabelValues(name).Set(0)
			}
		}}
}

// NewMetrics makes the metrics and registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	buckets := []float64{.001, .002, .003, .005, .0075, .01, .02, .05, .1, .25, .5, .7, 1, 2.5, 5, 10, 60, 300, 900}
	labels := []string{"producer"}
	histogram := func(name, help string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "urncast", Subsystem: "producer", Name: name, Help: help, Buckets: buckets}, labels)
	}
	counter := func(name, help string, more ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "urncast", Subsystem: "producer", Name: name, Help: help}, append(labels, more...))
	}
	m := &Metrics{
		commit:  histogram("commit_seconds", "Time from asking the broker for a commit to its acknowledgement."),
		publish: histogram("publish_seconds", "Time from the begin of a Kafka transaction to its acknowledged commit."),
		sent:    counter("kafka_transactions_total", "Kafka transactions that the broker acknowledged."),
		bytes:   counter("sent_bytes_total", "Bytes of message values handed to the Kafka client."),
		left:    counter("left_out_structures_total", "Structures that a route's format could not express."),
		faults:  counter("faults_total", "Sessions that ended in a fault, by kind.", "kind"),
	}
	m.reachable = prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "urncast", Name: "broker_reachable",
		Help: "Whether the brokers of the producer answered when they were last asked; only of producers that this instance publishes for."}, labels)
	r.MustRegister(m.commit, m.publish, m.sent, m.bytes, m.left, m.faults, m.reachable)
	return m
}
