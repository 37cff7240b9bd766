package properties

import (
	"fmt"
	"slices"
	"strings"

	"urncast/producer/connection"
)

const (
	plain       = "PLAIN"
	scram256    = "SCRAM-SHA-256"
	scram512    = "SCRAM-SHA-512"
	oauthBearer = "OAUTHBEARER"
	gssapi      = "GSSAPI"
)

var mechanisms = []string{plain, scram256, scram512, oauthBearer, gssapi, mskIAM}

// fits lists the login modules that Kafka's Java clients have, and the mechanisms
// that each is for.
var fits = map[string][]string{
	"PlainLoginModule":       {plain},
	"ScramLoginModule":       {scram256, scram512},
	"OAuthBearerLoginModule": {oauthBearer},
	"Krb5LoginModule":        {gssapi},
	"IAMLoginModule":         {mskIAM},
}

// sasl finds out who logs in, and how.
func (r *resolver) sasl(p protocol) {
	if !p.sasl {
		for _, list := range [][]rule{loginRules, oauthRules} {
			for _, rule := range list {
				if rule.do == made {
					r.idle(r.unused("SASL"), rule.name)
				}
			}
		}
		return
	}
	mechanism, ok := r.mechanism()
	if !ok {
		return
	}
	module, ok := r.module(mechanism)
	if !ok {
		return
	}
	r.out.Mechanism = mechanism
	r.out.Client["sasl.mechanism"] = mechanism
	r.unneeded(mechanism)
	if r.signsTokens(mechanism) {
		r.iam(module, p.tls)
		return
	}
	switch mechanism {
	case plain, scram256, scram512:
		r.password(mechanism, module)
	case oauthBearer:
		r.oauth(module)
	case gssapi:
		r.kerberos(module)
		r.handOver(p)
	}
}

// mechanism is the one that is written, or Java's default.
func (r *resolver) mechanism() (string, bool) {
	const name = "sasl.mechanism"
	if !r.has(name) {
		r.note("security.protocol", "sasl.mechanism is not written, so Java's default GSSAPI (Kerberos) counts.")
		return gssapi, true
	}
	m := strings.ToUpper(r.values[name])
	switch {
	case slices.Contains(mechanisms, m):
		return m, true
	case strings.Contains(m, ","):
		r.refuse(name, "It names several mechanisms, and a client uses one: keep one of them.")
	default:
		r.refuse(name, "%s is no mechanism that Kafka's brokers have: write "+
			"one of %s.", quoted(name, r.values[name]), strings.Join(mechanisms, ", "))
	}
	return "", false
}

// module reads sasl.jaas.config; nil if it is not written.
func (r *resolver) module(mechanism string) (*loginModule, bool) {
	const name = "sasl.jaas.config"
	if !r.has(name) {
		return nil, true
	}
	m, err := readJAAS(r.values[name])
	if err != nil {
		r.refuse(name, "%s", sentence(err))
		return nil, false
	}
	short := m.name()
	right, known := fits[short]
	switch {
	case !known:
		r.refuse(name, "%s", strangeModule(m.class))
		return nil, false
	case short == "Krb5LoginModule" && strings.Contains(m.class, "ibm"):
		r.refuse(name, "The Krb5LoginModule of IBM has other options (useKeytab as a URL, credsType): write "+
			"com.sun.security.auth.module.Krb5LoginModule "+
			"required useKeyTab=true with keyTab and principal.")
		return nil, false
	case slices.Contains(right, mechanism):
		return m, true
	}
	if r.has("sasl.mechanism") {
		r.refuse(name, "The module %s is for %s, and sasl.mechanism is %s: "+
			"make them fit.", short, strings.Join(right, " and "), mechanism)
	} else {
		r.refuse(name, "The module %s is for %s, and without sasl.mechanism Java's default %s counts: add "+
			"sasl.mechanism=%s.",
			short, strings.Join(right, " and "), mechanism, right[0])
	}
	return nil, false
}

// strangeModule says what to write instead of a module that is not Kafka's own.
// The class is shown only if it looks like one.
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

// unneeded marks what belongs to another mechanism.
func (r *resolver) unneeded(mechanism string) {
	why := fmt.Sprintf("sasl.mechanism is %s, which has no use for it.", mechanism)
	if mechanism != oauthBearer {
		for _, rule := range oauthRules {
			if rule.do == made {
				r.idle(why, rule.name)
			}
		}
		r.idle(why, "sasl.login.callback.handler.class")
	}
	if mechanism != gssapi {
		r.idle(why, "sasl.kerberos.service.name", "sasl.kerberos.principal", "sasl.kerberos.keytab",
			"java.security.krb5.conf", "java.security.krb5.realm", "java.security.krb5.kdc")
	}
	if mechanism == oauthBearer || mechanism == gssapi || mechanism == mskIAM {
		r.idle(why, "sasl.username", "sasl.password")
	}
}

// password is for PLAIN and SCRAM.
func (r *resolver) password(mechanism string, m *loginModule) {
	const jaas = "sasl.jaas.config"
	values := map[string]string{}
	for _, property := range []string{"sasl.username", "sasl.password"} {
		v, option := r.values[property], strings.TrimPrefix(property, "sasl.")
		if m != nil {
			o, written := m.options[option]
			if written && r.has(property) && o != v {
				r.refuse(property, "sasl.jaas.config has another %s: keep one of them.", option)
				continue
			}
			if written {
				v = o
			}
		}
		values[property] = v
		if v != "" {
			r.out.Client[property] = v
		}
	}
	if m != nil {
		r.options(m, map[string]string{"username": "", "password": "", "serviceName": "It is for Kerberos."})
		if v, ok := m.options["tokenauth"]; ok && strings.EqualFold(v, "true") {
			r.refuse(jaas, "The option tokenauth logs in with a delegation token, which librdkafka does not do: "+
				"use a user and a password.")
		}
		r.becomes(jaas, "sasl.username", "sasl.password")
	}
	for _, property := range []string{"sasl.username", "sasl.password"} {
		if values[property] != "" || r.has(property) {
			continue
		}
		option := strings.TrimPrefix(property, "sasl.")
		if m != nil {
			r.refuse(jaas, "The option %s is missing: add %s=\"…\" before the semicolon.", option, option)
		} else {
			r.refuse("sasl.jaas.config", "%s needs a user and a password: write "+
				"sasl.jaas.config=org.apache.kafka.common.security.%sLoginModule "+
				"required username=\"…\" password=\"…\"; or sasl.username and sasl.password.", mechanism,
				map[bool]string{true: "plain.Plain", false: "scram.Scram"}[mechanism == plain])
			return
		}
	}
}

// options says what the options of a module that have no effect are. known gives
// a sentence for each, or none for those that count.
func (r *resolver) options(m *loginModule, known map[string]string) {
	for _, name := range sortedKeys(m.options) {
		why, ok := known[name]
		switch {
		case ok && why == "":
		case ok:
			r.note("sasl.jaas.config", "The option %s has no effect: %s", name, strings.ToLower(why[:1])+why[1:])
		case name == "tokenauth" || name == "debug":
		default:
			// Its name is not shown: in a text with a quotation mark too few it may
			// be a part of a password.
			r.note("sasl.jaas.config", "An option that %s does not know has no effect.", m.name())
		}
	}
}

// handOver leaves security to the gateway, which librdkafka reaches without.
func (r *resolver) handOver(p protocol) {
	for name := range r.out.Client {
		if name == "security.protocol" || strings.HasPrefix(name, "ssl.") || strings.HasPrefix(name, "sasl.") || strings.HasPrefix(name, "enable.ssl.") {
			delete(r.out.Client, name)
		}
	}
	if r.has("sasl.mechanism") {
		r.becomes("sasl.mechanism", "urncast")
	}
	r.becomes("security.protocol", "urncast")
	for _, rule := range tlsRules {
		if f := r.written[rule.name]; f != nil && rule.do == made && p.tls && r.findings[f[0]].Verdict != connection.WithoutEffect {
			r.becomes(rule.name, "urncast")
		}
	}
}
