package publisher

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"urncast/producer"
	"urncast/registry"
)

// shown gives what a scrape of one collector says.
func shown(t *testing.T, c prometheus.Collector) string {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(c)
	w := httptest.NewRecorder()
	promhttp.HandlerFor(r, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// Whether the brokers can be reached is known by the instance that publishes, and to it alone.
func TestMetricsSayWhetherTheBrokersAnswer(t *testing.T) {
	s, b := started(t, "fusion-json")
	m := NewMetrics(prometheus.NewRegistry())
	is := func(value string) func() bool {
		return func() bool {
			return strings.Contains(shown(t, m.reachable), "urncast_broker_reachable{producer=\"p\"} "+value+"\n")
		}
	}
	p, stop := running(t, s, b)
	stop()
	p.Metrics = m.of("p")
	run(t, p)
	eventually(t, "reaching them", is("1"))
	b.mu.Lock()
	b.undefined = &producer.Fault{Kind: producer.Transitory, Text: "No broker can be reached"}
	b.mu.Unlock()
	s.wish(producer.Idle, "")
	eventually(t, "the outage", is("0"))
	b.mu.Lock()
	b.undefined = nil
	b.mu.Unlock()
	s.record(registry.Replace, "1.0", "X")
	eventually(t, "the end", is("1"))
	s.depose(true)
	eventually(t, "standing down", func() bool { return !strings.Contains(shown(t, m.reachable), "broker_reachable{") })
}

// A takeover is told of with who held the lease before, and why it does not any more.
func TestATakeoverIsALineOfTheLog(t *testing.T) {
	for ending, level := range map[string]string{producer.EndingReleased: "INFO", producer.EndingExpired: "WARN", producer.EndingLost: "WARN"} {
		var out bytes.Buffer
		p := &Publisher{Log: slog.New(slog.NewTextHandler(&out, nil))}
		row := &producer.Row{Term: 7, Takeover: &producer.Takeover{Term: 7, Instance: "b", Former: "a:1/x", Ending: ending}}
		p.logHeld(t.Context(), row)
		p.logHolder("c:1/x", 8)
		for _, want := range []string{"level=" + level, "term=7", "from=a:1/x", row.Takeover.Why(), "holder=c:1/x term=8"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("there is no %q in %s", want, out.String())
			}
		}
	}
}
