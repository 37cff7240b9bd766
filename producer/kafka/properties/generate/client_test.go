package main

import (
	"testing"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties"
)

// What a connection resolves to is taken by librdkafka itself, by a client of
// each kind that is made of it; nothing listens where they connect to.
func TestClientTakesWhatIsResolved(t *testing.T) {
	const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required username="a" password="b";`
	for name, more := range map[string]map[string]string{
		"Java's limits and times": {"max.request.size": "10485760", "request.timeout.ms": "30000", "metadata.max.age.ms": "300000", "reconnect.backoff.ms": "20000",
			"socket.connection.setup.timeout.ms": "500", "connections.max.idle.ms": "-1", "send.buffer.bytes": "-1", "retries": "3",
			"max.in.flight.requests.per.connection": "5", "compression.type": "zstd", "compression.zstd.level": "22", "batch.size": "0",
			"client.dns.lookup": "default", "metadata.recovery.strategy": "REBOOTSTRAP", "receive.message.max.bytes": "52429312"},
		"TLS": {"security.protocol": "SSL", "ssl.endpoint.identification.algorithm": "", "ssl.enabled.protocols": "TLSv1.2,TLSv1.3",
			"ssl.cipher.suites": "TLS_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
		"PLAIN":    {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.jaas.config": plain},
		"SCRAM":    {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "a", "sasl.password": "b"},
		"unsigned": {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER", "enable.sasl.oauthbearer.unsecure.jwt": "true", "sasl.oauthbearer.config": "principal=a"},
		"OIDC": {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER", "sasl.oauthbearer.token.endpoint.url": "http://127.0.0.1:1/token",
			"sasl.jaas.config": `a.OAuthBearerLoginModule required clientId="c" clientSecret="s" scope="x" extension_a="b";`},
	} {
		c := &connection.Connection{Name: name, Properties: map[string]string{"bootstrap.servers": "127.0.0.1:1"}}
		for k, v := range more {
			c.Properties[k] = v
		}
		tryClients(t, name, c)
	}
}

// Every property that may be set takes its own default.
func TestDefaultsAreTaken(t *testing.T) {
	c := &connection.Connection{Properties: map[string]string{"bootstrap.servers": "127.0.0.1:1"}}
	for _, p := range properties.Properties() {
		if p.Refused == "" && !p.Ours && p.Default != "" && p.Group != "Authentication" && p.Group != "Kerberos" && p.Group != "OAuth" {
			c.Properties[p.Name] = p.Default
		}
	}
	tryClients(t, "defaults", c)
}

func tryClients(t *testing.T, name string, c *connection.Connection) {
	t.Helper()
	r, _, err := properties.Resolve(c)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	with := func(own map[string]any) *ck.ConfigMap {
		m := ck.ConfigMap{"log_level": 0}
		for k, v := range r.Client {
			m[k] = v
		}
		for k, v := range own {
			m[k] = v
		}
		return &m
	}
	admin, err := ck.NewAdminClient(with(nil))
	if err != nil {
		t.Errorf("%s: librdkafka refuses it: %v", name, err)
		return
	}
	admin.Close()
	p, err := ck.NewProducer(with(map[string]any{"transactional.id": "tx", "enable.idempotence": true}))
	if err != nil {
		t.Errorf("%s: librdkafka's producer refuses it: %v", name, err)
		return
	}
	p.Close()
	reader, err := ck.NewConsumer(with(map[string]any{"group.id": "urncast"}))
	if err != nil {
		t.Errorf("%s: librdkafka's consumer refuses it: %v", name, err)
		return
	}
	reader.Close()
}
