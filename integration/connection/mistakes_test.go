package connection

import (
	"testing"

	"urncast/producer/kafka/trial"

	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig"
	"urncast/producer/connection"
)

// A mistake is one faulty set-up on which a connection test is run.
type mistake struct {
	area       string
	what       string // what is faulty, in the first column of the table
	properties map[string]string
	step       string // the step that must report it
	// change changes what the test is asked for.
	change func(*connection.Test)
	client trial.Client
	// silent is set if nothing answers, so that the fault shows only at a time limit.
	silent bool
}

// mistakes returns the rows of docs/troubleshooting.md, from one function for each area.
func (w *wrong) mistakes(t *testing.T) (all []mistake) {
	for _, area := range []struct {
		name string
		rows []mistake
	}{
		{"Properties", w.ofProperties(t)},
		{"Servers and network", w.ofServers(t)},
		{"security.protocol", w.ofProtocol()},
		{"TLS", w.ofTLS(t)},
		{"Login", w.ofLogin(t)},
		{"Kerberos", w.ofKerberos(t)},
		{"Cluster", w.ofCluster(t)},
		{"Topic", w.ofTopics(t)},
		{"Rights", w.ofRights()},
		{"Transactions and limits", w.ofTransactions(t)},
	} {
		for _, row := range area.rows {
			row.area = area.name
			all = append(all, row)
		}
	}
	return all
}

// wrong is the environment of the mistakes: a broker with low limits, and a KDC.
type wrong struct {
	*secured
	kdc *rig.KDC
}

func newWrong(t *testing.T) *wrong {
	kdc := rig.StartKDC(t)
	return &wrong{newSecuredBy(t, kdc, "message.max.bytes=1500000", "socket.request.max.bytes=3000000",
		"transaction.max.timeout.ms=30000"), kdc}
}

// as returns the properties of a user over SASL without TLS.
func (w *wrong) as(user string) map[string]string {
	return w.jaas(rig.SASL, "SASL_PLAINTEXT", "SCRAM-SHA-256", user, password)
}

func with(p map[string]string, pairs ...string) map[string]string {
	for i := 0; i < len(pairs); i += 2 {
		p[pairs[i]] = pairs[i+1]
	}
	return p
}

func servers(list string) map[string]string { return map[string]string{"bootstrap.servers": list} }

func (w *wrong) ofProperties(t *testing.T) []mistake {
	return []mistake{
		{what: "no bootstrap.servers", properties: map[string]string{"client.id": "urncast"}, step: "properties"},
		{what: "an interceptor", properties: with(w.as("good"), "interceptor.classes", "com.example.Encrypting"),
			step: "properties"},
		{what: "a transactional.id set by hand", properties: with(w.as("good"), "transactional.id", "mine"), step: "properties"},
		{what: "a misspelt property", properties: with(w.as("good"), "sasl.mechansim", "PLAIN"), step: "properties"},
		{what: "text where a number is expected", properties: with(w.as("good"), "max.request.size", "1 MB"), step: "properties"},
		{what: "sasl.jaas.config without its semicolon", properties: with(w.as("good"), "sasl.jaas.config",
			"org.apache.kafka.common.security.scram.ScramLoginModule required username=\"good\" password=\"x\""), step: "properties"},
		{what: "a truststore file that does not exist", properties: with(w.tls(rig.TLS), "ssl.truststore.location",
			"/nowhere/truststore.jks"), step: "properties"},
		{what: "a keystore with the wrong password", properties: with(w.tls(rig.MutualTLS), "ssl.keystore.type", "PKCS12",
			"ssl.keystore.location", w.authority.Issue(t, rig.Subject{Name: "good"}).KeyStore(t,
				"PKCS12"), "ssl.keystore.password", "wrong"), step: "properties"},
	}
}

func (w *wrong) ofProtocol() []mistake {
	at := func(p map[string]string, l rig.Listener) map[string]string {
		return with(p, "bootstrap.servers", w.kafka.Address(l))
	}
	plain := func() map[string]string { return servers(w.kafka.Bootstrap()) }
	return []mistake{
		{what: "PLAINTEXT to an SSL listener", properties: at(plain(), rig.TLS), step: "kafka"},
		{what: "PLAINTEXT to a SASL_SSL listener", properties: at(plain(), rig.SASLTLS), step: "kafka"},
		{what: "PLAINTEXT to a SASL_PLAINTEXT listener", properties: at(plain(), rig.SASL), step: "authenticate"},
		{what: "SSL to a PLAINTEXT listener", properties: with(w.tls(rig.TLS), "bootstrap.servers",
			w.kafka.Bootstrap()), step: "tls"},
		{what: "SSL to a SASL_SSL listener", properties: w.tls(rig.SASLTLS), step: "authenticate"},
		{what: "SASL_PLAINTEXT to a SASL_SSL listener", properties: at(w.as("good"), rig.SASLTLS), step: "kafka"},
		{what: "SASL_PLAINTEXT to a PLAINTEXT listener", properties: with(w.as("good"), "bootstrap.servers",
			w.kafka.Bootstrap()), step: "authenticate"},
		{what: "SASL_SSL to a SASL_PLAINTEXT listener", properties: w.jaas(rig.SASL, "SASL_SSL", "PLAIN", "good",
			password), step: "tls"},
		{what: "SASL_SSL to an SSL listener", properties: w.jaas(rig.TLS, "SASL_SSL", "PLAIN", "good", password),
			step: "authenticate"},
	}
}

func (w *wrong) ofRights() []mistake {
	create := trial.Client{CreateTopic: true}
	another := func(asked *connection.Test) { asked.Topic = "structures.new" }
	return []mistake{
		{what: "no right on the topic at all", properties: w.as("nothing"), step: "rights-describe"},
		{what: "no WRITE on the topic", properties: w.as("reader"), step: "rights-write"},
		{what: "no READ on the topic", properties: w.as("writer"), step: "rights-read"},
		{what: "no right on transactional ids", properties: w.as("notransactions"), step: "rights-transactional-id"},
		{what: "only DESCRIBE on transactional ids", properties: w.as("denied"), step: "rights-transactional-id"},
		{what: "a right on one literal transactional id", properties: w.as("literal"), step: "rights-transactional-id"},
		{what: "a topic to be created, without the right CREATE", properties: w.as("good"), step: "rights-create",
			client: create, change: another},
		{what: "a scratch topic to be created, without the right CREATE", properties: w.as("writer"), step: "transaction-commit",
			change: func(asked *connection.Test) {
				asked.Scratch, asked.MakeScratch = "elsewhere", true
			}},
	}
}

func (w *wrong) ofTopics(t *testing.T) []mistake {
	k := w.kafka
	structures(t, k, "replicas", "min.insync.replicas=2")
	k.CreateTopic(t, "deleting", "cleanup.policy=delete")
	k.CreateTopic(t, "early", "cleanup.policy=compact")
	structures(t, k, "small", "max.message.bytes=400000")
	partitioned(t, k, "three")
	row := func(what, topic string) mistake {
		return mistake{what: what, properties: with(servers(k.Bootstrap()), "max.request.size", "500000"), step: "topic",
			change: func(asked *connection.Test) { asked.Topic = topic }}
	}
	return []mistake{
		row("the topic does not exist", "missing"),
		row("a name that no topic can have", "structures/1"),
		row("min.insync.replicas above the number of replicas", "replicas"),
		row("cleanup.policy=delete", "deleting"),
		row("min.compaction.lag.ms=0", "early"),
		row("more than one partition", "three"),
		row("max.message.bytes of the topic below max.request.size", "small"),
	}
}

func (w *wrong) ofTransactions(t *testing.T) []mistake {
	structures(t, w.kafka, "limited", "max.message.bytes=300000")
	structures(t, w.kafka, "segmented", "segment.bytes=1048576")
	bytes := func(n int) func(*connection.Test) {
		return func(asked *connection.Test) { asked.Bytes = n }
	}
	plain := func() map[string]string { return servers(w.kafka.Bootstrap()) }
	w.kafka.Grant(t, rig.TopicRight("writer", "limited", kmsg.ACLOperationWrite))
	limited := func(asked *connection.Test) { asked.Topic, asked.Bytes = "limited", 1_000_000 }
	return []mistake{
		{what: "the broker's transaction.max.timeout.ms below 15 minutes", properties: plain(),
			step: "rights-transactional-id"},
		{what: "a scratch topic that does not exist", properties: plain(), step: "transaction-commit",
			change: func(asked *connection.Test) { asked.Scratch = "scratch.missing" }},
		{what: "the topic itself as the scratch topic", properties: plain(), step: "transaction-commit",
			change: func(asked *connection.Test) { asked.Scratch = asked.Topic }},
		{what: "a message above max.request.size", properties: with(plain(), "max.request.size", "700000"),
			step: "large-message", change: bytes(1_000_000)},
		{what: "a message above the topic's max.message.bytes", properties: plain(), step: "large-message",
			change: limited},
		{what: "the same, without the right DESCRIBE_CONFIGS to read the limit", properties: w.as("writer"),
			step: "large-message", change: limited},
		{what: "a message above the topic's segment.bytes", properties: plain(), step: "large-message",
			change: func(asked *connection.Test) {
				asked.Topic, asked.Bytes = "segmented", 1_200_000
			}},
		{what: "a message above the broker's message.max.bytes", properties: plain(), step: "large-message",
			change: bytes(2_000_000)},
		{what: "a message above the broker's socket.request.max.bytes", properties: plain(), step: "large-message",
			change: bytes(4_000_000)},
	}
}
