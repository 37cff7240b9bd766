package table

// ranges holds, by property, the values that urncast takes where librdkafka takes others.
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

// javaKinds holds librdkafka's word for each type in Java's table of properties.
var javaKinds = map[string]string{
	"string": "string", "class": "string", "password": "password", "boolean": "boolean", "list": "list",
	"int": "integer", "long": "integer", "short": "integer", "double": "float",
}

// defaults holds, by property, the default in urncast where librdkafka has another.
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
	"transaction.timeout.ms":                "from the size of what is sent",
	"message.timeout.ms":                    "the transaction's timeout",
	"sasl.mechanism":                        "GSSAPI",
	"sasl.kerberos.principal":               "",
	"sasl.oauthbearer.method":               "oidc",
	"metadata.max.age.ms":                   "300000",
	"max.in.flight.requests.per.connection": "5",
	"request.timeout.ms":                    "60000 for answers, 30000 at the broker",
}

// meanings holds, by property, a description in place of librdkafka's, where that is missing or
// is written for programmers.
var meanings = map[string]string{
	"max.request.size": "The most bytes that one message may have, with its key, headers and framing, before " +
		"compression. Without it the " +
		"limits of the topic and the broker count.",
	"sasl.jaas.config": "A login module of Java with its options, as Java's clients take it: Krb5LoginModule, " +
		"PlainLoginModule, " +
		"ScramLoginModule, OAuthBearerLoginModule or Amazon's IAMLoginModule. It may have several lines.",
	"bootstrap.servers": "The brokers to begin with, as host:port, separated by commas. All " +
		"brokers of the cluster are found from there.",
	"ssl.truststore.location": "The store of certificates that are trusted: a path, or upload: and " +
		"the name of an uploaded file.",
	"ssl.truststore.password": "The password of the trust store. Without it a JKS store is read " +
		"unchecked.",
	"ssl.truststore.type": "JKS, PKCS12 or PEM. JKS and PKCS12 are told apart by what the " +
		"file holds.",
	"ssl.truststore.certificates": "Trusted certificates in PEM, in place of a store.",
	"ssl.keystore.location": "The store of our own certificate and its key: a path, or upload: and " +
		"the name of an uploaded file.",
	"ssl.keystore.type": "JKS, PKCS12 or PEM. JKS and PKCS12 are told apart by what the " +
		"file holds.",
	"ssl.keystore.certificate.chain": "Our own certificate and those that lead to a trusted one, in PEM.",
	"ssl.keystore.key":               "The key of our own certificate: PKCS#8 in PEM, encrypted or not.",
	"ssl.key.password": "The password of the key in the key store or in PEM; the store's own " +
		"if it is not written.",
	"ssl.enabled.protocols":      "The versions of TLS that may be used.",
	"ssl.protocol":               "The version of TLS that Java prefers.",
	"sasl.kerberos.service.name": "The first part of the brokers' principals.",
	"sasl.kerberos.principal":    "Who logs in, such as client@EXAMPLE.ORG.",
	"sasl.kerberos.keytab": "The keys of the principal: a path, or upload: and the name of an " +
		"uploaded file.",
	"sasl.login.callback.handler.class": "Java's class that fetches tokens; Kafka's own has an equivalent here.",
	"sasl.oauthbearer.jwt.retriever.class": "How tokens are fetched: ClientCredentialsJwtRetriever or " +
		"JwtBearerJwtRetriever.",
	"sasl.oauthbearer.header.urlencode": "Whether the client's id and secret are encoded as in an address " +
		"before they are sent to the token endpoint.",
	"compression.gzip.level": "The level of gzip, if that is the compression.",
	"compression.lz4.level":  "The level of lz4, if that is the compression.",
	"compression.zstd.level": "The level of zstd, if that is the compression.",
	"java.security.krb5.conf": "A krb5.conf: a path, or upload: and the name of an uploaded file. " +
		"Without it, that of the system.",
	"java.security.krb5.realm": "The default realm; goes with java.security.krb5.kdc.",
	"java.security.krb5.kdc": "The KDCs of the realm, separated by colons; goes with " +
		"java.security.krb5.realm.",
}
