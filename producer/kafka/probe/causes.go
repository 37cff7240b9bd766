package probe

// A Cause is one way in which a connection to Kafka fails.
type Cause string

// The causes, in the order in which a connection is made.
const (
	BadAddress     Cause = "bad-address"
	NameUnknown    Cause = "name-unknown"
	DNSFails       Cause = "dns-fails"
	NoFamily       Cause = "no-address-of-family"
	Refused        Cause = "connection-refused"
	NoAnswer       Cause = "no-answer"
	NoRoute        Cause = "no-route"
	ConnectFails   Cause = "connect-fails"
	Cancelled      Cause = "cancelled"
	TimeLimit      Cause = "time-limit"
	PlaintextPort  Cause = "tls-to-plaintext-port"
	TLSPort        Cause = "plaintext-to-tls-port"
	HTTPPort       Cause = "http"
	OtherProtocol  Cause = "other-protocol"
	ClosedAtOnce   Cause = "closed-at-once"
	Silent         Cause = "silent"
	ControllerPort Cause = "controller-port"

	CertificateForeign  Cause = "certificate-foreign"
	CertificateExpired  Cause = "certificate-expired"
	CertificateFuture   Cause = "certificate-not-yet-valid"
	CertificateName     Cause = "certificate-name"
	CertificateSoon     Cause = "certificate-expires-soon"
	CertificateInvalid  Cause = "certificate-invalid"
	ClientCertMissing   Cause = "client-certificate-missing"
	ClientCertRefused   Cause = "client-certificate-refused"
	TLSVersion          Cause = "tls-version"
	TLSCipher           Cause = "tls-cipher"
	TLSName             Cause = "tls-server-name"
	TLSFails            Cause = "tls-fails"
	SASLWanted          Cause = "sasl-wanted"
	SASLNotOffered      Cause = "sasl-not-offered"
	MechanismNotOffered Cause = "mechanism-not-offered"
	PasswordWrong       Cause = "password-wrong"
	TokenRefused        Cause = "token-refused"
	ServerUnproven      Cause = "server-unproven"
	LoginRefused        Cause = "login-refused"
	LoginIncomplete     Cause = "login-incomplete"
	TokenEndpointAway   Cause = "token-endpoint-away"
	TokenEndpointTLS    Cause = "token-endpoint-tls"
	TokenClientRefused  Cause = "token-client-refused"
	TokenEndpointOdd    Cause = "token-endpoint-odd"
	KerberosFails       Cause = "kerberos-fails"
	AWSRegionUnknown    Cause = "aws-region-unknown"
	AWSProfileUnknown   Cause = "aws-profile-unknown"
	AWSConfiguration    Cause = "aws-configuration"
	AWSNoCredentials    Cause = "aws-no-credentials"
	AWSRoleRefused      Cause = "aws-role-refused"
	AWSAway             Cause = "aws-away"
	AWSRefused          Cause = "aws-refused"

	AskFails         Cause = "request-fails"
	TooOld           Cause = "broker-too-old"
	NoBrokers        Cause = "no-brokers"
	NoController     Cause = "no-controller"
	OtherCluster     Cause = "other-cluster"
	ListenerAway     Cause = "advertised-listener-away"
	TopicMissing     Cause = "topic-missing"
	TopicToBeMade    Cause = "topic-to-be-made"
	TopicName        Cause = "topic-name"
	TopicNotMade     Cause = "topic-cannot-be-made"
	TopicNoLeader    Cause = "topic-without-leader"
	TopicPolicy      Cause = "topic-not-compacted"
	TopicCompactsNow Cause = "topic-compacts-early"
	TopicPartitions  Cause = "topic-partitions"
	TopicLimit       Cause = "topic-limit-below-ours"
	TopicReplicas    Cause = "min-insync-above-replicas"
	TopicISR         Cause = "min-insync-above-isr"

	NoDescribe     Cause = "right-describe"
	NoWrite        Cause = "right-write"
	NoRead         Cause = "right-read"
	NoCreate       Cause = "right-create"
	NoTxnDescribe  Cause = "right-transactional-id-describe"
	NoTxnWrite     Cause = "right-transactional-id-write"
	NoCoordinator  Cause = "no-coordinator"
	TxnTimeout     Cause = "transaction-timeout"
	TxnFails       Cause = "transaction-fails"
	SlowCommit     Cause = "slow-commit"
	NotCommitted   Cause = "commit-not-seen"
	ScratchMissing Cause = "scratch-missing"
	ScratchIsReal  Cause = "scratch-is-the-topic"
	ScratchStays   Cause = "scratch-not-deleted"
	NoScratch      Cause = "right-scratch"

	LimitClient  Cause = "limit-client"
	LimitTopic   Cause = "limit-topic"
	LimitBroker  Cause = "limit-broker"
	LimitUnnamed Cause = "limit-topic-or-broker"
	LimitSocket  Cause = "limit-socket"
	LimitSegment Cause = "limit-segment"

	KafkaError Cause = "kafka-error"
	Unknown    Cause = "unknown"
)

// words are the texts of a cause: what is wrong, and what to do about it. Met fills in the names
// in braces.
type words struct{ text, cure string }

// causes is the table from which a save, a connection test and the documentation take their
// texts. They name a property as Java does and, where that differs, as librdkafka does.
var causes = merge(network, security, clusters, topics, rights, limits)

func merge(parts ...map[Cause]words) map[Cause]words {
	all := map[Cause]words{}
	for _, p := range parts {
		for c, w := range p {
			all[c] = w
		}
	}
	return all
}

var network = map[Cause]words{
	BadAddress: {"\"{server}\" in bootstrap.servers is not an address.",
		"Write each server in bootstrap.servers as host:port, with commas between them: kafka1.example.org:9092."},
	NameUnknown: {"The name {host} is not known to DNS.",
		"Correct the name in bootstrap.servers (for an advertised name: in the broker's advertised.listeners), " +
			"or add it to DNS, or to /etc/hosts on the machine that urncast runs on."},
	DNSFails: {"The name {host} could not be looked up: {error}.",
		"Check that this machine's DNS servers answer (on Linux, /etc/resolv.conf lists them)."},
	NoFamily: {"{host} has no address of the family that broker.address.family={family} selects; it has only " +
		"{addresses}.",
		"Remove broker.address.family, or add an address of that family to the DNS entry of the name."},
	Refused: {"{server} ({address}) refuses the connection: nothing listens on port {port} there.",
		"Check the port in bootstrap.servers against the broker's listeners, and that the broker runs."},
	NoAnswer: {"{server} ({address}) did not answer within {limit}: no TCP connection was established.",
		"Check the address; if it is right, a firewall or security group drops the packets: have it allow " +
			"connections from this machine to port {port}."},
	NoRoute: {"There is no route to {server} ({address}): {error}.",
		"Check the address and this machine's network: routes, VPN, container network."},
	ConnectFails: {"Connecting to {server} failed: {error}.",
		"Check the address in bootstrap.servers, and the network between this machine and the broker."},
	Cancelled: {"The test was cancelled.",
		"Run the test again."},
	TimeLimit: {"The step did not finish within its limit of {limit}.",
		"Give the steps more time, or look in the brokers' logs for what delays them."},
	PlaintextPort: {"{server} speaks Kafka without TLS, but security.protocol={protocol} uses TLS.",
		"Use the port of the broker's SSL or SASL_SSL listener, or set security.protocol={without}."},
	TLSPort: {"{server} wants TLS, but security.protocol={protocol} does not use it.",
		"Set security.protocol={with}, or use the port of a listener without TLS."},
	HTTPPort: {"{server} is not a Kafka broker: it answers in HTTP ({first}).",
		"Use the port of a Kafka listener. Kafka cannot pass through an HTTP proxy or an HTTP load balancer: " +
			"connect directly, or through a proxy that forwards TCP."},
	OtherProtocol: {"{server} is not a Kafka broker: its answer begins with {first}.",
		"Check the port in bootstrap.servers: another service listens there."},
	ClosedAtOnce: {"{server} accepted the connection and closed it at the first request, with and without TLS.",
		"Look in the broker's log. Usual causes: a load balancer without a broker behind it, a port that is " +
			"not a Kafka listener, max.connections.per.ip reached."},
	Silent: {"{server} accepted the connection and then said nothing for {limit}.",
		"Check that the port is a Kafka listener and that the broker is not overloaded; a proxy between this " +
			"machine and the broker may hold the connection open."},
	ControllerPort: {"{server} is a KRaft controller, not a broker: it does not offer the Produce API.",
		"List the brokers' listeners in bootstrap.servers, not the port in controller.quorum.voters."},
}

var security = map[Cause]words{
	CertificateForeign: {"The certificate of {server} ({subject}) was issued by {issuer}, which is not trusted here.",
		"Put the CA certificate of that issuer into ssl.truststore.location or ssl.truststore.certificates " +
			"(librdkafka: ssl.ca.location, ssl.ca.pem)."},
	CertificateExpired: {"The certificate of {server} ({subject}) expired on {after}.",
		"Renew the broker's certificate (in its ssl.keystore.location); if it is new, check this machine's " +
			"clock, which shows {now}."},
	CertificateSoon: {"The certificate {subject} expires in {days} days, on {after}.",
		"Renew it before then; brokers and clients load a new one without a restart if it replaces the file."},
	CertificateFuture: {"The certificate of {server} ({subject}) is not valid before {before}.",
		"Check this machine's clock, which shows {now}; if it is right, give the broker a certificate that is " +
			"valid now."},
	CertificateName: {"The certificate of {server} is for {names}, not for {host}.",
		"Name the broker in bootstrap.servers (or advertised.listeners) as its certificate does, or add the " +
			"name to the certificate. An empty ssl.endpoint.identification.algorithm (librdkafka: none) turns " +
			"the check off, and with it the protection against a server that impersonates the broker."},
	CertificateInvalid: {"The certificate of {server} ({subject}) is invalid: {error}.",
		"Issue a new certificate for the broker; the truststore (librdkafka: ssl.ca.location) must hold its " +
			"whole chain up to the root."},
	ClientCertMissing: {"{server} demands a client certificate, and none is configured.",
		"Set ssl.keystore.location, ssl.keystore.password and, if there is one, ssl.key.password (librdkafka: " +
			"ssl.keystore.location or ssl.certificate.location with ssl.key.location). The broker accepts " +
			"certificates of these issuers: {issuers}."},
	ClientCertRefused: {"{server} refuses the client certificate {subject}: {error}.",
		"Check that it has not expired ({after}) and that the broker's truststore holds its issuer; the broker " +
			"accepts certificates of these issuers: {issuers}. The property is ssl.keystore.location (librdkafka " +
			"also: ssl.certificate.location)."},
	TLSVersion: {"{server} and this client have no TLS version in common: {error}.",
		"Allow TLS 1.2 or 1.3 on the broker (ssl.enabled.protocols)."},
	TLSCipher: {"{server} and this client have no cipher suite in common: {error}.",
		"Remove ssl.cipher.suites on one side, or give the broker a certificate of a common type (RSA of at " +
			"least 2048 bits, or ECDSA P-256)."},
	TLSName: {"{server} has no certificate for the name {host}: {error}.",
		"In bootstrap.servers, use the host name that the TLS endpoint in front of the broker expects (SNI); " +
			"an IP address does not work there."},
	TLSFails: {"The TLS handshake with {server} failed: {error}.",
		"Look in the broker's log, which gives the reason from its side."},
	SASLWanted: {"{server} asks for SASL ({offered}), but security.protocol={protocol} does not use it.",
		"Set security.protocol={with}, sasl.mechanism to one of {offered} (librdkafka: sasl.mechanisms), and " +
			"sasl.jaas.config (librdkafka: sasl.username, sasl.password)."},
	SASLNotOffered: {"{server} does not offer SASL on this port, but security.protocol={protocol} uses it.",
		"Use the port of a SASL listener, or set security.protocol={without}."},
	MechanismNotOffered: {"{server} does not offer the mechanism {mechanism}; it offers {offered}.",
		"Set sasl.mechanism (librdkafka: sasl.mechanisms) to one that is offered, or have {mechanism} added to the " +
			"broker's sasl.enabled.mechanisms."},
	PasswordWrong: {"{server} refuses user {user} with {mechanism}: {error}.",
		"Check username and password in sasl.jaas.config (librdkafka: sasl.username, sasl.password), and that the " +
			"user is known to the broker for {mechanism}."},
	TokenRefused: {"{server} refuses the token of {user}: {error}.",
		"Check audience, issuer and scope of the token against the broker's " +
			"sasl.oauthbearer.expected.audience, .expected.issuer and .jwks.endpoint.url, and check the broker's " +
			"clock."},
	ServerUnproven: {"{server} could not prove with {mechanism} that it knows the password: {error}.",
		"The server may be impersonating the broker, or the broker's SCRAM credential for the user may be " +
			"damaged: check the address, and set the user's password again with kafka-configs."},
	LoginRefused: {"{server} refuses the login with {mechanism}: {error}.",
		"Look in the broker's log; check sasl.mechanism and sasl.jaas.config (librdkafka: sasl.mechanisms, " +
			"sasl.username, sasl.password)."},
	LoginIncomplete: {"For {mechanism} the setting {property} is missing.",
		"Set it in sasl.jaas.config (librdkafka: {property})."},
	TokenEndpointAway: {"The token endpoint {url} cannot be reached: {error}.",
		"Check sasl.oauthbearer.token.endpoint.url, and that this machine can connect to it."},
	TokenEndpointTLS: {"The certificate of the token endpoint {url} is not accepted: {error}.",
		"Add its CA: ssl.truststore.location in sasl.jaas.config (librdkafka: https.ca.location)."},
	TokenClientRefused: {"The token endpoint {url} refuses client {user}: {error}.",
		"Check clientId, clientSecret and scope in sasl.jaas.config (librdkafka: sasl.oauthbearer.client.id, " +
			".client.secret, .scope)."},
	TokenEndpointOdd: {"The token endpoint {url} returned no token: {error}.",
		"Check sasl.oauthbearer.token.endpoint.url: it must be the token endpoint, not the issuer's address."},
	AWSRegionUnknown: {"The AWS region of the brokers is not known: their host names do not contain it.",
		"Name the brokers as MSK does (….kafka.eu-central-1.amazonaws.com), add awsRegion=\"…\" to sasl.jaas.config, " +
			"or set AWS_REGION for urncast."},
	AWSProfileUnknown: {"There is no AWS profile {profile} on the machine that urncast runs on.",
		"Correct awsProfileName in sasl.jaas.config, or AWS_PROFILE, or add the profile to ~/.aws/config or " +
			"~/.aws/credentials of the user that urncast runs as."},
	AWSConfiguration: {"The AWS configuration of this machine cannot be used: {error}.",
		"Correct ~/.aws/config and ~/.aws/credentials of the user that urncast runs as, and its AWS_… variables."},
	AWSNoCredentials: {"No AWS credentials were found: {error}.",
		"Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for urncast, name a profile with awsProfileName in " +
			"sasl.jaas.config, or give the machine or the pod a role; aws sts get-caller-identity shows what is found."},
	AWSRoleRefused: {"The AWS role {role} cannot be assumed: {error}.",
		"Grant sts:AssumeRole on the role to the identity that urncast uses, in the policy of that identity " +
			"and in the trust policy of the role; aws sts get-caller-identity shows which identity that is."},
	AWSAway: {"AWS gives no credentials at the moment: {error}.",
		"Check that this machine can connect to AWS STS and, on EC2, to the instance metadata service. If the " +
			"credentials should come from neither, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or " +
			"awsProfileName in sasl.jaas.config."},
	AWSRefused: {"{server} refuses the AWS signature of {user}: {error}.",
		"Allow kafka-cluster:Connect on the cluster to this identity; check that the region is that of the " +
			"cluster, and check this machine's clock."},
	KerberosFails: {"The Kerberos login for {server} failed: {error}.",
		"Check principal, keytab, realm and KDC in sasl.jaas.config and krb5.conf (librdkafka: " +
			"sasl.kerberos.principal, sasl.kerberos.keytab), and that the clocks of this machine and the KDC " +
			"agree."},
}

var clusters = map[Cause]words{
	AskFails: {"{server} did not answer {api}: {error}.",
		"Look in the broker's log for why it ended the connection."},
	TooOld: {"{server} is too old: it offers {offered}, but urncast needs {api} in version {needed}, which " +
		"came with Kafka {kafka}.",
		"Upgrade the brokers to Kafka 2.8 or later."},
	NoBrokers: {"{server} lists no brokers of its cluster.",
		"Wait until the cluster has started; if that does not help, look in the broker's log."},
	NoController: {"The cluster {cluster} has no active controller.",
		"Check that a majority of the controllers is running (controller.quorum.voters)."},
	OtherCluster: {"{server} belongs to the cluster {other}, not to {cluster}, whose broker advertises it.",
		"Check where the name and the port lead from this machine: forwarded ports, /etc/hosts, DNS."},
	ListenerAway: {"{count} of {all} advertised listeners cannot be used from this machine. {each}",
		"Set the brokers' advertised.listeners to addresses that this machine can reach, or open the network " +
			"to them. A client connects to bootstrap.servers first, and from then on to what the brokers " +
			"advertise."},
	TopicMissing: {"The topic {topic} does not exist.",
		"Create it (one partition, cleanup.policy=compact), or allow urncast to create topics."},
	TopicToBeMade: {"The topic {topic} does not exist. The brokers would make it, and the producer makes it at " +
		"its first start; the steps that need the topic are not run.",
		"Create it now (urncast topic create {topic}) and test again, to check its settings and the rights on " +
			"it."},
	TopicName: {"{topic} cannot be the name of a topic.",
		"Use up to 249 letters, digits, dots, underscores and hyphens."},
	TopicNotMade: {"The topic {topic} does not exist, and the brokers refuse to create it: {error}.",
		"Create it by hand as the brokers' policy requires (one partition, cleanup.policy=compact)."},
	TopicNoLeader: {"Partition 0 of topic {topic} has no leader: {error}.",
		"Start the brokers that hold its replicas (brokers {replicas})."},
	TopicPolicy: {"The topic {topic} has cleanup.policy={policy}: structures that did not change for a while " +
		"would vanish from it.",
		"Set cleanup.policy=compact on the topic."},
	TopicCompactsNow: {"The topic {topic} has min.compaction.lag.ms={lag}: a consumer that was away for longer " +
		"finds transactions only in part, because compaction removed the rest.",
		"Set min.compaction.lag.ms and delete.retention.ms on the topic to the longest time that a consumer may be " +
			"away, such as 604800000 (7 days)."},
	TopicPartitions: {"The topic {topic} has {partitions} partitions; only partition 0 is used, because Kafka " +
		"keeps the order only within a partition.",
		"Nothing needs to be done; a new topic for structures should have one partition."},
	TopicLimit: {"The topic {topic} takes messages up to {limit} bytes ({property}), less than the {ours} " +
		"bytes of max.request.size: a structure of a size between the two would be refused, and would stop " +
		"the producer.",
		"Raise max.message.bytes on the topic (or message.max.bytes on the brokers), or lower max.request.size."},
	TopicReplicas: {"The topic {topic} has min.insync.replicas={needed}, more than the number of its replicas " +
		"({replicas}): no write can succeed.",
		"Lower min.insync.replicas to at most {replicas}, or give the topic more replicas."},
	TopicISR: {"The topic {topic} has min.insync.replicas={needed}, more than the number of its replicas that " +
		"are in sync ({isr} of {replicas}): no write can succeed at the moment.",
		"Start the brokers that hold its replicas, or wait until they have caught up."},
}

var rights = map[Cause]words{
	NoDescribe: {"{user} may not describe the topic {topic} (or it does not exist: brokers do not tell the two " +
		"apart).",
		"Grant DESCRIBE on the topic; WRITE and READ include it: kafka-acls --add --allow-principal {user} " +
			"--operation Read --operation Write --topic {topic}."},
	NoWrite: {"{user} may not write to the topic {topic}.",
		"Grant WRITE: kafka-acls --add --allow-principal {user} --operation Write --topic {topic}."},
	NoRead: {"{user} may not read the topic {topic}. Recovery reads it back to find out what was committed; " +
		"without that, the producer does not publish.",
		"Grant READ: kafka-acls --add --allow-principal {user} --operation Read --topic {topic}. No consumer group " +
			"is needed."},
	NoCreate: {"{user} may not create the topic {topic}.",
		"Grant CREATE on the topic or the cluster (kafka-acls --add --allow-principal {user} --operation Create " +
			"--topic {topic}), or create the topic by hand."},
	NoTxnDescribe: {"{user} may not describe transactional ids that begin with {prefix}- (tried with {id}).",
		"Grant DESCRIBE and WRITE on the prefix; an ACL for a literal id is not enough: kafka-acls --add " +
			"--allow-principal {user} --operation Describe --operation Write --transactional-id {prefix}- " +
			"--resource-pattern-type prefixed."},
	NoTxnWrite: {"{user} may not use transactional ids that begin with {prefix}- (tried with {id}).",
		"Grant WRITE and DESCRIBE on the prefix; an ACL for a literal id is not enough: kafka-acls --add " +
			"--allow-principal {user} --operation Describe --operation Write --transactional-id {prefix}- " +
			"--resource-pattern-type prefixed."},
	NoCoordinator: {"There is no transaction coordinator for {id}: {error}.",
		"Check that the topic __transaction_state can be created and that its partitions have leaders: " +
			"transaction.state.log.replication.factor and transaction.state.log.min.isr must not require more " +
			"brokers than are running."},
	TxnTimeout: {"The brokers refuse a transaction that may take {limit}, as that of a large baseline may: " +
		"{error}.",
		"Raise the brokers' transaction.max.timeout.ms to 900000 (15 minutes), its default."},
	TxnFails: {"{doing} failed: {error}.", "{advice}"},
	SlowCommit: {"The commit took {took}, more than the {limit} after which urncast treats the outcome of a " +
		"commit as unknown and reads the topic back.",
		"Find out what slows the brokers down (disks, distant replicas). Publishing works, but it recovers " +
			"after each such commit."},
	NotCommitted: {"What was committed to {topic} was not read back: {error}.",
		"Look for an open transaction on the topic (kafka-transactions find-hanging), and in the brokers' logs."},
	ScratchMissing: {"The scratch topic {topic} does not exist, and making it was not allowed.",
		"Name an existing topic, or allow the test to create the scratch topic (it deletes it afterwards)."},
	ScratchIsReal: {"The scratch topic is the topic {topic} itself: its consumers would see the messages that " +
		"the test commits.",
		"Name another topic as the scratch topic."},
	ScratchStays: {"The scratch topic {topic}, which the test created, could not be deleted: {error}.",
		"Delete it by hand: kafka-topics --delete --topic {topic}."},
	NoScratch: {"{user} may not {operation} the scratch topic {topic}.",
		"Grant CREATE, DELETE, WRITE and READ on it, name another scratch topic, or test without one."},
	KafkaError: {"{doing}: the broker answered {error}.", "Look into the broker's log for the reason."},
	Unknown: {"{error}.",
		"Look in the broker's log. To see whether Java's client fails too, run kafka-broker-api-versions with " +
			"the same settings."},
}

var limits = map[Cause]words{
	LimitClient: {"The client's limit refuses {bytes} bytes: max.request.size={limit} counts key, headers and " +
		"framing, before compression.",
		"Raise max.request.size (librdkafka: message.max.bytes)."},
	LimitTopic: {"The topic's limit refuses {bytes} bytes: max.message.bytes={limit} is set on {topic}.",
		"Raise max.message.bytes on the topic: kafka-configs --alter --topic {topic} --add-config " +
			"max.message.bytes={wanted}."},
	LimitBroker: {"The broker's limit refuses {bytes} bytes: message.max.bytes={limit} applies to {topic}, " +
		"which sets no max.message.bytes of its own.",
		"Set max.message.bytes on the topic, or raise message.max.bytes on the brokers (and replica.fetch.max.bytes " +
			"with it)."},
	LimitUnnamed: {"The brokers refuse {bytes} bytes as too large; which limit refused them cannot be read, " +
		"because DESCRIBE_CONFIGS on {topic} is not granted.",
		"Raise max.message.bytes on the topic or, where it sets none, message.max.bytes on the brokers."},
	LimitSocket: {"The broker's limit of one request refuses {bytes} bytes: it closes the connection at a " +
		"request above socket.request.max.bytes={limit}.",
		"Raise socket.request.max.bytes on every broker; it must be above the largest message, and above " +
			"message.max.bytes."},
	LimitSegment: {"The topic's segments are too small for {bytes} bytes: segment.bytes={limit}.",
		"Raise segment.bytes on the topic."},
}
