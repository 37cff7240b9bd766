package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/producer"
	"urncast/producer/kafka/properties"
)

// through is a broker behind the gateway, as Connect makes it.
func through(t *testing.T, r *properties.Resolved) *Broker {
	t.Helper()
	c := &Cluster{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	g, err := c.enter(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	b := newBroker(c, "", r)
	b.client, b.gateway = g.Client(), g
	t.Cleanup(b.Close)
	return b
}

// alice gives what logs alice in with a keytab of her own.
func alice(t *testing.T, kdc *rig.KDC) *properties.Kerberos {
	t.Helper()
	kdc.AddPrincipal("alice", "")
	keys, err := os.ReadFile(kdc.Keytab("alice"))
	if err != nil {
		t.Fatal(err)
	}
	conf, err := os.ReadFile(kdc.Config)
	if err != nil {
		t.Fatal(err)
	}
	return &properties.Kerberos{Service: "kafka", Principal: "alice", Realm: rig.Realm, Keytab: keys, Config: string(conf)}
}

func trusting(t *testing.T, a *rig.Authority) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(a.File)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// Lanes publish through the gateway, with TLS and without, and what they sent is
// read back through it. A message of 90 MB passes in the memory of a few buffers.
func TestKerberosLanes(t *testing.T) {
	a, kdc := rig.NewAuthority(t), rig.StartKDC(t)
	k := rig.StartSecureKafka(t, rig.Secure{Authority: a, KDC: kdc})
	login := alice(t, kdc)
	for name, r := range map[string]*properties.Resolved{
		"SASL_PLAINTEXT": {Bootstrap: []string{k.Address(rig.SASL)}, Mechanism: "GSSAPI", Kerberos: login},
		"SASL_SSL":       {Bootstrap: []string{k.Address(rig.SASLTLS)}, Mechanism: "GSSAPI", Kerberos: login, TLS: trusting(t, a)},
	} {
		t.Run(name, func(t *testing.T) {
			topic := "lanes." + strings.ToLower(name)
			k.CreateTopic(t, topic, "max.message.bytes=104857600")
			b := through(t, r)
			if d, err := b.Describe(t.Context(), []string{topic}); err != nil || d[0].Partitions != 1 || d[0].Cluster == "" {
				t.Fatalf("described as %+v, %v", d, err)
			}
			lanes, err := b.Open(t.Context(), []string{topic}, []string{"a-" + name, "b-" + name}, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			large := make([]byte, 90<<20)
			random := rand.NewChaCha8([32]byte{})
			random.Read(large)
			for i, value := range [][]byte{[]byte("small"), large, []byte("after")} {
				if err := commit(t.Context(), lanes[i%2], topic, value); err != nil {
					t.Fatalf("message %d: %v", i, err)
				}
			}
			for _, l := range lanes {
				l.Close()
			}
			sights, err := b.Look(t.Context(), []string{topic})
			if err != nil {
				t.Fatal(err)
			}
			seen := 0
			err = b.ReadBack(t.Context(), map[string]int64{topic: sights[0].Start}, map[string]int64{topic: sights[0].End}, func(string) {}, func(s *producer.Seen) { seen++ })
			if err != nil || seen != 3 {
				t.Errorf("read back %d records, %v", seen, err)
			}
		})
	}
	// A broker that is away is told by its own name, with what the gateway met.
	b := through(t, &properties.Resolved{Bootstrap: []string{k.Address(rig.SASL)}, Mechanism: "GSSAPI", Kerberos: login})
	k.Kill()
	_, err := b.Describe(t.Context(), []string{"lanes"})
	if kindOf(t, err) != producer.Transitory {
		t.Errorf("a broker that is away is a fault of kind %s", kindOf(t, err))
	}
	t.Log(err)
	for _, want := range []string{"Broker " + k.Address(rig.SASL) + " cannot be connected to", "connection refused"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if local := b.client["bootstrap.servers"]; strings.Contains(err.Error(), local) {
		t.Errorf("%q names the gateway's %s", err, local)
	}
}

func commit(ctx context.Context, l producer.Lane, topic string, value []byte) error {
	if err := l.Begin(); err != nil {
		return err
	}
	if err := l.Send(ctx, &producer.Record{Topic: topic, Key: []byte("k"), Value: value}); err != nil {
		return err
	}
	if _, err := l.Delivered(ctx); err != nil {
		return err
	}
	return l.Commit()
}
