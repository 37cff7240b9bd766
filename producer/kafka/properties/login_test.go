package properties

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"urncast/producer/connection"
)

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
