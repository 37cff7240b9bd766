package connection

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"urncast/producer/kafka/trial"

	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig"
	"urncast/producer/connection"
)

// A secured is a broker with every listener, users with different rights, and a topic on which one
// of the users has all rights.
type secured struct {
	kafka     *rig.Kafka
	authority *rig.Authority
	tokens    *rig.TokenEndpoint
	topic     string
}

// password is the password of every user.
const password = "rig-user-password"

func newSecured(t *testing.T, properties ...string) *secured {
	t.Helper()
	return newSecuredBy(t, nil, properties...)
}

// newSecuredBy starts a broker that offers GSSAPI, too, if kdc is not nil.
func newSecuredBy(t *testing.T, kdc *rig.KDC, properties ...string) *secured {
	t.Helper()
	w := &secured{authority: rig.NewAuthority(t), topic: "structures"}
	w.tokens = rig.StartTokenEndpoint(t, w.authority, map[string]string{"good": password})
	users := map[string]string{}
	for _, user := range []string{"good", "nothing", "reader", "writer", "notransactions", "literal", "denied"} {
		users[user] = password
	}
	w.kafka = rig.StartSecureKafka(t, rig.Secure{Authority: w.authority, Users: users, Tokens: w.tokens, ACLs: true,
		KDC: kdc, Properties: properties})
	structures(t, w.kafka, w.topic)
	read, write, create := kmsg.ACLOperationRead, kmsg.ACLOperationWrite, kmsg.ACLOperationCreate
	describe := kmsg.ACLOperationDescribe
	rights := []rig.Right{
		rig.TopicRight("good", w.topic, read), rig.TopicRight("good", w.topic, write),
		rig.TopicRight("good", w.topic, kmsg.ACLOperationDescribeConfigs), rig.ClusterRight("good", describe),
		rig.TransactionalRight("good", "tx-", write),
		rig.TopicRight("good", "scratch", read), rig.TopicRight("good", "scratch", write),
		rig.TopicRight("good", "scratch", create), rig.TopicRight("good", "scratch", kmsg.ACLOperationDelete),
		rig.TransactionalRight("nothing", "tx-", write),
		rig.TopicRight("reader", w.topic, read), rig.TransactionalRight("reader", "tx-", write),
		rig.TopicRight("writer", w.topic, write), rig.TransactionalRight("writer", "tx-", write),
		rig.TopicRight("notransactions", w.topic, read), rig.TopicRight("notransactions", w.topic, write),
		rig.TopicRight("literal", w.topic, read), rig.TopicRight("literal", w.topic, write),
		{User: "literal", Resource: kmsg.ACLResourceTypeTransactionalId, Name: "tx-1-1-0", Operation: write},
		rig.TopicRight("denied", w.topic, read), rig.TopicRight("denied", w.topic, write),
		rig.TransactionalRight("denied", "tx-", describe),
	}
	w.kafka.Grant(t, rights...)
	return w
}

func (w *secured) asked() connection.Test {
	return connection.Test{Topic: w.topic, Prefix: "tx", Bytes: 100_000}
}

// jaas returns the properties of a connection with SASL, written as for Java's client.
func (w *secured) jaas(listener rig.Listener, protocol, mechanism, user, password string) map[string]string {
	module := "org.apache.kafka.common.security.plain.PlainLoginModule"
	if strings.HasPrefix(mechanism, "SCRAM") {
		module = "org.apache.kafka.common.security.scram.ScramLoginModule"
	}
	p := map[string]string{"bootstrap.servers": w.kafka.Address(listener), "security.protocol": protocol,
		"sasl.mechanism":   mechanism,
		"sasl.jaas.config": fmt.Sprintf("%s required\n  username=%q\n  password=%q;", module, user, password)}
	if protocol == "SASL_SSL" {
		w.trust(p)
	}
	return p
}

func (w *secured) trust(p map[string]string) map[string]string {
	p["ssl.truststore.type"], p["ssl.truststore.location"] = "PEM", w.authority.File
	return p
}

func (w *secured) tls(listener rig.Listener) map[string]string {
	return w.trust(map[string]string{"bootstrap.servers": w.kafka.Address(listener), "security.protocol": "SSL"})
}

func (w *secured) mutual(t *testing.T, a *rig.Authority, subject rig.Subject) map[string]string {
	p := w.tls(rig.MutualTLS)
	p["ssl.keystore.type"], p["ssl.keystore.location"] = "PEM", a.Issue(t, subject).Pair
	return p
}

func (w *secured) oauth(secret string) map[string]string {
	p := w.jaas(rig.SASLTLS, "SASL_SSL", "OAUTHBEARER", "", "")
	p["sasl.oauthbearer.token.endpoint.url"] = w.tokens.HTTP
	p["sasl.jaas.config"] = fmt.Sprintf("org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId=\"good\" clientSecret=%q;", secret)
	return p
}

// Every step passes with each security protocol and mechanism, over the bootstrap listener and
// through the client library; each missing right fails the step that checks it.
func TestSecured(t *testing.T) {
	t.Parallel()
	w := newSecured(t)
	t.Run("each security", w.each)
	t.Run("refused", w.refused)
	t.Run("rights", w.rights)
}

func (w *secured) each(t *testing.T) {
	soon := "warning: expires in 0 days" // the certificates of the rig are valid for a day
	for _, c := range []struct {
		name       string
		properties map[string]string
		principal  string
		tls        bool
	}{
		{"plaintext", map[string]string{"bootstrap.servers": w.kafka.Bootstrap()}, "User:ANONYMOUS", false},
		{"tls", w.tls(rig.TLS), "User:ANONYMOUS", true},
		{"mutual tls", w.mutual(t, w.authority, rig.Subject{Name: "good"}), "User:CN=good", true},
		{"plain", w.jaas(rig.SASL, "SASL_PLAINTEXT", "PLAIN", "good", password), "User:good", false},
		{"scram 256", w.jaas(rig.SASL, "SASL_PLAINTEXT", "SCRAM-SHA-256", "good", password), "User:good", false},
		{"scram 512 over tls", w.jaas(rig.SASLTLS, "SASL_SSL", "SCRAM-SHA-512", "good", password), "User:good", true},
		{"oauthbearer", w.oauth(password), "User:good", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := w.asked()
			asked.Scratch, asked.MakeScratch = "scratch", true
			others := map[string]string{"authenticate": "passed: " + c.principal}
			if c.tls {
				others["tls"] = soon
			}
			test(t.Context(), &trial.Client{}, c.properties, asked, nil).expect(t, others)
			for _, tried := range (&trial.Client{}).Try(t.Context(), reached(c.properties)) {
				if !tried.OK || !strings.Contains(tried.Text, c.principal) {
					t.Errorf("trying %s: %s %s", tried.Server, tried.Text, tried.Cure)
				}
			}
		})
	}
}

// refused tests settings that do not get as far as the cluster: one step fails, and the steps that
// need it are not run.
func (w *secured) refused(t *testing.T) {
	other := rig.NewAuthority(t)
	mechanism := w.jaas(rig.ScramOnly, "SASL_PLAINTEXT", "PLAIN", "good", password)
	for _, c := range []struct {
		name       string
		properties map[string]string
		step       string
		words      string
	}{
		{"plaintext to tls", map[string]string{"bootstrap.servers": w.kafka.Address(rig.TLS)}, "kafka",
			"security.protocol=SSL"},
		{"tls to plaintext", w.trust(map[string]string{"bootstrap.servers": w.kafka.Bootstrap(), "security.protocol": "SSL"}), "tls", "speaks Kafka without TLS"},
		{"foreign", w.tls(rig.ForeignCert), "tls", "not trusted"},
		{"foreign, names not compared", with(w.tls(rig.ForeignCert), "ssl.endpoint.identification.algorithm", ""),
			"tls", "not trusted"},
		{"expired", w.tls(rig.Expired), "tls", "expired on"},
		{"wrong host", w.tls(rig.WrongHost), "tls", "elsewhere.example"},
		{"no client certificate", w.tls(rig.MutualTLS), "tls", "demands a client certificate"},
		{"foreign client certificate", w.mutual(t, other, rig.Subject{Name: "good"}), "tls",
			"refuses the client certificate"},
		{"wrong password", w.jaas(rig.SASL, "SASL_PLAINTEXT", "PLAIN", "good", "wrong"), "authenticate",
			"Invalid username or password"},
		{"not offered", mechanism, "authenticate", "it offers SCRAM-SHA-512"},
		{"wrong secret", w.oauth("wrong"), "authenticate", "invalid_client"},
		{"no such name", map[string]string{"bootstrap.servers": "no-such-host.invalid:9092"}, "resolve",
			"not known to DNS"},
		{"nothing listens", map[string]string{"bootstrap.servers": "127.0.0.1:1"}, "connect", "nothing listens"},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			tr := test(t.Context(), &trial.Client{}, c.properties, w.asked(), nil)
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
			others := map[string]string{}
			for i, key := range tr.order {
				if id := tr.last[key].ID; id == c.step {
					others[id] = "failed: " + c.words
					for _, after := range tr.order[i+1:] {
						others[tr.last[after].ID] = "not-run"
					}
				}
			}
			if tr.step("tls").State == connection.StepWarning {
				others["tls"] = "warning"
			}
			tr.expect(t, others)
			tried := (&trial.Client{}).Try(t.Context(), reached(c.properties))
			if len(tried) != 1 || tried[0].OK || tried[0].Text+" "+tried[0].Cure != tr.step(c.step).Finding+" "+tr.step(c.step).Cure {
				t.Errorf("trying the servers at a save returned %+v", tried)
			}
		})
	}
}

// rights tests users who each lack one right; each right has a step of its own.
func (w *secured) rights(t *testing.T) {
	unsettled := map[string]string{"transaction-commit": "not-run: No scratch topic"}
	with := func(more map[string]string) map[string]string {
		all := maps.Clone(unsettled)
		maps.Copy(all, more)
		return all
	}
	noTransactions := map[string]string{"rights-transactional-id": "failed: --transactional-id tx- --resource-pattern-type prefixed",
		"transaction-init": "not-run: rights-transactional-id", "transaction-abort": "not-run: transaction-init",
		"transaction-commit": "not-run: transaction-init", "large-message": "not-run: transaction-abort"}
	for user, others := range map[string]map[string]string{
		"nothing": with(map[string]string{"topic": "failed: may not describe",
			"rights-describe": "failed: --topic structures",
			"rights-write":    "failed: Grant WRITE", "rights-read": "failed: Grant READ", "rights-idempotent-write": "passed: Not granted, and not needed",
			"transaction-abort": "not-run: topic", "large-message": "not-run: transaction-abort"}),
		"reader": with(map[string]string{"rights-write": "failed: User:reader may not write",
			"rights-idempotent-write": "passed: not needed",
			"transaction-abort":       "not-run: rights-write", "large-message": "not-run: transaction-abort"}),
		"writer":         with(map[string]string{"rights-read": "failed: Recovery reads it back"}),
		"notransactions": noTransactions,
		"literal":        noTransactions,
		"denied":         noTransactions,
	} {
		t.Run(user, func(t *testing.T) {
			properties := w.jaas(rig.SASL, "SASL_PLAINTEXT", "SCRAM-SHA-256", user, password)
			test(t.Context(), &trial.Client{}, properties, w.asked(), nil).expect(t, others)
		})
	}
	t.Run("create", func(t *testing.T) {
		asked := w.asked()
		asked.Topic = "not-there"
		properties := w.jaas(rig.SASL, "SASL_PLAINTEXT", "SCRAM-SHA-256", "writer", password)
		refused := map[string]string{"rights-describe": "failed", "rights-write": "failed", "rights-read": "failed",
			"topic":         "failed",
			"rights-create": "failed: CREATE", "transaction-abort": "not-run: topic", "large-message": "not-run"}
		test(t.Context(), &trial.Client{CreateTopic: true}, properties, asked, nil).expect(t, with(refused))
	})
}
