package properties

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/table"
)

// with is a connection to one server, with more properties as name and value.
func with(pairs ...string) *connection.Connection {
	c := &connection.Connection{Name: "test", Properties: map[string]string{"bootstrap.servers": "127.0.0.1:9092"}, Files: map[string][]byte{}}
	for i := 0; i < len(pairs); i += 2 {
		c.Properties[pairs[i]] = pairs[i+1]
	}
	return c
}

// finding gives the one on a name.
func finding(t *testing.T, findings []connection.Finding, name string) connection.Finding {
	t.Helper()
	i := slices.IndexFunc(findings, func(f connection.Finding) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("no finding on %s in %v", name, findings)
	}
	return findings[i]
}

// refused resolves a connection that must be refused because of one property, in
// a sentence with these words.
func refused(t *testing.T, c *connection.Connection, name string, words ...string) {
	t.Helper()
	r, findings, err := Resolve(c)
	if err == nil || r != nil {
		t.Errorf("%v was taken", c.Properties)
		return
	}
	f := finding(t, findings, name)
	if f.Verdict != connection.Refused {
		t.Errorf("%s is %s: %s", name, f.Verdict, f.Text)
	}
	for _, w := range words {
		if !strings.Contains(f.Text, w) {
			t.Errorf("the refusal of %s does not say %q: %s", name, w, f.Text)
		}
	}
	if !strings.Contains(err.Error(), f.Text) {
		t.Errorf("the error does not say why %s is refused: %v", name, err)
	}
}

// taken resolves a connection that must be taken.
func taken(t *testing.T, c *connection.Connection) (*Resolved, []connection.Finding) {
	t.Helper()
	r, findings, err := Resolve(c)
	if err != nil {
		t.Fatal(err)
	}
	return r, findings
}

// What the promises rest on counts as urncast has it, whatever a pasted file says: the
// finding tells the value and the promise, and nothing is refused for it.
func TestPropertiesThatPromisesRestOn(t *testing.T) {
	for _, row := range []struct{ name, other, taken, promise, fine string }{
		{"acks", "1", "all", "P4", "all"},
		{"acks", "0", "all", "P4", "-1"},
		{"request.required.acks", "1", "all", "P4", "-1"},
		{"enable.idempotence", "false", "true", "P3", "true"},
		{"transaction.two.phase.commit.enable", "true", "false", "P3", "false"},
		{"retry.backoff.ms", "500", "1000", "P3", "1000"},
		{"retry.backoff.ms", "100", "1000", "P3", ""},
		{"retry.backoff.max.ms", "10000", "1000", "P3", "1000"},
		{"isolation.level", "read_uncommitted", "read_committed", "P3", "read_committed"},
		{"enable.partition.eof", "false", "true", "P3", "true"},
		{"enable.auto.commit", "true", "false", "P3", "false"},
		{"auto.offset.reset", "earliest", "error", "P3", "error"},
		{"delivery.report.only.error", "true", "false", "P4", "false"},
		{"queuing.strategy", "lifo", "fifo", "P2", "fifo"},
		{"api.version.request", "false", "true", "P1", "true"},
		{"api.version.fallback.ms", "1200000", "0", "P1", "0"},
		{"internal.termination.signal", "29", "0", "end the process", "0"},
	} {
		r, findings := taken(t, with(row.name, row.other))
		f := finding(t, findings, row.name)
		if f.Verdict != connection.Translated || !strings.Contains(f.Text, "taken as "+row.taken+".") || !strings.Contains(f.Text, row.promise) {
			t.Errorf("%s=%s: %v", row.name, row.other, f)
		}
		if r.Client[row.name] != "" {
			t.Errorf("%s=%s is handed on: %v", row.name, row.other, r.Client)
		}
		if row.fine == "" {
			continue
		}
		r, findings = taken(t, with(row.name, row.fine))
		if f := finding(t, findings, row.name); f.Verdict != connection.WithoutEffect || r.Client[row.name] != "" {
			t.Errorf("%s=%s: %v, %v", row.name, row.fine, f, r.Client)
		}
	}
}

// A number that would break a promise is brought to the nearest that does not.
func TestNumbersThatPromisesRestOn(t *testing.T) {
	for _, row := range []struct{ name, written, taken, promise string }{
		{"retries", "0", "", "P3"},
		{"max.in.flight.requests.per.connection", "6", "5", "P2"},
		{"max.in.flight", "1000000", "5", "P3"},
		{"receive.message.max.bytes", "1000", "52429312", "P3"},
	} {
		r, findings := taken(t, with(row.name, row.written))
		if f := finding(t, findings, row.name); f.Verdict != connection.Translated || !strings.Contains(f.Text, row.promise) || !strings.Contains(f.Text, "taken as") {
			t.Errorf("%s=%s: %v", row.name, row.written, f)
		}
		if got := r.Client[table.Canonical(row.name)]; got != row.taken {
			t.Errorf("%s=%s is handed on as %q", row.name, row.written, got)
		}
	}
}

// What cannot be carried over, and would be missed, is refused with what to do.
func TestPropertiesThatCannotBeCarriedOver(t *testing.T) {
	for _, row := range []struct{ name, bad, words, fine string }{
		{"transactional.id", "mine", "transaction prefix", ""},
		{"interceptor.classes", "com.example.Encrypting", "P3", "io.confluent.monitoring.clients.interceptor.MonitoringProducerInterceptor"},
		{"plugin.library.paths", "monitoring", "P3", ""},
	} {
		refused(t, with(row.name, row.bad), row.name, row.words)
		if row.fine != "" {
			if _, findings := taken(t, with(row.name, row.fine)); finding(t, findings, row.name).Verdict != connection.WithoutEffect {
				t.Errorf("%s=%s: %v", row.name, row.fine, findings)
			}
		}
	}
}

func TestVerdicts(t *testing.T) {
	for _, row := range []struct {
		name, value string
		verdict     connection.Verdict
		client      map[string]string // besides the servers
	}{
		{"client.id", "registry", connection.Taken, map[string]string{"client.id": "registry"}},
		{"compression.type", "ZSTD", connection.Taken, map[string]string{"compression.type": "zstd"}},
		{"compression.codec", "lz4", connection.Translated, map[string]string{"compression.type": "lz4"}},
		{"batch.size", "16384", connection.Taken, map[string]string{"batch.size": "16384"}},
		{"batch.size", "0", connection.Translated, map[string]string{"batch.size": "1"}},
		{"linger.ms", "5", connection.WithoutEffect, nil},
		{"delivery.timeout.ms", "120000", connection.WithoutEffect, nil},
		{"transaction.timeout.ms", "60000", connection.WithoutEffect, nil},
		{"group.id", "g", connection.WithoutEffect, nil},
		{"go.delivery.reports", "true", connection.WithoutEffect, nil},
		{"message.timeout.ms", "120000", connection.WithoutEffect, nil},
		{"buffer.memory", "33554432", connection.WithoutEffect, nil},
		{"max.block.ms", "60000", connection.WithoutEffect, nil},
		{"key.serializer", "org.apache.kafka.common.serialization.StringSerializer", connection.WithoutEffect, nil},
		{"partitioner.class", "com.example.P", connection.WithoutEffect, nil},
		{"metric.reporters", "com.example.R", connection.WithoutEffect, nil},
		{"retries", "2147483647", connection.Taken, map[string]string{"retries": "2147483647"}},
		{"max.in.flight.requests.per.connection", "5", connection.Taken, map[string]string{"max.in.flight.requests.per.connection": "5"}},
		{"send.buffer.bytes", "131072", connection.Translated, map[string]string{"socket.send.buffer.bytes": "131072"}},
		{"receive.buffer.bytes", "-1", connection.Translated, map[string]string{"socket.receive.buffer.bytes": "0"}},
		{"request.timeout.ms", "30000", connection.Translated, map[string]string{"socket.timeout.ms": "30000", "request.timeout.ms": "30000"}},
		{"metadata.max.age.ms", "300000", connection.Translated, map[string]string{"topic.metadata.refresh.interval.ms": "300000"}},
		{"connections.max.idle.ms", "-1", connection.Taken, map[string]string{"connections.max.idle.ms": "0"}},
		{"client.dns.lookup", "default", connection.Taken, map[string]string{"client.dns.lookup": "use_all_dns_ips"}},
		{"reconnect.backoff.ms", "20000", connection.Taken, map[string]string{"reconnect.backoff.ms": "20000", "reconnect.backoff.max.ms": "20000"}},
		{"socket.connection.setup.timeout.ms", "500", connection.Translated, map[string]string{"socket.connection.setup.timeout.ms": "1000"}},
		{"metadata.recovery.strategy", "REBOOTSTRAP", connection.Taken, map[string]string{"metadata.recovery.strategy": "rebootstrap"}},
		{"security.protocol", "PLAINTEXT", connection.Taken, map[string]string{"security.protocol": "plaintext"}},
		{"session.timeout.ms", "45000", connection.WithoutEffect, nil},
		{"schema.registry.url", "https://registry.example.org", connection.WithoutEffect, nil},
		{"basic.auth.user.info", "a:b", connection.WithoutEffect, nil},
		{"javax.security.auth.useSubjectCredsOnly", "false", connection.WithoutEffect, nil},
		{"sasl.mechanism", "PLAIN", connection.WithoutEffect, nil},
		{"ssl.truststore.location", "/nowhere", connection.WithoutEffect, nil},
		{"debug", "security,broker", connection.Taken, map[string]string{"debug": "security,broker"}},
		{"client.rack", "", connection.WithoutEffect, nil},
	} {
		r, findings := taken(t, with(row.name, row.value))
		if f := finding(t, findings, row.name); f.Verdict != row.verdict || f.Verdict != connection.Taken && f.Text == "" && len(f.Becomes) == 0 {
			t.Errorf("%s=%s is %s (%v, %s), not %s", row.name, row.value, f.Verdict, f.Becomes, f.Text, row.verdict)
		}
		delete(r.Client, "bootstrap.servers")
		if !maps.Equal(r.Client, row.client) {
			t.Errorf("%s=%s: %s", row.name, row.value, cmp.Diff(row.client, r.Client))
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, row := range []struct{ name, value, words string }{
		{"compression.type", "brotli", "none, gzip, snappy, lz4, zstd"},
		{"batch.size", "many", "whole number"},
		{"enable.metrics.push", "maybe", "neither true nor false"},
		{"socket.timeout.ms", "5", "10 to 300000"},
		{"debug", "everything", "none of its values"},
		{"dr_cb", "f", "function"},
		{"opaque", "1", "pointer"},
		{"ssl_key", "x", "ssl.keystore.key"},
		{"security.protocol", "TLS", "sasl_ssl"},
		{"java.security.auth.login.config", "/etc/jaas.conf", "sasl.jaas.config"},
		{"listeners", "PLAINTEXT://:9092", "broker"},
		{"log.dirs", "/var/kafka", "broker"},
		{"bootstrap.server", "a:1", "bootstrap.servers"},
		{"bootstrap_servers", "a:1", "bootstrap.servers"},
		{"sasl.mecanism", "PLAIN", "sasl.mechanism"},
		{"spring.kafka.producer.properties.client.id", "a", "write client.id"},
		{"KAFKA_BOOTSTRAP_SERVERS", "a:1", "write bootstrap.servers"},
		{"nothing.like.it", "a", "correct it"},
		{"max.request.size", "-1", "whole number"},
		{"security.providers", "com.example.Provider", "Java classes"},
	} {
		refused(t, with(row.name, row.value), row.name, row.words)
	}
}

func TestServers(t *testing.T) {
	r, findings := taken(t, with("bootstrap.servers", "a.example.org, SASL_SSL://b.example.org:9093 [2001:db8::1]:9092,"))
	want := []string{"a.example.org:9092", "b.example.org:9093", "[2001:db8::1]:9092"}
	if d := cmp.Diff(want, r.Bootstrap); d != "" {
		t.Error(d)
	}
	if f := finding(t, findings, "bootstrap.servers"); !strings.Contains(f.Text, "9092") || !strings.Contains(f.Text, "security.protocol") {
		t.Error(f.Text)
	}
	for _, bad := range []string{"", " , ", "a:b", "a:0", "a:70000", "2001:db8::1", "https://a:9092", "${BROKERS}:9092", "a@b:1"} {
		refused(t, with("bootstrap.servers", bad), "bootstrap.servers")
	}
	refused(t, &connection.Connection{}, "bootstrap.servers", "missing")
}

// Either name may be written; both, if they say the same.
func TestTwoNamesOfOneThing(t *testing.T) {
	r, _ := taken(t, with("metadata.broker.list", "127.0.0.1:9092", "send.buffer.bytes", "1000", "socket.send.buffer.bytes", "1000"))
	if r.Client["socket.send.buffer.bytes"] != "1000" || r.Client["metadata.broker.list"] != "" {
		t.Error(r.Client)
	}
	c := with("metadata.broker.list", "other:9092")
	refused(t, c, "metadata.broker.list", "bootstrap.servers", "two names of one thing")
	refused(t, c, "bootstrap.servers", "metadata.broker.list")
	refused(t, with("max.request.size", "1000", "message.max.bytes", "2000"), "message.max.bytes", "max.request.size")
}

func TestRequestBytes(t *testing.T) {
	for _, name := range []string{"max.request.size", "message.max.bytes"} {
		r, findings := taken(t, with(name, "2097152"))
		if r.RequestBytes != 2<<20 || r.Client["message.max.bytes"] != "" {
			t.Errorf("%s: %d, %v", name, r.RequestBytes, r.Client)
		}
		if f := finding(t, findings, name); f.Verdict != connection.Translated || !strings.Contains(f.Text, "before compression") {
			t.Error(f)
		}
	}
	if r, _ := taken(t, with("max.request.size", "2147483647")); r.RequestBytes != requestMax {
		t.Error(r.RequestBytes)
	}
}

func TestNamesWhoseMeaningDependsOnOthers(t *testing.T) {
	r, _ := taken(t, with("metadata.max.age.ms", "900000", "topic.metadata.refresh.interval.ms", "60000",
		"request.timeout.ms", "20000", "socket.timeout.ms", "40000", "compression.type", "gzip", "compression.gzip.level", "6", "compression.lz4.level", "9"))
	want := map[string]string{"bootstrap.servers": "127.0.0.1:9092", "metadata.max.age.ms": "900000", "topic.metadata.refresh.interval.ms": "60000",
		"request.timeout.ms": "20000", "socket.timeout.ms": "40000", "compression.type": "gzip", "compression.level": "6"}
	if d := cmp.Diff(want, r.Client); d != "" {
		t.Error(d)
	}
}

func write(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
