package properties

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"urncast/producer/connection"
)

// A sample is a client's properties as a provider's pages give them to be pasted.
type sample struct {
	name, text string
	client     map[string]string // what becomes of it, without what is about TLS
	notes      map[string]string // by property, words of its finding
}

const (
	scramLine = `sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="urncast" password="s3cret";` + "\n"
	plainLine = `sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username='KEY' password='s3cret';` + "\n"
)

var samples = []sample{
	{name: "Confluent Cloud, Java", text: `# Required connection configs for Kafka producer, consumer, and admin
bootstrap.servers=pkc-4ygn6.europe-west3.gcp.confluent.cloud:9092
security.protocol=SASL_SSL
` + plainLine + `sasl.mechanism=PLAIN
# Required for correctness in Apache Kafka clients prior to 2.6
client.dns.lookup=use_all_dns_ips

# Best practice for higher availability in Apache Kafka clients prior to 3.0
session.timeout.ms=45000

# Best practice for Kafka producer to prevent data loss
acks=all
client.id=ccloud-java-client-5f9c

# Required connection configs for Confluent Cloud Schema Registry
schema.registry.url=https://psrc-abc.europe-west3.gcp.confluent.cloud
basic.auth.credentials.source=USER_INFO
basic.auth.user.info=SRKEY:s3cret
retry.backoff.ms=500
request.timeout.ms=20000
`, client: map[string]string{"sasl.username": "KEY", "client.id": "ccloud-java-client-5f9c"}, notes: map[string]string{"retry.backoff.ms": "1000"}},
	{name: "Confluent Cloud, Spring Boot", text: `spring.kafka.properties.sasl.mechanism=PLAIN
spring.kafka.properties.bootstrap.servers=pkc-4ygn6.europe-west3.gcp.confluent.cloud:9092
spring.kafka.properties.` + plainLine + `spring.kafka.properties.security.protocol=SASL_SSL
spring.kafka.producer.key-serializer=org.apache.kafka.common.serialization.StringSerializer
spring.kafka.producer.acks=1
spring.kafka.producer.retries=0
spring.kafka.producer.properties[retry.backoff.ms]=500
spring.kafka.producer.properties.enable.idempotence=false
spring.kafka.properties.request.timeout.ms=20000
spring.kafka.properties.retry.backoff.max.ms=10000
spring.kafka.consumer.group-id=registry
spring.kafka.consumer.auto-offset-reset=earliest
`, client: map[string]string{"sasl.username": "KEY"}, notes: map[string]string{"acks": "taken as all", "enable.idempotence": "taken as true", "retry.backoff.max.ms": "1000", "retry.backoff.ms": "1000"}},
	{name: "Spring Boot with stores", text: `spring.kafka.bootstrap-servers=kafka.example.org:9093
spring.kafka.security.protocol=SSL
spring.kafka.ssl.trust-store-location=upload:truststore.pem
spring.kafka.ssl.trust-store-type=PEM
spring.kafka.client-id=registry
spring.application.name=registry
`, client: map[string]string{"client.id": "registry"}},
	{name: "Aiven", text: `bootstrap.servers=kafka-demo.aivencloud.com:12691
security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-256
` + scramLine + `ssl.truststore.type=pem
ssl.truststore.location=upload:ca.pem
key.serializer=org.apache.kafka.common.serialization.StringSerializer
value.serializer=org.apache.kafka.common.serialization.StringSerializer
`, client: map[string]string{"sasl.username": "urncast", "sasl.mechanism": "SCRAM-SHA-256"}},
	{name: "Amazon MSK, IAM", text: `bootstrap.servers=b-1.demo.k1x2.c2.kafka.eu-central-1.amazonaws.com:9098,b-2.demo.k1x2.c2.kafka.eu-central-1.amazonaws.com:9098
security.protocol = SASL_SSL
sasl.mechanism = AWS_MSK_IAM
sasl.jaas.config = software.amazon.msk.auth.iam.IAMLoginModule required awsProfileName="msk";
sasl.client.callback.handler.class = software.amazon.msk.auth.iam.IAMClientCallbackHandler
`, client: map[string]string{"sasl.mechanism": "OAUTHBEARER"}, notes: map[string]string{"sasl.mechanism": "OAUTHBEARER"}},
	{name: "Amazon MSK, IAM by OAUTHBEARER", text: `bootstrap.servers=boot-x.c3.kafka-serverless.us-east-1.amazonaws.com:9098
security.protocol=SASL_SSL
sasl.mechanism=OAUTHBEARER
sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required awsRoleArn="arn:aws:iam::123456789012:role/msk";
sasl.login.callback.handler.class=software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler
sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler
`, client: map[string]string{"sasl.mechanism": "OAUTHBEARER"}},
	{name: "Amazon MSK, SCRAM", text: "bootstrap.servers=b-1.demo.k1x2.c2.kafka.eu-central-1.amazonaws.com:9096\nsecurity.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n" + scramLine +
		"ssl.endpoint.identification.algorithm=https\nreconnect.backoff.ms=1000\nreconnect.backoff.max.ms=10000\n", client: map[string]string{"sasl.username": "urncast"}},
	{name: "Azure Event Hubs", text: `bootstrap.servers=mynamespace.servicebus.windows.net:9093
security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="$ConnectionString" password="Endpoint=sb://mynamespace.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=s3cret=";
group.id=$Default
request.timeout.ms=60000
metadata.max.age.ms=180000
connections.max.idle.ms=180000
max.in.flight.requests.per.connection=1000000
socket.keepalive.enable=true
`, client: map[string]string{"sasl.username": "$ConnectionString", "max.in.flight.requests.per.connection": "5"}},
	{name: "Redpanda", text: "bootstrap.servers=seed-1.abc.fmc.cloud.redpanda.com:9092\nsecurity.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-256\n" + scramLine +
		"group.id=registry\nauto.offset.reset=earliest\nenable.auto.commit=true\nisolation.level=read_uncommitted\n",
		client: map[string]string{"sasl.username": "urncast"}, notes: map[string]string{"isolation.level": "read_committed", "auto.offset.reset": "taken as error"}},
	{name: "Strimzi, OAuth", text: `bootstrap.servers=my-cluster-kafka-bootstrap.kafka.svc:9093
security.protocol=SASL_SSL
ssl.truststore.location=upload:truststore.pem
sasl.mechanism=OAUTHBEARER
sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required \
  oauth.token.endpoint.uri="https://sso.example.org/realms/kafka/token" \
  oauth.client.id="registry" oauth.client.secret="s3cret" oauth.scope="publish" \
  oauth.ssl.truststore.location="upload:truststore.pem" ;
sasl.login.callback.handler.class=io.strimzi.kafka.oauth.client.JaasClientOauthLoginCallbackHandler
`, client: map[string]string{"sasl.oauthbearer.client.id": "registry", "sasl.oauthbearer.scope": "publish",
		"sasl.oauthbearer.token.endpoint.url": "https://sso.example.org/realms/kafka/token"}},
	{name: "librdkafka's manual", text: `metadata.broker.list=kafka.example.org:9092
queue.buffering.max.messages=1000000
queue.buffering.max.ms=50
message.send.max.retries=3
retry.backoff.ms=100
request.required.acks=-1
api.version.request=true
internal.termination.signal=29
compression.codec=lz4
`, client: map[string]string{"compression.type": "lz4", "retries": "3"}},
	{name: "Java's manual", text: `bootstrap.servers=localhost:9092
acks=1
retries=0
batch.size=16384
linger.ms=1
buffer.memory=33554432
retry.backoff.ms=100
transaction.timeout.ms=60000
delivery.timeout.ms=120000
key.serializer=org.apache.kafka.common.serialization.StringSerializer
`, notes: map[string]string{"acks": "taken as all", "transaction.timeout.ms": "derives"}},
}

// What providers give to be pasted is taken whole: where a value of theirs is not ours, a note
// says what counts.
func TestSamples(t *testing.T) {
	trusted := newPair(t, "CA").certPEM()
	for _, s := range samples {
		t.Run(s.name, func(t *testing.T) {
			values, found := Parse(s.text)
			c := &connection.Connection{Properties: values, Files: map[string][]byte{"ca.pem": trusted, "truststore.pem": trusted}}
			r, findings, err := Resolve(c)
			for _, f := range append(found, findings...) {
				if f.Verdict == connection.Refused {
					t.Errorf("line %d, %s: %s", f.Line, f.Name, f.Text)
				}
				if strings.Contains(f.Text, "s3cret") {
					t.Errorf("a finding shows a secret: %s", f.Text)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			got := maps.Clone(r.Client)
			maps.DeleteFunc(got, func(name, _ string) bool { return s.client[name] == "" })
			if d := cmp.Diff(s.client, got); d != "" && len(s.client) > 0 {
				t.Error(d)
			}
			for name, words := range s.notes {
				if f := finding(t, findings, name); !strings.Contains(f.Text, words) {
					t.Errorf("%s: %s", name, f.Text)
				}
			}
			if r.Client["retry.backoff.ms"] != "" {
				t.Error("another backoff than ours is handed on")
			}
		})
	}
}

// What IAMLoginModule says becomes whose credentials sign, and for which region.
func TestIAM(t *testing.T) {
	const module = "software.amazon.msk.auth.iam.IAMLoginModule required "
	msk := func(options string, more ...string) *connection.Connection {
		return sasl(append([]string{"sasl.mechanism", "AWS_MSK_IAM", "sasl.jaas.config", module + options + ";",
			"sasl.client.callback.handler.class", "software.amazon.msk.auth.iam.IAMClientCallbackHandler"}, more...)...)
	}
	const broker = "b-1.demo.k1x2.c2.kafka.eu-central-1.amazonaws.com:9098"
	for _, row := range []struct {
		what string
		c    *connection.Connection
		want IAM
	}{
		{"nothing", msk("", "bootstrap.servers", "kafka.example.org:9098"), IAM{}},
		{"no module", sasl("sasl.mechanism", "aws_msk_iam", "bootstrap.servers", broker), IAM{Region: "eu-central-1"}},
		{"profile", msk(`awsProfileName="msk" awsDebugCreds="true" awsMaxRetries="3"`, "bootstrap.servers", broker), IAM{Region: "eu-central-1", Profile: "msk"}},
		{"role", msk(`awsRoleArn="arn:aws:iam::123456789012:role/msk" awsRoleSessionName="urncast" awsStsRegion="eu-west-1" awsRoleExternalId="x"`, "bootstrap.servers", broker),
			IAM{Region: "eu-central-1", Role: "arn:aws:iam::123456789012:role/msk", Session: "urncast", STSRegion: "eu-west-1", ExternalID: "x"}},
		{"role with keys", msk(`awsRoleArn="arn:aws-cn:iam::1:role/msk" awsRoleAccessKeyId="AKIA" awsRoleSecretAccessKey="s3cret" awsRoleSessionToken="t"`,
			"bootstrap.servers", "b-1.x.y.c2.kafka.cn-north-1.amazonaws.com.cn:9098"),
			IAM{Region: "cn-north-1", Role: "arn:aws-cn:iam::1:role/msk", AccessKey: "AKIA", SecretKey: "s3cret", SessionToken: "t"}},
		{"region", msk(`awsRegion="eu-north-1"`, "bootstrap.servers", broker), IAM{Region: "eu-north-1"}},
		{"private link", msk("", "bootstrap.servers", "b-1.vpce-0a.kafka.us-gov-west-1.vpce.amazonaws.com:14001"), IAM{Region: "us-gov-west-1"}},
		{"serverless", msk("", "bootstrap.servers", "kafka.example.org:9098,boot-1.c2.kafka-serverless.ap-southeast-2.amazonaws.com:9098"), IAM{Region: "ap-southeast-2"}},
	} {
		r, findings := taken(t, row.c)
		if d := cmp.Diff(&row.want, r.IAM); d != "" {
			t.Errorf("%s: %s", row.what, d)
		}
		if r.Mechanism != "OAUTHBEARER" || r.Client["sasl.mechanism"] != "OAUTHBEARER" || r.Client["sasl.oauthbearer.method"] != "" {
			t.Errorf("%s: %v", row.what, r.Client)
		}
		for _, f := range findings {
			if strings.Contains(f.Text, "s3cret") {
				t.Errorf("%s: a finding shows a secret: %s", row.what, f.Text)
			}
		}
	}
	for _, row := range []struct{ options, words string }{
		{`awsRoleArn="msk"`, "arn:aws:iam"}, {`awsRoleSessionName="urncast"`, "awsRoleArn"},
		{`awsRoleArn="arn:aws:iam::1:role/x" awsRoleAccessKeyId="AKIA"`, "only one is written"},
		{`awsRegion="Frankfurt"`, "eu-central-1"},
	} {
		refused(t, msk(row.options), "sasl.jaas.config", row.words)
	}
	refused(t, sasl("sasl.mechanism", "SCRAM-SHA-512", "sasl.jaas.config", module+";"), "sasl.jaas.config", "AWS_MSK_IAM")
	refused(t, sasl("sasl.mechanism", "PLAIN", "sasl.jaas.config", "com.example.MyIAMLoginModule required;"), "sasl.jaas.config", "amazon.msk")
}
