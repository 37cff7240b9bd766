package properties

import (
	"fmt"
	"slices"
	"strings"

	"urncast/internal/match"
)

// virtualMachineRules are names that Java programs take by -D.
var virtualMachineRules = []rule{
	{name: "javax.net.ssl.trustStore", group: javaOnly, do: same, to: "ssl.truststore.location"},
	{name: "javax.net.ssl.trustStorePassword", group: javaOnly, do: same, to: "ssl.truststore.password"},
	{name: "javax.net.ssl.trustStoreType", group: javaOnly, do: same, to: "ssl.truststore.type"},
	{name: "javax.net.ssl.keyStore", group: javaOnly, do: same, to: "ssl.keystore.location"},
	{name: "javax.net.ssl.keyStorePassword", group: javaOnly, do: same, to: "ssl.keystore.password"},
	{name: "javax.net.ssl.keyStoreType", group: javaOnly, do: same, to: "ssl.keystore.type"},
	{name: "javax.security.auth.useSubjectCredsOnly", group: javaOnly, do: none, why: machine},
	{name: "sun.security.krb5.debug", group: javaOnly, do: none, why: machine},
	{name: "sun.security.jgss.debug", group: javaOnly, do: none, why: machine},
	{name: "sun.security.krb5.rcache", group: javaOnly, do: none, why: machine},
	{name: "javax.net.debug", group: javaOnly, do: none, why: machine},
	{name: "java.net.preferIPv4Stack", group: javaOnly, do: none, why: machine + " The nearest here is " +
		"broker.address.family=v4."},
}

const machine = "It is for the Java virtual machine, and there is none here."

// retiredRules are names that older Java producers knew.
var retiredRules = []rule{
	{name: "block.on.buffer.full", group: javaOnly, do: none, why: retired},
	{name: "metadata.fetch.timeout.ms", group: javaOnly, do: none, why: retired},
	{name: "timeout.ms", group: javaOnly, do: none, why: retired},
	{name: "producer.type", group: javaOnly, do: none, why: retired},
	{name: "queue.buffering.backpressure", group: javaOnly, do: none, why: retired},
	{name: "serializer.class", group: javaOnly, do: none, why: retired},
	{name: "key.serializer.class", group: javaOnly, do: none, why: retired},
}

const retired = "Java's producer no longer has it."

// families are names that belong to other programs, by how they begin.
var families = []struct {
	prefix string
	do     action
	why    string
}{
	{"schema.registry.", none, registries},
	{"basic.auth.", none, registries},
	{"bearer.auth.", none, registries},
	{"auto.register.schemas", none, registries},
	{"use.latest.version", none, registries},
	{"use.schema.id", none, registries},
	{"normalize.schemas", none, registries},
	{"latest.compatibility.strict", none, registries},
	{"avro.", none, registries},
	{"specific.avro.reader", none, registries},
	{"json.fail.", none, registries},
	{"key.subject.name.strategy", none, registries},
	{"value.subject.name.strategy", none, registries},
	{"confluent.monitoring.interceptor.", none, "It is for Confluent's monitoring interceptor, which is a Java " +
		"class and does not run here."},
	{"unsecuredLogin", refuse, "It is an option of OAuthBearerLoginModule for tokens without signature: it belongs " +
		"into sasl.jaas.config, and into tests only."},
	{"go.", none, "It is for programs in Go that use confluent-kafka-go, as urncast does; it sets what it needs " +
		"by itself."},
	{"spring.kafka.consumer.", none, springs},
	{"spring.kafka.listener.", none, springs},
	{"spring.kafka.template.", none, springs},
	{"spring.kafka.admin.", none, springs},
	{"spring.kafka.streams.", none, springs},
	{"spring.application.", none, springs},
}

const springs = "It is a setting of Spring Boot for other things than the producer's connection."

const registries = "It is for a serializer with a schema registry; urncast writes SDMX messages, which need none."

// brokers are names of a broker's configuration; those that end in a dot or a
// hyphen stand for all that begin so.
var brokers = []string{
	"advertised.listeners", "alter.", "authorizer.", "auto.create.topics.enable", "auto.leader.rebalance.enable", "background.threads",
	"broker.heartbeat.", "broker.id", "broker.id.generation.enable", "broker.rack", "broker.session.timeout.ms", "connections.max.reauth.ms", "control.plane.",
	"controller.", "controlled.", "default.replication.factor", "delegation.token.", "delete.topic.enable", "early.start.listeners",
	"group.consumer.", "group.coordinator.", "group.initial.", "group.max.", "group.min.", "inter.broker.", "listener.name.",
	"listener.security.protocol.map", "listeners", "log.cleaner.", "log.cleanup.policy", "log.dir", "log.dirs", "log.flush.", "log.index.",
	"log.message.", "log.retention.", "log.roll.", "log.segment.", "max.connections", "max.connections.per.ip", "message.format.", "min.insync.replicas",
	"node.id", "num.io.threads", "num.network.threads", "num.partitions", "num.recovery.", "num.replica.", "offsets.", "principal.builder.class",
	"process.roles", "queued.max.requests", "quota.", "replica.", "sasl.enabled.mechanisms", "sasl.kerberos.principal.to.local.rules",
	"sasl.mechanism.controller.protocol", "sasl.mechanism.inter.broker.protocol", "sasl.server.", "socket.request.max.bytes", "socket.listen.backlog.size",
	"ssl.client.auth", "ssl.principal.mapping.rules", "super.users", "transaction.state.log.", "transaction.max.timeout.ms",
	"transaction.abort.", "transaction.remove.", "transactional.id.expiration.ms", "unclean.leader.election.enable", "zookeeper.",
	"allow.everyone.if.no.acl.found", "metadata.log.", "log.local.", "remote.log.", "cluster.id",
}

// ofBroker says whether a name is a broker's.
func ofBroker(name string) bool {
	for _, b := range brokers {
		if name == b || strings.HasSuffix(b, ".") && strings.HasPrefix(name, b) {
			return true
		}
	}
	return false
}

// find gives the rule for a name as it was written; never nil.
func find(name string) *rule {
	if r := rules[name]; r != nil {
		return r
	}
	for _, f := range families {
		if strings.HasPrefix(name, f.prefix) {
			return &rule{name: name, group: javaOnly, do: f.do, why: f.why}
		}
	}
	if ofBroker(name) {
		return &rule{name: name, do: refuse, why: "This is a property of a broker, as in broker.properties or " +
			"server.properties; what is wanted here is a client's."}
	}
	return &rule{name: name, do: refuse, why: unknown(name)}
}

// prefixes stand before the client's names in the configuration of programs
// that hold a client.
var prefixes = []string{"-D", "spring.kafka.producer.properties.", "spring.kafka.properties.", "spring.kafka.producer.", "spring.kafka.", "producer.override.",
	"kafka.producer.", "producer.", "kafka.properties.", "kafka.", "client.", "admin.", "consumer."}

// unknown is the sentence for a name that nobody knows.
func unknown(name string) string {
	for _, p := range prefixes {
		for _, n := range []string{name, plainName(name)} {
			if rest, ok := strings.CutPrefix(n, p); ok && rules[rest] != nil {
				return fmt.Sprintf("Neither Java's producer nor librdkafka has this name: write %s.", rest)
			}
		}
	}
	near := nearest(name)
	if len(near) == 0 {
		return "Neither Java's producer nor librdkafka has a property of this name: correct it, or remove the line."
	}
	return fmt.Sprintf("Neither Java's producer nor librdkafka has a property of this name. Did "+
		"you mean %s?", strings.Join(near, " or "))
}

const nameMax = 120 // longer names are compared with none

// nearest gives up to three known names that differ least from one.
func nearest(name string) []string {
	if len(name) > nameMax {
		return nil
	}
	type near struct {
		name     string
		distance int
	}
	var all []near
	plain := plainName(name)
	limit := max(1, len(name)/5)
	for known, r := range rules {
		if r.group == reading {
			continue
		}
		if d := match.Distance(plain, strings.ToLower(known)); d <= limit {
			all = append(all, near{known, d})
		}
	}
	slices.SortFunc(all, func(a, b near) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.name, b.name)
	})
	var out []string
	for _, n := range all[:min(3, len(all))] {
		if n.distance <= all[0].distance+1 {
			out = append(out, n.name)
		}
	}
	return out
}

// plainName undoes what environment variables and command lines make of a name.
func plainName(name string) string {
	return strings.NewReplacer("_", ".", "-", ".").Replace(strings.ToLower(name))
}
