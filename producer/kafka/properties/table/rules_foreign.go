package table

import (
	"fmt"
	"slices"
	"strings"

	"urncast/internal/match"
)

// virtualMachineRules are for system properties of Java, which programs take by -D.
var virtualMachineRules = []Rule{
	{Name: "javax.net.ssl.trustStore", Group: JavaOnly, Do: Same, To: "ssl.truststore.location"},
	{Name: "javax.net.ssl.trustStorePassword", Group: JavaOnly, Do: Same, To: "ssl.truststore.password"},
	{Name: "javax.net.ssl.trustStoreType", Group: JavaOnly, Do: Same, To: "ssl.truststore.type"},
	{Name: "javax.net.ssl.keyStore", Group: JavaOnly, Do: Same, To: "ssl.keystore.location"},
	{Name: "javax.net.ssl.keyStorePassword", Group: JavaOnly, Do: Same, To: "ssl.keystore.password"},
	{Name: "javax.net.ssl.keyStoreType", Group: JavaOnly, Do: Same, To: "ssl.keystore.type"},
	{Name: "javax.security.auth.useSubjectCredsOnly", Group: JavaOnly, Do: None, Why: machine},
	{Name: "sun.security.krb5.debug", Group: JavaOnly, Do: None, Why: machine},
	{Name: "sun.security.jgss.debug", Group: JavaOnly, Do: None, Why: machine},
	{Name: "sun.security.krb5.rcache", Group: JavaOnly, Do: None, Why: machine},
	{Name: "javax.net.debug", Group: JavaOnly, Do: None, Why: machine},
	{Name: "java.net.preferIPv4Stack", Group: JavaOnly, Do: None, Why: machine + " The nearest here is " +
		"broker.address.family=v4."},
}

const machine = "It is for the Java virtual machine, and there is none here."

// retiredRules are for properties of older Java producers.
var retiredRules = []Rule{
	{Name: "block.on.buffer.full", Group: JavaOnly, Do: None, Why: retired},
	{Name: "metadata.fetch.timeout.ms", Group: JavaOnly, Do: None, Why: retired},
	{Name: "timeout.ms", Group: JavaOnly, Do: None, Why: retired},
	{Name: "producer.type", Group: JavaOnly, Do: None, Why: retired},
	{Name: "queue.buffering.backpressure", Group: JavaOnly, Do: None, Why: retired},
	{Name: "serializer.class", Group: JavaOnly, Do: None, Why: retired},
	{Name: "key.serializer.class", Group: JavaOnly, Do: None, Why: retired},
}

const retired = "Java's producer no longer has it."

// families are prefixes of names that belong to other programs.
var families = []struct {
	prefix string
	Do     Action
	Why    string
}{
	{"schema.registry.", None, registries},
	{"basic.auth.", None, registries},
	{"bearer.auth.", None, registries},
	{"auto.register.schemas", None, registries},
	{"use.latest.version", None, registries},
	{"use.schema.id", None, registries},
	{"normalize.schemas", None, registries},
	{"latest.compatibility.strict", None, registries},
	{"avro.", None, registries},
	{"specific.avro.reader", None, registries},
	{"json.fail.", None, registries},
	{"key.subject.name.strategy", None, registries},
	{"value.subject.name.strategy", None, registries},
	{"confluent.monitoring.interceptor.", None, "It is for Confluent's monitoring interceptor, which is a Java " +
		"class and does not run here."},
	{"unsecuredLogin", Refuse, "It is an option of OAuthBearerLoginModule for tokens without signature: it belongs " +
		"into sasl.jaas.config, and into tests only."},
	{"go.", None, "It is for programs in Go that use confluent-kafka-go, as urncast does; it sets what it needs " +
		"by itself."},
	{"spring.kafka.consumer.", None, springs},
	{"spring.kafka.listener.", None, springs},
	{"spring.kafka.template.", None, springs},
	{"spring.kafka.admin.", None, springs},
	{"spring.kafka.streams.", None, springs},
	{"spring.application.", None, springs},
}

const springs = "It is a setting of Spring Boot for other things than the producer's connection."

const registries = "It is for a serializer with a schema registry; urncast writes SDMX messages, which need none."

// brokers are names of a broker's properties; one that ends in a dot stands for all names
// that begin with it.
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

// isBrokers reports whether a name is that of a broker's property.
func isBrokers(name string) bool {
	for _, b := range brokers {
		if name == b || strings.HasSuffix(b, ".") && strings.HasPrefix(name, b) {
			return true
		}
	}
	return false
}

// Find returns the rule for a name as it was written; it is never nil.
func Find(name string) *Rule {
	if r := Rules[name]; r != nil {
		return r
	}
	for _, f := range families {
		if strings.HasPrefix(name, f.prefix) {
			return &Rule{Name: name, Group: JavaOnly, Do: f.Do, Why: f.Why}
		}
	}
	if isBrokers(name) {
		return &Rule{Name: name, Do: Refuse, Why: "This is a property of a broker, as in broker.properties or " +
			"server.properties; what is wanted here is a client's."}
	}
	return &Rule{Name: name, Do: Refuse, Why: unknown(name)}
}

// prefixes are what programs with a Kafka client put before its names in their own
// configuration.
var prefixes = []string{"-D", "spring.kafka.producer.properties.", "spring.kafka.properties.", "spring.kafka.producer.", "spring.kafka.", "producer.override.",
	"kafka.producer.", "producer.", "kafka.properties.", "kafka.", "client.", "admin.", "consumer."}

// unknown returns the sentence for a name that is neither Java's nor librdkafka's.
func unknown(name string) string {
	for _, p := range prefixes {
		for _, n := range []string{name, plainName(name)} {
			if rest, ok := strings.CutPrefix(n, p); ok && Rules[rest] != nil {
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

// nearest returns up to three known names that differ least from one.
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
	for known, r := range Rules {
		if r.Group == Reading {
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

// plainName writes a name as a property's: environment variables have _ for its dots, and
// command lines have -.
func plainName(name string) string {
	return strings.NewReplacer("_", ".", "-", ".").Replace(strings.ToLower(name))
}
