package producer

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the publishers' figures, with Prometheus' names and units. Lag and
// state are read from the database when they are asked for, so that every
// instance shows the same.
type Metrics struct {
	producers *Producers
	commit    *prometheus.HistogramVec
	publish   *prometheus.HistogramVec
	sent      *prometheus.CounterVec
	bytes     *prometheus.CounterVec
	left      *prometheus.CounterVec
	faults    *prometheus.CounterVec
	reachable *prometheus.GaugeVec

	pending, lag, number, state      *prometheus.Desc
	takeovers, term, holder, standby *prometheus.Desc
}

// meters are the figures of one producer.
type meters struct {
	commit, publish   prometheus.Observer
	sent, bytes, left prometheus.Counter
	faults            *prometheus.CounterVec
	reachable         func(reached, known bool)
}

// of gives the figures of a producer.
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

// NewMetrics registers the figures of producers.
func NewMetrics(r prometheus.Registerer, producers *Producers) *Metrics {
	buckets := []float64{.001, .002, .003, .005, .0075, .01, .02, .05, .1, .25, .5, .7, 1, 2.5, 5, 10, 60, 300, 900}
	labels := []string{"producer"}
	histogram := func(name, help string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "urncast", Subsystem: "producer", Name: name, Help: help, Buckets: buckets}, labels)
	}
	counter := func(name, help string, more ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "urncast", Subsystem: "producer", Name: name, Help: help}, append(labels, more...))
	}
	desc := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc("urncast_producer_"+name, help, append(labels, more...), nil)
	}
	m := &Metrics{
		producers: producers,
		commit:    histogram("commit_seconds", "Time from asking the broker for a commit to its acknowledgement."),
		publish:   histogram("publish_seconds", "Time from the begin of a Kafka transaction to its acknowledged commit."),
		sent:      counter("kafka_transactions_total", "Kafka transactions that the broker acknowledged."),
		bytes:     counter("sent_bytes_total", "Bytes of message values handed to the Kafka client."),
		left:      counter("left_out_structures_total", "Structures that a route's format could not express."),
		faults:    counter("faults_total", "Sessions that ended in a fault, by kind.", "kind"),
		pending:   desc("lag_transactions", "Structure transactions recorded and not yet acknowledged by the broker."),
		lag:       desc("lag_seconds", "Age of the oldest pending structure transaction."),
		number:    desc("sent_transaction_number", "The last structure transaction that is handled."),
		state:     desc("state", "1 for the state that the producer is in, 0 for the others.", "state"),
		takeovers: desc("takeovers_total", "Times that an instance took the producer's lease from another one; a restart is none."),
		term:      desc("lease_term", "The number of the lease, which rises each time it is taken; absent while nobody holds it."),
		holder:    desc("holder", "1 for the instance that holds the producer's lease and publishes, 0 for those that stand by.", "instance"),
		standby:   desc("standby_instances", "Instances that run on the database and do not hold the producer's lease."),
	}
	m.reachable = prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "urncast", Name: "broker_reachable",
		Help: "Whether the brokers of the producer answered when they were last asked; only of producers that this instance publishes for."}, labels)
	r.MustRegister(m.commit, m.publish, m.sent, m.bytes, m.left, m.faults, m.reachable, m)
	return m
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.pending, m.lag, m.number, m.state, m.takeovers, m.term, m.holder, m.standby} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	all, err := m.producers.List(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(m.pending, err)
		return
	}
	for i := range all {
		m.collect(out, &all[i])
	}
}

func (m *Metrics) collect(out chan<- prometheus.Metric, s *Status) {
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
	out <- prometheus.MustNewConstMetric(m.takeovers, prometheus.CounterValue, float64(s.Takeovers), s.Name)
	if s.Term > 0 {
		gauge(m.term, float64(s.Term))
	}
	if s.Holder != "" {
		gauge(m.holder, 1, s.Holder)
	}
	for _, other := range s.Standby {
		gauge(m.holder, 0, other.ID)
	}
	gauge(m.standby, float64(len(s.Standby)))
}
