package control

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/producer"
)

// Figures exports state and lag of all producers as Prometheus metrics. A scrape reads them
// from the database, so that every instance shows the same.
type Figures struct {
	producers *Producers

	pending, lag, number, state      *prometheus.Desc
	takeovers, term, holder, standby *prometheus.Desc
}

// NewFigures makes the metrics of producers and registers them.
func NewFigures(r prometheus.Registerer, producers *Producers) *Figures {
	labels := []string{"producer"}
	desc := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc("urncast_producer_"+name, help, append(labels, more...), nil)
	}
	f := &Figures{
		producers: producers,
		pending:   desc("lag_transactions", "Structure transactions recorded and not yet acknowledged by the broker."),
		lag:       desc("lag_seconds", "Age of the oldest pending structure transaction."),
		number:    desc("sent_transaction_number", "The last structure transaction that is handled."),
		state:     desc("state", "1 for the state that the producer is in, 0 for the others.", "state"),
		takeovers: desc("takeovers_total", "Times that an instance took the producer's lease from another one; a restart is none."),
		term:      desc("lease_term", "The number of the lease, which rises each time it is taken; absent while nobody holds it."),
		holder:    desc("holder", "1 for the instance that holds the producer's lease and publishes, 0 for those that stand by.", "instance"),
		standby:   desc("standby_instances", "Instances that run on the database and do not hold the producer's lease."),
	}
	r.MustRegister(f)
	return f
}

// Describe implements prometheus.Collector.
func (f *Figures) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{f.pending, f.lag, f.number, f.state, f.takeovers, f.term, f.holder, f.standby} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (f *Figures) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	all, err := f.producers.List(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(f.pending, err)
		return
	}
	for i := range all {
		f.collect(out, &all[i])
	}
}

func (f *Figures) collect(out chan<- prometheus.Metric, s *Status) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{s.Name}, labels...)...)
	}
	age := 0.0
	if !s.OldestPending.IsZero() {
		age = max(0, time.Since(s.OldestPending).Seconds())
	}
	gauge(f.pending, float64(s.Pending))
	gauge(f.lag, age)
	gauge(f.number, float64(s.Sent))
	for _, state := range []producer.State{producer.Stopped, producer.Recovering, producer.Idle, producer.Publishing, producer.Degraded, producer.Suspended, producer.Failed} {
		v := 0.0
		if state == s.State {
			v = 1
		}
		gauge(f.state, v, string(state))
	}
	out <- prometheus.MustNewConstMetric(f.takeovers, prometheus.CounterValue, float64(s.Takeovers), s.Name)
	if s.Term > 0 {
		gauge(f.term, float64(s.Term))
	}
	if s.Holder != "" {
		gauge(f.holder, 1, s.Holder)
	}
	for _, other := range s.Standby {
		gauge(f.holder, 0, other.ID)
	}
	gauge(f.standby, float64(len(s.Standby)))
}
