package table

// ranges maps a property to the values that urncast accepts, where librdkafka accepts others.
var ranges = map[string]string{
	"max.request.size":                      "1 .. 1000000000",
	"max.in.flight.requests.per.connection": "1 .. 5",
	"retries":                               "1 .. 2147483647",
	"receive.message.max.bytes":             "52429312 .. 2147483647",
	"ssl.endpoint.identification.algorithm": "https, None, or empty for none",
	"security.protocol":                     "PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
	"sasl.mechanism":                        "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, GSSAPI, AWS_MSK_IAM",
	"ssl.truststore.type":                   "JKS, PKCS12, PEM",
	"ssl.keystore.type":                     "JKS, PKCS12, PEM",
}

// javaKinds maps each type in Java's table of properties to librdkafka's name of that type.
var javaKinds = map[string]string{
	"string": "string", "class": "string", "password": "password", "boolean": "boolean", "list": "list",
	"int": "integer", "long": "integer", "short": "integer", "double": "float",
}

// defaults maps a property to its default in urncast, where librdkafka has another default.
var defaults = map[string]string{
	"client.id":                             "urncast",
	"acks":                                  "all",
	"enable.idempotence":                    "true",
	"linger.ms":                             "0",
	"isolation.level":                       "read_committed",
	"retry.backoff.ms":                      "1000",
	"retry.backoff.max.ms":                  "1000",
	"queue.buffering.max.kbytes":            "2097151",
	"queue.buffering.max.messages":          "20000",
	"max.request.size":                      "",
	"transactional.id":                      "tx-…, from the transaction prefix",
	"transaction.timeout.ms":                "derived from the size of the transaction",
	"message.timeout.ms":                    "the transaction's timeout",
	"sasl.mechanism":                        "GSSAPI",
	"sasl.kerberos.principal":               "",
	"sasl.oauthbearer.method":               "oidc",
	"metadata.max.age.ms":                   "300000",
	"max.in.flight.requests.per.connection": "5",
	"request.timeout.ms":                    "60000 for answers, 30000 at the broker",
}

// meanings maps a property to its description, where librdkafka has none, or one that is written
// for programmers.
var meanings = map[string]string{
	"max.request.size": "The largest size of one message in bytes, counting its key, headers and framing, before " +
		"compression. If it is not set, only the limits of the topic and the broker apply.",
	"sasl.jaas.config": "A Java login module with its options, as Java clients take it: Krb5LoginModule, " +
		"PlainLoginModule, ScramLoginModule, OAuthBearerLoginModule or Amazon's IAMLoginModule. The value " +
		"may span several lines.",
	"bootstrap.servers": "The brokers to connect to first, as host:port, separated by commas. They name the other " +
		"brokers of the cluster.",
	"ssl.truststore.location": "The truststore, which holds the trusted certificates: a path, or upload: followed " +
		"by the name of an uploaded file.",
	"ssl.truststore.password": "The password of the truststore. Without it, a JKS store is read without checking " +
		"its integrity.",
	"ssl.truststore.type":         "JKS, PKCS12 or PEM. JKS and PKCS12 are told apart by the content of the file.",
	"ssl.truststore.certificates": "The trusted certificates in PEM, in place of a truststore.",
	"ssl.keystore.location": "The keystore, which holds the client certificate and its private key: a path, or " +
		"upload: followed by the name of an uploaded file.",
	"ssl.keystore.type":              "JKS, PKCS12 or PEM. JKS and PKCS12 are told apart by the content of the file.",
	"ssl.keystore.certificate.chain": "The client certificate and its chain up to a trusted one, in PEM.",
	"ssl.keystore.key":               "The private key of the client certificate: PKCS#8 in PEM, encrypted or not.",
	"ssl.key.password": "The password of the private key in the keystore or in PEM. If it is not set, the password " +
		"of the keystore is used.",
	"ssl.enabled.protocols": "The TLS versions that may be used.",
	"ssl.protocol":          "The TLS version that Java prefers.",
	"sasl.kerberos.service.name": "The service name, which is the first part of the brokers' principals: kafka in " +
		"kafka/host@EXAMPLE.ORG.",
	"sasl.kerberos.principal": "The principal that logs in, such as client@EXAMPLE.ORG.",
	"sasl.kerberos.keytab": "The keytab, which holds the keys of the principal: a path, or upload: followed by the " +
		"name of an uploaded file.",
	"sasl.login.callback.handler.class": "The Java class that fetches tokens; urncast has an equivalent of Kafka's " +
		"own class.",
	"sasl.oauthbearer.jwt.retriever.class": "How tokens are fetched: ClientCredentialsJwtRetriever or " +
		"JwtBearerJwtRetriever.",
	"sasl.oauthbearer.header.urlencode": "Whether the client id and the client secret are URL-encoded before they " +
		"are sent to the token endpoint.",
	"compression.gzip.level": "The compression level, if messages are compressed with gzip.",
	"compression.lz4.level":  "The compression level, if messages are compressed with lz4.",
	"compression.zstd.level": "The compression level, if messages are compressed with zstd.",
	"java.security.krb5.conf": "The krb5.conf: a path, or upload: followed by the name of an uploaded file. Without " +
		"it, that of the system is used.",
	"java.security.krb5.realm": "The default realm; set it together with java.security.krb5.kdc.",
	"java.security.krb5.kdc": "The KDCs of the realm, separated by colons; set them together with " +
		"java.security.krb5.realm.",
}
