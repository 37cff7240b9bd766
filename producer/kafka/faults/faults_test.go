package faults

import (
	"context"
	"errors"
	"strings"
	"testing"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

func kindOf(t *testing.T, err error) producer.FaultKind {
	t.Helper()
	var f *producer.Fault
	if !errors.As(err, &f) {
		t.Fatalf("%v is no Fault", err)
	}
	return f.Kind
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		code          ck.ErrorCode
		before, after producer.FaultKind // of Begin
	}{
		{ck.ErrTransport, producer.Transitory, producer.InDoubt},
		{ck.ErrTimedOut, producer.Transitory, producer.InDoubt},
		{ck.ErrInvalidProducerIDMapping, producer.Transitory, producer.InDoubt}, // 49, after idle weeks
		{ck.ErrState, producer.Transitory, producer.InDoubt},                    // -172
		{ck.ErrFatal, producer.Transitory, producer.InDoubt},                    // -150
		{ck.ErrInvalidTxnState, producer.Transitory, producer.InDoubt},          // 48
		{ck.ErrFenced, producer.Fenced, producer.Fenced},                        // -144
		{ck.ErrInvalidProducerEpoch, producer.Fenced, producer.Fenced},          // 47
		{ck.ErrMsgSizeTooLarge, producer.Permanent, producer.Permanent},
		{ck.ErrTopicAuthorizationFailed, producer.Permanent, producer.Permanent},
		{ck.ErrUnknownTopicOrPart, producer.Transitory, producer.InDoubt}, // one broker's word, that Describe looks into
		{ck.ErrUnknownTopic, producer.Transitory, producer.InDoubt},       // -188
		{ck.ErrUnknownPartition, producer.Transitory, producer.InDoubt},   // -190
		{ck.ErrorCode(9999), producer.Permanent, producer.InDoubt},        // not in the table
	} {
		err := ck.NewError(c.code, "the broker's words", false)
		if got := kindOf(t, Of("testing", err)); got != c.before {
			t.Errorf("%s before Begin is %s, want %s", c.code, got, c.before)
		}
		if got := kindOf(t, AfterBegin("testing", err)); got != c.after {
			t.Errorf("%s after Begin is %s, want %s", c.code, got, c.after)
		}
	}
	if got := kindOf(t, Initialising("id", ck.NewError(ck.ErrProducerFenced, "", false))); got != producer.Transitory {
		t.Errorf("being fenced while initialising is %s", got)
	}
	if err := Of("testing", context.Canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call became %v", err)
	}
}

// What librdkafka 2.11.1 said to real brokers and token endpoints, and what is
// made of it.
func TestSigns(t *testing.T) {
	for _, c := range []struct {
		code ck.ErrorCode
		said string
		kind producer.FaultKind
		cure string
	}{
		{ck.ErrAuthentication, "sasl_plaintext://b:1/bootstrap: SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: SCRAM-SHA-512 (after 301ms in state AUTH_HANDSHAKE)", producer.Permanent, "mechanisms"},
		{ck.ErrAuthentication, "SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state: broker's supported mechanisms:  (after 5ms in state AUTH_HANDSHAKE)", producer.Transitory, "no SASL"},
		{ck.ErrAuthentication, "sasl_plaintext://b:1/1: SASL PLAIN mechanism handshake failed: Local: Broker transport failure: broker's supported mechanisms: (n/a) (after 12ms in state AUTH_HANDSHAKE)", producer.Transitory, "broke during the login"},
		{ck.ErrAuthentication, "sasl_ssl://b:1/1: SASL authentication error: SaslAuthenticateRequest failed: Local: Broker transport failure (after 3ms in state AUTH_REQ)", producer.Transitory, "broke during the login"},
		{ck.ErrAuthentication, "EndTxn commit failed: Local: Authentication failure", producer.Transitory, "connects anew"},
		{ck.ErrAuthentication, "sasl_ssl://b:1/1: SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512 (after 3ms in state AUTH_REQ)", producer.Permanent, "password"},
		{ck.ErrAuthentication, `Failed to acquire SASL OAUTHBEARER token: {"error":"invalid_client","error_description":"no"}`, producer.Permanent, "client secret"},
		{ck.ErrAuthentication, "Failed to acquire SASL OAUTHBEARER token: Failed to connect to 127.0.0.1 port 1 after 0 ms: Could not connect to server", producer.Transitory, "token endpoint"},
		{ck.ErrAuthentication, "Failed to acquire SASL OAUTHBEARER token: Could not resolve host: nowhere.invalid", producer.Transitory, "token endpoint"},
		{ck.ErrAuthentication, "Failed to acquire SASL OAUTHBEARER token: error setting certificate file: /etc/pki/tls/certs/ca-bundle.crt", producer.Permanent, "https.ca.location"},
		{ck.ErrAuthentication, "Failed to acquire SASL OAUTHBEARER token: Must supply an unexpired token: now=2ms, exp=1ms", producer.Permanent, "clock"},
		{ck.ErrSsl, "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified (after 25ms in state SSL_HANDSHAKE)", producer.Permanent, "ssl.ca.location"},
		{ck.ErrTransport, "Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42 (after 2ms in state APIVERSION_QUERY)", producer.Permanent, "client certificate"},
		{ck.ErrTransport, "SSL handshake failed: Disconnected: SSL connection closed by peer: connecting to a PLAINTEXT broker listener? (after 6ms in state SSL_HANDSHAKE)", producer.Transitory, "security.protocol"},
		{ck.ErrTransport, "Disconnected: connection closed by peer: receive 0 after POLLIN (after 4ms in state APIVERSION_QUERY)", producer.Transitory, "TLS or SASL"},
		{ck.ErrTransport, "Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)", producer.Transitory, ""},
	} {
		err := Of("testing", ck.NewError(c.code, c.said, false))
		if got := kindOf(t, err); got != c.kind || !strings.Contains(err.Error(), c.cure) {
			t.Errorf("%s:\n%s, %v; want %s, %q", c.said, got, err, c.kind, c.cure)
		}
		if strings.Contains(err.Error(), "in state") {
			t.Errorf("%v says in which state the client was", err)
		}
	}
}

// A cure says what to do, once and at the end; what happened and why are before it.
func TestFaultsAreInOrder(t *testing.T) {
	for _, c := range []struct {
		code       ck.ErrorCode
		said, want string
	}{
		{ck.ErrTopicAuthorizationFailed, "Broker: Topic authorization failed",
			"Kafka answered with an error while testing: Broker: Topic authorization failed (Kafka error 29). Grant WRITE, DESCRIBE and READ on the topic, then start the producer"},
		{ck.ErrAuthentication, `Failed to acquire SASL OAUTHBEARER token: {"error":"invalid_client"}`,
			`Kafka answered with an error while testing, because the token endpoint refuses the client: Failed to acquire SASL OAUTHBEARER token: {"error":"invalid_client"} (Kafka error -169). ` +
				"Check client id, client secret and scope, then start the producer"},
		{ck.ErrNotCoordinator, "Broker: Not coordinator", "Kafka answered with an error while testing: Broker: Not coordinator (Kafka error 16)"},
	} {
		if err := Of("testing", ck.NewError(c.code, c.said, false)); err.Error() != c.want {
			t.Errorf("%s\nwant %s", err, c.want)
		}
	}
}

// A reader's fault tells what its code means where there is nothing to do; the gateway's own words
// take the place of both.
func TestExplained(t *testing.T) {
	lost := Of("testing", ck.NewError(ck.ErrOffsetOutOfRange, "x", false)).(*producer.Fault)
	for range 2 {
		Explain(lost)
	}
	if want := "Kafka answered with an error while testing, because " + rulings[ck.ErrOffsetOutOfRange].Why; lost.Text != want {
		t.Errorf("%s\nwant %s", lost.Text, want)
	}
	refused := Of("testing", ck.NewError(ck.ErrAuthentication, "Unsupported SASL mechanism", false)).(*producer.Fault)
	if Unexplain(refused); refused.Text != "Kafka answered with an error while testing" || refused.Cure != "" {
		t.Errorf("%+v", refused)
	}
}
