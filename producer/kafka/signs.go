package kafka

import (
	"regexp"
	"strings"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

// tokenSign stands in what the client says when it gets no token.
const tokenSign = "acquire SASL OAUTHBEARER token"

// signs are parts of what the client says, where that tells more than its number:
// the first that fits rules.
var signs = []struct {
	sign *regexp.Regexp
	ruling
}{
	{regexp.MustCompile(`OAUTHBEARER token: .*(invalid_client|invalid_grant|invalid_scope|unauthorized_client|unsupported_grant_type|access_denied)`),
		ruling{producer.Permanent, "the token endpoint refuses the client: check client id, client secret and scope, then start the producer"}},
	{regexp.MustCompile(`OAUTHBEARER token: .*unexpired token`),
		ruling{producer.Permanent, "the token had expired when it came: compare this machine's clock with the token endpoint's, then start the producer"}},
	{regexp.MustCompile(`OAUTHBEARER token: .*(certificate|SSL|TLS)`),
		ruling{producer.Permanent, "the token endpoint's certificate is not trusted: check its authority in https.ca.location, and its URL, then start the producer"}},
	{regexp.MustCompile(tokenSign), ruling{producer.Transitory, "the token endpoint gives no token: check its URL, and whether it is up"}},
	// The client calls it a failed login when the connection breaks during one, as it
	// does when a broker stops.
	{regexp.MustCompile(`(mechanism handshake|SaslAuthenticateRequest) failed: Local: |SASL send failed: `),
		ruling{producer.Transitory, "the connection broke during the login: see whether the broker is up"}},
	// So much is all that a request which was under way then says. If the broker did
	// refuse the login, the publisher hears its words when it connects anew.
	{regexp.MustCompile(`(^|: )Local: Authentication failure$`), ruling{producer.Transitory, "the login failed meanwhile: the publisher connects anew"}},
	{regexp.MustCompile(`Unsupported SASL mechanism`),
		ruling{producer.Permanent, "choose one of the broker's mechanisms with sasl.mechanism, then start the producer"}},
	// A broker says this of a listener without SASL, and of a login that follows another
	// within a second, as at a token's end. A look at the servers tells which.
	{regexp.MustCompile(`not valid in current SASL state`),
		ruling{producer.Transitory, "the broker allows no login now: one was less than a second ago, or the listener has no SASL"}},
	{regexp.MustCompile(`certificate verify failed`),
		ruling{producer.Permanent, "the broker's certificate has expired, is made out to another host, or comes from an authority that is not trusted: " +
			"check it, the bootstrap server's name and ssl.ca.location, then start the producer"}},
	{regexp.MustCompile(`alert certificate (expired|revoked)|alert number (44|45)\b`),
		ruling{producer.Permanent, "the broker refuses our certificate, which has expired or was revoked: get a new one, then start the producer"}},
	{regexp.MustCompile(`alert number (42|43|46|48|116)\b`),
		ruling{producer.Permanent, "the broker asks for a client certificate and does not accept ours, or we have none: check that ssl.certificate.location names " +
			"a certificate that has not expired and comes from an authority the broker trusts, and ssl.key.location its key, then start the producer"}},
	{regexp.MustCompile(`alert number (40|70|71)\b|wrong version number|no protocols available`),
		ruling{producer.Permanent, "broker and client have no version or cipher of TLS in common, or the port does not speak TLS: check security.protocol and the ssl properties, then start the producer"}},
	{regexp.MustCompile(`PLAINTEXT broker listener`), ruling{producer.Transitory, "the listener may not speak TLS: check the port and security.protocol"}},
	{regexp.MustCompile(`state APIVERSION_QUERY`), ruling{producer.Transitory, "the broker hangs up: the listener may ask for TLS or SASL: check the port and security.protocol"}},
	{regexp.MustCompile(`closed by peer.*\(after \d+ms in state UP`), ruling{producer.Transitory, "the broker hangs up: the listener may ask for SASL, or the login has expired: check the port and security.protocol"}},
}

// rule looks an error up: first by its words, then by its number.
func rule(e ck.Error) ruling {
	text := e.Error()
	for i := range signs {
		if signs[i].sign.MatchString(text) {
			return signs[i].ruling
		}
	}
	listed, known := rulings[e.Code()]
	if !known && e.IsRetriable() {
		return ruling{producer.Transitory, ""}
	}
	return ruling{listed.kind, listed.cure}
}

// tidied takes from the client's words what says nothing to people.
func tidied(text string) string {
	text = strings.TrimSpace(spent.ReplaceAllString(text, ""))
	return strings.Join(strings.Fields(text), " ")
}

// spent is how librdkafka ends most of its sentences.
var spent = regexp.MustCompile(` ?\(after \d+ms in state [A-Z_0-9]+(, \d+ identical error\(s\) suppressed)?\)`)
