package properties

// tlsRules are about TLS.
var tlsRules = []rule{
	{name: "security.protocol", group: security, do: made, to: "security.protocol"},
	{name: "ssl.truststore.location", group: security, do: made, to: "ssl.ca.pem"},
	{name: "ssl.truststore.password", group: security, do: made, to: "ssl.ca.pem"},
	{name: "ssl.truststore.type", group: security, do: made, to: "ssl.ca.pem"},
	{name: "ssl.truststore.certificates", group: security, do: made, to: "ssl.ca.pem"},
	{name: "ssl.ca.pem", group: security, do: same, to: "ssl.truststore.certificates"},
	{name: "ssl.ca.location", group: security, do: made, to: "ssl.ca.pem"},
	{name: "ssl.ca.certificate.stores", group: security, do: none,
		why: "It is for Windows, and urncast reads the system's certificates wherever none are named."},
	{name: "ssl.crl.location", group: security, do: made, to: "ssl.crl.location"},
	{name: "ssl.keystore.location", group: security, do: made, to: "ssl.certificate.pem ssl.key.pem"},
	{name: "ssl.keystore.password", group: security, do: made, to: "ssl.certificate.pem ssl.key.pem"},
	{name: "ssl.keystore.type", group: security, do: made, to: "ssl.certificate.pem ssl.key.pem"},
	{name: "ssl.keystore.certificate.chain", group: security, do: made, to: "ssl.certificate.pem"},
	{name: "ssl.keystore.key", group: security, do: made, to: "ssl.key.pem"},
	{name: "ssl.key.password", group: security, do: made, to: "ssl.key.pem"},
	{name: "ssl.certificate.pem", group: security, do: same, to: "ssl.keystore.certificate.chain"},
	{name: "ssl.certificate.location", group: security, do: made, to: "ssl.certificate.pem"},
	{name: "ssl.key.pem", group: security, do: same, to: "ssl.keystore.key"},
	{name: "ssl.key.location", group: security, do: made, to: "ssl.key.pem"},
	{name: "enable.ssl.certificate.verification", group: security, do: made, to: "enable.ssl.certificate.verification"},
	{name: "ssl.endpoint.identification.algorithm", group: security, do: made, to: "ssl.endpoint.identification.algorithm"},
	{name: "ssl.protocol", group: security, do: made},
	{name: "ssl.enabled.protocols", group: security, do: made},
	{name: "ssl.cipher.suites", group: security, do: made, to: "ssl.cipher.suites"},
	{name: "ssl.curves.list", group: security, do: made, to: "ssl.curves.list"},
	{name: "ssl.sigalgs.list", group: security, do: made, to: "ssl.sigalgs.list"},
	{name: "ssl.providers", group: security, do: refuse, fine: "- default", why: loaded},
	{name: "ssl.engine.location", group: security, do: refuse, fine: "-", why: loaded},
	{name: "ssl.engine.id", group: security, do: refuse, fine: "- dynamic", why: loaded},
	{name: "ssl.engine.factory.class", group: security, do: refuse, fine: "-", why: javaSecurity},
	{name: "security.providers", group: security, do: refuse, fine: "-", why: javaSecurity},
	{name: "ssl.provider", group: security, do: refuse, fine: "- sunjsse", why: javaSecurity},
	{name: "ssl.keymanager.algorithm", group: security, do: none, why: javaAlgorithm},
	{name: "ssl.trustmanager.algorithm", group: security, do: none, why: javaAlgorithm},
	{name: "ssl.secure.random.implementation", group: security, do: none, why: javaAlgorithm},
}

const (
	loaded = "It loads a library into the process, and the OpenSSL that is built in has none to load: put " +
		"the key into a key store instead."
	javaSecurity = "It names Java classes, which cannot run here; TLS is done by the OpenSSL that is built in. " +
		"Remove the line, and put keys and certificates into stores."
	javaAlgorithm = "It chooses an implementation inside Java; OpenSSL, which is built in, has its own."
)

// loginRules are about who we are.
var loginRules = []rule{
	{name: "sasl.mechanism", group: login, do: made, to: "sasl.mechanism"},
	{name: "sasl.mechanisms", group: login, do: same, to: "sasl.mechanism"},
	{name: "sasl.jaas.config", group: login, do: made},
	{name: "sasl.username", group: login, do: made, to: "sasl.username"},
	{name: "sasl.password", group: login, do: made, to: "sasl.password"},
	{name: "sasl.client.callback.handler.class", group: login, do: refuse,
		fine: "- software.amazon.msk.auth.iam.iamclientcallbackhandler " +
			"software.amazon.msk.auth.iam.iamoauthbearerlogincallbackhandler",
		why: "A callback handler is a Java class, which cannot run here: use PLAIN, SCRAM, GSSAPI, AWS_MSK_IAM, or " +
			"OAUTHBEARER with a token endpoint."},
	{name: "sasl.login.callback.handler.class", group: login, do: made},
	{name: "sasl.login.class", group: login, do: refuse, fine: "-",
		why: "A login class is a Java class, which cannot run here: use PLAIN, SCRAM, GSSAPI, or OAUTHBEARER with " +
			"a token endpoint."},

	{name: "sasl.kerberos.service.name", group: kerberos, do: made, to: "urncast"},
	{name: "sasl.kerberos.principal", group: kerberos, do: made, to: "urncast"},
	{name: "sasl.kerberos.keytab", group: kerberos, do: made, to: "urncast"},
	{name: "sasl.kerberos.kinit.cmd", group: kerberos, do: ours,
		why: "urncast logs in to the KDC by itself, and runs no kinit."},
	{name: "sasl.kerberos.min.time.before.relogin", group: kerberos, do: ours, why: renewed},
	{name: "sasl.kerberos.ticket.renew.jitter", group: kerberos, do: ours, why: renewed},
	{name: "sasl.kerberos.ticket.renew.window.factor", group: kerberos, do: ours, why: renewed},
	{name: "java.security.krb5.conf", group: kerberos, do: made, to: "urncast"},
	{name: "java.security.krb5.realm", group: kerberos, do: made, to: "urncast"},
	{name: "java.security.krb5.kdc", group: kerberos, do: made, to: "urncast"},
	{name: "java.security.auth.login.config", group: kerberos, do: refuse,
		why: "A JAAS file is for a whole Java program: paste the login module of its KafkaClient section, with its " +
			"options, into sasl.jaas.config."},
}

const renewed = "urncast renews its Kerberos tickets by itself, before they end."

// oauthRules are about OAUTHBEARER.
var oauthRules = []rule{
	{name: "sasl.oauthbearer.token.endpoint.url", group: oauth, do: made, to: "sasl.oauthbearer.token.endpoint.url " +
		"sasl.oauthbearer.method"},
	{name: "sasl.oauthbearer.client.id", group: oauth, do: made, to: "sasl.oauthbearer.client.id"},
	{name: "sasl.oauthbearer.client.credentials.client.id", group: oauth, do: same, to: "sasl.oauthbearer.client.id"},
	{name: "sasl.oauthbearer.client.secret", group: oauth, do: made, to: "sasl.oauthbearer.client.secret"},
	{name: "sasl.oauthbearer.client.credentials.client.secret", group: oauth, do: same, to: "sasl.oauthbearer.client.secret"},
	{name: "sasl.oauthbearer.scope", group: oauth, do: made, to: "sasl.oauthbearer.scope"},
	{name: "sasl.oauthbearer.extensions", group: oauth, do: made, to: "sasl.oauthbearer.extensions"},
	{name: "sasl.oauthbearer.method", group: oauth, do: made, to: "sasl.oauthbearer.method"},
	{name: "sasl.oauthbearer.grant.type", group: oauth, do: made, to: "sasl.oauthbearer.grant.type"},
	{name: "sasl.oauthbearer.jwt.retriever.class", group: oauth, do: made, to: "sasl.oauthbearer.grant.type"},
	{name: "sasl.oauthbearer.header.urlencode", group: oauth, do: made, to: "sasl.oauthbearer.client.id " +
		"sasl.oauthbearer.client.secret"},
	{name: "sasl.oauthbearer.config", group: oauth, do: made, to: "sasl.oauthbearer.config"},
	{name: "enable.sasl.oauthbearer.unsecure.jwt", group: oauth, do: made, to: "enable.sasl.oauthbearer.unsecure.jwt"},
	{name: "https.ca.location", group: oauth, do: made, to: "https.ca.pem"},
	{name: "https.ca.pem", group: oauth, do: made, to: "https.ca.pem"},
	{name: "sasl.oauthbearer.assertion.algorithm", group: oauth, do: made, to: "sasl.oauthbearer.assertion.algorithm"},
	{name: "sasl.oauthbearer.assertion.private.key.file", group: oauth, do: made, to: "sasl.oauthbearer.assertion.private.key.pem"},
	{name: "sasl.oauthbearer.assertion.private.key.pem", group: oauth, do: made, to: "sasl.oauthbearer.assertion.private.key.pem"},
	{name: "sasl.oauthbearer.assertion.private.key.passphrase", group: oauth, do: made, to: "sasl.oauthbearer.assertion.private.key.pem"},
	{name: "sasl.oauthbearer.assertion.file", group: oauth, do: made, to: "sasl.oauthbearer.assertion.file"},
	{name: "sasl.oauthbearer.assertion.jwt.template.file", group: oauth, do: made, to: "sasl.oauthbearer.assertion.jwt.template.file"},
	{name: "sasl.oauthbearer.assertion.template.file", group: oauth, do: same, to: "sasl.oauthbearer.assertion.jwt.template.file"},
	{name: "sasl.oauthbearer.assertion.claim.aud", group: oauth, do: made, to: "sasl.oauthbearer.assertion.claim.aud"},
	{name: "sasl.oauthbearer.assertion.claim.exp.seconds", group: oauth, do: made, to: "sasl.oauthbearer.assertion.claim.exp.seconds"},
	{name: "sasl.oauthbearer.assertion.claim.iss", group: oauth, do: made, to: "sasl.oauthbearer.assertion.claim.iss"},
	{name: "sasl.oauthbearer.assertion.claim.jti.include", group: oauth, do: made, to: "sasl.oauthbearer.assertion.claim.jti.include"},
	{name: "sasl.oauthbearer.assertion.claim.nbf.seconds", group: oauth, do: made, to: "sasl.oauthbearer.assertion.claim.nbf.seconds"},
	{name: "sasl.oauthbearer.assertion.claim.sub", group: oauth, do: made, to: "sasl.oauthbearer.assertion.claim.sub"},
	{name: "sasl.login.connect.timeout.ms", group: oauth, do: none, why: tokens},
	{name: "sasl.login.read.timeout.ms", group: oauth, do: none, why: tokens},
	{name: "sasl.login.retry.backoff.ms", group: oauth, do: none, why: tokens},
	{name: "sasl.login.retry.backoff.max.ms", group: oauth, do: none, why: tokens},
	{name: "sasl.login.refresh.buffer.seconds", group: oauth, do: none, why: refreshed},
	{name: "sasl.login.refresh.min.period.seconds", group: oauth, do: none, why: refreshed},
	{name: "sasl.login.refresh.window.factor", group: oauth, do: none, why: refreshed},
	{name: "sasl.login.refresh.window.jitter", group: oauth, do: none, why: refreshed},
	{name: "sasl.oauthbearer.clock.skew.seconds", group: oauth, do: none, why: validated},
	{name: "sasl.oauthbearer.expected.audience", group: oauth, do: none, why: validated},
	{name: "sasl.oauthbearer.expected.issuer", group: oauth, do: none, why: validated},
	{name: "sasl.oauthbearer.jwks.endpoint.refresh.ms", group: oauth, do: none, why: validated},
	{name: "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", group: oauth, do: none, why: validated},
	{name: "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", group: oauth, do: none, why: validated},
	{name: "sasl.oauthbearer.jwks.endpoint.url", group: oauth, do: none, why: validated},
	{name: "sasl.oauthbearer.jwt.validator.class", group: oauth, do: none, why: validated},
	{name: "sasl.oauthbearer.scope.claim.name", group: oauth, do: none, why: validated},
	{name: "sasl.oauthbearer.sub.claim.name", group: oauth, do: none, why: validated},
}

const (
	tokens    = "librdkafka asks the token endpoint with timeouts and repetitions of its own."
	refreshed = "librdkafka fetches a new token when four fifths of the old one's life have passed."
	validated = "It is for checking tokens, which the brokers do; the client only hands them on."
)
