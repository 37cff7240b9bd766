package properties

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"urncast/producer/connection"
)

const krb5Module = `com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true serviceName="kafka"
  keyTab="upload:client.keytab" principal="registry/host.example.org@EXAMPLE.ORG";`

// newKeytab makes a keytab with entries of these principals, and a hole.
func newKeytab(principals ...string) []byte {
	b := []byte{5, 2, 0xff, 0xff, 0xff, 0xfe, 0, 0}
	for _, p := range principals {
		name, realm, _ := strings.Cut(p, "@")
		words := append([]string{realm}, strings.Split(name, "/")...)
		entry := binary.BigEndian.AppendUint16(nil, uint16(len(words)-1))
		for _, w := range words {
			entry = append(binary.BigEndian.AppendUint16(entry, uint16(len(w))), w...)
		}
		entry = append(entry, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 18, 0, 2, 7, 7) // name type, time, version, key
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(entry))), entry...)
	}
	return append(b, 0, 0, 0, 0)
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

func TestKrb5ConfErrors(t *testing.T) {
	for text, words := range map[string]string{
		"":                                    "no section",
		"[realms\n":                           "line 1 of krb5.conf begins a section",
		"[realms]\n A = {\n kdc = b\n":        "ends a group",
		"[realms]\n A = {\n[x]\n":             "line 3",
		"[libdefaults]\n planted\n":           "line 2 of krb5.conf: an entry as name = value",
		"[realms]\n}\n":                       "did not begin",
		"include /self\n[realms]\n":           "in a circle",
		"[libdefaults]\ninclude /nowhere/x\n": "line 2 of krb5.conf includes another file",
	} {
		_, err := readKrb5(text, func(path string, _ bool) ([]string, error) {
			if path == "/self" {
				return []string{text}, nil
			}
			return nil, errors.New("it cannot be read")
		})
		if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestKrb5Durations(t *testing.T) {
	for text, want := range map[string]int{"36000": 36000, "10h": 36000, "1d": 86400, "7d0h0m0s": 604800, "10:00": 36000, "0:10:30": 630, "90m": 5400,
		"": 0, "0": 0, "x": 0, "99999999999": 0, "1:2:3:4": 0, "-5": 0} {
		d, ok := krb5Duration(text)
		if ok != (want > 0) || ok && int(d.Seconds()) != want {
			t.Errorf("%q: %v, %v", text, d, ok)
		}
	}
}

// gokrb5 splits on "=", goes by braces, and panics on a "}" that it does not
// expect: whatever is read, what is handed out has that form.
func FuzzKrb5Conf(f *testing.F) {
	f.Add("[libdefaults]\n default_realm = A\n[realms]\n A = {\n kdc = tcp/b\n x = {\n }\n }\n")
	f.Add("[realms]\nA={kdc=[::1]}\ninclude x\n[domain_realm]\n.a=B")
	f.Fuzz(func(t *testing.T, text string) {
		calls := 0
		conf, err := readKrb5(text, func(path string, folder bool) ([]string, error) {
			if calls++; calls > 2*krb5FilesMax {
				t.Fatal("includes have no end")
			}
			return []string{text}, nil
		})
		if err != nil {
			return
		}
		if hosts := kdcList(text); len(hosts) > 0 && krb5Address.MatchString(hosts[0]) {
			conf.set("A.ORG", hosts[:1])
		}
		out := conf.String()
		for i, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
			switch {
			case line == "[libdefaults]" || line == "[realms]" || line == "[domain_realm]" || line == "  }":
			case strings.Count(line, "=") != 1 || strings.ContainsAny(line, "#;}\x00\r") || strings.Contains(line, "{") && !strings.HasSuffix(line, " = {"):
				t.Errorf("line %d is %q", i+1, line)
			}
		}
		again, err := readKrb5(out, nil)
		if err != nil || again.String() != out {
			t.Errorf("%q becomes %q: %v", out, fmt.Sprint(again), err)
		}
	})
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
	read, err := ReadKeytab(slices.Concat([]byte{5, 2}, entry("a", 1_700_000_000, 2), entry("b", 1_600_000_000, 1), entry("a", 1_750_000_000, 3)))
	if err != nil {
		t.Fatal(err)
	}
	keys := keysOf("sasl.kerberos.keytab", read)
	if len(keys) != 2 || keys[0].What != "a@B" || keys[0].Version != 3 || keys[0].Made.Unix() != 1_750_000_000 || keys[1].What != "b@B" {
		t.Errorf("the keys are %+v", keys)
	}
}

// What is no keytab is told as that, and never quoted, for a damaged one holds keys.
func TestBrokenKeytabs(t *testing.T) {
	whole := newKeytab("a@B")
	whole[len(whole)-5] = 'K' // of the key
	for _, c := range []struct {
		name   string
		keytab []byte
		words  string
	}{
		{"nothing", nil, "holds no keytab"},
		{"another file", []byte("planted"), "holds no keytab"},
		{"a version to come", []byte{5, 3, 0, 0, 0, 1, 0}, "holds no keytab"},
		{"no entry", []byte{5, 2}, "damaged or cut off"},
		{"an entry that is cut off", whole[:len(whole)-7], "damaged or cut off"},
		{"an entry longer than the file", []byte("\x05\x02\x7f\xff\xff\xffplanted"), "damaged or cut off"},
		{"a key longer than its entry", []byte("\x05\x02\x00\x00\x00\x16\x00\x01\x00\x01B\x00\x01a\x00\x00\x00\x01\x00\x00\x00\x00\x01\x00\x12\x7f\xffplanted"), "damaged or cut off"},
	} {
		if _, err := ReadKeytab(c.keytab); err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: %v, want %q", c.name, err, c.words)
		}
	}
	if k, err := ReadKeytab(whole); err != nil || len(principalsOf(k)) != 1 {
		t.Errorf("a whole one: %v", err)
	}
}

func FuzzReadKeytab(f *testing.F) {
	f.Add(clientKeytab)
	f.Add([]byte{5, 1, 10, 0, 0, 0, 2, 0, 1, 0, 'B', 1, 0, 'a'})
	f.Add([]byte{5, 2, 0x80, 0, 0, 0, 1, 1, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := ReadKeytab(b)
		if (k == nil) == (err == nil) {
			t.Errorf("%v, %v", k, err)
		}
		if k != nil {
			keysOf("x", k)
		}
	})
}
