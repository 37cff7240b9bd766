package rig

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A Listener names one of the listeners of a secured broker.
type Listener string

// The listeners of a secured broker, in addition to those of every broker. Their host is
// localhost, which is the host of the certificates and of the Kerberos principal. Those with
// SASL offer every mechanism for which the broker was configured.
const (
	TLS         Listener = "TLS"       // SSL; a client certificate is requested, not required
	MutualTLS   Listener = "MTLS"      // SSL; a client certificate is required
	SASLTLS     Listener = "SASLTLS"   // SASL_SSL
	SASL        Listener = "SASL"      // SASL_PLAINTEXT
	ScramOnly   Listener = "SCRAM512"  // SASL_PLAINTEXT with SCRAM-SHA-512 only
	Expired     Listener = "EXPIRED"   // SSL with a certificate that has expired
	WrongHost   Listener = "WRONGHOST" // SSL with a certificate for another host
	ForeignCert Listener = "FOREIGN"   // SSL with a certificate of another authority
)

// A Secure says how a broker is secured.
type Secure struct {
	// Authority signs the broker's certificates. The broker trusts client certificates that it
	// signed.
	Authority *Authority
	// Users maps the users of PLAIN and SCRAM to their passwords.
	Users map[string]string
	// KDC enables the mechanism GSSAPI, Tokens enables OAUTHBEARER.
	KDC    *KDC
	Tokens *TokenEndpoint
	// AWS enables OAUTHBEARER with tokens that are signed with AWS credentials. Use it or
	// Tokens, not both.
	AWS *AWS
	// ACLs enables access control: users may do what Grant allowed. Super users are "admin"
	// and anonymous clients, such as those of the plain listener.
	ACLs bool
	// Reauthenticate is how long a SASL session lasts (connections.max.reauth.ms); 0 for no
	// limit.
	Reauthenticate time.Duration
	// Properties are further lines of server.properties, which override the others.
	Properties []string
}

// StartSecureKafka starts a broker with every Listener; it ends with the test.
func StartSecureKafka(tb testing.TB, s Secure) *Kafka {
	tb.Helper()
	return startSecure(tb, s, true)
}

// StartSecureKafkaForBench starts such a broker with a JVM that is tuned for speed under load.
func StartSecureKafkaForBench(tb testing.TB, s Secure) *Kafka {
	tb.Helper()
	return startSecure(tb, s, false)
}

func startSecure(tb testing.TB, s Secure, fast bool) *Kafka {
	tb.Helper()
	Jars(tb) // skips the test first of all if there is no Java
	k := &Kafka{dir: tb.TempDir(), fast: fast}
	if s.AWS != nil {
		k.classes = s.AWS.compiledHandler(tb)
	}
	lines := []string{
		"num.network.threads=1", // for each listener
		"ssl.truststore.type=PEM", "ssl.truststore.location=" + s.Authority.File,
		"ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/,DEFAULT",
	}
	add := func(l Listener, protocol string, more ...string) {
		if err := k.listen(string(l), protocol); err != nil {
			tb.Fatal(err)
		}
		last := &k.listeners[len(k.listeners)-1]
		last.advertised = fmt.Sprintf("localhost:%d", last.port)
		for _, line := range more {
			lines = append(lines, prefix(l)+line)
		}
	}
	certificate := func(c *Certificate, more ...string) []string {
		return append([]string{"ssl.keystore.type=PEM", "ssl.keystore.location=" + c.Pair}, more...)
	}
	own := s.Authority.Issue(tb, Subject{Name: "broker"})
	add(TLS, "SSL", certificate(own, "ssl.client.auth=requested")...)
	add(MutualTLS, "SSL", certificate(own, "ssl.client.auth=required")...)
	add(SASLTLS, "SASL_SSL", append(certificate(own), s.mechanisms(tb)...)...)
	add(SASL, "SASL_PLAINTEXT", s.mechanisms(tb)...)
	add(ScramOnly, "SASL_PLAINTEXT", "sasl.enabled.mechanisms=SCRAM-SHA-512", "scram-sha-512.sasl.jaas.config="+scramModule)
	add(Expired, "SSL", certificate(s.Authority.Issue(tb, Subject{Name: "broker", NotAfter: time.Now().AddDate(0, 0, -1)}))...)
	add(WrongHost, "SSL", certificate(s.Authority.Issue(tb, Subject{Name: "broker", Hosts: []string{"elsewhere.example"}}))...)
	add(ForeignCert, "SSL", certificate(NewAuthority(tb).Issue(tb, Subject{Name: "broker"}))...)
	if s.Tokens != nil {
		// With Kafka 4.1's default, or with a validator that is configured per listener, the
		// broker does not check signatures, and would accept forged tokens.
		lines = append(lines, "sasl.oauthbearer.jwt.validator.class=org.apache.kafka.common.security.oauthbearer.BrokerJwtValidator")
	}
	if s.Reauthenticate > 0 {
		lines = append(lines, fmt.Sprintf("connections.max.reauth.ms=%d", s.Reauthenticate.Milliseconds()))
	}
	if s.ACLs {
		lines = append(lines, "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super.users=User:ANONYMOUS;User:admin")
	}
	k.more = strings.Join(append(lines, s.Properties...), "\n") + "\n"
	k.jvmFlags, k.format = s.jvmFlags(), s.scramUsers()
	k.run(tb)
	return k
}

// Address returns the host:port of a listener of a secured broker.
func (k *Kafka) Address(l Listener) string { return fmt.Sprintf("localhost:%d", k.port(string(l))) }

// prefix returns the prefix of a listener's own properties.
func prefix(l Listener) string { return "listener.name." + strings.ToLower(string(l)) + "." }

const scramModule = "org.apache.kafka.common.security.scram.ScramLoginModule required;"

// mechanisms returns the properties of a SASL listener, without the listener's prefix.
func (s *Secure) mechanisms(tb testing.TB) []string {
	tb.Helper()
	plainModule := "org.apache.kafka.common.security.plain.PlainLoginModule required"
	for _, user := range s.names() {
		plainModule += fmt.Sprintf(" user_%s=%q", user, s.Users[user])
	}
	enabled := []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}
	lines := []string{
		"plain.sasl.jaas.config=" + plainModule + ";",
		"scram-sha-256.sasl.jaas.config=" + scramModule,
		"scram-sha-512.sasl.jaas.config=" + scramModule,
	}
	if s.Tokens != nil {
		enabled = append(enabled, "OAUTHBEARER")
		lines = append(lines,
			"oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;",
			"oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler",
			"oauthbearer.sasl.oauthbearer.jwks.endpoint.url="+s.Tokens.Keys,
			"oauthbearer.sasl.oauthbearer.expected.issuer="+s.Tokens.Issuer,
			"oauthbearer.sasl.oauthbearer.expected.audience="+Audience)
	}
	if s.AWS != nil {
		enabled = append(enabled, "OAUTHBEARER")
		lines = append(lines, s.AWS.brokerProperties()...)
	}
	if s.KDC != nil {
		enabled = append(enabled, "GSSAPI")
		lines = append(lines, "sasl.kerberos.service.name=kafka",
			fmt.Sprintf("gssapi.sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true keyTab=%q principal=%q;",
				s.KDC.brokerKeytab(), BrokerPrincipal+"@"+Realm))
	}
	return append(lines, "sasl.enabled.mechanisms="+strings.Join(enabled, ","))
}

// BrokerPrincipal is the Kerberos principal of every secured broker.
const BrokerPrincipal = "kafka/localhost"

// brokerKeytab returns the keytab of the broker's principal, which the first call makes.
func (k *KDC) brokerKeytab() string {
	if k.BrokerKeytab == "" {
		k.AddPrincipal(BrokerPrincipal, "")
		k.BrokerKeytab = k.Keytab(BrokerPrincipal)
	}
	return k.BrokerKeytab
}

// jvmFlags returns the flags for the broker's JVM.
func (s *Secure) jvmFlags() (flags []string) {
	if s.Tokens != nil { // Kafka fetches keys only from URLs that this flag allows
		flags = append(flags, "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls="+s.Tokens.Keys)
	}
	if s.AWS != nil {
		flags = append(flags, s.AWS.jvmFlags()...)
	}
	if s.KDC != nil {
		flags = append(flags, "-Djava.security.krb5.conf="+s.KDC.Config)
	}
	if s.Reauthenticate > 0 { // so that Reauthentications can count
		flags = append(flags, "-Dorg.slf4j.simpleLogger.log."+authenticatorLog+"=debug")
	}
	return flags
}

// authenticatorLog is the broker's logger that logs each authentication.
const authenticatorLog = "org.apache.kafka.common.security.authenticator.SaslServerAuthenticator"

// reauthentication matches what the broker logs when a re-authentication begins, with its
// mechanism.
var reauthentication = regexp.MustCompile(`Handling Kafka request SASL_HANDSHAKE during re-authentication\n.*Using SASL mechanism '([^']+)'`)

// Reauthentications returns by mechanism how often clients have re-authenticated on an open
// connection (KIP-368) since the broker was made.
func (k *Kafka) Reauthentications(tb testing.TB) map[string]int {
	tb.Helper()
	text, err := os.ReadFile(k.LogFile())
	if err != nil {
		tb.Fatal(err)
	}
	counts := map[string]int{}
	for _, m := range reauthentication.FindAllSubmatch(text, -1) {
		counts[string(m[1])]++
	}
	return counts
}

// scramUsers returns the arguments with which kafka.tools.StorageTool creates the SCRAM users.
func (s *Secure) scramUsers() (args []string) {
	for _, user := range s.names() {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, user, s.Users[user]))
		}
	}
	return args
}

func (s *Secure) names() (all []string) {
	for user := range s.Users {
		all = append(all, user)
	}
	slices.Sort(all)
	return all
}
