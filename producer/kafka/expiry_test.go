package kafka

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/integration/rig"
	"urncast/producer/connection"
	"urncast/producer/kafka/properties"
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

// The log says once a day that a certificate ends, however often the connection is made.
func TestExpiryWarning(t *testing.T) {
	var b bytes.Buffer
	c := &Cluster{Log: slog.New(slog.NewTextHandler(&b, nil))}
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	warn := func(after time.Duration) {
		c.warnOfExpiry("main", []properties.Certificate{
			{Where: "ssl.keystore.location", Subject: "CN=soon", NotAfter: now.Add(10 * 24 * time.Hour)},
			{Where: "ssl.truststore.location", Subject: "CN=soon", NotAfter: now.Add(11 * 24 * time.Hour)},
			{Where: "ssl.truststore.location", Subject: "CN=late", NotAfter: now.Add(365 * 24 * time.Hour)},
		}, now.Add(after))
	}
	for _, at := range []time.Duration{0, time.Minute, expiryAgain - 1} {
		warn(at)
		if out := b.String(); strings.Count(out, "CN=soon") != 2 || !strings.Contains(out, "days_left=10") || strings.Contains(out, "CN=late") {
			t.Errorf("after %s the log says %s", at, out)
		}
	}
	warn(expiryAgain)
	if out := b.String(); strings.Count(out, "CN=soon") != 4 || !strings.Contains(out, "days_left=9") {
		t.Errorf("after a day the log says %s", out)
	}
}
