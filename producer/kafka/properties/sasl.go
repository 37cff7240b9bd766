package properties

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/jaas"
	"urncast/producer/kafka/properties/table"
)

const jaasProperty = "sasl.jaas.config"

// The mechanisms of SASL that can be written; mskIAM is another.
const (
	plain       = "PLAIN"
	scram256    = "SCRAM-SHA-256"
	scram512    = "SCRAM-SHA-512"
	oauthBearer = "OAUTHBEARER"
	gssapi      = "GSSAPI"
)

var mechanisms = []string{plain, scram256, scram512, oauthBearer, gssapi, mskIAM}

// fits has the mechanisms that each login module of Kafka's Java clients is for.
var fits = map[string][]string{
	"PlainLoginModule":       {plain},
	"ScramLoginModule":       {scram256, scram512},
	"OAuthBearerLoginModule": {oauthBearer},
	"Krb5LoginModule":        {gssapi},
	"IAMLoginModule":         {mskIAM},
}

// A login resolves what the properties say of SASL: who logs in, and how.
type login struct {
	*resolver
	protocol  protocol
	mechanism string       // as the properties have it: AWS_MSK_IAM too
	module    *jaas.Module // of sasl.jaas.config; nil if that is not written
}

// sasl resolves the login, if the protocol has one.
func (r *resolver) sasl(p protocol) {
	if !p.sasl {
		r.idle(r.unused("SASL"), table.MadeIn(table.Login, table.Kerberos, table.OAuth)...)
		return
	}
	l := &login{resolver: r, protocol: p}
	if !l.readMechanism() || !l.readModule() {
		return
	}
	r.out.Mechanism = l.mechanism
	r.out.Client["sasl.mechanism"] = l.mechanism
	l.idleOthers()
	switch {
	case l.hasSignedTokens():
		l.iam()
	case l.mechanism == oauthBearer:
		l.oauth()
	case l.mechanism == gssapi:
		l.kerberos()
		l.leaveToGateway()
	default:
		l.password()
	}
}

// readMechanism takes the mechanism that is written, or Java's default. It reports whether
// there is one that can be used.
func (l *login) readMechanism() bool {
	const name = "sasl.mechanism"
	l.mechanism = gssapi
	if !l.has(name) {
		l.note("security.protocol", "sasl.mechanism is not written, so Java's default GSSAPI (Kerberos) counts.")
		return true
	}
	l.mechanism = strings.ToUpper(l.values[name])
	switch {
	case slices.Contains(mechanisms, l.mechanism):
		return true
	case strings.Contains(l.mechanism, ","):
		l.refuse(name, "It names several mechanisms, and a client uses one: keep one of them.")
	default:
		l.refuse(name, "%s is no mechanism that Kafka's brokers have: write "+
			"one of %s.", table.Quote(name, l.values[name]), strings.Join(mechanisms, ", "))
	}
	return false
}

// readModule reads sasl.jaas.config, if it is written. It reports whether the module fits the
// mechanism.
func (l *login) readModule() bool {
	if !l.has(jaasProperty) {
		return true
	}
	m, err := jaas.Read(l.values[jaasProperty])
	if err != nil {
		l.refuse(jaasProperty, "%s", sentence(err))
		return false
	}
	short := m.Name()
	right, known := fits[short]
	switch {
	case !known:
		l.refuse(jaasProperty, "%s", strangeModule(m.Class))
		return false
	case short == "Krb5LoginModule" && strings.Contains(m.Class, "ibm"):
		l.refuse(jaasProperty, "The Krb5LoginModule of IBM has other options (useKeytab as a URL, credsType): write "+
			"com.sun.security.auth.module.Krb5LoginModule "+
			"required useKeyTab=true with keyTab and principal.")
		return false
	case slices.Contains(right, l.mechanism):
		l.module = m
		return true
	}
	if l.has("sasl.mechanism") {
		l.refuse(jaasProperty, "The module %s is for %s, and sasl.mechanism is %s: "+
			"make them fit.", short, strings.Join(right, " and "), l.mechanism)
	} else {
		l.refuse(jaasProperty, "The module %s is for %s, and without sasl.mechanism Java's default %s counts: add "+
			"sasl.mechanism=%s.",
			short, strings.Join(right, " and "), l.mechanism, right[0])
	}
	return false
}

// strangeModule returns the sentence for a module that is not one of Kafka's own, with what to
// write instead. The class is shown only if it looks like one: it may be part of a password.
func strangeModule(class string) string {
	shown := "The module"
	if len(class) < 120 && !strings.ContainsFunc(class, func(c rune) bool {
		return !(c == '.' || c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')
	}) && strings.HasSuffix(class, "LoginModule") {
		shown = "The module " + class
	}
	near := "use PlainLoginModule, ScramLoginModule, OAuthBearerLoginModule, Krb5LoginModule or IAMLoginModule"
	switch small := strings.ToLower(class); {
	case strings.Contains(small, "iam"):
		near = "the nearest is software.amazon.msk.auth.iam.IAMLoginModule"
	case strings.Contains(small, "krb") || strings.Contains(small, "kerberos"):
		near = "the nearest is com.sun.security.auth.module.Krb5LoginModule, with useKeyTab, keyTab and principal"
	case strings.Contains(small, "oauth") || strings.Contains(small, "token"):
		near = "the nearest is org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule, with " +
			"sasl.oauthbearer.token.endpoint.url"
	}
	return shown + " is not one of Kafka's own and cannot run here: " + near + "."
}

// idleOthers marks the properties of other mechanisms as without effect.
func (l *login) idleOthers() {
	why := fmt.Sprintf("sasl.mechanism is %s, which has no use for it.", l.mechanism)
	if l.mechanism != oauthBearer {
		l.idle(why, table.MadeIn(table.OAuth)...)
		l.idle(why, "sasl.login.callback.handler.class")
	}
	if l.mechanism != gssapi {
		l.idle(why, "sasl.kerberos.service.name", "sasl.kerberos.principal", "sasl.kerberos.keytab",
			"java.security.krb5.conf", "java.security.krb5.realm", "java.security.krb5.kdc")
	}
	if l.mechanism == oauthBearer || l.mechanism == gssapi || l.mechanism == mskIAM {
		l.idle(why, "sasl.username", "sasl.password")
	}
}

// password takes the user and the password, for PLAIN and SCRAM.
func (l *login) password() {
	values := map[string]string{}
	for _, property := range []string{"sasl.username", "sasl.password"} {
		v, option := l.values[property], strings.TrimPrefix(property, "sasl.")
		if l.module != nil {
			o, written := l.module.Options[option]
			if written && l.has(property) && o != v {
				l.refuse(property, "sasl.jaas.config has another %s: keep one of them.", option)
				continue
			}
			if written {
				v = o
			}
		}
		values[property] = v
		if v != "" {
			l.out.Client[property] = v
		}
	}
	if l.module != nil {
		l.options(map[string]string{"username": "", "password": "", "serviceName": "It is for Kerberos."})
		if v, ok := l.module.Options["tokenauth"]; ok && strings.EqualFold(v, "true") {
			l.refuse(jaasProperty, "The option tokenauth logs in with a delegation token, which librdkafka does not do: "+
				"use a user and a password.")
		}
		l.becomes(jaasProperty, "sasl.username", "sasl.password")
	}
	for _, property := range []string{"sasl.username", "sasl.password"} {
		if values[property] != "" || l.has(property) {
			continue
		}
		option := strings.TrimPrefix(property, "sasl.")
		if l.module != nil {
			l.refuse(jaasProperty, "The option %s is missing: add %s=\"…\" before the semicolon.", option, option)
		} else {
			l.refuse(jaasProperty, "%s needs a user and a password: write "+
				"sasl.jaas.config=org.apache.kafka.common.security.%sLoginModule "+
				"required username=\"…\" password=\"…\"; or sasl.username and sasl.password.", l.mechanism,
				map[bool]string{true: "plain.Plain", false: "scram.Scram"}[l.mechanism == plain])
			return
		}
	}
}

// options notes the options of the module that have no effect. known has a sentence for each
// of them, and an empty one for an option that counts.
func (l *login) options(known map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(l.module.Options)) {
		why, ok := known[name]
		switch {
		case ok && why == "":
		case ok:
			l.note(jaasProperty, "The option %s has no effect: %s", name, strings.ToLower(why[:1])+why[1:])
		case name == "tokenauth" || name == "debug":
		default:
			// Its name is not shown: in a text with a quotation mark too few it may
			// be a part of a password.
			l.note(jaasProperty, "An option that %s does not know has no effect.", l.module.Name())
		}
	}
}

// leaveToGateway takes security away from librdkafka, which reaches the gateway without TLS
// and SASL; the gateway has both towards the brokers.
func (l *login) leaveToGateway() {
	for name := range l.out.Client {
		if name == "security.protocol" || strings.HasPrefix(name, "ssl.") || strings.HasPrefix(name, "sasl.") || strings.HasPrefix(name, "enable.ssl.") {
			delete(l.out.Client, name)
		}
	}
	if l.has("sasl.mechanism") {
		l.becomes("sasl.mechanism", "urncast")
	}
	l.becomes("security.protocol", "urncast")
	for _, name := range table.MadeIn(table.Security) {
		if w := l.written[name]; w != nil && l.protocol.tls && l.findings[w[0]].Verdict != connection.WithoutEffect {
			l.becomes(name, "urncast")
		}
	}
}
