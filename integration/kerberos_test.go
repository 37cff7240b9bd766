package integration

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// A realm is a Kerberos KDC and a broker that accepts its tickets.
type realm struct {
	kdc   *rig.KDC
	kafka *rig.Kafka
	ca    *rig.Authority
}

// newRealm starts a KDC and a broker, with the principal alice, whose tickets expire after
// life.
func newRealm(t *testing.T, s rig.Secure, life time.Duration) *realm {
	t.Helper()
	r := &realm{kdc: rig.StartKDC(t), ca: rig.NewAuthority(t)}
	r.kdc.AddPrincipal("alice", "")
	r.kdc.SetLifetime("alice", life, life)
	s.Authority, s.KDC = r.ca, r.kdc
	r.kafka = rig.StartSecureKafka(t, s)
	return r
}

// login returns the properties of a Java client that logs in with a keytab.
func (r *realm) login(principal, keytab string) []string {
	return r.properties(fmt.Sprintf("useKeyTab=true storeKey=true keyTab=%q principal=%q", keytab, principal+"@"+rig.Realm))
}

// properties returns the properties of a Java client on SASL_PLAINTEXT; options are those of
// Krb5LoginModule.
func (r *realm) properties(options string) []string {
	return []string{
		"security.protocol=SASL_PLAINTEXT", "sasl.mechanism=GSSAPI", "sasl.kerberos.service.name=kafka",
		"sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required " + options + ";",
		"java.security.krb5.conf=" + r.kdc.Config,
	}
}

// secure changes properties to SASL_SSL.
func (r *realm) secure(properties []string) []string {
	return append(properties[1:], "security.protocol=SASL_SSL", "ssl.truststore.type=PEM", "ssl.truststore.location="+r.ca.File)
}

// submitChanges submits n changes.
func (w *world) submitChanges(n int) {
	w.t.Helper()
	for i := range n {
		list := rig.Codelist{ID: fmt.Sprintf("CL_%d", i%12), Name: fmt.Sprintf("Name %d", w.random.Int64()), Codes: 3}
		if err := w.submit(http.MethodPost, "/sdmx/v2/structure", rig.Message(list)); err != nil {
			w.t.Fatal(err)
		}
	}
}

// Tickets that expire after a minute and SASL sessions of 15 seconds are renewed while changes
// are published, and no connection is lost by it.
func TestKerberosReauthentication(t *testing.T) {
	t.Parallel()
	r := newRealm(t, rig.Secure{Reauthenticate: 15 * time.Second}, time.Minute)
	w := newWorld(t, r.kafka, pg.Shared(t), r.kafka.Address(rig.SASLTLS), r.secure(r.login("alice", r.kdc.Keytab("alice")))...)
	w.changeDuring(func() { time.Sleep(time.Duration(runs(t, 1)) * 70 * time.Second) })
	w.settle()
	w.check()
	log, err := os.ReadFile(w.product.Log)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(log), "logged in to Kerberos"); n < 2 {
		t.Errorf("the log has %d logins in more than the lifetime of a ticket, want at least 2", n)
	}
	for _, bad := range []string{"broker not reached", "DEGRADED", "in doubt"} {
		if strings.Contains(string(log), bad) {
			t.Errorf("the log contains %q", bad)
		}
	}
}

// A KDC that is unreachable for longer than a ticket lasts delays publishing, and has no other
// effect.
func TestKerberosKDCAway(t *testing.T) {
	t.Parallel()
	const life = 10 * time.Second
	r := newRealm(t, rig.Secure{Reauthenticate: 4 * time.Second}, life)
	w := newWorld(t, r.kafka, pg.Shared(t), r.kafka.Address(rig.SASL), r.login("alice", r.kdc.Keytab("alice"))...)
	w.submitChanges(3)
	w.settle()
	r.kdc.Stop()
	away := time.Now()
	for time.Since(away) < life+8*time.Second {
		w.submitChanges(1)
		time.Sleep(500 * time.Millisecond)
	}
	p := w.await(func(p producerStatus) bool { return p.State == "DEGRADED" })
	for _, want := range []string{r.kdc.Address, "cannot be reached", rig.Realm} {
		if !strings.Contains(p.Reason, want) {
			t.Errorf("while the KDC is away the reason is %q, which does not contain %q", p.Reason, want)
		}
	}
	t.Logf("while the KDC is away: %s", p.Reason)
	if err := r.kdc.Start(); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	w.settle()
	t.Logf("settled %s after the KDC came back", time.Since(back).Round(time.Millisecond))
	w.check()
}

// The key of the brokers' principal is changed, and later that of ours. After the first
// urncast recovers with a new service ticket, after the second as soon as the keytab file is
// replaced.
func TestKerberosKeysChange(t *testing.T) {
	t.Parallel()
	r := newRealm(t, rig.Secure{}, time.Hour)
	keys := filepath.Join(t.TempDir(), "alice.keytab")
	r.kdc.AddToKeytab(keys, "alice")
	w := newWorld(t, r.kafka, pg.Shared(t), r.kafka.Address(rig.SASL), r.login("alice", keys)...)
	w.submitChanges(3)
	w.settle()

	r.kdc.ChangeKey(rig.BrokerPrincipal)
	r.kafka.Kill()
	if err := os.Remove(r.kdc.BrokerKeytab); err != nil {
		t.Fatal(err)
	}
	r.kdc.AddToKeytab(r.kdc.BrokerKeytab, rig.BrokerPrincipal)
	if err := r.kafka.Start(); err != nil {
		t.Fatal(err)
	}
	w.submitChanges(3)
	w.settle()

	r.kdc.ChangeKey("alice")
	if err := os.Remove(keys); err != nil {
		t.Fatal(err)
	}
	r.kdc.AddToKeytab(keys, "alice")
	time.Sleep(4 * time.Second) // urncast checks the connection every 3 s
	w.submitChanges(3)
	w.settle()
	w.check()
}

// A ticket cache made by kinit suffices as a login, and is read again after kinit has renewed
// it.
func TestKerberosTicketCache(t *testing.T) {
	t.Parallel()
	r := newRealm(t, rig.Secure{Reauthenticate: 5 * time.Second}, time.Hour)
	keys, s := r.kdc.Keytab("alice"), pg.Shared(t)
	rig.Build(t, "crashpoints")
	cache := r.kdc.Login(keys, "alice", "-l", "40s") // long enough: on a busy machine urncast takes up to 20 s to start
	w := newWorld(t, r.kafka, s, r.kafka.Address(rig.SASL), r.properties(fmt.Sprintf("useTicketCache=true ticketCache=%q", cache))...)
	w.submitChanges(3)
	w.settle()
	r.kdc.LoginInto(cache, keys, "alice", "-l", "10m")
	for began := time.Now(); time.Since(began) < 45*time.Second; time.Sleep(500 * time.Millisecond) {
		w.submitChanges(1)
	}
	w.settle()
	w.check()
}

// When a login fails, the producer's reason says what is wrong and what to do. The producer
// keeps trying while the KDC is unreachable, and stops when the KDC refuses the login.
func TestKerberosWords(t *testing.T) {
	t.Parallel()
	r := newRealm(t, rig.Secure{}, time.Hour)
	s := pg.Shared(t)
	right := r.kdc.Keytab("alice")
	r.kdc.AddPrincipal("old", "")
	old := r.kdc.Keytab("old")
	r.kdc.ChangeKey("old")
	r.kdc.AddPrincipal("gone", "")
	gone := r.kdc.Keytab("gone")
	r.kdc.Admin("delprinc -force gone")
	away := filepath.Join(t.TempDir(), "krb5.conf")
	text, err := os.ReadFile(r.kdc.Config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(away, []byte(strings.ReplaceAll(string(text), r.kdc.Address, "127.0.0.1:1")), 0o644); err != nil {
		t.Fatal(err)
	}
	withoutKDC := r.login("alice", right)
	withoutKDC[len(withoutKDC)-1] = "java.security.krb5.conf=" + away
	for _, c := range []struct {
		name       string
		bootstrap  string
		properties []string
		state      string
		says       []string
	}{
		{"changed key", r.kafka.Address(rig.SASL), r.login("old", old), "FAILED", []string{"old@EXAMPLE.TEST", "refuses the key", "ktadd"}},
		{"unknown principal", r.kafka.Address(rig.SASL), r.login("gone", gone), "FAILED", []string{"gone@EXAMPLE.TEST", r.kdc.Address, "does not know the principal"}},
		{"KDC away", r.kafka.Address(rig.SASL), withoutKDC, "DEGRADED", []string{"127.0.0.1:1", "cannot be reached", "goes on trying"}},
		{"no TLS there", r.kafka.Address(rig.SASL), r.secure(r.login("alice", right)), "DEGRADED", []string{r.kafka.Address(rig.SASL), "TLS", "SASL_SSL"}},
		{"TLS there", r.kafka.Address(rig.SASLTLS), r.login("alice", right), "DEGRADED", []string{r.kafka.Address(rig.SASLTLS), "SASL_SSL"}},
		{"mechanism not offered", r.kafka.Address(rig.ScramOnly), r.login("alice", right), "FAILED", []string{r.kafka.Address(rig.ScramOnly), "does not offer GSSAPI", "SCRAM-SHA-512"}},
		{"no broker there", "localhost:1", r.login("alice", right), "DEGRADED", []string{"localhost:1", "connection refused"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newStoppedWorld(t, r.kafka, s, c.bootstrap, c.properties...)
			w.command("start", "idle")
			p := w.await(func(p producerStatus) bool { return p.State == c.state })
			t.Log(p.Reason)
			for _, want := range c.says {
				if !strings.Contains(p.Reason, want) {
					t.Errorf("the reason is %q, which does not contain %q", p.Reason, want)
				}
			}
		})
	}
}
