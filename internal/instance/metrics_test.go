package instance

import (
	"strings"
	"testing"

	"urncast/integration/rig/pg"
)

// Figures of producers and of the build have values from the start on.
func TestMetricsHaveValues(t *testing.T) {
	s := serveStored(t, pg.Shared(t).Database(t, "metrics"), nil)
	_, body := s.call("GET", "/metrics", "")
	for _, want := range []string{"urncast_build_info{", "urncast_producer_takeovers_total{", "urncast_producer_standby_instances{"} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("there is no %s", want)
		}
	}
}
