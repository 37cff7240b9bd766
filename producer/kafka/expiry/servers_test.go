package expiry

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/integration/rig"
	"urncast/producer/connection"
	"urncast/producer/kafka/properties"
)

// scraped collects the metric of one connection.
type scraped struct {
	Servers
	connection func() *connection.Connection
}

func (s *scraped) Describe(out chan<- *prometheus.Desc) { out <- ServersDesc }
func (s *scraped) Collect(out chan<- prometheus.Metric) {
	if r, _, err := properties.Resolve(s.connection()); err == nil {
		s.Servers.Collect("main", r, out)
	}
}

// The end of a broker's own certificate is a metric from the second scrape on, and stays
// known while the broker is away, which is looked at again soon; without TLS there is none.
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
	var c scraped
	c.connection = func() *connection.Connection { return main }
	defer c.Close()
	reg := prometheus.NewRegistry()
	reg.MustRegister(&c)
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
	c.looking.Wait()
	if at := seen(); !at.Equal(pair.Leaf.NotAfter) {
		t.Errorf("the broker's certificate ends at %s, and the metric says %s", pair.Leaf.NotAfter, at)
	}
	if until := time.Until(c.next["main"]); until <= lookAgain {
		t.Errorf("a server that was seen is looked at again in %s", until)
	}
	l.Close()
	c.next["main"] = time.Time{}
	seen()
	c.looking.Wait()
	if at := seen(); !at.Equal(pair.Leaf.NotAfter) {
		t.Errorf("while the broker is away the metric says %s", at)
	}
	if until := time.Until(c.next["main"]); until > lookAgain {
		t.Errorf("a broker that is away is looked at again in %s only", until)
	}
	main = &connection.Connection{Name: "main", Properties: map[string]string{"bootstrap.servers": "localhost:1"}}
	if at := seen(); !at.IsZero() {
		t.Errorf("without TLS the metric says %s", at)
	}
}
