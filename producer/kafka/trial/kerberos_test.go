package trial

import (
	"strings"
	"testing"
	"time"

	"urncast/producer/connection"

	"urncast/integration/rig"
)

// The connection test logs in with tickets of its own, and says what the KDC says.
func TestKerberosTry(t *testing.T) {
	a, kdc := rig.NewAuthority(t), rig.StartKDC(t)
	k := rig.StartSecureKafka(t, rig.Secure{Authority: a, KDC: kdc, Reauthenticate: time.Minute})
	kdc.AddPrincipal("alice", "")
	properties := func(listener rig.Listener, protocol string) *connection.Connection {
		return &connection.Connection{Name: "kerberos", Properties: map[string]string{
			"bootstrap.servers": k.Address(listener), "security.protocol": protocol, "sasl.mechanism": "GSSAPI",
			"ssl.ca.location": a.File, "java.security.krb5.conf": kdc.Config,
			"sasl.jaas.config": "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true keyTab=\"" + kdc.Keytab("alice") +
				"\" principal=\"alice@" + rig.Realm + "\";",
		}}
	}
	var client Client
	for listener, protocol := range map[rig.Listener]string{rig.SASL: "SASL_PLAINTEXT", rig.SASLTLS: "SASL_SSL"} {
		for _, tried := range client.Try(t.Context(), properties(listener, protocol)) {
			t.Log(tried.Text)
			if !tried.OK || !strings.Contains(tried.Text, "GSSAPI") {
				t.Errorf("%s: %+v", protocol, tried)
			}
		}
	}
	stale := properties(rig.SASL, "SASL_PLAINTEXT")
	kdc.ChangeKey("alice")
	for _, tried := range client.Try(t.Context(), stale) {
		t.Log(tried.Text, tried.Cure)
		if tried.OK || !strings.Contains(tried.Text, "alice@"+rig.Realm) || !strings.Contains(tried.Cure, "ktadd") {
			t.Errorf("a keytab whose key the KDC has replaced: %+v", tried)
		}
	}
}
