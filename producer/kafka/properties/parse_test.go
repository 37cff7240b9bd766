package properties

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/table"
)

func TestParse(t *testing.T) {
	text := "# a comment\r\n! another\r\n\r\n" +
		"bootstrap.servers=a:9092,\\\r\n    b:9092\r\n" +
		"client.id : registry\n" +
		"compression.type zstd\n" +
		"client.rack\n" +
		"  sasl.jaas.config = org.apache.kafka.common.security.scram.ScramLoginModule required \\\n" +
		"      username=\"alice\" \\\n" +
		"      password=\"a\\u00e9\\\\b=c\";\n" +
		"ssl.truststore.location=C:\\\\stores\\\\trust.jks\n" +
		"\\\n# a comment, as Java has it\n" +
		"a\\ name\\=x=\\ \\tvalue\\\n"
	got, findings := Parse(text)
	want := map[string]string{
		"bootstrap.servers": "a:9092,b:9092", "client.id": "registry", "compression.type": "zstd", "client.rack": "",
		"sasl.jaas.config":        "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"alice\" password=\"aé\\b=c\";",
		"ssl.truststore.location": `C:\stores\trust.jks`, "a name=x": " \tvalue",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(findings) != 0 {
		t.Error(findings)
	}
	if l := Lines(text); l["bootstrap.servers"] != 4 || l["sasl.jaas.config"] != 9 || l["ssl.truststore.location"] != 12 {
		t.Error(l)
	}
}

// A login module that goes over several lines without backslashes is read as one value,
// and said to be; the lines of one without its end stay what they are.
func TestLoginModuleWithoutBackslashes(t *testing.T) {
	const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required"
	got, findings := Parse("security.protocol=SASL_SSL\nsasl.jaas.config=" + scram + "\n   username=\"alice\"\n   password=\"p=q\";\nclient.id=x\n")
	want := map[string]string{"security.protocol": "SASL_SSL", "client.id": "x", "sasl.jaas.config": scram + ` username="alice" password="p=q";`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(findings) != 1 || findings[0].Line != 2 || findings[0].Verdict != connection.Translated || !strings.Contains(findings[0].Text, "line 4") {
		t.Error(findings)
	}
	if strings.Contains(fmt.Sprint(findings), "p=q") {
		t.Error("the finding shows the password")
	}
	got, _ = Parse("spring.kafka.properties.sasl.jaas.config=\n" + scram + "\nusername=\"alice\";\n")
	if want := " " + scram + ` username="alice";`; strings.TrimSpace(got["sasl.jaas.config"]) != strings.TrimSpace(want) {
		t.Error(got)
	}
	for _, open := range []string{scram + "\nusername=\"alice\"\nclient.id=x;", scram + "\nusername=\"alice\"", scram + ";\nusername=\"alice\";"} {
		if got, findings := Parse("sasl.jaas.config=" + open); got["username"] == "" || len(findings) != 0 {
			t.Errorf("%q: %v %v", open, got, findings)
		}
	}
}

// What people paste that is no property is named by its line, and is no crash.
func TestParseFindings(t *testing.T) {
	for _, row := range []struct {
		text    string
		line    int
		name    string
		verdict connection.Verdict
		words   string
		value   string
	}{
		{"client.id=a\n\nclient.id=b", 3, "client.id", connection.Refused, "line 1 too, with another value", "b"},
		{"client.id=a\nclient.id=a", 2, "client.id", connection.Translated, "line 1 too", "a"},
		{"export client.id=a", 1, "client.id", connection.Translated, "export", "a"},
		{"\n-Djava.security.krb5.conf=/etc/krb5.conf", 2, "java.security.krb5.conf", connection.Translated, "-D", "/etc/krb5.conf"},
		{"client.id: \"a\"", 1, "client.id", connection.Translated, "YAML", "a"},
		{"- client.id: a", 1, "client.id", connection.Translated, "-", "a"},
		{"=a", 1, "", connection.Refused, "no name", ""},
		{"[connection]", 1, "", connection.Refused, "no property", ""},
		{"<xml>", 1, "", connection.Refused, "no property", ""},
		{"kafka", 1, "", connection.Refused, "no property", ""},
		{"client.id=\\u00g1", 1, "client.id", connection.Refused, "hexadecimal", ""},
		{"client.id=\\u1", 1, "client.id", connection.Refused, "hexadecimal", ""},
		{strings.Repeat("x", textMax+1), 1, "", connection.Refused, "more than the 1048576", ""},
		{manyProperties(propertiesMax + 2), propertiesMax + 1, "", connection.Refused, "more than 1000", ""},
	} {
		values, findings := Parse(row.text)
		if len(findings) != 1 || findings[0].Line != row.line || findings[0].Name != row.name || findings[0].Verdict != row.verdict ||
			!strings.Contains(findings[0].Text, row.words) {
			t.Errorf("%.40q: %+v", row.text, findings)
		}
		if values[row.name] != row.value {
			t.Errorf("%.40q: %q", row.text, values)
		}
	}
}

func manyProperties(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "unknown.name.%d=x\n", i)
	}
	return b.String()
}

// A text of any length is judged within a bounded time.
func TestManyProperties(t *testing.T) {
	values, _ := Parse(manyProperties(propertiesMax))
	if findings := Check(&connection.Connection{Properties: values}); len(findings) != propertiesMax+1 {
		t.Error(len(findings))
	}
	values["one.more"] = "x"
	refused(t, &connection.Connection{Properties: values}, "bootstrap.servers", "more than the 1000")
}

// Whole files as they stand in documentation: pasted, they work.
func TestPastedFiles(t *testing.T) {
	for name, row := range map[string]struct {
		text   string
		client map[string]string
	}{
		"Confluent Cloud": {`# Required connection configs for Kafka producer, consumer, and admin
bootstrap.servers=pkc-1.example.org:9092
security.protocol=SASL_SSL
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username='KEY' password='SECRET';
sasl.mechanism=PLAIN
# Required for correctness in Apache Kafka clients prior to 2.6
client.dns.lookup=use_all_dns_ips
# Best practice for higher availability in Apache Kafka clients prior to 3.0
session.timeout.ms=45000
# Best practice for Kafka producer to prevent data loss
acks=all
client.id=ccloud-java-client
schema.registry.url=https://registry.example.org
basic.auth.credentials.source=USER_INFO
basic.auth.user.info=A:B
`, map[string]string{"bootstrap.servers": "pkc-1.example.org:9092", "security.protocol": "sasl_ssl", "sasl.mechanism": "PLAIN",
			"sasl.username": "KEY", "sasl.password": "SECRET", "client.dns.lookup": "use_all_dns_ips", "client.id": "ccloud-java-client"}},
		"a registry's producer": {`bootstrap.servers = localhost:9092
acks = all
retries = 3
batch.size = 16384
linger.ms = 1
buffer.memory = 33554432
key.serializer = org.apache.kafka.common.serialization.StringSerializer
value.serializer = org.apache.kafka.common.serialization.ByteArraySerializer
max.request.size = 10485760
enable.idempotence = true
`, map[string]string{"bootstrap.servers": "localhost:9092", "retries": "3", "batch.size": "16384"}},
		"PLAIN with TLS, in the order of a console": {`security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
ssl.endpoint.identification.algorithm=
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
   username="kafka" \
   password="kafka-secret";
bootstrap.servers=broker-1:9093,broker-2:9093
`, map[string]string{"bootstrap.servers": "broker-1:9093,broker-2:9093", "security.protocol": "sasl_ssl", "sasl.mechanism": "SCRAM-SHA-512",
			"sasl.username": "kafka", "sasl.password": "kafka-secret", "ssl.endpoint.identification.algorithm": "none"}},
		"Kerberos by ticket cache or keytab": {`bootstrap.servers=broker-1:9092
security.protocol=SASL_PLAINTEXT
sasl.kerberos.service.name=kafka
sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required \
    useKeyTab=true \
    storeKey=true \
    keyTab="upload:client.keytab" \
    principal="kafka-client@EXAMPLE.COM";
java.security.krb5.realm=EXAMPLE.COM
java.security.krb5.kdc=kdc.example.com
`, map[string]string{"bootstrap.servers": "broker-1:9092"}},
	} {
		properties, findings := Parse(row.text)
		if len(findings) > 0 {
			t.Errorf("%s: %v", name, findings)
		}
		r, _, err := Resolve(&connection.Connection{Properties: properties, Files: map[string][]byte{"client.keytab": clientKeytab}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(row.client, r.Client); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// secretsOf is the text of everything that people may see.
func secretsOf(c *connection.Connection) string {
	r, findings, err := Resolve(c)
	text := fmt.Sprint(findings, err)
	if r != nil {
		text += fmt.Sprint(r.Certificates, r.Files, r.Bootstrap)
	}
	return text
}

// No finding and no error shows the value of a secret property, whatever is wrong
// with it or beside it.
func TestSecretsStaySecret(t *testing.T) {
	const planted = "PLANTED"
	var names []string
	for name := range table.Rules {
		if Secret(name) {
			names = append(names, name)
		}
	}
	names = append(names, "my.password", "schema.registry.basic.auth.user.info", "sasl.pasword", "confluent.api.key")
	if len(names) < 15 {
		t.Fatalf("only %v are secret", names)
	}
	shapes := []string{planted, planted + "\n" + planted, "upload:" + planted[:0] + "x " + planted, planted + "=" + planted, planted + " required;",
		"-----BEGIN PRIVATE KEY-----\n" + planted + "\n-----END PRIVATE KEY-----", planted + "\x00", " \"" + planted, "a.PlainLoginModule required " + planted + "=" + planted + " " + planted,
		"a.ScramLoginModule required username=u password=" + planted + ";", "a.PlainLoginModule required username=u password=p " + planted + "=x;",
		planted + "." + planted + "LoginModule required;", "a.Krb5LoginModule required useKeyTab=true keyTab=/" + "k principal=a@b storePass=" + planted + ";"}
	for _, mechanism := range append(slices.Clone(mechanisms), "") {
		for _, name := range names {
			for _, shape := range shapes {
				pairs := []string{"security.protocol", "SASL_SSL", name, shape, "sasl.username", "u", "sasl.oauthbearer.client.id", "c"}
				if mechanism != "" {
					pairs = append(pairs, "sasl.mechanism", mechanism)
				}
				for _, c := range []*connection.Connection{with(pairs...), ssl(map[string][]byte{"x": []byte(planted)}, append(pairs, "ssl.keystore.location", "upload:x")...)} {
					text := secretsOf(c)
					// The name of a class, which is no secret, is shown if it looks like one.
					if strings.Contains(strings.ReplaceAll(text, planted+"."+planted+"LoginModule", ""), planted) {
						t.Fatalf("%s=%q with %q is shown: %s", name, shape, mechanism, text)
					}
				}
				_, findings := Parse(name + "=" + strings.ReplaceAll(shape, "\n", "\\\n") + "\n" + name + "=other")
				if strings.Contains(fmt.Sprint(findings), planted) {
					t.Fatalf("%s=%q is shown: %v", name, shape, findings)
				}
			}
		}
	}
	_, findings := Parse("export sasl.password=" + planted + "\npassword " + planted + "\n" + planted + "\nsasl.password=\\u" + planted)
	if strings.Contains(fmt.Sprint(findings), planted) {
		t.Error(findings)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("a=b\\\n c\n#x\nexport d: e\n\\u0041\\ud83d\\ude00 f")
	f.Fuzz(func(t *testing.T, text string) {
		values, findings := Parse(text)
		if strings.Count(text, "\n")+strings.Count(text, "\r")+1 < len(values) {
			t.Errorf("%d properties in %q", len(values), text)
		}
		for _, f := range findings {
			if f.Line < 1 || f.Text == "" || f.Verdict == "" {
				t.Errorf("%q: %+v", text, f)
			}
		}
		Resolve(&connection.Connection{Properties: values})
		// What was read can be written, and is read again as the same.
		var b strings.Builder
		escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\f", `\f`, " ", `\ `, "=", `\=`, ":", `\:`, "#", `\#`, "!", `\!`, "-", `\-`)
		for _, name := range slices.Sorted(maps.Keys(values)) {
			b.WriteString(escape.Replace(name) + "=" + escape.Replace(values[name]) + "\n")
		}
		if again, _ := Parse(b.String()); len(text) < textMax/10 && !cmp.Equal(again, values) {
			t.Errorf("%q: %s", text, cmp.Diff(values, again))
		}
	})
}
