package properties

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"urncast/producer/connection"
)

// The shapes in which login modules stand in documentation and in people's files.
func TestJAAS(t *testing.T) {
	for _, row := range []struct {
		name, text, class string
		options           map[string]string
	}{
		{"one line", `org.apache.kafka.common.security.plain.PlainLoginModule required username='KEY' password='SECRET';`,
			"org.apache.kafka.common.security.plain.PlainLoginModule", map[string]string{"username": "KEY", "password": "SECRET"}},
		{"several lines", "com.sun.security.auth.module.Krb5LoginModule required\n  useKeyTab=true\n  storeKey=true\n" +
			"  keyTab=\"/etc/security/keytabs/kafka_client.keytab\"\n  principal=\"kafka-client-1@EXAMPLE.COM\";\n",
			"com.sun.security.auth.module.Krb5LoginModule", map[string]string{"useKeyTab": "true", "storeKey": "true",
				"keyTab": "/etc/security/keytabs/kafka_client.keytab", "principal": "kafka-client-1@EXAMPLE.COM"}},
		{"backslashes left over", "org.apache.kafka.common.security.scram.ScramLoginModule REQUIRED \\\n username=\"alice\" \\\r\n password=\"a;b=c\" ;",
			"org.apache.kafka.common.security.scram.ScramLoginModule", map[string]string{"username": "alice", "password": "a;b=c"}},
		{"a section of a file", "KafkaClient {\n  com.sun.security.auth.module.Krb5LoginModule required\n  useTicketCache=true\n  serviceName=kafka;\n};",
			"com.sun.security.auth.module.Krb5LoginModule", map[string]string{"useTicketCache": "true", "serviceName": "kafka"}},
		{"comments and escapes", "/* who\n we are */ a.PlainLoginModule required // flag\n username=\"a\\\"b\\\\c\\tq\\101\" # name\n password=\"\";",
			"a.PlainLoginModule", map[string]string{"username": "a\"b\\c\tqA", "password": ""}},
		{"no quotation marks", "a.Krb5LoginModule required keyTab=/etc/k.keytab principal=kafka/host.example.org@EXAMPLE.ORG useKeyTab = true;",
			"a.Krb5LoginModule", map[string]string{"keyTab": "/etc/k.keytab", "principal": "kafka/host.example.org@EXAMPLE.ORG", "useKeyTab": "true"}},
		{"Base64 without quotation marks", "a.PlainLoginModule required username=u password=YWJj+/==;",
			"a.PlainLoginModule", map[string]string{"username": "u", "password": "YWJj+/=="}},
	} {
		m, err := readJAAS(row.text)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if m.class != row.class || !cmp.Equal(m.options, row.options) {
			t.Errorf("%s: %s %s", row.name, m.class, cmp.Diff(row.options, m.options))
		}
	}
}

// An error names the place and what is expected, and shows nothing of the value.
func TestJAASErrors(t *testing.T) {
	const hidden = "planted"
	for _, row := range []struct{ text, words string }{
		{"", "line 1, column 1 of the value: the class of a login module is expected"},
		{"a.PlainLoginModule", "column 19 of the value: one of required, requisite, sufficient, optional is expected after the class, but the value ends"},
		{"a.PlainLoginModule username=\"planted\";", "column 20 of the value: one of required"},
		{"a.PlainLoginModule required\n username=\"u\"\n password=\"planted\"", "line 3, column 20 of the value: \";\" is expected at the end"},
		{"a.PlainLoginModule required\n password=\"planted\n;", "line 2, column 11 of the value: a quotation begins here"},
		{"a.PlainLoginModule required username \"planted\";", "column 38 of the value: \"=\" is expected after the name of an option, but there is a quoted text"},
		{"a.PlainLoginModule required password=pw planted;", "\"=\" is expected"},
		{"a.PlainLoginModule required password=;", "the value of an option is expected after \"=\""},
		{"a.PlainLoginModule required password=a password=planted;", "a second time"},
		{"a.PlainLoginModule required; b.PlainLoginModule required password=planted;", "Kafka takes one login module"},
		{"K { a.PlainLoginModule required password=planted; b.X required; };", "a second login module"},
		{"K { a.PlainLoginModule required password=planted;", "\"}\" is expected"},
		{"/* planted", "a comment begins here"},
		{"= planted", "the class of a login module is expected"},
		{strings.Repeat("x", jaasMax+1), "more than the 65536"},
	} {
		_, err := readJAAS(row.text)
		if err == nil || !strings.Contains(err.Error(), row.words) {
			t.Errorf("%q: %v", row.text[:min(80, len(row.text))], err)
		} else if strings.Contains(err.Error(), hidden) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}

func sasl(pairs ...string) *connection.Connection {
	return with(append([]string{"security.protocol", "SASL_PLAINTEXT"}, pairs...)...)
}

const plainModule = `org.apache.kafka.common.security.plain.PlainLoginModule required username="alice" password="wonder land";`

func TestPasswords(t *testing.T) {
	want := map[string]string{"bootstrap.servers": "127.0.0.1:9092", "security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN",
		"sasl.username": "alice", "sasl.password": "wonder land"}
	r, findings := taken(t, sasl("sasl.mechanism", "PLAIN", "sasl.jaas.config", plainModule))
	if d := cmp.Diff(want, r.Client); d != "" || r.Mechanism != "PLAIN" {
		t.Error(d)
	}
	if f := finding(t, findings, "sasl.jaas.config"); f.Verdict != connection.Translated || !cmp.Equal(f.Becomes, []string{"sasl.username", "sasl.password"}) {
		t.Error(f)
	}
	want["sasl.mechanism"] = "SCRAM-SHA-512"
	r, _ = taken(t, sasl("sasl.mechanisms", "scram-sha-512", "sasl.username", "alice", "sasl.password", "wonder land"))
	if d := cmp.Diff(want, r.Client); d != "" {
		t.Error(d)
	}
	refused(t, sasl("sasl.mechanism", "SCRAM-SHA-256", "sasl.jaas.config", plainModule), "sasl.jaas.config", "PlainLoginModule", "SCRAM-SHA-256")
	refused(t, sasl("sasl.jaas.config", plainModule), "sasl.jaas.config", "GSSAPI", "add sasl.mechanism=PLAIN")
	refused(t, sasl("sasl.mechanism", "PLAIN", "sasl.jaas.config", plainModule, "sasl.username", "bob"), "sasl.username", "keep one")
	refused(t, sasl("sasl.mechanism", "PLAIN"), "sasl.jaas.config", "username", "sasl.username")
	refused(t, sasl("sasl.mechanism", "PLAIN", "sasl.username", "a"), "sasl.jaas.config")
	refused(t, sasl("sasl.mechanism", "PLAIN", "sasl.jaas.config", `a.PlainLoginModule required username="a";`), "sasl.jaas.config", "password is missing")
	refused(t, sasl("sasl.mechanism", "SCRAM-SHA-256", "sasl.jaas.config", `a.ScramLoginModule required username="a" password="b" tokenauth=true;`),
		"sasl.jaas.config", "delegation token")
	refused(t, sasl("sasl.mechanism", "SCRAM-SHA-1"), "sasl.mechanism", "GSSAPI")
	refused(t, sasl("sasl.mechanism", "PLAIN", "sasl.jaas.config", "com.ibm.security.auth.module.Krb5LoginModule required useDefaultCcache=true;"),
		"sasl.jaas.config", "IBM")
	refused(t, sasl("sasl.mechanism", "PLAIN", "sasl.jaas.config", "io.strimzi.kafka.oauth.OAuthSomeLoginModule required;"),
		"sasl.jaas.config", "io.strimzi.kafka.oauth.OAuthSomeLoginModule", "OAuthBearerLoginModule")
}

func oauthOf(pairs ...string) *connection.Connection {
	return sasl(append([]string{"sasl.mechanism", "OAUTHBEARER", "sasl.oauthbearer.token.endpoint.url", "https://id.example.org/token"}, pairs...)...)
}

func TestOAuth(t *testing.T) {
	const module = `org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId="c+1" clientSecret="s&1" scope="kafka"
		extension_logicalCluster="lkc-1" extension_identityPoolId="pool-1";`
	r, findings := taken(t, oauthOf("sasl.jaas.config", module,
		"sasl.login.callback.handler.class", "org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerLoginCallbackHandler"))
	want := map[string]string{"bootstrap.servers": "127.0.0.1:9092", "security.protocol": "sasl_plaintext", "sasl.mechanism": "OAUTHBEARER",
		"sasl.oauthbearer.method": "oidc", "sasl.oauthbearer.token.endpoint.url": "https://id.example.org/token",
		"sasl.oauthbearer.client.id": "c+1", "sasl.oauthbearer.client.secret": "s&1", "sasl.oauthbearer.scope": "kafka",
		"sasl.oauthbearer.extensions": "identityPoolId=pool-1,logicalCluster=lkc-1"}
	if d := cmp.Diff(want, r.Client); d != "" {
		t.Error(d)
	}
	if f := finding(t, findings, "sasl.login.callback.handler.class"); f.Verdict != connection.WithoutEffect {
		t.Error(f)
	}
	r, _ = taken(t, oauthOf("sasl.oauthbearer.client.credentials.client.id", "c+1", "sasl.oauthbearer.client.credentials.client.secret", "s&1",
		"sasl.oauthbearer.header.urlencode", "true"))
	if r.Client["sasl.oauthbearer.client.id"] != "c%2B1" || r.Client["sasl.oauthbearer.client.secret"] != "s%261" {
		t.Error(r.Client)
	}
	refused(t, sasl("sasl.mechanism", "OAUTHBEARER", "sasl.jaas.config", module), "sasl.oauthbearer.token.endpoint.url", "write the address")
	refused(t, oauthOf("sasl.jaas.config", `a.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="admin";`), "sasl.jaas.config", "without a signature")
	refused(t, oauthOf(), "sasl.oauthbearer.client.id", "missing")
	refused(t, oauthOf("sasl.login.callback.handler.class", "com.example.Handler"), "sasl.login.callback.handler.class", "Java class")
	refused(t, oauthOf("sasl.oauthbearer.token.endpoint.url", "file:///tmp/token"), "sasl.oauthbearer.token.endpoint.url", "file")
	refused(t, oauthOf("sasl.oauthbearer.token.endpoint.url", "https://u:planted@id.example.org/"), "sasl.oauthbearer.token.endpoint.url", "never shown")
	refused(t, oauthOf("sasl.oauthbearer.method", "default"), "sasl.oauthbearer.method", "oidc")
	r, findings = taken(t, sasl("sasl.mechanism", "OAUTHBEARER", "enable.sasl.oauthbearer.unsecure.jwt", "true", "sasl.oauthbearer.config", "principal=admin"))
	if r.Client["enable.sasl.oauthbearer.unsecure.jwt"] != "true" || r.Client["sasl.oauthbearer.method"] != "" {
		t.Error(r.Client)
	}
	if f := finding(t, findings, "enable.sasl.oauthbearer.unsecure.jwt"); !strings.Contains(f.Text, "tests") {
		t.Error(f)
	}
}

func TestOAuthAssertions(t *testing.T) {
	const retriever = "org.apache.kafka.common.security.oauthbearer.JwtBearerJwtRetriever"
	c := oauthOf("sasl.oauthbearer.jwt.retriever.class", retriever, "sasl.oauthbearer.assertion.private.key.file", "upload:key.pem",
		"sasl.oauthbearer.assertion.private.key.passphrase", "opens", "sasl.oauthbearer.assertion.claim.sub", "me", "sasl.oauthbearer.assertion.algorithm", "RS256")
	c.Files["key.pem"] = newPair(t, "me").encryptedKey(t, "opens")
	r, _ := taken(t, c)
	if r.Client["sasl.oauthbearer.grant.type"] != bearer || r.Client["sasl.oauthbearer.assertion.claim.sub"] != "me" ||
		!strings.HasPrefix(r.Client["sasl.oauthbearer.assertion.private.key.pem"], "-----BEGIN PRIVATE KEY-----") {
		t.Error(r.Client)
	}
	c.Properties["sasl.oauthbearer.assertion.private.key.passphrase"] = "opens not"
	refused(t, c, "sasl.oauthbearer.assertion.private.key.file", "password of the key is wrong")
	delete(c.Properties, "sasl.oauthbearer.assertion.private.key.file")
	refused(t, c, "sasl.oauthbearer.assertion.private.key.file", "needs a key")
	file := write(t, filepath.Join(t.TempDir(), "assertion.jwt"), []byte("a.b.c"))
	r, _ = taken(t, oauthOf("sasl.oauthbearer.grant.type", bearer, "sasl.oauthbearer.assertion.file", file))
	if r.Client["sasl.oauthbearer.assertion.file"] != file || !cmp.Equal(r.Files, []string{file}) {
		t.Error(r.Client, r.Files)
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
}

func FuzzJAAS(f *testing.F) {
	f.Add(plainModule)
	f.Add("KafkaClient { a.Krb5LoginModule required useKeyTab=true keyTab='k' /* c */; };")
	f.Add("a.B required x=\"\\")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := readJAAS(text)
		if err != nil {
			return
		}
		if m.class == "" || len(m.options) > optionsMax {
			t.Errorf("%+v", m)
		}
		// What was read can be written, and is read again as the same.
		var b strings.Builder
		b.WriteString(m.class + " required")
		for _, name := range sortedKeys(m.options) {
			quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`)
			b.WriteString(` "` + quoted.Replace(name) + `"="` + quoted.Replace(m.options[name]) + `"`)
		}
		again, err := readJAAS(b.String() + ";")
		if err != nil || !cmp.Equal(again.options, m.options) {
			t.Errorf("%q was read as %v, and %q as %v: %v", text, m.options, b.String(), again, err)
		}
	})
}
