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

// secured is a broker with every security there is, and what belongs to it.
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
	// tokenLife, ticketLife and reauthenticate are short, so that a test sees several.
	// A token's last second brings logins that follow each other faster than a broker
	// allows, which the producer lives through like all else.
	tokenLife      = 3 * time.Second
	ticketLife     = 8 * time.Second
	reauthenticate = 2 * time.Second
)

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

// A way is one way of securing a connection, in librdkafka's words.
type way struct {
	name       string
	listener   rig.Listener
	properties []string
}

func (s *secured) trusting() []string {
	return []string{"security.protocol=ssl", "ssl.ca.location=" + s.authority.File}
}

// certified adds a client's certificate.
func (s *secured) certified(c *rig.Certificate) []string {
	return append(s.trusting(), "ssl.certificate.location="+c.Chain, "ssl.key.location="+c.Key)
}

// login adds a mechanism with user and password.
func (s *secured) login(protocol, mechanism, password string) []string {
	return []string{"security.protocol=" + protocol, "ssl.ca.location=" + s.authority.File, "sasl.mechanism=" + mechanism,
		"sasl.username=alice", "sasl.password=" + password}
}

// bearer adds OAUTHBEARER with client credentials.
func (s *secured) bearer(endpoint, secret string) []string {
	return []string{"security.protocol=sasl_ssl", "ssl.ca.location=" + s.authority.File, "sasl.mechanism=OAUTHBEARER", "sasl.oauthbearer.method=oidc",
		"https.ca.location=" + s.authority.File, "sasl.oauthbearer.client.id=alice", "sasl.oauthbearer.client.secret=" + secret,
		"sasl.oauthbearer.scope=publish", "sasl.oauthbearer.token.endpoint.url=" + endpoint}
}

// ticket adds GSSAPI with a keytab, as a Java client has it.
func (s *secured) ticket(protocol string) []string {
	return []string{"security.protocol=" + protocol, "ssl.ca.location=" + s.authority.File, "sasl.mechanism=GSSAPI",
		"java.security.krb5.conf=" + s.kdc.Config,
		fmt.Sprintf("sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true keyTab=%q principal=%q;",
			s.keytab, "alice@"+rig.Realm)}
}

func (s *secured) ways() []way {
	return []way{
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

// javaWays are ways in the words that Java's producer takes, with its stores.
func (s *secured) javaWays(t *testing.T) []way {
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
	return []way{
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

// newWorld makes a world that publishes in one of the ways, with no right too many;
// without a listener it is the plain one.
func (s *secured) newWorld(t *testing.T, w way) *world {
	t.Helper()
	if w.listener == "" {
		return newStoppedWorld(t, s.Kafka, s.postgres, s.Bootstrap())
	}
	made := newStoppedWorld(t, s.Kafka, s.postgres, s.Address(w.listener), w.properties...)
	s.Grant(t, rig.Publishing("alice", made.topic, "tx-")...)
	return made
}

// The product reaches a secured broker in each way there is, is refused in words,
// and waits for what is only away. One broker serves all, for each is a JVM.
func TestSecurity(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	t.Run("refused", s.testRefused)
	t.Run("away", s.testAway)
	t.Run("changed", s.testChanged)
	t.Run("java", s.testJava)
	t.Run("ways", s.testWays)
}

// testWays: each way of securing a connection carries transactions, through a
// broker that is killed, and through sessions and tokens that end after seconds.
// All of them live through the same restart.
func (s *secured) testWays(t *testing.T) {
	s.tokens.SetLife(tokenLife)
	before, issued := s.Reauthentications(t), s.tokens.Issued()
	var ready, rows sync.WaitGroup
	var restart sync.Once
	all := append([]way{{name: "PLAINTEXT"}}, s.ways()...)
	ready.Add(len(all))
	for _, v := range all {
		rows.Go(func() {
			arrived := sync.OnceFunc(ready.Done)
			defer arrived() // whatever became of the row
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
			t.Errorf("nobody authenticated anew with %s: the test has shown nothing about it", mechanism)
		}
	}
	if tokens < 4 {
		t.Errorf("%d tokens were issued: none had to be renewed", tokens)
	}
}

// testJava: the configuration that worked for Java's producer carries transactions.
func (s *secured) testJava(t *testing.T) {
	for _, v := range s.javaWays(t) {
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

// changeDuring makes random changes while f runs, slowly enough for many worlds at
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

// refusedWithin is how long a producer may take from its start to the words that
// say why it cannot publish: three seconds from when the fault answers, and what a
// busy machine takes for the rest.
const refusedWithin = 5 * time.Second

// testRefused: a connection that the broker refuses stops the producer within seconds, with the
// cause and the cure, and nothing is published.
func (s *secured) testRefused(t *testing.T) {
	stranger := s.foreign.Issue(t, rig.Subject{Name: "alice"})
	distrusting := []string{"security.protocol=ssl", "ssl.ca.location=" + s.foreign.File}
	for _, c := range []struct {
		way
		state string
		words []string
	}{
		{way{"wrong password, PLAIN", rig.SASL, s.login("sasl_plaintext", "PLAIN", "no")}, "FAILED", []string{"Invalid username or password", "Check username and password"}},
		{way{"wrong password, SCRAM", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-512", "no")}, "FAILED", []string{"invalid credentials", "Check username and password"}},
		{way{"mechanism not offered", rig.ScramOnly, s.login("sasl_plaintext", "PLAIN", alicesPassword)}, "FAILED", []string{"SCRAM-SHA-512", "sasl.mechanism"}},
		{way{"no SASL there", rig.TLS, s.login("sasl_ssl", "PLAIN", alicesPassword)}, "FAILED", []string{"security.protocol"}},
		{way{"foreign authority", rig.TLS, distrusting}, "FAILED", []string{"urncast rig CA", "ssl.ca.location"}},
		{way{"broker's certificate expired", rig.Expired, s.trusting()}, "FAILED", []string{"expired on", "CN=broker"}},
		{way{"wrong host name", rig.WrongHost, s.trusting()}, "FAILED", []string{"elsewhere.example", "localhost"}},
		{way{"no client certificate", rig.MutualTLS, s.trusting()}, "FAILED", []string{"client certificate", "ssl.certificate.location"}},
		{way{"client certificate expired", rig.MutualTLS, s.certified(s.expired)}, "FAILED", []string{"expired", "ssl.certificate.location"}},
		{way{"client certificate of a foreign authority", rig.MutualTLS, s.certified(stranger)}, "FAILED", []string{"issuer", "ssl.certificate.location"}},
		{way{"wrong client secret", rig.SASLTLS, s.bearer(s.tokens.HTTP, "no")}, "FAILED", []string{"invalid_client", "clientSecret"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.newWorld(t, c.way)
			w.command("start", "idle")
			began := time.Now()
			p := w.awaitFor(4*refusedWithin, func(p producerStatus) bool { return p.State == c.state })
			took := time.Since(began)
			t.Logf("%s after %s: %s", p.State, took.Round(10*time.Millisecond), p.Reason)
			if took > refusedWithin {
				t.Errorf("it took %s to say why", took)
			}
			w.refused(p, c.words)
		})
	}
}

// refused asserts what must hold when a connection is refused.
func (w *world) refused(p producerStatus, words []string) {
	w.t.Helper()
	for _, want := range words {
		if !strings.Contains(p.Reason, want) {
			w.t.Errorf("the reason does not say %q: %s", want, p.Reason)
		}
	}
	for _, secret := range []string{alicesPassword, alicesSecret} {
		if strings.Contains(p.Reason, secret) || strings.Contains(rig.Tail(w.product.Log), secret) {
			w.t.Errorf("reason or log give the secret %q away", secret)
		}
	}
	message := rig.Message(rig.Codelist{ID: "CL_REFUSED", Name: "Refused", Codes: 1})
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure", message); err != nil {
		w.t.Errorf("submitting to a registry whose producer is refused: %v", err)
	}
	if now, err := w.status(); err != nil || now.State != p.State {
		w.t.Errorf("a moment later the producer is %s (%v), not %s", now.State, err, p.State)
	}
	if n := w.topicEnd(); n != 0 {
		w.t.Errorf("%d messages were published", n)
	}
}

// testAway: a token endpoint or a broker that is away is no refusal: the producer says so,
// waits, and goes on by itself.
func (s *secured) testAway(t *testing.T) {
	s.tokens.Stop()
	w := s.newWorld(t, way{"", rig.SASLTLS, s.bearer(s.tokens.HTTP, alicesSecret)})
	w.command("start", "baseline")
	p := w.awaitFor(time.Minute, func(p producerStatus) bool { return p.State == "DEGRADED" })
	t.Logf("token endpoint away: %s", p.Reason)
	w.refused(p, []string{"token endpoint"})
	if err := s.tokens.Start(); err != nil {
		t.Fatal(err)
	}
	w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })

	s.Kill()
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure", rig.Message(rig.Codelist{ID: "CL_AWAY", Name: "Away", Codes: 1})); err != nil {
		t.Fatal(err)
	}
	p = w.awaitFor(time.Minute, func(p producerStatus) bool { return p.State == "DEGRADED" })
	t.Logf("broker away: %s", p.Reason)
	if !strings.Contains(p.Reason, "refuses the connection") {
		t.Errorf("the reason does not say who refuses the connection: %s", p.Reason)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.check()
}

// testChanged: a password that is changed under a producer ends its session at the
// next re-authentication; the producer says so, and goes on in order once the old
// password holds again.
func (s *secured) testChanged(t *testing.T) {
	w := s.newWorld(t, way{"", rig.SASLTLS, s.login("sasl_ssl", "SCRAM-SHA-256", alicesPassword)})
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
		t.Errorf("the reason does not say who is refused: %s", p.Reason)
	}
	s.SetPassword(t, "alice", alicesPassword)
	w.command("start", "")
	w.settle()
	w.check()
}
