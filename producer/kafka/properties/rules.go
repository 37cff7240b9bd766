package properties

import (
	"fmt"
	"slices"
	"strings"

	"urncast/producer/connection"
)

// An action is what becomes of a property.
type action uint8

const (
	pass   action = iota + 1 // to librdkafka, under its own name, after a look at the value
	same                     // another name of the property that to names
	made                     // by code of this package: stores, logins, bounds
	ours                     // urncast does it itself
	none                     // librdkafka has no such thing, and nothing is lost
	fixed                    // our value counts, whatever is written
	refuse                   // it breaks a promise, or cannot be carried over
)

// A rule says what becomes of one name.
type rule struct {
	name  string
	group string
	do    action
	to    string // what it becomes; several are separated by spaces
	why   string // one sentence for people
	// fine are the values of a refused or fixed property that change nothing, in
	// small letters; several are separated by spaces. "-" is the empty value.
	fine string
	// words translates values, in small letters.
	words map[string]string
}

// The groups of the page, in its order.
const (
	servers     = "Servers"
	security    = "Security"
	login       = "Authentication"
	kerberos    = "Kerberos"
	oauth       = "OAuth"
	limits      = "Limits"
	publishing  = "Publishing"
	timing      = "Timing"
	network     = "Network"
	diagnostics = "Diagnostics"
	reading     = "Reading"
	javaOnly    = "Java"
)

var groups = []string{servers, security, login, kerberos, oauth, limits, publishing, timing, network, diagnostics, reading, javaOnly}

var importances = []string{"high", "medium", "low"}

var rules = index(slices.Concat(clientRules, networkRules, publishingRules, readingRules, tlsRules, loginRules, oauthRules,
	callRules, virtualMachineRules, retiredRules), func(r rule) string { return r.name })

// canonical is the one name of a thing that has several.
func canonical(name string) string {
	if r := rules[name]; r != nil && r.do == same {
		return r.to
	}
	return name
}

// becomes lists what acts on a property.
func (r *rule) becomes() []string {
	switch {
	case r.to != "":
		return strings.Fields(r.to)
	case r.do == pass, r.do == fixed:
		return []string{clientName(r.name)}
	case r.do == ours:
		return []string{"urncast"}
	}
	return nil
}

// harmless says whether a value of a refused or fixed property changes nothing.
func (r *rule) harmless(value string) bool {
	if value == "" {
		value = "-"
	}
	return slices.Contains(strings.Fields(r.fine), strings.ToLower(value))
}

// secretWords are in the names of what is never shown, whoever made the name.
var secretWords = []string{"password", "passphrase", "secret", "jaas", "credential", "user.info", "private.key", "api.key", "token"}

// Secret says whether the value of a property is never shown. A name that nobody
// knows is secret if it sounds so.
func Secret(name string) bool {
	name = strings.TrimSpace(name)
	switch name {
	case "ssl.key.pem", "ssl.certificate.pem", "sasl.oauthbearer.config":
		return true
	case "ssl.truststore.certificates", "sasl.oauthbearer.token.endpoint.url", "sasl.oauthbearer.client.credentials.client.id",
		"sasl.oauthbearer.assertion.private.key.file", "basic.auth.credentials.source", "bearer.auth.credentials.source":
		return false
	}
	if j := javaByName[name]; j != nil {
		return j.kind == "password"
	}
	small := strings.ToLower(name)
	for _, w := range secretWords {
		if strings.Contains(small, w) && rules[name] == nil || strings.HasSuffix(small, w) {
			return true
		}
	}
	return strings.HasSuffix(small, ".pem") && strings.Contains(small, "key")
}

// Properties describes every property of a producer's connection, by group and
// importance. What only a consumer has is left out.
func Properties() []connection.PropertyInfo {
	var out []connection.PropertyInfo
	for name, r := range rules {
		if r.do == same || r.group == reading || r.group == javaOnly && javaByName[name] == nil {
			continue
		}
		if p := byName[name]; p != nil && p.use == "C" {
			continue
		}
		out = append(out, describe(r))
	}
	slices.SortFunc(out, func(a, b connection.PropertyInfo) int {
		if d := slices.Index(groups, a.Group) - slices.Index(groups, b.Group); d != 0 {
			return d
		}
		if d := slices.Index(importances, a.Importance) - slices.Index(importances, b.Importance); d != 0 {
			return d
		}
		if (a.Refused == "") != (b.Refused == "") { // what can be set stands first
			return strings.Compare(a.Refused[:min(1, len(a.Refused))], b.Refused[:min(1, len(b.Refused))])
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// describe joins what librdkafka, Java and we know of a property.
func describe(r *rule) connection.PropertyInfo {
	info := connection.PropertyInfo{Name: clientName(r.name), Group: r.group, Meaning: r.why, Type: "string", Importance: "low", Secret: Secret(r.name)}
	for _, n := range javaNames {
		if canonical(n.name) == r.name {
			info.Java = append(info.Java, n.name)
		}
	}
	if p := byName[info.Name]; p != nil {
		info.Meaning, info.Type, info.Range, info.Default, info.Importance = p.meaning, p.kind, p.values, p.standard, p.importance
		if p.kind == "call" {
			info.Type = "string"
		}
	} else if j := javaByName[r.name]; j != nil {
		info.Type, info.Default, info.Importance = javaKinds[j.kind], j.standard, j.importance
	}
	if d, ok := defaults[r.name]; ok {
		info.Default, info.Ours = d, true
	}
	if m, ok := meanings[r.name]; ok {
		info.Meaning = m
	}
	if w, ok := ranges[r.name]; ok {
		info.Range = w
	}
	if info.Secret {
		info.Type = "password"
	}
	switch r.do {
	case refuse:
		info.Refused = r.why
	case fixed:
		info.Refused = fmt.Sprintf("It is always %s. %s", ownValue(r), r.why)
	}
	return info
}

// ownValue is what counts for a fixed property: our default, or the one value that
// changes nothing.
func ownValue(r *rule) string {
	if d, ok := defaults[r.name]; ok {
		return d
	}
	return strings.Fields(r.fine)[0]
}

// clientName is librdkafka's name of a thing, or Java's where librdkafka has none.
func clientName(name string) string {
	if byName[name] != nil {
		return name
	}
	for _, p := range librdkafka {
		if canonical(p.name) == name {
			return p.name
		}
	}
	return name
}

// ranges are ours where they differ from librdkafka's.
var ranges = map[string]string{
	"max.request.size":                      "1 .. 1000000000",
	"max.in.flight.requests.per.connection": "1 .. 5",
	"retries":                               "1 .. 2147483647",
	"receive.message.max.bytes":             "52429312 .. 2147483647",
	"ssl.endpoint.identification.algorithm": "https, none, or empty for none",
	"security.protocol":                     "PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
	"sasl.mechanism":                        "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, GSSAPI, AWS_MSK_IAM",
	"ssl.truststore.type":                   "JKS, PKCS12, PEM",
	"ssl.keystore.type":                     "JKS, PKCS12, PEM",
}

// javaKinds are our words for the types of Java's table.
var javaKinds = map[string]string{
	"string": "string", "class": "string", "password": "password", "boolean": "boolean", "list": "list",
	"int": "integer", "long": "integer", "short": "integer", "double": "float",
}

// defaults are those that are in effect here and are not librdkafka's.
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

// meanings are ours where librdkafka's words are missing or mean a programmer.
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
