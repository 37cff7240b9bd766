package rig

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/kerberos"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// send writes one record through a listener.
func send(t *testing.T, k *Kafka, l Listener, opts ...kgo.Opt) error {
	t.Helper()
	opts = append([]kgo.Opt{kgo.SeedBrokers(k.Address(l)), kgo.DefaultProduceTopic("rig"), kgo.AllowAutoTopicCreation(),
		kgo.RequestRetries(1), kgo.RecordRetries(1), kgo.RetryTimeout(time.Second)}, opts...)
	c, err := kgo.NewClient(opts...)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	return c.ProduceSync(ctx, &kgo.Record{Value: []byte(l)}).FirstErr()
}

func tlsConfig(t *testing.T, a *Authority, own *Certificate) kgo.Opt {
	t.Helper()
	text, err := os.ReadFile(a.File)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	c := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	if own != nil {
		pair, err := tls.LoadX509KeyPair(own.Chain, own.Key)
		if err != nil {
			t.Fatal(err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return kgo.DialTLSConfig(c)
}

// Each listener of a secured broker lets in the clients that it should, by each mechanism, and
// refuses others for the right reason.
func TestSecureKafka(t *testing.T) {
	a := NewAuthority(t)
	users := map[string]string{"alice": "alice-secret", "admin": "admin-secret"}
	tokens := StartTokenEndpoint(t, a, map[string]string{"alice": "client-secret"})
	otherIssuer := StartTokenEndpoint(t, a, map[string]string{"alice": "client-secret"})
	otherIssuer.Issuer = tokens.Issuer
	kdc := StartKDC(t)
	k := StartSecureKafka(t, Secure{Authority: a, Users: users, KDC: kdc, Tokens: tokens, ACLs: true})
	k.CreateTopic(t, "rig")
	k.Grant(t, TopicRight("alice", "rig", kmsg.ACLOperationWrite), ClusterRight("alice", kmsg.ACLOperationIdempotentWrite))

	trusting, alice := tlsConfig(t, a, nil), a.Issue(t, Subject{Name: "alice"})
	mutual := tlsConfig(t, a, alice)
	password := func(secret string) scram.Auth { return scram.Auth{User: "alice", Pass: secret} }
	expired := a.Issue(t, Subject{Name: "alice", NotAfter: time.Now().Add(-time.Hour)})
	for _, c := range []struct {
		name     string
		listener Listener
		opts     []kgo.Opt
		refused  string // alternatives separated by |, one of which the error contains; empty if the client is let in
	}{
		{"TLS", TLS, []kgo.Opt{trusting}, ""},
		{"TLS by a foreign authority", TLS, []kgo.Opt{tlsConfig(t, NewAuthority(t), nil)}, "unknown authority"},
		{"TLS with a broker's certificate of a foreign authority", ForeignCert, []kgo.Opt{trusting}, "unknown authority"},
		{"TLS expired", Expired, []kgo.Opt{trusting}, "expired"},
		{"TLS for another host", WrongHost, []kgo.Opt{trusting}, "elsewhere.example"},
		{"mutual TLS", MutualTLS, []kgo.Opt{mutual}, ""},
		{"mutual TLS without certificate", MutualTLS, []kgo.Opt{trusting}, "certificate"},
		{"mutual TLS expired", MutualTLS, []kgo.Opt{tlsConfig(t, a, expired)}, "certificate"},
		{"PLAIN", SASL, []kgo.Opt{kgo.SASL(plain.Auth{User: "alice", Pass: "alice-secret"}.AsMechanism())}, ""},
		{"PLAIN with a wrong password", SASL, []kgo.Opt{kgo.SASL(plain.Auth{User: "alice", Pass: "no"}.AsMechanism())}, "SASL_AUTHENTICATION_FAILED"},
		{"PLAIN over TLS", SASLTLS, []kgo.Opt{trusting, kgo.SASL(plain.Auth{User: "alice", Pass: "alice-secret"}.AsMechanism())}, ""},
		{"SCRAM-SHA-256", SASLTLS, []kgo.Opt{trusting, kgo.SASL(password("alice-secret").AsSha256Mechanism())}, ""},
		{"SCRAM-SHA-512", SASLTLS, []kgo.Opt{trusting, kgo.SASL(password("alice-secret").AsSha512Mechanism())}, ""},
		{"SCRAM with a wrong password", SASL, []kgo.Opt{kgo.SASL(password("no").AsSha512Mechanism())}, "SASL_AUTHENTICATION_FAILED"},
		{"SCRAM alone", ScramOnly, []kgo.Opt{kgo.SASL(password("alice-secret").AsSha512Mechanism())}, ""},
		{"PLAIN not offered", ScramOnly, []kgo.Opt{kgo.SASL(plain.Auth{User: "alice", Pass: "alice-secret"}.AsMechanism())}, "UNSUPPORTED_SASL_MECHANISM"},
		{"OAUTHBEARER", SASLTLS, []kgo.Opt{trusting, kgo.SASL(bearer(t, a, tokens, "client-secret"))}, ""},
		// franz-go does not respond to the broker's refusal, and the broker then closes the
		// connection: the last error is one or the other.
		{"OAUTHBEARER expired", SASL, []kgo.Opt{kgo.SASL(signed(t, tokens, -time.Hour))}, "EOF|oauth response"},
		{"OAUTHBEARER signed with another key", SASL, []kgo.Opt{kgo.SASL(signed(t, otherIssuer, time.Hour))}, "EOF|oauth response"},
		{"GSSAPI", SASLTLS, []kgo.Opt{trusting, kgo.SASL(ticket(t, kdc, "alice"))}, ""},
		{"GSSAPI without a right", SASL, []kgo.Opt{kgo.SASL(ticket(t, kdc, "bob"))}, "TOPIC_AUTHORIZATION_FAILED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := send(t, k, c.listener, c.opts...)
			switch {
			case c.refused == "" && err != nil:
				t.Error(err)
			case c.refused != "" && (err == nil || !slices.ContainsFunc(strings.Split(c.refused, "|"), func(part string) bool {
				return strings.Contains(err.Error(), part)
			})):
				t.Errorf("got %v, want an error that contains %q", err, c.refused)
			}
		})
	}
	k.Revoke(t, TopicRight("alice", "rig", kmsg.ACLOperationWrite))
	if err := send(t, k, MutualTLS, mutual); !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Errorf("after the right was revoked: %v", err)
	}
}

// bearer requests a token from the endpoint over HTTPS, as a client does.
func bearer(t *testing.T, a *Authority, e *TokenEndpoint, secret string) sasl.Mechanism {
	t.Helper()
	text, err := os.ReadFile(a.File)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	defer c.CloseIdleConnections()
	r, err := http.NewRequest(http.MethodPost, e.HTTPS, strings.NewReader(url.Values{"grant_type": {"client_credentials"}, "scope": {"publish"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("alice", secret)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("asking for a token: %s, %v", resp.Status, err)
	}
	if e.Issued() == 0 || !slices.Contains(e.Scopes(), "publish") {
		t.Errorf("the endpoint counts %d tokens with the scopes %q", e.Issued(), e.Scopes())
	}
	return oauth.Auth{Token: answer.Token}.AsMechanism()
}

func signed(t *testing.T, e *TokenEndpoint, life time.Duration) sasl.Mechanism {
	t.Helper()
	text, err := e.Sign("alice", "", life)
	if err != nil {
		t.Fatal(err)
	}
	return oauth.Auth{Token: text}.AsMechanism()
}

// ticket creates a principal and logs it in with a keytab.
func ticket(t *testing.T, kdc *KDC, name string) sasl.Mechanism {
	t.Helper()
	kdc.AddPrincipal(name, "")
	keys, err := keytab.Load(kdc.Keytab(name))
	if err != nil {
		t.Fatal(err)
	}
	conf, err := os.ReadFile(kdc.Config)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.NewFromString(string(conf))
	if err != nil {
		t.Fatal(err)
	}
	return kerberos.Auth{Client: client.NewWithKeytab(name, Realm, keys, c, client.DisablePAFXFAST(true)), Service: "kafka"}.AsMechanism()
}

// A token endpoint refuses a wrong secret, and fails or delays its responses when told to.
func TestTokenEndpoint(t *testing.T) {
	e := StartTokenEndpoint(t, NewAuthority(t), map[string]string{"alice": "client-secret"})
	ask := func(secret string) int {
		t.Helper()
		resp, err := http.PostForm(e.HTTP, url.Values{"grant_type": {"client_credentials"}, "client_id": {"alice"}, "client_secret": {secret}})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := ask("no"); got != http.StatusUnauthorized {
		t.Errorf("a wrong secret gave status %d, want 401", got)
	}
	if got := ask("client-secret"); got != http.StatusOK {
		t.Errorf("the right secret gave status %d, want 200", got)
	}
	e.Fail(http.StatusInternalServerError)
	if got := ask("client-secret"); got != http.StatusInternalServerError {
		t.Errorf("after Fail(500) the endpoint gave status %d", got)
	}
	e.Fail(0)
	e.Delay(300 * time.Millisecond)
	if began := time.Now(); ask("client-secret") != http.StatusOK || time.Since(began) < 300*time.Millisecond {
		t.Errorf("after Delay(300ms) the response took %s", time.Since(began))
	}
	if e.Issued() != 2 {
		t.Errorf("%d tokens were issued, want 2", e.Issued())
	}
}

// A KDC can be stopped and started, and its principals' keys and lifetimes changed.
func TestKDC(t *testing.T) {
	kdc := StartKDC(t)
	kdc.AddPrincipal("alice", "")
	keys := kdc.Keytab("alice")
	kdc.SetLifetime("alice", time.Minute, 2*time.Minute)
	login := func() error {
		c := exec.Command(kerberosTool("kinit"), "-k", "-t", keys, "-c", t.TempDir()+"/cc", "alice")
		c.Env = append(os.Environ(), kdc.Env()...)
		out, err := c.CombinedOutput()
		if err != nil {
			err = errors.New(string(out))
		}
		return err
	}
	cache := kdc.Login(keys, "alice", "-r", "2m")
	if _, err := os.Stat(cache); err != nil {
		t.Error(err)
	}
	kdc.Stop()
	if err := login(); err == nil {
		t.Error("a login succeeded while the KDC was stopped")
	}
	if err := kdc.Start(); err != nil {
		t.Fatal(err)
	}
	if err := login(); err != nil {
		t.Error(err)
	}
	kdc.ChangeKey("alice")
	if err := login(); err == nil || !strings.Contains(err.Error(), "Password incorrect") {
		t.Errorf("a keytab with the old key gave %v", err)
	}
}

// Java's stores contain the right entries, and open with the password.
func TestStores(t *testing.T) {
	a := NewAuthority(t)
	c := a.Issue(t, Subject{Name: "alice"})
	for _, kind := range []string{"JKS", "PKCS12"} {
		for file, entry := range map[string]string{a.TrustStore(t, kind): "trustedCertEntry", c.KeyStore(t, kind): "PrivateKeyEntry"} {
			out, err := exec.Command("keytool", "-list", "-keystore", file, "-storetype", kind, "-storepass", StorePassword).CombinedOutput()
			if err != nil || !strings.Contains(string(out), entry) {
				t.Errorf("%s: %v\n%s", file, err, out)
			}
		}
	}
	if text, err := os.ReadFile(c.EncryptedKey(t)); err != nil || !strings.Contains(string(text), "ENCRYPTED PRIVATE KEY") {
		t.Errorf("the encrypted key: %v\n%s", err, text)
	}
}
