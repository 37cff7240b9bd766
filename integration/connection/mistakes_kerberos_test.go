package connection

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urncast/integration/rig"
)

// gssapi returns the properties of a connection that logs in with a keytab.
func (w *wrong) gssapi(principal, keytab string) map[string]string {
	return map[string]string{
		"bootstrap.servers": w.kafka.Address(rig.SASL), "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "GSSAPI",
		"sasl.kerberos.service.name": "kafka", "java.security.krb5.conf": w.kdc.Config,
		"sasl.jaas.config": fmt.Sprintf("com.sun.security.auth.module.Krb5LoginModule required\n  useKeyTab=true storeKey=true\n"+
			"  keyTab=%q\n  principal=%q;", keytab, principal),
	}
}

// krb5 returns the path of a copy of the KDC's krb5.conf in which each pair's first text is
// replaced by its second.
func (w *wrong) krb5(t *testing.T, pairs ...string) string {
	t.Helper()
	text, err := os.ReadFile(w.kdc.Config)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "krb5.conf")
	if err := os.WriteFile(file, []byte(strings.NewReplacer(pairs...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (w *wrong) ofKerberos(t *testing.T) []mistake {
	for _, name := range []string{"urncast", "changed", "gone"} {
		w.kdc.AddPrincipal(name, "")
	}
	right, changed, gone := w.kdc.Keytab("urncast"), w.kdc.Keytab("changed"), w.kdc.Keytab("gone")
	w.kdc.ChangeKey("changed")
	w.kdc.Admin("delprinc -force gone")
	good := func() map[string]string { return w.gssapi("urncast@"+rig.Realm, right) }
	cache := with(good(), "sasl.jaas.config",
		`com.sun.security.auth.module.Krb5LoginModule required useTicketCache=true ticketCache="/nowhere/krb5cc_1000";`)
	return []mistake{
		{what: "a keytab file that does not exist", properties: w.gssapi("urncast@"+rig.Realm, "/nowhere/urncast.keytab"), step: "properties"},
		{what: "a keytab of another principal", properties: w.gssapi("other@"+rig.Realm, right), step: "properties"},
		{what: "a krb5.conf file that does not exist", properties: with(good(), "java.security.krb5.conf", "/nowhere/krb5.conf"), step: "properties"},
		{what: "GSSAPI with the login module of PLAIN", properties: with(w.jaas(rig.SASL, "SASL_PLAINTEXT", "PLAIN", "good", password),
			"sasl.mechanism", "GSSAPI"), step: "properties"},
		{what: "a principal of a realm that krb5.conf does not have", properties: w.gssapi("urncast@ELSEWHERE.TEST", right), step: "properties"},
		{what: "a ticket cache file that does not exist", properties: cache, step: "properties"},
		{what: "a keytab from before the key was changed", properties: w.gssapi("changed@"+rig.Realm, changed), step: "authenticate"},
		{what: "a principal that the KDC does not know", properties: w.gssapi("gone@"+rig.Realm, gone), step: "authenticate"},
		{what: "the wrong service name", properties: with(good(), "sasl.kerberos.service.name", "broker"), step: "authenticate"},
		{what: "a bootstrap server listed by an IP address for which the KDC has no principal", properties: with(good(), "bootstrap.servers",
			strings.Replace(w.kafka.Address(rig.SASL), "localhost", "127.0.0.1", 1)), step: "authenticate"},
		{what: "a KDC that is down", properties: with(good(), "java.security.krb5.conf", w.krb5(t, w.kdc.Address, "127.0.0.1:1")),
			step: "authenticate", silent: true},
		{what: "a KDC whose name DNS does not know", properties: with(good(), "java.security.krb5.conf",
			w.krb5(t, w.kdc.Address, "kdc.no-such-host.invalid:88")), step: "authenticate", silent: true},
		{what: "a listener that offers no GSSAPI", properties: with(good(), "bootstrap.servers", w.kafka.Address(rig.ScramOnly)), step: "authenticate"},
	}
}
