package properties

import (
	"encoding/binary"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jcmturner/gokrb5/v8/keytab"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/kerberos"
)

const krb5Module = `com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true serviceName="kafka"
  keyTab="upload:client.keytab" principal="registry/host.example.org@EXAMPLE.ORG";`

// newKeytab makes a keytab with a key of each principal.
func newKeytab(principals ...string) []byte {
	k := keytab.New()
	for _, p := range principals {
		name, realm, _ := strings.Cut(p, "@")
		if err := k.AddEntry(name, realm, "pw", time.Unix(1, 0), 1, 18); err != nil {
			panic(err)
		}
	}
	b, err := k.Marshal()
	if err != nil {
		panic(err)
	}
	return b
}

var clientKeytab = newKeytab("registry/host.example.org@EXAMPLE.ORG", "registry@EXAMPLE.ORG", "kafka-client@EXAMPLE.COM", "a@B")

// krb is a connection by Kerberos with a keytab that was uploaded.
func krb(pairs ...string) *connection.Connection {
	c := sasl(append([]string{"sasl.mechanism", "GSSAPI", "sasl.jaas.config", krb5Module,
		"java.security.krb5.realm", "EXAMPLE.ORG", "java.security.krb5.kdc", "kdc1.example.org:kdc2.example.org"}, pairs...)...)
	c.Files["client.keytab"] = clientKeytab
	return c
}

const madeConf = `[libdefaults]
  default_realm = EXAMPLE.ORG
[realms]
  EXAMPLE.ORG = {
    kdc = kdc1.example.org:88
    kdc = kdc2.example.org:88
  }
[domain_realm]
`

func TestKerberos(t *testing.T) {
	r, findings := taken(t, krb("sasl.kerberos.ticket.renew.jitter", "0.05"))
	want := &Kerberos{Service: "kafka", Principal: "registry/host.example.org", Realm: "EXAMPLE.ORG", Keytab: clientKeytab, KeytabPath: "upload:client.keytab", Config: madeConf}
	if d := cmp.Diff(want, r.Kerberos); d != "" {
		t.Error(d)
	}
	// Security is the gateway's: nothing of it is left for librdkafka.
	if d := cmp.Diff(map[string]string{"bootstrap.servers": "127.0.0.1:9092"}, r.Client); d != "" || r.Mechanism != "GSSAPI" || r.TLS != nil {
		t.Error(d)
	}
	for _, name := range []string{"sasl.jaas.config", "security.protocol", "sasl.mechanism", "java.security.krb5.kdc"} {
		if f := finding(t, findings, name); f.Verdict != connection.Translated || !cmp.Equal(f.Becomes, []string{"urncast"}) {
			t.Error(f)
		}
	}
	// librdkafka's own names do too, and a mechanism that is not written is Java's.
	c := sasl("sasl.kerberos.service.name", "broker", "sasl.kerberos.principal", "registry@EXAMPLE.ORG",
		"java.security.krb5.realm", "EXAMPLE.ORG", "java.security.krb5.kdc", "[2001:db8::1]:750,kdc.example.org:1088")
	c.Properties["sasl.kerberos.keytab"] = write(t, filepath.Join(t.TempDir(), "client.keytab"), clientKeytab)
	r, findings = taken(t, c)
	if k := r.Kerberos; k.Service != "broker" || k.Principal != "registry" || !strings.Contains(k.Config, "kdc = [2001:db8::1]:750\n    kdc = kdc.example.org:1088\n") {
		t.Errorf("%+v", k)
	}
	if len(r.Files) != 1 || !strings.Contains(finding(t, findings, "security.protocol").Text, "GSSAPI") {
		t.Error(r.Files, findings)
	}
}

func TestKerberosWithTLS(t *testing.T) {
	ca := newPair(t, "Test CA")
	c := krb("security.protocol", "SASL_SSL", "ssl.truststore.location", "upload:ca.pem")
	c.Files["ca.pem"] = ca.certPEM()
	r, _ := taken(t, c)
	if r.TLS == nil || r.TLS.RootCAs == nil || r.Client["ssl.ca.pem"] != "" || r.Client["security.protocol"] != "" {
		t.Error(r.Client)
	}
	if err := checkTLS(t, r, newPair(t, "broker.example.org", ca), ca, false); err != nil {
		t.Error(err)
	}
}

func TestTicketCache(t *testing.T) {
	cache := write(t, filepath.Join(t.TempDir(), "krb5cc"), []byte{5, 4})
	module := "com.sun.security.auth.module.Krb5LoginModule required useTicketCache=true renewTGT=true"
	r, findings := taken(t, krb("sasl.jaas.config", module+` ticketCache="FILE:`+cache+`";`))
	if r.Kerberos.Cache != cache || r.Kerberos.Keytab != nil {
		t.Errorf("%+v", r.Kerberos)
	}
	if f := finding(t, findings, "sasl.jaas.config"); !strings.Contains(f.Text, "renewTGT has no effect") {
		t.Error(f)
	}
	t.Setenv("KRB5CCNAME", cache)
	if r, _ = taken(t, krb("sasl.jaas.config", module+";")); r.Kerberos.Cache != cache {
		t.Errorf("%+v", r.Kerberos)
	}
	refused(t, krb("sasl.jaas.config", module+` ticketCache="KEYRING:persistent:1";`), "sasl.jaas.config", "KEYRING")
	refused(t, krb("sasl.jaas.config", module+` ticketCache="/nowhere/krb5cc";`), "sasl.jaas.config", "kinit")
	refused(t, krb("sasl.jaas.config", module+` ticketCache="upload:krb5cc";`), "sasl.jaas.config", "cannot be uploaded")
}

func TestKerberosRefusals(t *testing.T) {
	const m = "com.sun.security.auth.module.Krb5LoginModule required "
	for _, row := range []struct{ module, words string }{
		{"useKeyTab=true principal=a@B;", "keyTab"},
		{"useKeyTab=true keyTab=upload:client.keytab;", "principal is missing"},
		{"keyTab=upload:client.keytab principal=a@B;", "add useKeyTab=true"},
		{"principal=a@B;", "password"},
		{"useKeyTab=true keyTab=upload:none principal=a@B;", "client.keytab"},
		{"useKeyTab=true keyTab=upload:noise principal=a@B;", "holds no keytab"},
		{"useKeyTab=true keyTab=upload:cut principal=a@B;", "damaged"},
		{"useKeyTab=true keyTab=upload:client.keytab principal=other@B;", "no key of other@B, but of registry/host.example.org@EXAMPLE.ORG"},
		{"useKeyTab=true keyTab=/nowhere/k principal=a@B;", "no such file"},
		{"useKeyTab=true keyTab=upload:client.keytab principal=a@B@C;", "two @"},
		{"useKeyTab=true keyTab=upload:client.keytab principal=@B;", "no name"},
		{"useKeyTab=true keyTab=upload:client.keytab principal=kafka/_HOST@B;", "_HOST"},
		{"useKeyTab=true keyTab=upload:client.keytab principal=a@B isInitiator=false;", "isInitiator"},
	} {
		c := krb("sasl.jaas.config", m+row.module)
		c.Files["noise"], c.Files["cut"] = []byte("noise"), clientKeytab[:30]
		refused(t, c, "sasl.jaas.config", row.words)
	}
	refused(t, krb("sasl.kerberos.service.name", "broker"), "sasl.kerberos.service.name", "serviceName")
	c := krb()
	delete(c.Properties, "java.security.krb5.kdc")
	refused(t, c, "java.security.krb5.realm", "java.security.krb5.kdc")
	refused(t, krb("java.security.krb5.conf", "upload:none"), "java.security.krb5.conf", "uploaded")
	c = krb("java.security.krb5.conf", "upload:passwd")
	c.Files["passwd"] = []byte("root:planted:0:0\n")
	refused(t, c, "java.security.krb5.conf", "no krb5.conf")
	refused(t, sasl("sasl.mechanism", "GSSAPI"), "sasl.jaas.config", "who logs in")
}

const writtenConf = `# a comment
includedir /nowhere/krb5.conf.d
module /usr/lib/some.so:init
[logging]
 default = FILE:/var/log/krb5libs.log

[libdefaults]
    default_realm = EXAMPLE.ORG
    dns_canonicalize_hostname = fallback
    dns_lookup_realm = no
    rdns = false
    ticket_lifetime = 24h
    renew_lifetime = 7d 0h 0m 0s
    clockskew = 300
    default_ccache_name = KEYRING:persistent:%{uid}
    permitted_enctypes = aes256-cts-hmac-sha1-96, aes128-cts-hmac-sha1-96 -des
    default_realm = SECOND.ORG
    EXAMPLE.ORG = {
        something = else
    }
[realms]
 EXAMPLE.ORG = {
  kdc = tcp/kdc1.example.org
  kdc = kdc2.example.org:1088
  kdc = [2001:db8::1]
  kdc = https://proxy.example.org/KdcProxy
  admin_server = kdc1.example.org
  auth_to_local = RULE:[2:$1@$0](.*@EXAMPLE.ORG)s/@.*//
  auth_to_local_names = {
    root = kafka
  }
 }
 ONE.LINE = { kdc = kdc.one.line }
[domain_realm]
 .example.org = EXAMPLE.ORG
`

const readConf = `[libdefaults]
  default_realm = EXAMPLE.ORG
  dns_lookup_realm = false
  rdns = false
  ticket_lifetime = 86400s
  renew_lifetime = 604800s
  clockskew = 300s
  permitted_enctypes = aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96
  udp_preference_limit = 1
[realms]
  OTHER.ORG = {
    kdc = kdc.other.org:88
  }
  EXAMPLE.ORG = {
    kdc = kdc3.example.org:88
    kdc = kdc1.example.org:88
    kdc = kdc2.example.org:1088
    kdc = [2001:db8::1]:88
    admin_server = kdc1.example.org
  }
  ONE.LINE = {
    kdc = kdc.one.line:88
  }
[domain_realm]
  .example.org = EXAMPLE.ORG
`

// What MIT's and Java's libraries take and gokrb5 does not, is written so that it
// does.
func TestKrb5Conf(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "more.conf"), []byte("[realms]\n OTHER.ORG = {\n  kdc = kdc.other.org\n }\n EXAMPLE.ORG = {\n  kdc = kdc3.example.org\n }\n"))
	write(t, filepath.Join(dir, "more.conf.rpmnew~"), []byte("[realms]\n NOT.READ = {\n  kdc = x\n }\n"))
	text := "includedir " + dir + "\n" + writtenConf
	path := write(t, filepath.Join(t.TempDir(), "krb5.conf"), []byte(text))
	c := krb("java.security.krb5.conf", path)
	delete(c.Properties, "java.security.krb5.realm")
	delete(c.Properties, "java.security.krb5.kdc")
	r, findings := taken(t, c)
	if d := cmp.Diff(readConf, r.Kerberos.Config); d != "" {
		t.Error(d)
	}
	if len(r.Files) != 3 { // the file, the folder, and what is in it
		t.Error(r.Files)
	}
	if f := finding(t, findings, "java.security.krb5.conf"); !strings.Contains(f.Text, "web server") {
		t.Error(f)
	}
	// The two fields go before the file.
	c.Properties["java.security.krb5.realm"], c.Properties["java.security.krb5.kdc"] = "ONE.LINE", "a:b"
	r, _ = taken(t, c)
	if !strings.Contains(r.Kerberos.Config, "default_realm = ONE.LINE") || !strings.Contains(r.Kerberos.Config, "ONE.LINE = {\n    kdc = a:88\n    kdc = b:88\n  }") {
		t.Error(r.Kerberos.Config)
	}
	// KDCs that are nowhere are looked for in DNS.
	c = krb("java.security.krb5.conf", "upload:krb5.conf")
	delete(c.Properties, "java.security.krb5.realm")
	delete(c.Properties, "java.security.krb5.kdc")
	c.Files["krb5.conf"] = []byte("[libdefaults]\n default_realm = X.ORG\n")
	r, findings = taken(t, c)
	if !strings.Contains(r.Kerberos.Config, "dns_lookup_kdc = true") || !strings.Contains(finding(t, findings, "java.security.krb5.conf").Text, "DNS") {
		t.Error(r.Kerberos.Config)
	}
}

// The keys of a keytab are listed with their age: one for each principal, the newest.
func TestEndingsOfAKeytab(t *testing.T) {
	c := krb("transactional.id", "mine")
	got := Endings(c)
	if len(got) != 0 {
		t.Errorf("a connection that cannot be used has %v", got)
	}
	entry := func(name string, made uint32, version byte) []byte {
		e := binary.BigEndian.AppendUint16(nil, 1)
		for _, word := range []string{"B", name} {
			e = append(binary.BigEndian.AppendUint16(e, uint16(len(word))), word...)
		}
		e = binary.BigEndian.AppendUint32(e, 1)
		e = append(binary.BigEndian.AppendUint32(e, made), version, 0, 18, 0, 0)
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(e))), e...)
	}
	read, err := kerberos.ReadKeytab(slices.Concat([]byte{5, 2}, entry("a", 1_700_000_000, 2), entry("b", 1_600_000_000, 1), entry("a", 1_750_000_000, 3)))
	if err != nil {
		t.Fatal(err)
	}
	keys := kerberos.Keys("sasl.kerberos.keytab", read)
	if len(keys) != 2 || keys[0].What != "a@B" || keys[0].Version != 3 || keys[0].Made.Unix() != 1_750_000_000 || keys[1].What != "b@B" {
		t.Errorf("the keys are %+v", keys)
	}
}
