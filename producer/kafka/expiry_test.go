package kafka

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/integration/rig"
	"urncast/producer/connection"
)

// The metric tells the end of each certificate, and follows the connection; one
// that cannot be read shows none and breaks no scrape.
func TestCertificateExpiryIsAMetric(t *testing.T) {
	a := rig.NewAuthority(t)
	main := &connection.Connection{Name: "main", Properties: map[string]string{
		"bootstrap.servers": "localhost:1", "security.protocol": "SSL", "ssl.ca.location": a.File}}
	c := &Cluster{Connection: func(context.Context, string) (*connection.Connection, error) { return main, nil },
		InUse: func(context.Context) ([]string, error) { return []string{"main"}, nil }}
	reg := prometheus.NewRegistry()
	reg.MustRegister(c)
	families, err := reg.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("%v, %v", families, err)
	}
	m := families[0].GetMetric()
	if len(m) != 1 || m[0].GetGauge().GetValue() <= float64(time.Now().Unix()) || !strings.Contains(m[0].String(), "ssl.ca.location") {
		t.Errorf("the metric is %v", m)
	}
	main = &connection.Connection{Name: "main", Properties: map[string]string{
		"bootstrap.servers": "localhost:1", "security.protocol": "SSL", "ssl.ca.location": "/no/such/file"}}
	if families, err := reg.Gather(); err != nil || len(families) != 0 {
		t.Errorf("%v, %v", families, err)
	}
}
