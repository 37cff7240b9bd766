package kafka

import (
	"bytes"
	"context"
	"crypto/tls"
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

// The end of a broker's own certificate is a metric from the second scrape on, and stays
// known while the broker is away; without TLS there is none.
func TestBrokersCertificateExpiryIsAMetric(t *testing.T) {
	a := rig.NewAuthority(t)
	own := a.Issue(t, rig.Subject{Name: "broker"})
	pair, err := tls.LoadX509KeyPair(own.Chain, own.Key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.(*tls.Conn).Handshake()
		}
	}()
	main := &connection.Connection{Name: "main", Properties: map[string]string{
		"bootstrap.servers": l.Addr().String(), "security.protocol": "SSL", "ssl.ca.location": a.File}}
	c := &Cluster{Connection: func(context.Context, string) (*connection.Connection, error) { return main, nil },
		InUse: func(context.Context) ([]string, error) { return []string{"main"}, nil }}
	defer c.Close()
	reg := prometheus.NewRegistry()
	reg.MustRegister(c)
	seen := func() (at time.Time) {
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "urncast_broker_certificate_expiry_timestamp_seconds" {
				at = time.Unix(int64(f.GetMetric()[0].GetGauge().GetValue()), 0)
			}
		}
		return at
	}
	if at := seen(); !at.IsZero() {
		t.Errorf("the first scrape waited for the network: %s", at)
	}
	c.brokerEnds.looking.Wait()
	if at := seen(); !at.Equal(pair.Leaf.NotAfter) {
		t.Errorf("the broker's certificate ends at %s, and the metric says %s", pair.Leaf.NotAfter, at)
	}
	l.Close()
	c.brokerEnds.looked["main"] = time.Time{}
	seen()
	c.brokerEnds.looking.Wait()
	if at := seen(); !at.Equal(pair.Leaf.NotAfter) {
		t.Errorf("while the broker is away the metric says %s", at)
	}
	main = &connection.Connection{Name: "main", Properties: map[string]string{"bootstrap.servers": "localhost:1"}}
	if at := seen(); !at.IsZero() {
		t.Errorf("without TLS the metric says %s", at)
	}
}

func TestExpiryWarning(t *testing.T) {
	var b bytes.Buffer
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	warnOfExpiry(slog.New(slog.NewTextHandler(&b, nil)), "main", []properties.Certificate{
		{Where: "ssl.keystore.location", Subject: "CN=soon", NotAfter: now.Add(10 * 24 * time.Hour)},
		{Where: "ssl.truststore.location", Subject: "CN=late", NotAfter: now.Add(365 * 24 * time.Hour)},
	}, now)
	if out := b.String(); !strings.Contains(out, "CN=soon") || !strings.Contains(out, "days_left=10") || strings.Contains(out, "CN=late") {
		t.Errorf("the log says %s", out)
	}
}
