package faults

import (
	"regexp"
	"strings"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

// TokenSign stands in what the client says when it gets no token.
const TokenSign = "acquire SASL OAUTHBEARER token"

// signs are parts of the client's words that tell more than the number of its error. The first one
// that is found counts.
var signs = []struct {
	sign *regexp.Regexp
	Ruling
}{
	{regexp.MustCompile(`OAUTHBEARER token: .*(invalid_client|invalid_grant|invalid_scope|unauthorized_client|unsupported_grant_type|access_denied)`),
		Ruling{producer.Permanent, "the token endpoint refuses the client", "check client id, client secret and scope, then start the producer"}},
	{regexp.MustCompile(`OAUTHBEARER token: .*unexpired token`),
		Ruling{producer.Permanent, "the token had expired when it came", "compare this machine's clock with the token endpoint's, then start the producer"}},
	{regexp.MustCompile(`OAUTHBEARER token: .*(certificate|SSL|TLS)`),
		Ruling{producer.Permanent, "the token endpoint's certificate is not trusted", "check its authority in https.ca.location, and its URL, then start the producer"}},
	{regexp.MustCompile(TokenSign), Ruling{producer.Transitory, "the token endpoint gives no token", "check the token endpoint's URL, and whether it is up"}},
	// The client calls it a failed login when the connection breaks during one, as it
	// does when a broker stops.
	{regexp.MustCompile(`(mechanism handshake|SaslAuthenticateRequest) failed: Local: |SASL send failed: `),
		Ruling{producer.Transitory, "the connection broke during the login", "see whether the broker is up"}},
	// A request that was under way says no more than this. If the broker did refuse the login,
	// the publisher hears its words when it connects anew.
	{regexp.MustCompile(`(^|: )Local: Authentication failure$`), Ruling{producer.Transitory, "a login failed while the request was under way; the publisher connects anew", ""}},
	{regexp.MustCompile(`Unsupported SASL mechanism`),
		Ruling{producer.Permanent, "the broker does not have the mechanism", "choose one of the broker's mechanisms with sasl.mechanism, then start the producer"}},
	// A broker says this of a listener without SASL, and of a login that follows another
	// within a second, as when a token ends. A look at the servers tells which.
	{regexp.MustCompile(`not valid in current SASL state`),
		Ruling{producer.Transitory, "the last login was less than a second ago, or the listener has no SASL", "if it lasts, check the port and security.protocol"}},
	{regexp.MustCompile(`certificate verify failed`),
		Ruling{producer.Permanent, "the broker's certificate has expired, is made out to another host, or comes from an authority that is not trusted",
			"check the certificate, the bootstrap server's name and ssl.ca.location, then start the producer"}},
	{regexp.MustCompile(`alert certificate (expired|revoked)|alert number (44|45)\b`),
		Ruling{producer.Permanent, "the broker refuses our certificate, which has expired or was revoked", "get a new one, then start the producer"}},
	{regexp.MustCompile(`alert number (42|43|46|48|116)\b`),
		Ruling{producer.Permanent, "the broker asks for a client certificate, and does not accept ours or was sent none",
			"check that ssl.certificate.location names a certificate that has not expired and comes from an authority the broker trusts, and ssl.key.location its key, then start the producer"}},
	{regexp.MustCompile(`alert number (40|70|71)\b|wrong version number|no protocols available`),
		Ruling{producer.Permanent, "broker and client have no version or cipher of TLS in common, or the port does not speak TLS", "check security.protocol and the ssl properties, then start the producer"}},
	{regexp.MustCompile(`PLAINTEXT broker listener`), Ruling{producer.Transitory, "the listener may not speak TLS", checkPort}},
	{regexp.MustCompile(`state APIVERSION_QUERY`), Ruling{producer.Transitory, "the broker hangs up, as a listener does that asks for TLS or SASL", checkPort}},
	{regexp.MustCompile(`closed by peer.*\(after \d+ms in state UP`), Ruling{producer.Transitory, "the broker hangs up, as a listener does that asks for SASL, or when a login has expired", checkPort}},
}

const checkPort = "if it lasts, check the port and security.protocol"

// rule looks an error up. told reports whether the client's words were found among the signs: the
// ruling's Why then says more than those words.
func rule(e ck.Error) (r Ruling, told bool) {
	text := e.Error()
	for i := range signs {
		if signs[i].sign.MatchString(text) {
			return signs[i].Ruling, true
		}
	}
	r, known := rulings[e.Code()]
	if !known && e.IsRetriable() {
		r.Kind = producer.Transitory
	}
	return r, false
}

// tidied takes from the client's words what says nothing to people.
func tidied(text string) string {
	text = strings.TrimSpace(spent.ReplaceAllString(text, ""))
	return strings.Join(strings.Fields(text), " ")
}

// spent is how librdkafka ends most of its sentences.
var spent = regexp.MustCompile(` ?\(after \d+ms in state [A-Z_0-9]+(, \d+ identical error\(s\) suppressed)?\)`)
