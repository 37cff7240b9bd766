package kafka

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/integration/rig"
	"urncast/integration/rig/port"
	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/kafka/faults"
	"urncast/producer/kafka/probe"
)

func brokerAt(t *testing.T, properties map[string]string) producer.Broker {
	t.Helper()
	c := &Cluster{Connection: func(context.Context, string) (*connection.Connection, error) {
		return &connection.Connection{Properties: properties}, nil
	}}
	b, err := c.Connect(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// Calls that need a broker end within seconds when there is none, or when its
// certificate is no good, and say so.
func TestWaitsEndEarly(t *testing.T) {
	a := rig.NewAuthority(t)
	c := a.Issue(t, rig.Subject{Name: "broker", NotAfter: time.Now().Add(-time.Hour)})
	pair, err := tls.LoadX509KeyPair(c.Chain, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	port.Serve(t, l, func(c net.Conn) {
		c.Read(make([]byte, 1)) // the handshake; its failure is what is tested
	})
	for _, c := range []struct {
		name       string
		properties map[string]string
		kind       producer.FaultKind
		words      string
	}{
		{"nobody listens", map[string]string{"bootstrap.servers": "127.0.0.1:1"}, producer.Transitory, "refuses the connection"},
		{"expired", map[string]string{"bootstrap.servers": l.Addr().String(), "security.protocol": "ssl", "ssl.ca.location": a.File}, producer.Permanent, "expired on"},
	} {
		b := brokerAt(t, c.properties)
		for call, f := range map[string]func() error{
			"Describe": func() error { _, err := b.Describe(t.Context(), []string{"t"}); return err },
			"Open":     func() error { _, err := b.Open(t.Context(), []string{"t"}, []string{"id"}, time.Minute); return err },
			"Look":     func() error { _, err := b.Look(t.Context(), []string{"t"}); return err },
		} {
			began := time.Now()
			err := f()
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s, %s: it took %s", c.name, call, took)
			}
			if err == nil || kindOf(t, err) != c.kind || !strings.Contains(err.Error(), c.words) {
				t.Errorf("%s, %s: %v; want %s, %q", c.name, call, err, c.kind, c.words)
			}
		}
	}
}

// A broker refuses a login that comes too soon as a listener without SASL refuses any:
// only what a look at the servers finds makes it last.
func TestLoginTooSoon(t *testing.T) {
	refusal := ck.NewError(ck.ErrAuthentication, "SASL OAUTHBEARER mechanism handshake failed: Broker: Request not valid in current SASL state: broker's supported mechanisms:  (after 0ms in state AUTH_HANDSHAKE)", false)
	down := ck.NewError(ck.ErrAllBrokersDown, "1/1 brokers are down", false)
	for _, c := range []struct {
		name string
		sees *probe.Trouble
		kind producer.FaultKind
	}{
		{"the server takes a login", nil, producer.Transitory},
		{"the server has no SASL", probe.Met(probe.SASLNotOffered, nil), producer.Permanent},
		{"the server is away", probe.Met(probe.Refused, nil), producer.Transitory},
		{"no token is to be had", probe.Met(probe.TokenEndpointAway, nil), producer.Transitory},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &monitor{log: slog.New(slog.DiscardHandler), look: func(context.Context) *probe.Trouble { return c.sees }}
			ctx, done := e.wait(t.Context(), 3*time.Second, "testing")
			e.onError(refusal)
			e.onError(down)
			<-ctx.Done()
			err := done(faults.Of("testing", ctx.Err()))
			if kind := kindOf(t, err); kind != c.kind {
				t.Errorf("%s: %v; want %s", kind, err, c.kind)
			}
		})
	}
}
