package properties

import (
	"encoding/pem"
	"maps"
	"net/url"
	"slices"
	"strings"

	"crypto/x509"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/stores"
	"urncast/producer/kafka/properties/table"
)

const (
	endpoint = "sasl.oauthbearer.token.endpoint.url"
	client   = "sasl.oauthbearer.client.id"
	secret   = "sasl.oauthbearer.client.secret"
	scope    = "sasl.oauthbearer.scope"
	grant    = "sasl.oauthbearer.grant.type"
	unsigned = "enable.sasl.oauthbearer.unsecure.jwt"
	bearer   = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// oauth resolves OAUTHBEARER with a token endpoint (OIDC), at which the client proves itself by a
// secret or by an assertion that it signs.
func (l *login) oauth() {
	l.handler()
	l.oauthModule()
	if l.unsignedTokens() {
		return
	}
	if l.has("sasl.oauthbearer.method") {
		v, ok := l.checked("sasl.oauthbearer.method", l.values["sasl.oauthbearer.method"])
		if ok && v != "oidc" {
			l.refuse("sasl.oauthbearer.method", "Its value default asks the program for tokens, and urncast "+
				"fetches them itself: write oidc, with %s.", endpoint)
		}
	}
	l.endpoint()
	l.out.Client["sasl.oauthbearer.method"] = "oidc"
	l.grant()
	l.take(scope, "sasl.oauthbearer.extensions")
	l.idle("Tokens come from the endpoint, so it has no use.", "sasl.oauthbearer.config")
	l.endpointTrust()
}

// take hands values on to librdkafka, if they are valid.
func (l *login) take(names ...string) {
	for _, name := range names {
		if v, ok := l.values[name]; ok && v != "" {
			if v, ok := l.checked(name, v); ok {
				l.out.Client[name] = v
			}
		}
	}
}

// handler accepts Kafka's and Strimzi's callback handlers, which fetch tokens as librdkafka does.
func (l *login) handler() {
	const name = "sasl.login.callback.handler.class"
	if !l.has(name) {
		return
	}
	class := l.values[name]
	if strings.HasPrefix(class, "org.apache.kafka.common.security.oauthbearer.") && strings.HasSuffix(class, ".OAuthBearerLoginCallbackHandler") ||
		class == "io.strimzi.kafka.oauth.client.JaasClientOauthLoginCallbackHandler" {
		l.say(name, connection.WithoutEffect, "Tokens are fetched from %s here without it.", endpoint)
		return
	}
	l.refuse(name, "A callback handler is a Java class, which cannot run here: remove the line, and write %s with "+
		"the client's id and secret.", endpoint)
}

// oauthModule resolves the options of OAuthBearerLoginModule, which have the client's id and secret
// for older Java clients.
func (l *login) oauthModule() {
	if l.module == nil {
		return
	}
	var extensions, becomes []string
	known := map[string]string{}
	for _, option := range slices.Sorted(maps.Keys(l.module.Options)) {
		value := l.module.Options[option]
		property := moduleOptions[option]
		switch {
		case property != "":
			known[option] = ""
			becomes = append(becomes, property)
			if l.has(property) && l.values[property] != value {
				l.refuse(property, "sasl.jaas.config has another %s: keep one of them.", option)
				continue
			}
			l.values[property] = value
		case strings.HasPrefix(option, "extension_"):
			known[option] = ""
			extensions = append(extensions, strings.TrimPrefix(option, "extension_")+"="+value)
		case strings.HasPrefix(option, "unsecuredLogin"):
			l.refuse(jaasProperty, "Its unsecuredLogin… options make tokens without a signature, which whoever reaches the "+
				"brokers can make too: use %s with clientId and clientSecret; "+
				"for a test, write %s=true and sasl.oauthbearer.config=principal=… instead.", endpoint, unsigned)
			known[option] = ""
		case strings.HasPrefix(option, "ssl."), strings.HasPrefix(option, "oauth.ssl.truststore."):
			known[option] = "" // jaasTrust looks at it
		case option == "assertion" || strings.HasPrefix(option, "oauth."):
			l.refuse(jaasProperty, "It has options of another maker's login (oauth.…) that have no equivalent here: write %s, and "+
				"clientId, clientSecret and scope.", endpoint)
			known[option] = ""
		}
	}
	if len(extensions) > 0 {
		becomes = append(becomes, "sasl.oauthbearer.extensions")
		joined := strings.Join(extensions, ",")
		if e := "sasl.oauthbearer.extensions"; l.has(e) && l.values[e] != joined {
			l.refuse(e, "sasl.jaas.config has other extensions: keep one of them.")
		} else {
			l.values[e] = joined
		}
	}
	l.options(known)
	l.becomes(jaasProperty, append(becomes, "sasl.oauthbearer.method")...)
	l.jaasTrust()
}

// moduleOptions are the options of OAuthBearerLoginModule that are properties too: those of
// Kafka's own handler, and of Strimzi's.
var moduleOptions = map[string]string{
	"clientId": client, "clientSecret": secret, "scope": scope,
	"oauth.client.id": client, "oauth.client.secret": secret, "oauth.scope": scope, "oauth.token.endpoint.uri": endpoint,
}

// jaasTrust resolves the options for the trust store that Java uses for the token endpoint.
func (l *login) jaasTrust() {
	prefix := ""
	if l.module.Options["oauth.ssl.truststore.location"] != "" {
		prefix = "oauth."
	}
	location := l.module.Options[prefix+"ssl.truststore.location"]
	if location == "" {
		return
	}
	data, err := l.file("ssl.truststore.location", location)
	if err == nil {
		var store *stores.Material
		if store, err = stores.ReadTrust(data, l.module.Options[prefix+"ssl.truststore.password"]); err == nil {
			l.ended(jaasProperty, store.Trusted)
			l.out.Client["https.ca.pem"] = stores.PEM(store.Trusted)
			return
		}
	}
	l.refuse(jaasProperty, "The trust store of its option ssl.truststore.location cannot "+
		"be used: %s", sentence(err))
}

// unsignedTokens resolves the properties of tokens without signature, which are for tests, and
// reports whether they are used.
func (l *login) unsignedTokens() bool {
	if !l.has(unsigned) {
		return false
	}
	v, ok := l.checked(unsigned, l.values[unsigned])
	if !ok || v != "true" {
		return false
	}
	l.note(unsigned, "Tokens have no signature, so whoever reaches the brokers can make them: it is for tests.")
	l.out.Client[unsigned] = "true"
	l.take("sasl.oauthbearer.config")
	l.idle(unsigned+" makes tokens without "+
		"an endpoint.", endpoint, client, secret, scope, grant, "sasl.oauthbearer.method")
	return true
}

// endpoint resolves the address of the token endpoint.
func (l *login) endpoint() {
	v := l.values[endpoint]
	if v == "" {
		l.refuse(endpoint, "OAUTHBEARER needs it: write the address of the token endpoint, with the client's id "+
			"and secret.")
		return
	}
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Host == "" && u.Scheme != "file":
		l.refuse(endpoint, "It is no address: write it as https://host/path.")
	case u.Scheme == "file":
		l.refuse(endpoint, "A token in a file is not read here: write the address of the endpoint that issues "+
			"tokens, and the client's id and secret.")
	case u.User != nil:
		l.refuse(endpoint, "It holds a user or a password: write them to %s and %s, which are "+
			"never shown.", client, secret)
	case u.Scheme != "https" && u.Scheme != "http":
		l.refuse(endpoint, "It is no address of the web: write it as https://host/path.")
	default:
		l.out.Client[endpoint] = v
		if u.Scheme == "http" {
			l.note(endpoint, "Without https the client's secret and the token travel in the clear.")
		}
	}
}

// grant resolves how the client proves itself to the token endpoint.
func (l *login) grant() {
	const class = "sasl.oauthbearer.jwt.retriever.class"
	kind := "client_credentials"
	if l.has(grant) {
		v, ok := l.checked(grant, l.values[grant])
		if !ok {
			return
		}
		kind = v
	}
	if l.has(class) {
		switch name := l.values[class]; name[strings.LastIndexByte(name, '.')+1:] {
		case "JwtBearerJwtRetriever":
			kind = bearer
		case "DefaultJwtRetriever", "ClientCredentialsJwtRetriever":
			l.say(class, connection.WithoutEffect, "It is what is done here without it.")
		default:
			l.refuse(class, "It is a Java class that cannot run here: ClientCredentialsJwtRetriever and "+
				"JwtBearerJwtRetriever have an equivalent.")
		}
	}
	if kind == bearer {
		l.out.Client[grant] = bearer
		l.idle("The grant is an assertion, so there is no secret.", secret, "sasl.oauthbearer.header.urlencode")
		l.assertion()
		l.take(client)
		return
	}
	for _, name := range table.MadeIn(table.OAuth) {
		if strings.Contains(name, ".assertion.") {
			l.idle("The grant is client_credentials, which has no assertion.", name)
		}
	}
	encode := false
	if name := "sasl.oauthbearer.header.urlencode"; l.has(name) {
		switch strings.ToLower(l.values[name]) {
		case "true":
			encode = true
		case "false":
			l.say(name, connection.WithoutEffect, "It is what is done here without it.")
		default:
			l.refuse(name, "%s is neither true nor false.", table.Quote(name, l.values[name]))
		}
	}
	for _, name := range []string{client, secret} {
		v := l.values[name]
		if v == "" {
			l.refuse(name, "It is missing: write it, or the options clientId and clientSecret of sasl.jaas.config.")
			continue
		}
		if encode {
			v = url.QueryEscape(v)
		}
		l.out.Client[name] = v
	}
}

// assertion resolves the properties of an assertion, which is signed with a key or read from a file.
func (l *login) assertion() {
	const part = "sasl.oauthbearer.assertion."
	l.take(part+"algorithm", part+"claim.aud", part+"claim.exp.seconds", part+"claim.iss", part+"claim.jti.include", part+"claim.nbf.seconds", part+"claim.sub")
	for _, name := range []string{part + "file", part + "jwt.template.file"} {
		if !l.has(name) {
			continue
		}
		if strings.HasPrefix(l.values[name], connection.UploadPrefix) {
			l.refuse(name, "librdkafka reads it by path only: put the file onto the machine that urncast runs on, "+
				"and write its path.")
		} else if _, err := l.file(name, l.values[name]); err != nil {
			l.refuse(name, "%s", sentence(err))
		} else {
			l.out.Client[name] = strings.TrimPrefix(l.values[name], "file://")
		}
	}
	if l.has(part + "file") {
		l.idle("The assertion is in "+l.as(part+"file")+".", part+"private.key.file", part+"private.key.pem", part+"private.key.passphrase")
		return
	}
	place := l.onlyOne(part+"private.key.file", part+"private.key.pem")
	if place == "" {
		l.refuse(part+"private.key.file", "An assertion needs a key to sign with: write a path, or upload: and the "+
			"name of an uploaded file.")
		return
	}
	data, err := stores.Unfold([]byte(l.values[place])), error(nil)
	if place == part+"private.key.file" || strings.HasPrefix(l.values[place], connection.UploadPrefix) {
		data, err = l.file(place, l.values[place])
	}
	var key any
	if err == nil {
		key, err = stores.PrivateKey(data, l.values[part+"private.key.passphrase"])
	}
	if err != nil {
		text := strings.ReplaceAll(sentence(err), "ssl.key.password", part+"private.key.passphrase")
		l.refuse(place, "%s", text)
		return
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		l.refuse(place, "The key is of a kind that cannot sign assertions: RSA and EC can.")
		return
	}
	l.out.Client[part+"private.key.pem"] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// endpointTrust resolves the certificates that are trusted at the token endpoint.
func (l *login) endpointTrust() {
	place := l.onlyOne("https.ca.location", "https.ca.pem")
	if place == "" || l.values[place] == "probe" {
		return
	}
	data, err := stores.Unfold([]byte(l.values[place])), error(nil)
	if place == "https.ca.location" || strings.HasPrefix(l.values[place], connection.UploadPrefix) {
		data, err = l.file(place, l.values[place])
	}
	var certs []*x509.Certificate
	if err == nil {
		certs, err = stores.Certificates(data)
	}
	if err != nil {
		l.refuse(place, "%s", sentence(err))
		return
	}
	l.note(place, "%s", l.ended(place, certs))
	l.out.Client["https.ca.pem"] = stores.PEM(certs)
}
