package table

// tlsRules are about TLS.
var tlsRules = []Rule{
	{Name: "security.protocol", Group: Security, Do: Made, To: "security.protocol"},
	{Name: "ssl.truststore.location", Group: Security, Do: Made, To: "ssl.ca.pem"},
	{Name: "ssl.truststore.password", Group: Security, Do: Made, To: "ssl.ca.pem"},
	{Name: "ssl.truststore.type", Group: Security, Do: Made, To: "ssl.ca.pem"},
	{Name: "ssl.truststore.certificates", Group: Security, Do: Made, To: "ssl.ca.pem"},
	{Name: "ssl.ca.pem", Group: Security, Do: Same, To: "ssl.truststore.certificates"},
	{Name: "ssl.ca.location", Group: Security, Do: Made, To: "ssl.ca.pem"},
	{Name: "ssl.ca.certificate.stores", Group: Security, Do: None,
		Why: "It is for Windows, and urncast reads the system's certificates wherever none are named."},
	{Name: "ssl.crl.location", Group: Security, Do: Made, To: "ssl.crl.location"},
	{Name: "ssl.keystore.location", Group: Security, Do: Made, To: "ssl.certificate.pem ssl.key.pem"},
	{Name: "ssl.keystore.password", Group: Security, Do: Made, To: "ssl.certificate.pem ssl.key.pem"},
	{Name: "ssl.keystore.type", Group: Security, Do: Made, To: "ssl.certificate.pem ssl.key.pem"},
	{Name: "ssl.keystore.certificate.chain", Group: Security, Do: Made, To: "ssl.certificate.pem"},
	{Name: "ssl.keystore.key", Group: Security, Do: Made, To: "ssl.key.pem"},
	{Name: "ssl.key.password", Group: Security, Do: Made, To: "ssl.key.pem"},
	{Name: "ssl.certificate.pem", Group: Security, Do: Same, To: "ssl.keystore.certificate.chain"},
	{Name: "ssl.certificate.location", Group: Security, Do: Made, To: "ssl.certificate.pem"},
	{Name: "ssl.key.pem", Group: Security, Do: Same, To: "ssl.keystore.key"},
	{Name: "ssl.key.location", Group: Security, Do: Made, To: "ssl.key.pem"},
	{Name: "enable.ssl.certificate.verification", Group: Security, Do: Made, To: "enable.ssl.certificate.verification"},
	{Name: "ssl.endpoint.identification.algorithm", Group: Security, Do: Made, To: "ssl.endpoint.identification.algorithm"},
	{Name: "ssl.protocol", Group: Security, Do: Made},
	{Name: "ssl.enabled.protocols", Group: Security, Do: Made},
	{Name: "ssl.cipher.suites", Group: Security, Do: Made, To: "ssl.cipher.suites"},
	{Name: "ssl.curves.list", Group: Security, Do: Made, To: "ssl.curves.list"},
	{Name: "ssl.sigalgs.list", Group: Security, Do: Made, To: "ssl.sigalgs.list"},
	{Name: "ssl.providers", Group: Security, Do: Refuse, Fine: "- default", Why: loaded},
	{Name: "ssl.engine.location", Group: Security, Do: Refuse, Fine: "-", Why: loaded},
	{Name: "ssl.engine.id", Group: Security, Do: Refuse, Fine: "- dynamic", Why: loaded},
	{Name: "ssl.engine.factory.class", Group: Security, Do: Refuse, Fine: "-", Why: javaSecurity},
	{Name: "security.providers", Group: Security, Do: Refuse, Fine: "-", Why: javaSecurity},
	{Name: "ssl.provider", Group: Security, Do: Refuse, Fine: "- sunjsse", Why: javaSecurity},
	{Name: "ssl.keymanager.algorithm", Group: Security, Do: None, Why: javaAlgorithm},
	{Name: "ssl.trustmanager.algorithm", Group: Security, Do: None, Why: javaAlgorithm},
	{Name: "ssl.secure.random.implementation", Group: Security, Do: None, Why: javaAlgorithm},
}

const (
	loaded = "It loads a library into the process, and the OpenSSL that is built in has none to load: put " +
		"the key into a key store instead."
	javaSecurity = "It names Java classes, which cannot run here; TLS is done by the OpenSSL that is built in. " +
		"Remove the line, and put keys and certificates into stores."
	javaAlgorithm = "It chooses an implementation inside Java; OpenSSL, which is built in, has its own."
)

// loginRules are about who we are.
var loginRules = []Rule{
	{Name: "sasl.mechanism", Group: Login, Do: Made, To: "sasl.mechanism"},
	{Name: "sasl.mechanisms", Group: Login, Do: Same, To: "sasl.mechanism"},
	{Name: "sasl.jaas.config", Group: Login, Do: Made},
	{Name: "sasl.username", Group: Login, Do: Made, To: "sasl.username"},
	{Name: "sasl.password", Group: Login, Do: Made, To: "sasl.password"},
	{Name: "sasl.client.callback.handler.class", Group: Login, Do: Refuse,
		Fine: "- software.amazon.msk.auth.iam.iamclientcallbackhandler " +
			"software.amazon.msk.auth.iam.iamoauthbearerlogincallbackhandler",
		Why: "A callback handler is a Java class, which cannot run here: use PLAIN, SCRAM, GSSAPI, AWS_MSK_IAM, or " +
			"OAUTHBEARER with a token endpoint."},
	{Name: "sasl.login.callback.handler.class", Group: Login, Do: Made},
	{Name: "sasl.login.class", Group: Login, Do: Refuse, Fine: "-",
		Why: "A login class is a Java class, which cannot run here: use PLAIN, SCRAM, GSSAPI, or OAUTHBEARER with " +
			"a token endpoint."},

	{Name: "sasl.kerberos.service.name", Group: Kerberos, Do: Made, To: "urncast"},
	{Name: "sasl.kerberos.principal", Group: Kerberos, Do: Made, To: "urncast"},
	{Name: "sasl.kerberos.keytab", Group: Kerberos, Do: Made, To: "urncast"},
	{Name: "sasl.kerberos.kinit.cmd", Group: Kerberos, Do: Ours,
		Why: "urncast logs in to the KDC by itself, and runs no kinit."},
	{Name: "sasl.kerberos.min.time.before.relogin", Group: Kerberos, Do: Ours, Why: renewed},
	{Name: "sasl.kerberos.ticket.renew.jitter", Group: Kerberos, Do: Ours, Why: renewed},
	{Name: "sasl.kerberos.ticket.renew.window.factor", Group: Kerberos, Do: Ours, Why: renewed},
	{Name: "java.security.krb5.conf", Group: Kerberos, Do: Made, To: "urncast"},
	{Name: "java.security.krb5.realm", Group: Kerberos, Do: Made, To: "urncast"},
	{Name: "java.security.krb5.kdc", Group: Kerberos, Do: Made, To: "urncast"},
	{Name: "java.security.auth.login.config", Group: Kerberos, Do: Refuse,
		Why: "A JAAS file is for a whole Java program: paste the login module of its KafkaClient section, with its " +
			"options, into sasl.jaas.config."},
}

const renewed = "urncast renews its Kerberos tickets by itself, before they end."

// oauthRules are about OAUTHBEARER.
var oauthRules = []Rule{
	{Name: "sasl.oauthbearer.token.endpoint.url", Group: OAuth, Do: Made, To: "sasl.oauthbearer.token.endpoint.url " +
		"sasl.oauthbearer.method"},
	{Name: "sasl.oauthbearer.client.id", Group: OAuth, Do: Made, To: "sasl.oauthbearer.client.id"},
	{Name: "sasl.oauthbearer.client.credentials.client.id", Group: OAuth, Do: Same, To: "sasl.oauthbearer.client.id"},
	{Name: "sasl.oauthbearer.client.secret", Group: OAuth, Do: Made, To: "sasl.oauthbearer.client.secret"},
	{Name: "sasl.oauthbearer.client.credentials.client.secret", Group: OAuth, Do: Same, To: "sasl.oauthbearer.client.secret"},
	{Name: "sasl.oauthbearer.scope", Group: OAuth, Do: Made, To: "sasl.oauthbearer.scope"},
	{Name: "sasl.oauthbearer.extensions", Group: OAuth, Do: Made, To: "sasl.oauthbearer.extensions"},
	{Name: "sasl.oauthbearer.method", Group: OAuth, Do: Made, To: "sasl.oauthbearer.method"},
	{Name: "sasl.oauthbearer.grant.type", Group: OAuth, Do: Made, To: "sasl.oauthbearer.grant.type"},
	{Name: "sasl.oauthbearer.jwt.retriever.class", Group: OAuth, Do: Made, To: "sasl.oauthbearer.grant.type"},
	{Name: "sasl.oauthbearer.header.urlencode", Group: OAuth, Do: Made, To: "sasl.oauthbearer.client.id " +
		"sasl.oauthbearer.client.secret"},
	{Name: "sasl.oauthbearer.config", Group: OAuth, Do: Made, To: "sasl.oauthbearer.config"},
	{Name: "enable.sasl.oauthbearer.unsecure.jwt", Group: OAuth, Do: Made, To: "enable.sasl.oauthbearer.unsecure.jwt"},
	{Name: "https.ca.location", Group: OAuth, Do: Made, To: "https.ca.pem"},
	{Name: "https.ca.pem", Group: OAuth, Do: Made, To: "https.ca.pem"},
	{Name: "sasl.oauthbearer.assertion.algorithm", Group: OAuth, Do: Made, To: "sasl.oauthbearer.assertion.algorithm"},
	{Name: "sasl.oauthbearer.assertion.private.key.file", Group: OAuth, Do: Made, To: "sasl.oauthbearer.assertion.private.key.pem"},
	{Name: "sasl.oauthbearer.assertion.private.key.pem", Group: OAuth, Do: Made, To: "sasl.oauthbearer.assertion.private.key.pem"},
	{Name: "sasl.oauthbearer.assertion.private.key.passphrase", Group: OAuth, Do: Made, To: "sasl.oauthbearer.assertion.private.key.pem"},
	{Name: "sasl.oauthbearer.assertion.file", Group: OAuth, Do: Made, To: "sasl.oauthbearer.assertion.file"},
	{Name: "sasl.oauthbearer.assertion.jwt.template.file", Group: OAuth, Do: Made, To: "sasl.oauthbearer.assertion.jwt.template.file"},
	{Name: "sasl.oauthbearer.assertion.template.file", Group: OAuth, Do: Same, To: "sasl.oauthbearer.assertion.jwt.template.file"},
	{Name: "sasl.oauthbearer.assertion.claim.aud", Group: OAuth, Do: Made, To: "sasl.oauthbearer.assertion.claim.aud"},
	{Name: "sasl.oauthbearer.assertion.claim.exp.seconds", Group: OAuth, Do: Made, To: "sasl.oauthbearer.assertion.claim.exp.seconds"},
	{Name: "sasl.oauthbearer.assertion.claim.iss", Group: OAuth, Do: Made, To: "sasl.oauthbearer.assertion.claim.iss"},
	{Name: "sasl.oauthbearer.assertion.claim.jti.include", Group: OAuth, Do: Made, To: "sasl.oauthbearer.assertion.claim.jti.include"},
	{Name: "sasl.oauthbearer.assertion.claim.nbf.seconds", Group: OAuth, Do: Made, To: "sasl.oauthbearer.assertion.claim.nbf.seconds"},
	{Name: "sasl.oauthbearer.assertion.claim.sub", Group: OAuth, Do: Made, To: "sasl.oauthbearer.assertion.claim.sub"},
	{Name: "sasl.login.connect.timeout.ms", Group: OAuth, Do: None, Why: tokens},
	{Name: "sasl.login.read.timeout.ms", Group: OAuth, Do: None, Why: tokens},
	{Name: "sasl.login.retry.backoff.ms", Group: OAuth, Do: None, Why: tokens},
	{Name: "sasl.login.retry.backoff.max.ms", Group: OAuth, Do: None, Why: tokens},
	{Name: "sasl.login.refresh.buffer.seconds", Group: OAuth, Do: None, Why: refreshed},
	{Name: "sasl.login.refresh.min.period.seconds", Group: OAuth, Do: None, Why: refreshed},
	{Name: "sasl.login.refresh.window.factor", Group: OAuth, Do: None, Why: refreshed},
	{Name: "sasl.login.refresh.window.jitter", Group: OAuth, Do: None, Why: refreshed},
	{Name: "sasl.oauthbearer.clock.skew.seconds", Group: OAuth, Do: None, Why: validated},
	{Name: "sasl.oauthbearer.expected.audience", Group: OAuth, Do: None, Why: validated},
	{Name: "sasl.oauthbearer.expected.issuer", Group: OAuth, Do: None, Why: validated},
	{Name: "sasl.oauthbearer.jwks.endpoint.refresh.ms", Group: OAuth, Do: None, Why: validated},
	{Name: "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", Group: OAuth, Do: None, Why: validated},
	{Name: "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", Group: OAuth, Do: None, Why: validated},
	{Name: "sasl.oauthbearer.jwks.endpoint.url", Group: OAuth, Do: None, Why: validated},
	{Name: "sasl.oauthbearer.jwt.validator.class", Group: OAuth, Do: None, Why: validated},
	{Name: "sasl.oauthbearer.scope.claim.name", Group: OAuth, Do: None, Why: validated},
	{Name: "sasl.oauthbearer.sub.claim.name", Group: OAuth, Do: None, Why: validated},
}

const (
	tokens    = "librdkafka asks the token endpoint with timeouts and repetitions of its own."
	refreshed = "librdkafka fetches a new token when four fifths of the old one's life have passed."
	validated = "It is for checking tokens, which the brokers do; the client only hands them on."
)
