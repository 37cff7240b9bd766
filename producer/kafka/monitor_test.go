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
	"urncast/producer/kafka/probe"
)

// What librdkafka 2.11.1 said to real brokers and token endpoints, and what is
// made of it.
func TestSigns(t *testing.T) {
	for _, c := range []struct {
		code ck.ErrorCode
		said string
		kind producer.FaultKind
		cure string
	}{
		{ck.ErrAuthentication, "sasl_plaintext://b:1/bootstrap: SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: SCRAM-SHA-512 (after 301ms in state AUTH_HANDSHAKE)", producer.Permanent, "mechanisms"},
		{ck.ErrAuthentication, "SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state: broker's supported mechanisms:  (after 5ms in state AUTH_HANDSHAKE)", producer.Transitory, "no SASL"},
		{ck.ErrAuthentication, "sasl_plaintext://b:1/1: SASL PLAIN mechanism handshake failed: Local: Broker transport failure: broker's supported mechanisms: (n/a) (after 12ms in state AUTH_HANDSHAKE)", producer.Transitory, "broke during the login"},
		{ck.ErrAuthentication, "sasl_ssl://b:1/1: SASL authentication error: SaslAuthenticateRequest failed: Local: Broker transport failure (after 3ms in state AUTH_REQ)", producer.Transitory, "broke during the login"},
		{ck.ErrAuthentication, "EndTxn commit failed: Local: Authentication failure", producer.Transitory, "connects anew"},
		{ck.ErrAuthentication, "sasl_ssl://b:1/1: SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512 (after 3ms in state AUTH_REQ)", producer.Permanent, "password"},
		{ck.ErrAuthentication, `Failed to acquire SASL OAUTHBEARER token: {"error":"invalid_client","error_description":"no"}`, producer.Permanent, "client secret"},
		{ck.ErrAuthentication, "Failed to acquire SASL OAUTHBEARER token: Failed to connect to 127.0.0.1 port 1 after 0 ms: Could not connect to server", producer.Transitory, "token endpoint"},
		{ck.ErrAuthentication, "Failed to acquire SASL OAUTHBEARER token: Could not resolve host: nowhere.invalid", producer.Transitory, "token endpoint"},
		{ck.ErrAuthentication, "Failed to acquire SASL OAUTHBEARER token: error setting certificate file: /etc/pki/tls/certs/ca-bundle.crt", producer.Permanent, "https.ca.location"},
		{ck.ErrAuthentication, "Failed to acquire SASL OAUTHBEARER token: Must supply an unexpired token: now=2ms, exp=1ms", producer.Permanent, "clock"},
		{ck.ErrSsl, "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified (after 25ms in state SSL_HANDSHAKE)", producer.Permanent, "ssl.ca.location"},
		{ck.ErrTransport, "Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42 (after 2ms in state APIVERSION_QUERY)", producer.Permanent, "client certificate"},
		{ck.ErrTransport, "SSL handshake failed: Disconnected: SSL connection closed by peer: connecting to a PLAINTEXT broker listener? (after 6ms in state SSL_HANDSHAKE)", producer.Transitory, "security.protocol"},
		{ck.ErrTransport, "Disconnected: connection closed by peer: receive 0 after POLLIN (after 4ms in state APIVERSION_QUERY)", producer.Transitory, "TLS or SASL"},
		{ck.ErrTransport, "Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)", producer.Transitory, ""},
	} {
		err := fault("testing", ck.NewError(c.code, c.said, false))
		if got := kindOf(t, err); got != c.kind || !strings.Contains(err.Error(), c.cure) {
			t.Errorf("%s:\n%s, %v; want %s, %q", c.said, got, err, c.kind, c.cure)
		}
		if strings.Contains(err.Error(), "in state") {
			t.Errorf("%v says in which state the client was", err)
		}
	}
}

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
			err := done(fault("testing", ctx.Err()))
			if kind := kindOf(t, err); kind != c.kind {
				t.Errorf("%s: %v; want %s", kind, err, c.kind)
			}
		})
	}
}
