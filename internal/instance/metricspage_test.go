package instance

import (
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// silent is a collector whose figures are in a database that does not answer.
type silent struct{ desc *prometheus.Desc }

func (s silent) Describe(to chan<- *prometheus.Desc) { to <- s.desc }
func (s silent) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.NewInvalidMetric(s.desc, errors.New("the database does not answer"))
}

// The figures of the process are given though those of the database cannot be.
func TestMetricsOutlastTheDatabase(t *testing.T) {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), silent{prometheus.NewDesc("urncast_silent", "None.", nil, nil)})
	var log strings.Builder
	w := httptest.NewRecorder()
	metricsPage(r, slog.New(slog.NewTextHandler(&log, nil))).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), "go_goroutines") || strings.Contains(w.Body.String(), "urncast_silent") {
		t.Errorf("%d: %.200s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "the database does not answer") {
		t.Errorf("the log says %s", &log)
	}
}
