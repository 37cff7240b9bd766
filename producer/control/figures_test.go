package control

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"urncast/producer"
)

// shown gives what a scrape of one collector says.
func shownFigures(t *testing.T, c prometheus.Collector) string {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(c)
	w := httptest.NewRecorder()
	promhttp.HandlerFor(r, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// statusFigures are the figures that are read from a status.
type statusFigures struct {
	*Figures
	s *Status
}

func (m statusFigures) Describe(chan<- *prometheus.Desc)     {}
func (m statusFigures) Collect(out chan<- prometheus.Metric) { m.collect(out, m.s) }

func TestFiguresSayWhoHoldsTheLease(t *testing.T) {
	m := NewFigures(prometheus.NewRegistry(), nil)
	got := shownFigures(t, statusFigures{m, &Status{Name: "p", State: producer.Idle, Holder: "a:1/x", Term: 4, Takeovers: 3, Standby: []Instance{{ID: "b:1/x"}, {ID: "c:1/x"}}}})
	for _, want := range []string{`urncast_producer_holder{instance="a:1/x",producer="p"} 1`, `urncast_producer_holder{instance="b:1/x",producer="p"} 0`,
		`urncast_producer_takeovers_total{producer="p"} 3`, `urncast_producer_lease_term{producer="p"} 4`, `urncast_producer_standby_instances{producer="p"} 2`} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("there is no %s in\n%s", want, got)
		}
	}
	got = shownFigures(t, statusFigures{m, &Status{Name: "p", State: producer.Idle}})
	if strings.Contains(got, "lease_term{") || strings.Contains(got, "holder{") {
		t.Errorf("nobody holds the lease, and\n%s", got)
	}
}
