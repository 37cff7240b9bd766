package properties

import (
	"encoding/pem"
	"net/url"
	"slices"
	"strings"

	"crypto/x509"

	"urncast/producer/connection"
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

// oauth fetches tokens from a token endpoint (OIDC): by the client's own secret,
// or by an assertion that it signs.
func (r *resolver) oauth(m *loginModule) {
	r.handler()
	r.oauthModule(m)
	if r.unsignedTokens() {
		return
	}
	if r.has("sasl.oauthbearer.method") {
		v, ok := r.checked("sasl.oauthbearer.method", r.values["sasl.oauthbearer.method"])
		if ok && v != "oidc" {
			r.refuse("sasl.oauthbearer.method", "Its value default asks the program for tokens, and urncast "+
				"fetches them itself: write oidc, with %s.", endpoint)
		}
	}
	r.endpoint()
	r.out.Client["sasl.oauthbearer.method"] = "oidc"
	r.grant()
	r.take(scope, "sasl.oauthbearer.extensions")
	r.idle("Tokens come from the endpoint, so it has no use.", "sasl.oauthbearer.config")
	r.endpointTrust()
}

// take hands values on after a look at each.
func (r *resolver) take(names ...string) {
	for _, name := range names {
		if v, ok := r.values[name]; ok && v != "" {
			if v, ok := r.checked(name, v); ok {
				r.out.Client[name] = v
			}
		}
	}
}

// handler takes Kafka's own callback handlers, which fetch tokens as urncast does.
func (r *resolver) handler() {
	const name = "sasl.login.callback.handler.class"
	if !r.has(name) {
		return
	}
	class := r.values[name]
	if strings.HasPrefix(class, "org.apache.kafka.common.security.oauthbearer.") && strings.HasSuffix(class, ".OAuthBearerLoginCallbackHandler") ||
		class == "io.strimzi.kafka.oauth.client.JaasClientOauthLoginCallbackHandler" {
		r.say(name, connection.WithoutEffect, "Tokens are fetched from %s here without it.", endpoint)
		return
	}
	r.refuse(name, "A callback handler is a Java class, which cannot run here: remove the line, and write %s with "+
		"the client's id and secret.", endpoint)
}

// oauthModule takes the options of OAuthBearerLoginModule, where older Java
// clients had the client's id and secret.
func (r *resolver) oauthModule(m *loginModule) {
	const jaas = "sasl.jaas.config"
	if m == nil {
		return
	}
	var extensions, becomes []string
	known := map[string]string{}
	for _, option := range sortedKeys(m.options) {
		value := m.options[option]
		property := moduleOptions[option]
		switch {
		case property != "":
			known[option] = ""
			becomes = append(becomes, property)
			if r.has(property) && r.values[property] != value {
				r.refuse(property, "sasl.jaas.config has another %s: keep one of them.", option)
				continue
			}
			r.values[property] = value
		case strings.HasPrefix(option, "extension_"):
			known[option] = ""
			extensions = append(extensions, strings.TrimPrefix(option, "extension_")+"="+value)
		case strings.HasPrefix(option, "unsecuredLogin"):
			r.refuse(jaas, "Its unsecuredLogin… options make tokens without a signature, which whoever reaches the "+
				"brokers can make too: use %s with clientId and clientSecret; "+
				"for a test, write %s=true and sasl.oauthbearer.config=principal=… instead.", endpoint, unsigned)
			known[option] = ""
		case strings.HasPrefix(option, "ssl."), strings.HasPrefix(option, "oauth.ssl.truststore."):
			known[option] = "" // jaasTrust looks at it
		case option == "assertion" || strings.HasPrefix(option, "oauth."):
			r.refuse(jaas, "It has options of another maker's login (oauth.…) that have no equivalent here: write %s, and "+
				"clientId, clientSecret and scope.", endpoint)
			known[option] = ""
		}
	}
	if len(extensions) > 0 {
		becomes = append(becomes, "sasl.oauthbearer.extensions")
		joined := strings.Join(extensions, ",")
		if e := "sasl.oauthbearer.extensions"; r.has(e) && r.values[e] != joined {
			r.refuse(e, "sasl.jaas.config has other extensions: keep one of them.")
		} else {
			r.values[e] = joined
		}
	}
	r.options(m, known)
	r.becomes(jaas, append(becomes, "sasl.oauthbearer.method")...)
	r.jaasTrust(m)
}

// moduleOptions are the options of OAuthBearerLoginModule that are properties too: those of
// Kafka's own handler, and of Strimzi's.
var moduleOptions = map[string]string{
	"clientId": client, "clientSecret": secret, "scope": scope,
	"oauth.client.id": client, "oauth.client.secret": secret, "oauth.scope": scope, "oauth.token.endpoint.uri": endpoint,
}

// jaasTrust takes the trust store that Java uses for the token endpoint.
func (r *resolver) jaasTrust(m *loginModule) {
	prefix := ""
	if m.options["oauth.ssl.truststore.location"] != "" {
		prefix = "oauth."
	}
	location := m.options[prefix+"ssl.truststore.location"]
	if location == "" {
		return
	}
	data, err := r.file("ssl.truststore.location", location)
	if err == nil {
		var store *material
		if store, err = trustStore(data, m.options[prefix+"ssl.truststore.password"]); err == nil {
			r.ended("sasl.jaas.config", store.trusted)
			r.out.Client["https.ca.pem"] = pemOf(store.trusted)
			return
		}
	}
	r.refuse("sasl.jaas.config", "The trust store of its option ssl.truststore.location cannot "+
		"be used: %s", sentence(err))
}

// unsignedTokens is for tests: librdkafka makes tokens without signature.
func (r *resolver) unsignedTokens() bool {
	if !r.has(unsigned) {
		return false
	}
	v, ok := r.checked(unsigned, r.values[unsigned])
	if !ok || v != "true" {
		return false
	}
	r.note(unsigned, "Tokens have no signature, so whoever reaches the brokers can make them: it is for tests.")
	r.out.Client[unsigned] = "true"
	r.take("sasl.oauthbearer.config")
	r.idle(unsigned+" makes tokens without "+
		"an endpoint.", endpoint, client, secret, scope, grant, "sasl.oauthbearer.method")
	return true
}

// endpoint is where tokens come from.
func (r *resolver) endpoint() {
	v := r.values[endpoint]
	if v == "" {
		r.refuse(endpoint, "OAUTHBEARER needs it: write the address of the token endpoint, with the client's id "+
			"and secret.")
		return
	}
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Host == "" && u.Scheme != "file":
		r.refuse(endpoint, "It is no address: write it as https://host/path.")
	case u.Scheme == "file":
		r.refuse(endpoint, "A token in a file is not read here: write the address of the endpoint that issues "+
			"tokens, and the client's id and secret.")
	case u.User != nil:
		r.refuse(endpoint, "It holds a user or a password: write them to %s and %s, which are "+
			"never shown.", client, secret)
	case u.Scheme != "https" && u.Scheme != "http":
		r.refuse(endpoint, "It is no address of the web: write it as https://host/path.")
	default:
		r.out.Client[endpoint] = v
		if u.Scheme == "http" {
			r.note(endpoint, "Without https the client's secret and the token travel in the clear.")
		}
	}
}

// grant is how the client proves who it is.
func (r *resolver) grant() {
	const class = "sasl.oauthbearer.jwt.retriever.class"
	kind := "client_credentials"
	if r.has(grant) {
		v, ok := r.checked(grant, r.values[grant])
		if !ok {
			return
		}
		kind = v
	}
	if r.has(class) {
		switch name := r.values[class]; name[strings.LastIndexByte(name, '.')+1:] {
		case "JwtBearerJwtRetriever":
			kind = bearer
		case "DefaultJwtRetriever", "ClientCredentialsJwtRetriever":
			r.say(class, connection.WithoutEffect, "It is what is done here without it.")
		default:
			r.refuse(class, "It is a Java class that cannot run here: ClientCredentialsJwtRetriever and "+
				"JwtBearerJwtRetriever have an equivalent.")
		}
	}
	if kind == bearer {
		r.out.Client[grant] = bearer
		r.idle("The grant is an assertion, so there is no secret.", secret, "sasl.oauthbearer.header.urlencode")
		r.assertion()
		r.take(client)
		return
	}
	for _, rule := range oauthRules {
		if strings.Contains(rule.name, ".assertion.") {
			r.idle("The grant is client_credentials, which has no assertion.", rule.name)
		}
	}
	encode := false
	if name := "sasl.oauthbearer.header.urlencode"; r.has(name) {
		switch strings.ToLower(r.values[name]) {
		case "true":
			encode = true
		case "false":
			r.say(name, connection.WithoutEffect, "It is what is done here without it.")
		default:
			r.refuse(name, "%s is neither true nor false.", quoted(name, r.values[name]))
		}
	}
	for _, name := range []string{client, secret} {
		v := r.values[name]
		if v == "" {
			r.refuse(name, "It is missing: write it, or the options clientId and clientSecret of sasl.jaas.config.")
			continue
		}
		if encode {
			v = url.QueryEscape(v)
		}
		r.out.Client[name] = v
	}
}

// assertion is a token that the client signs, or a file that holds one.
func (r *resolver) assertion() {
	const part = "sasl.oauthbearer.assertion."
	r.take(part+"algorithm", part+"claim.aud", part+"claim.exp.seconds", part+"claim.iss", part+"claim.jti.include", part+"claim.nbf.seconds", part+"claim.sub")
	for _, name := range []string{part + "file", part + "jwt.template.file"} {
		if !r.has(name) {
			continue
		}
		if strings.HasPrefix(r.values[name], connection.UploadPrefix) {
			r.refuse(name, "librdkafka reads it by path only: put the file onto the machine that urncast runs on, "+
				"and write its path.")
		} else if _, err := r.file(name, r.values[name]); err != nil {
			r.refuse(name, "%s", sentence(err))
		} else {
			r.out.Client[name] = strings.TrimPrefix(r.values[name], "file://")
		}
	}
	if r.has(part + "file") {
		r.idle("The assertion is in "+r.as(part+"file")+".", part+"private.key.file", part+"private.key.pem", part+"private.key.passphrase")
		return
	}
	place := r.onlyOne(part+"private.key.file", part+"private.key.pem")
	if place == "" {
		r.refuse(part+"private.key.file", "An assertion needs a key to sign with: write a path, or upload: and the "+
			"name of an uploaded file.")
		return
	}
	data, err := unfolded([]byte(r.values[place])), error(nil)
	if place == part+"private.key.file" || strings.HasPrefix(r.values[place], connection.UploadPrefix) {
		data, err = r.file(place, r.values[place])
	}
	var key any
	if err == nil {
		key, err = privateKey(data, r.values[part+"private.key.passphrase"])
	}
	if err != nil {
		text := strings.ReplaceAll(sentence(err), "ssl.key.password", part+"private.key.passphrase")
		r.refuse(place, "%s", text)
		return
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		r.refuse(place, "The key is of a kind that cannot sign assertions: RSA and EC can.")
		return
	}
	r.out.Client[part+"private.key.pem"] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// endpointTrust takes the certificates that the token endpoint's is verified by.
func (r *resolver) endpointTrust() {
	place := r.onlyOne("https.ca.location", "https.ca.pem")
	if place == "" || r.values[place] == "probe" {
		return
	}
	data, err := unfolded([]byte(r.values[place])), error(nil)
	if place == "https.ca.location" || strings.HasPrefix(r.values[place], connection.UploadPrefix) {
		data, err = r.file(place, r.values[place])
	}
	var certs []*x509.Certificate
	if err == nil {
		certs, err = certificates(data)
	}
	if err != nil {
		r.refuse(place, "%s", sentence(err))
		return
	}
	r.note(place, "%s", r.ended(place, certs))
	r.out.Client["https.ca.pem"] = pemOf(certs)
}

func sortedKeys[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
