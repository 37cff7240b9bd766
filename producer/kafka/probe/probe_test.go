package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig"
	"urncast/integration/rig/port"
	"urncast/producer/kafka/properties"
)

// A world is one broker with every listener, and what a client needs for it.
type world struct {
	kafka     *rig.Kafka
	authority *rig.Authority
	tokens    *rig.TokenEndpoint
}

func newWorld(t *testing.T) *world {
	t.Helper()
	a := rig.NewAuthority(t)
	w := &world{authority: a, tokens: rig.StartTokenEndpoint(t, a, map[string]string{"client": "secret"})}
	w.kafka = rig.StartSecureKafka(t, rig.Secure{Authority: a, Users: map[string]string{"admin": "right"}, Tokens: w.tokens,
		Reauthenticate: 2 * time.Second})
	return w
}

// trusting is a TLS configuration that trusts the authority.
func (w *world) trusting(t *testing.T) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(w.authority.File)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &tls.Config{RootCAs: pool}
}

func (w *world) withCertificate(t *testing.T, a *rig.Authority) *tls.Config {
	t.Helper()
	c := a.Issue(t, rig.Subject{Name: "client"})
	pair, err := tls.LoadX509KeyPair(c.Chain, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	config := w.trusting(t)
	config.Certificates = []tls.Certificate{pair}
	return config
}

// login is what a connection with a mechanism comes to.
func login(mechanism, user, password string) *properties.Resolved {
	return &properties.Resolved{Mechanism: mechanism, Client: map[string]string{"sasl.username": user,
		"sasl.password": password}}
}

func (w *world) token(client, secret string) *properties.Resolved {
	return &properties.Resolved{Mechanism: "OAUTHBEARER", Client: map[string]string{
		"sasl.oauthbearer.token.endpoint.url": w.tokens.HTTPS, "https.ca.location": w.authority.File,
		"sasl.oauthbearer.client.id": client, "sasl.oauthbearer.client.secret": secret}}
}

func secure(r *properties.Resolved, c *tls.Config) *properties.Resolved {
	r.TLS = c
	return r
}

// Each security of a real broker lets in who should, and every other way in fails
// with its own cause, in less than three seconds.
func TestBroker(t *testing.T) {
	w := newWorld(t)
	for _, c := range w.ways(t) {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			began := time.Now()
			p, err := (&Dialer{Settings: c.settings}).Open(ctx, c.server)
			took := time.Since(began)
			if took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
			if err == nil {
				p.Close()
			}
			check(t, err, c.cause, c.words)
		})
	}
	t.Run("asked again after the session", func(t *testing.T) {
		p, err := (&Dialer{Settings: login("PLAIN", "admin", "right")}).Open(t.Context(), w.kafka.Address(rig.SASL))
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if p.Login.Lifetime <= 0 || p.Login.Lifetime > 2*time.Second {
			t.Errorf("the session lives %s, want what the broker was told: 2s", p.Login.Lifetime)
		}
		time.Sleep(p.Login.Lifetime + 200*time.Millisecond)
		if _, err := p.Ask(t.Context(), kmsg.NewPtrDescribeClusterRequest()); err != nil {
			t.Errorf("a session that ran out was not made anew: %v", err)
		}
	})
}

// A way to connect, and what comes of it.
type way struct {
	name, server string
	settings     *properties.Resolved
	cause        Cause // empty: it works
	words        string
}

func (w *world) ways(t *testing.T) []way {
	k, trusting := w.kafka, w.trusting(t)
	plain := func() *properties.Resolved { return &properties.Resolved{} }
	refused, err := port.Free()
	if err != nil {
		t.Fatal(err)
	}
	return []way{
		{"plaintext", k.Bootstrap(), plain(), "", ""},
		{"tls", k.Address(rig.TLS), secure(plain(), trusting), "", ""},
		{"mutual tls", k.Address(rig.MutualTLS), secure(plain(), w.withCertificate(t, w.authority)), "", ""},
		{"plain", k.Address(rig.SASL), login("PLAIN", "admin", "right"), "", ""},
		{"plain over tls", k.Address(rig.SASLTLS), secure(login("PLAIN", "admin", "right"), trusting), "", ""},
		{"scram 256", k.Address(rig.SASL), login("SCRAM-SHA-256", "admin", "right"), "", ""},
		{"scram 512", k.Address(rig.SASLTLS), secure(login("SCRAM-SHA-512", "admin", "right"), trusting), "", ""},
		{"oauthbearer", k.Address(rig.SASLTLS), secure(w.token("client", "secret"), trusting), "", ""},

		{"nothing listens", "127.0.0.1:" + strconv.Itoa(refused), plain(), Refused, "nothing listens"},
		{"no such name", "no-such-host.invalid:9092", plain(), NameUnknown, "no-such-host.invalid"},
		{"no port", "localhost", plain(), BadAddress, "host:port"},
		{"controller", k.Address("CTRL"), plain(), ControllerPort, "controller.quorum.voters"},
		{"plaintext to tls", k.Address(rig.TLS), plain(), TLSPort, "security.protocol=SSL"},
		{"plaintext to sasl_ssl", k.Address(rig.SASLTLS), login("PLAIN", "admin", "right"), TLSPort,
			"security.protocol=SASL_SSL"},
		{"tls to plaintext", k.Bootstrap(), secure(plain(), trusting), PlaintextPort, "security.protocol=PLAINTEXT"},
		{"sasl_ssl to sasl", k.Address(rig.SASL), secure(login("PLAIN", "admin", "right"), trusting), PlaintextPort,
			"SASL_PLAINTEXT"},
		{"foreign", k.Address(rig.ForeignCert), secure(plain(), trusting), CertificateForeign, "ssl.truststore.location"},
		{"expired", k.Address(rig.Expired), secure(plain(), trusting), CertificateExpired, "expired on"},
		{"wrong host", k.Address(rig.WrongHost), secure(plain(), trusting), CertificateName, "elsewhere.example"},
		{"no client certificate", k.Address(rig.MutualTLS), secure(plain(), trusting), ClientCertMissing,
			"ssl.keystore.location"},
		{"foreign client certificate", k.Address(rig.MutualTLS), secure(plain(),
			w.withCertificate(t, rig.NewAuthority(t))), ClientCertRefused, "CN=client"},
		{"no sasl", k.Address(rig.SASL), plain(), SASLWanted, "SCRAM-SHA-512"},
		{"no sasl over tls", k.Address(rig.SASLTLS), secure(plain(), trusting), SASLWanted, "SASL_SSL"},
		{"sasl to plaintext", k.Bootstrap(), login("PLAIN", "admin", "right"), SASLNotOffered,
			"security.protocol=PLAINTEXT"},
		{"wrong password", k.Address(rig.SASL), login("PLAIN", "admin", "wrong"), PasswordWrong, "sasl.password"},
		{"wrong password, scram", k.Address(rig.SASL), login("SCRAM-SHA-256", "admin", "wrong"), PasswordWrong, "admin"},
		{"unknown user", k.Address(rig.SASL), login("SCRAM-SHA-512", "nobody", "right"), PasswordWrong, "nobody"},
		{"not offered", k.Address(rig.ScramOnly), login("PLAIN", "admin", "right"), MechanismNotOffered,
			"it offers SCRAM-SHA-512"},
		{"no password", k.Address(rig.SASL), login("PLAIN", "admin", ""), LoginIncomplete, "sasl.password"},
		{"wrong secret", k.Address(rig.SASL), w.token("client", "wrong"), TokenClientRefused, "invalid_client"},
	}
}

func check(t *testing.T, err error, cause Cause, words string) {
	t.Helper()
	if cause == "" {
		if err != nil {
			t.Errorf("it failed: %v (%v)", err, Of(err).Err)
		}
		return
	}
	if err == nil {
		t.Fatalf("it works, want %s", cause)
	}
	met := Of(err)
	t.Logf("%s %s", met.Text, met.Cure)
	if all := met.Text + " " + met.Cure; met.Cause != cause || !strings.Contains(all,
		words) || met.Cure == "" || strings.Contains(all, "{") {
		t.Errorf("cause %s (%v), want %s with %q: %s", met.Cause, met.Err, cause, words, all)
	}
}
