package integration

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// secured is a broker with a listener for each security protocol, the servers that
// authenticate its clients, and alice's credentials.
type secured struct {
	*rig.Kafka
	authority, foreign *rig.Authority
	tokens             *rig.TokenEndpoint
	kdc                *rig.KDC
	keytab             string // alice's
	postgres           *pg.Server
	alice, expired     *rig.Certificate
}

const (
	alicesPassword = "alice-secret"
	alicesSecret   = "alice-client-secret"
	// tokenLife, ticketLife and reauthenticate are short, so that a test sees several of each.
	// In a token's last second, logins follow each other faster than a broker allows; the
	// producer must survive that as well.
	tokenLife      = 3 * time.Second
	ticketLife     = 8 * time.Second
	reauthenticate = 2 * time.Second
)

// startSecured starts the broker and the servers.
func startSecured(t *testing.T) *secured {
	t.Helper()
	a := rig.NewAuthority(t)
	s := &secured{authority: a, foreign: rig.NewAuthority(t)}
	s.tokens = rig.StartTokenEndpoint(t, a, map[string]string{"alice": alicesSecret})
	s.kdc = rig.StartKDC(t)
	s.kdc.AddPrincipal("alice", "")
	s.kdc.SetLifetime("alice", ticketLife, ticketLife)
	s.keytab = s.kdc.Keytab("alice")
	s.Kafka = rig.StartSecureKafka(t, rig.Secure{Authority: a, Tokens: s.tokens, KDC: s.kdc, ACLs: true, Reauthenticate: reauthenticate,
		Users: map[string]string{"alice": alicesPassword, "admin": "admin-secret"}})
	s.alice = a.Issue(t, rig.Subject{Name: "alice"})
	s.expired = a.Issue(t, rig.Subject{Name: "alice", NotAfter: time.Now().Add(-time.Hour)})
	s.postgres = pg.Shared(t)
	return s
}

// A clientConfig is one way to secure a connection: a listener of the broker and the
// properties of the client, in the words of librdkafka unless stated otherwise.
type clientConfig struct {
	name       string
	listener   rig.Listener
	properties []string
}

// trusting returns properties for TLS with trust in the broker's authority.
func (s *secured) trusting() []string {
	return []string{"security.protocol=ssl", "ssl.ca.location=" + s.authority.File}
}

// certified adds a client certificate to trusting.
func (s *secured) certified(c *rig.Certificate) []string {
	return append(s.trusting(), "ssl.certificate.location="+c.Chain, "ssl.key.location="+c.Key)
}

// login returns properties for a SASL mechanism with alice and a password.
func (s *secured) login(protocol, mechanism, password string) []string {
	return []string{"security.protocol=" + protocol, "ssl.ca.location=" + s.authority.File, "sasl.mechanism=" + mechanism,
		"sasl.username=alice", "sasl.password=" + password}
}

// bearer returns properties for OAUTHBEARER with client credentials.
func (s *secured) bearer(endpoint, secret string) []string {
	return []string{"security.protocol=sasl_ssl", "ssl.ca.location=" + s.authority.File, "sasl.mechanism=OAUTHBEARER", "sasl.oauthbearer.method=oidc",
		"https.ca.location=" + s.authority.File, "sasl.oauthbearer.client.id=alice", "sasl.oauthbearer.client.secret=" + secret,
		"sasl.oauthbearer.scope=publish", "sasl.oauthbearer.token.endpoint.url=" + endpoint}
}

// ticket returns properties for GSSAPI with a keytab, as a Java client has them.
func (s *secured) ticket(protocol string) []string {
	return []string{"security.protocol=" + protocol, "ssl.ca.location=" + s.authority.File, "sasl.mechanism=GSSAPI",
		"java.security.krb5.conf=" + s.kdc.Config,
		fmt.Sprintf("sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true keyTab=%q principal=%q;",
			s.keytab, "alice@"+rig.Realm)}
}

// clientConfigs returns a configuration for each security protocol and mechanism.
func (s *secured) clientConfigs() []clientConfig {
	return []clientConfig{
		{"SSL", rig.TLS, s.trusting()},
		{"mutual TLS", rig.MutualTLS, s.certified(s.alice)},
		{"SASL_PLAINTEXT PLAIN", rig.SASL, s.login("sasl_plaintext", "PLAIN", alicesPassword)},
		{"SASL_SSL PLAIN", rig.SASLTLS, s.login("sasl_ssl", "PLAIN", alicesPassword)},
		{"SASL_SSL SCRAM-SHA-256", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-256", alicesPassword)},
		{"SASL_SSL SCRAM-SHA-512", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-512", alicesPassword)},
		{"SASL_SSL OAUTHBEARER", rig.SASLTLS, s.bearer(s.tokens.HTTPS, alicesSecret)},
		{"SASL_PLAINTEXT GSSAPI", rig.SASL, s.ticket("sasl_plaintext")},
		{"SASL_SSL GSSAPI", rig.SASLTLS, s.ticket("sasl_ssl")},
	}
}

// javaConfigs returns configurations in the words of Java's producer, with Java's key stores
// and truststores.
func (s *secured) javaConfigs(t *testing.T) []clientConfig {
	trust := func(kind string) []string {
		return []string{"ssl.truststore.type=" + kind, "ssl.truststore.location=" + s.authority.TrustStore(t, kind), "ssl.truststore.password=" + rig.StorePassword}
	}
	certified := func(kind string) []string {
		return append(trust(kind), "security.protocol=SSL", "ssl.keystore.type="+kind, "ssl.keystore.location="+s.alice.KeyStore(t, kind),
			"ssl.keystore.password="+rig.StorePassword, "ssl.key.password="+rig.StorePassword)
	}
	module := func(mechanism, name, options string, more ...string) []string {
		return append(append(trust("PKCS12"), "security.protocol=SASL_SSL", "sasl.mechanism="+mechanism,
			"sasl.jaas.config=org.apache.kafka.common.security."+name+" required \\\n  "+options+";"), more...)
	}
	password := `username="alice" password="` + alicesPassword + `"`
	return []clientConfig{
		{"SSL with a JKS truststore", rig.TLS, append(trust("JKS"), "security.protocol=SSL")},
		{"mutual TLS with JKS stores", rig.MutualTLS, certified("JKS")},
		{"mutual TLS with PKCS12 stores", rig.MutualTLS, certified("PKCS12")},
		{"PlainLoginModule", rig.SASLTLS, module("PLAIN", "plain.PlainLoginModule", password)},
		{"ScramLoginModule", rig.SASLTLS, module("SCRAM-SHA-512", "scram.ScramLoginModule", password)},
		{"OAuthBearerLoginModule", rig.SASLTLS, module("OAUTHBEARER", "oauthbearer.OAuthBearerLoginModule",
			`clientId="alice" clientSecret="`+alicesSecret+`" scope="publish"`, "sasl.oauthbearer.token.endpoint.url="+s.tokens.HTTP,
			"sasl.login.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler")},
	}
}

// newWorld makes a world with this configuration, whose user has only the rights that
// publishing needs. Without a listener it connects to the plain one.
func (s *secured) newWorld(t *testing.T, w clientConfig) *world {
	t.Helper()
	if w.listener == "" {
		return newStoppedWorld(t, s.Kafka, s.postgres, s.Bootstrap())
	}
	made := newStoppedWorld(t, s.Kafka, s.postgres, s.Address(w.listener), w.properties...)
	s.Grant(t, rig.Publishing("alice", made.topic, "tx-")...)
	return made
}

// urncast connects to a secured broker with each configuration, reports why a connection is
// refused, and waits while a server is unreachable. All cases share one broker, because each
// broker is a JVM.
func TestSecurity(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	t.Run("refused", s.testRefused)
	t.Run("away", s.testAway)
	t.Run("changed", s.testChanged)
	t.Run("java", s.testJava)
	t.Run("configurations", s.testConfigs)
}

// testConfigs publishes with each configuration, across a broker that is killed and started
// again, and while sessions and tokens expire within seconds. All configurations share the one
// restart.
func (s *secured) testConfigs(t *testing.T) {
	s.tokens.SetLife(tokenLife)
	before, issued := s.Reauthentications(t), s.tokens.Issued()
	var ready, rows sync.WaitGroup
	var restart sync.Once
	all := append([]clientConfig{{name: "PLAINTEXT"}}, s.clientConfigs()...)
	ready.Add(len(all))
	for _, v := range all {
		rows.Go(func() {
			arrived := sync.OnceFunc(ready.Done)
			defer arrived() // also if the subtest fails, so that the others need not wait
			t.Run(v.name, func(t *testing.T) {
				w := s.newWorld(t, v)
				w.command("start", "idle")
				w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
				arrived()
				ready.Wait()
				w.changeDuring(func() {
					time.Sleep(2 * reauthenticate)
					restart.Do(func() {
						s.Kill()
						if err := s.Start(); err != nil {
							t.Error(err)
						}
					})
					time.Sleep(3 * reauthenticate)
				})
				w.settle()
				w.check()
				t.Logf("%s: %d transactions", v.name, w.acknowledged.Load())
			})
		})
	}
	rows.Wait()
	after, tokens := s.Reauthentications(t), s.tokens.Issued()-issued
	t.Logf("re-authentications %v, before %v; %d tokens", after, before, tokens)
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "GSSAPI"} {
		if after[mechanism] == before[mechanism] {
			t.Errorf("no session re-authenticated with %s: nothing was tested about it", mechanism)
		}
	}
	if tokens < 4 {
		t.Errorf("%d tokens were issued, want at least 4: none had to be renewed", tokens)
	}
}

// testJava publishes with the properties of Java's producer unchanged.
func (s *secured) testJava(t *testing.T) {
	for _, v := range s.javaConfigs(t) {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			w := s.newWorld(t, v)
			w.command("start", "idle")
			w.awaitFor(20*time.Second, func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
			w.changeDuring(func() { time.Sleep(time.Second) })
			w.settle()
			w.check()
		})
	}
}

// changeDuring submits random changes while f runs, at a rate that many worlds can have at
// once.
func (w *world) changeDuring(f func()) {
	stop := make(chan struct{})
	var client sync.WaitGroup
	client.Go(func() {
		r := rand.New(rand.NewPCG(w.random.Uint64(), 1))
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				if err := w.step(r); err != nil {
					w.t.Error(err)
				}
			}
		}
	})
	f()
	close(stop)
	client.Wait()
}

// refusedWithin is how long a producer may take from its start until its reason says why it
// cannot publish: three seconds after the fault shows, and two more for a busy machine.
const refusedWithin = 5 * time.Second

// testRefused checks that a refused connection stops the producer within seconds, with a
// reason that states the cause and the remedy, and that nothing is published.
func (s *secured) testRefused(t *testing.T) {
	foreignCertificate := s.foreign.Issue(t, rig.Subject{Name: "alice"})
	distrusting := []string{"security.protocol=ssl", "ssl.ca.location=" + s.foreign.File}
	for _, c := range []struct {
		clientConfig
		state string
		words []string
	}{
		{clientConfig{"wrong password, PLAIN", rig.SASL, s.login("sasl_plaintext", "PLAIN", "no")}, "FAILED", []string{"Invalid username or password", "Check username and password"}},
		{clientConfig{"wrong password, SCRAM", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-512", "no")}, "FAILED", []string{"invalid credentials", "Check username and password"}},
		{clientConfig{"mechanism not offered", rig.ScramOnly, s.login("sasl_plaintext", "PLAIN", alicesPassword)}, "FAILED", []string{"SCRAM-SHA-512", "sasl.mechanism"}},
		{clientConfig{"no SASL there", rig.TLS, s.login("sasl_ssl", "PLAIN", alicesPassword)}, "FAILED", []string{"security.protocol"}},
		{clientConfig{"foreign authority", rig.TLS, distrusting}, "FAILED", []string{"urncast rig CA", "ssl.ca.location"}},
		{clientConfig{"broker's certificate expired", rig.Expired, s.trusting()}, "FAILED", []string{"expired on", "CN=broker"}},
		{clientConfig{"wrong host name", rig.WrongHost, s.trusting()}, "FAILED", []string{"elsewhere.example", "localhost"}},
		{clientConfig{"no client certificate", rig.MutualTLS, s.trusting()}, "FAILED", []string{"client certificate", "ssl.certificate.location"}},
		{clientConfig{"client certificate expired", rig.MutualTLS, s.certified(s.expired)}, "FAILED", []string{"expired", "ssl.certificate.location"}},
		{clientConfig{"client certificate of a foreign authority", rig.MutualTLS, s.certified(foreignCertificate)}, "FAILED", []string{"issuer", "ssl.certificate.location"}},
		{clientConfig{"wrong client secret", rig.SASLTLS, s.bearer(s.tokens.HTTP, "no")}, "FAILED", []string{"invalid_client", "clientSecret"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.newWorld(t, c.clientConfig)
			w.command("start", "idle")
			began := time.Now()
			p := w.awaitFor(4*refusedWithin, func(p producerStatus) bool { return p.State == c.state })
			took := time.Since(began)
			t.Logf("%s after %s: %s", p.State, took.Round(10*time.Millisecond), p.Reason)
			if took > refusedWithin {
				t.Errorf("the reason took %s, want at most %s", took, refusedWithin)
			}
			w.wantRefused(p, c.words)
		})
	}
}

// wantRefused checks what must hold while the connection is refused: the reason contains
// words, no secret is shown, submissions are accepted, and nothing is published.
func (w *world) wantRefused(p producerStatus, words []string) {
	w.t.Helper()
	for _, want := range words {
		if !strings.Contains(p.Reason, want) {
			w.t.Errorf("the reason does not contain %q: %s", want, p.Reason)
		}
	}
	for _, secret := range []string{alicesPassword, alicesSecret} {
		if strings.Contains(p.Reason, secret) || strings.Contains(rig.Tail(w.product.Log), secret) {
			w.t.Errorf("the reason or the log contains the secret %q", secret)
		}
	}
	message := rig.Message(rig.Codelist{ID: "CL_REFUSED", Name: "Refused", Codes: 1})
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure", message); err != nil {
		w.t.Errorf("submitting while the producer's connection is refused: %v", err)
	}
	if now, err := w.status(); err != nil || now.State != p.State {
		w.t.Errorf("a moment later the producer is %s (%v), not %s", now.State, err, p.State)
	}
	if n := w.topicEnd(); n != 0 {
		w.t.Errorf("%d messages were published", n)
	}
}

// testAway stops the token endpoint and later the broker. Neither counts as a refusal: the
// producer says what is unreachable, waits, and publishes again without help.
func (s *secured) testAway(t *testing.T) {
	s.tokens.Stop()
	w := s.newWorld(t, clientConfig{"", rig.SASLTLS, s.bearer(s.tokens.HTTP, alicesSecret)})
	w.command("start", "baseline")
	p := w.awaitFor(time.Minute, func(p producerStatus) bool { return p.State == "DEGRADED" })
	t.Logf("while the token endpoint is stopped: %s", p.Reason)
	w.wantRefused(p, []string{"token endpoint"})
	if err := s.tokens.Start(); err != nil {
		t.Fatal(err)
	}
	w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })

	s.Kill()
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure", rig.Message(rig.Codelist{ID: "CL_AWAY", Name: "Away", Codes: 1})); err != nil {
		t.Fatal(err)
	}
	p = w.awaitFor(time.Minute, func(p producerStatus) bool { return p.State == "DEGRADED" })
	t.Logf("while the broker is stopped: %s", p.Reason)
	if !strings.Contains(p.Reason, "refuses the connection") {
		t.Errorf("the reason does not say that the connection is refused: %s", p.Reason)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.check()
}

// testChanged changes the password of a user while the producer runs. Its session ends at the
// next re-authentication, with a reason that says so. Once the old password is set again and
// the producer is started, it publishes on in order.
func (s *secured) testChanged(t *testing.T) {
	w := s.newWorld(t, clientConfig{"", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-256", alicesPassword)})
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
	w.changeDuring(func() { time.Sleep(reauthenticate) })
	s.SetPassword(t, "alice", "another")
	var p producerStatus
	w.changeDuring(func() {
		p = w.awaitFor(time.Minute, func(p producerStatus) bool { return p.State == "FAILED" })
	})
	t.Logf("%s", p.Reason)
	if !strings.Contains(p.Reason, "refuses user alice") {
		t.Errorf("the reason does not name the user who is refused: %s", p.Reason)
	}
	s.SetPassword(t, "alice", alicesPassword)
	w.command("start", "")
	w.settle()
	w.check()
}
