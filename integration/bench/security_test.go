//go:build bench

package bench

import (
	"fmt"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// securityRows measures what the security of a connection costs: it publishes 1,000 pending
// transactions of one structure with each security protocol, alternating with plaintext in each
// round, on one broker.
func securityRows(t *testing.T, out *table) {
	a, kdc := rig.NewAuthority(t), rig.StartKDC(t)
	k := rig.StartSecureKafkaForBench(t, rig.Secure{Authority: a, KDC: kdc, Users: map[string]string{"alice": "alice-secret"}})
	kdc.AddPrincipal("alice", "")
	s := pg.StartIn(t, "")
	trusting := "ssl.ca.location=" + a.File
	scram := []string{"security.protocol=sasl_plaintext", "sasl.mechanism=SCRAM-SHA-512", "sasl.username=alice", "sasl.password=alice-secret"}
	kerberos := []string{"sasl.mechanism=GSSAPI", "sasl.kerberos.service.name=kafka", "java.security.krb5.conf=" + kdc.Config,
		fmt.Sprintf("sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true keyTab=%q principal=%q;",
			kdc.Keytab("alice"), "alice@"+rig.Realm)}
	rows := []struct {
		name, aim string
		world     *world
	}{
		{"plaintext", "", newWorldAt(t, k, s, "plaintext", k.Bootstrap())},
		{"SSL", "", newWorldAt(t, k, s, "ssl", k.Address(rig.TLS), "security.protocol=ssl", trusting)},
		{"SASL_PLAINTEXT SCRAM-SHA-512", "", newWorldAt(t, k, s, "scram", k.Address(rig.SASL), scram...)},
		{"Kerberos gateway", "≥ 0.8×", newWorldAt(t, k, s, "gssapi", k.Address(rig.SASL), append(kerberos, "security.protocol=SASL_PLAINTEXT")...)},
		{"Kerberos gateway over TLS", "", newWorldAt(t, k, s, "gssapitls", k.Address(rig.SASLTLS), append(kerberos, "security.protocol=SASL_SSL", trusting)...)},
	}
	speeds := make([]figure, len(rows))
	for round := range rounds {
		for i := range rows { // the first row changes from round to round, because the machine warms up
			at := (i + round) % len(rows)
			speeds[at] = append(speeds[at], rows[at].world.pending(round))
		}
	}
	for i, r := range rows[1:] {
		out.rows = append(out.rows, row{what: "drain of 1,000 pending through " + r.name, unit: "/s", ours: speeds[i+1], bare: speeds[0],
			bareName: "the same through " + rows[0].name, aim: r.aim})
	}
}

// pending submits 1,000 structures while the producer is suspended, resumes it, and returns how
// many transactions it publishes per second.
func (w *world) pending(round int) float64 {
	const n = 1000
	w.command("suspend", "")
	w.await(func(s status) bool { return s.State == "SUSPENDED" })
	w.submitEach(fmt.Sprintf("P%d", round), 4, n, fourKiB)
	began := time.Now()
	w.command("resume", "")
	w.await(status.settled)
	return n / time.Since(began).Seconds()
}
