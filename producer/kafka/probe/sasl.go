package probe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// A Login is the result of a login.
type Login struct {
	Mechanism string
	// Principal is the user's principal by Kafka's default rules. A broker does not tell which
	// one it uses, and its own rules may give another.
	Principal string
	// Lifetime is how long the broker lets the session live; 0 for ever.
	Lifetime time.Duration
}

// Authenticate logs in with the configured mechanism. Without one it sends a request that a
// listener with SASL would not answer.
func (p *Peer) Authenticate(ctx context.Context) error {
	if p.dialer.Settings.Mechanism == "" {
		return p.anonymous(ctx)
	}
	name := p.dialer.Settings.Mechanism
	mechanism, user, err := p.mechanism(ctx)
	if err != nil {
		return err
	}
	p.Login = Login{Mechanism: name, Principal: "User:" + user}
	if err := p.handshake(ctx, name); err != nil {
		return err
	}
	session, token, err := mechanism.Authenticate(ctx, p.Server)
	if err != nil {
		return p.loginTrouble(ctx, err, user)
	}
	for done := false; !done; {
		answer, err := p.prove(ctx, token, user)
		if err != nil {
			return err
		}
		p.Login.Lifetime = time.Duration(answer.SessionLifetimeMillis) * time.Millisecond
		if done, token, err = session.Challenge(answer.SASLAuthBytes); err != nil {
			return p.challengeTrouble(err, answer.SASLAuthBytes, user)
		}
		if done && len(token) > 0 {
			_, err = p.prove(ctx, token, user)
			return err
		}
	}
	return nil
}

// anonymous checks that the broker answers without SASL.
func (p *Peer) anonymous(ctx context.Context) error {
	p.Login = Login{Principal: "User:ANONYMOUS"}
	if p.TLS != nil && p.TLS.Sent != "" {
		p.Login.Principal = "User:" + p.TLS.Sent
	}
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = []kmsg.MetadataRequestTopic{} // none: nil would mean all
	_, err := p.ask(ctx, request)
	if err == nil || errors.Is(ctx.Err(), context.Canceled) {
		return err
	}
	offered, known := p.mechanisms(ctx)
	if !known {
		return err
	}
	now, with := "PLAINTEXT", "SASL_PLAINTEXT"
	if p.TLS != nil {
		now, with = "SSL", "SASL_SSL"
	}
	return Met(SASLWanted, err, "server", p.Server, "protocol", now, "with", with, "offered", strings.Join(offered, ", "))
}

// mechanisms asks, on a connection of its own, for the mechanisms of a listener.
func (p *Peer) mechanisms(ctx context.Context) ([]string, bool) {
	fresh, err := p.again(ctx)
	if err != nil {
		return nil, false
	}
	defer fresh.Close()
	if fresh.Secure(ctx) != nil || fresh.Greet(ctx) != nil {
		return nil, false
	}
	answer, err := fresh.shake(ctx, "urncast asks what there is")
	if err != nil || answer.ErrorCode != kerr.UnsupportedSaslMechanism.Code {
		return nil, false
	}
	return answer.SupportedMechanisms, true
}

func (p *Peer) shake(ctx context.Context, mechanism string) (*kmsg.SASLHandshakeResponse, error) {
	request := kmsg.NewPtrSASLHandshakeRequest()
	request.Mechanism = mechanism
	answer, err := p.ask(ctx, request)
	if err != nil {
		return nil, err
	}
	return answer.(*kmsg.SASLHandshakeResponse), nil
}

// handshake agrees with the broker on a mechanism.
func (p *Peer) handshake(ctx context.Context, name string) error {
	now, plain := "SASL_PLAINTEXT", "PLAINTEXT"
	if p.TLS != nil {
		now, plain = "SASL_SSL", "SSL"
	}
	without := Met(SASLNotOffered, nil, "server", p.Server, "protocol", now, "without", plain)
	if _, ok := p.Offered[int16(kmsg.SASLHandshake)]; !ok {
		return without
	}
	answer, err := p.shake(ctx, name)
	if err != nil {
		return err
	}
	switch code := kerr.ErrorForCode(answer.ErrorCode); {
	case code == nil:
		return nil
	case errors.Is(code, kerr.UnsupportedSaslMechanism):
		offered := slices.Sorted(slices.Values(answer.SupportedMechanisms))
		return Met(MechanismNotOffered, code, "server", p.Server, "mechanism", name, "offered", strings.Join(offered, ", "))
	case errors.Is(code, kerr.IllegalSaslState):
		return without
	default:
		return Met(LoginRefused, code, "server", p.Server, "mechanism", name)
	}
}

// prove sends one token and returns the answer.
func (p *Peer) prove(ctx context.Context, token []byte, user string) (*kmsg.SASLAuthenticateResponse, error) {
	request := kmsg.NewPtrSASLAuthenticateRequest()
	request.SASLAuthBytes = token
	kind, err := p.ask(ctx, request)
	if err != nil {
		return nil, err
	}
	answer := kind.(*kmsg.SASLAuthenticateResponse)
	code := kerr.ErrorForCode(answer.ErrorCode)
	if code == nil {
		return answer, nil
	}
	if answer.ErrorMessage != nil && *answer.ErrorMessage != "" {
		code = errors.New(strings.TrimSuffix(*answer.ErrorMessage, "."))
	}
	return nil, p.loginTrouble(ctx, code, user)
}

// loginTrouble is the trouble of a login that the broker refused, by mechanism.
func (p *Peer) loginTrouble(ctx context.Context, err error, user string) error {
	var t *Trouble
	if errors.As(err, &t) {
		return t
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return Met(Cancelled, err)
	}
	cause := map[string]Cause{"PLAIN": PasswordWrong, "SCRAM-SHA-256": PasswordWrong, "SCRAM-SHA-512": PasswordWrong,
		"OAUTHBEARER": TokenRefused, "GSSAPI": KerberosFails}[p.Login.Mechanism]
	switch {
	case cause == "":
		cause = LoginRefused
	case p.dialer.Settings.IAM != nil:
		cause = AWSRefused
	}
	return Met(cause, err, "server", p.Server, "mechanism", p.Login.Mechanism, "user", user)
}

// challengeTrouble is the trouble of a login in which the broker's answer is not what the mechanism
// asks for.
func (p *Peer) challengeTrouble(err error, said []byte, user string) error {
	cause := LoginRefused
	switch {
	case strings.HasPrefix(p.Login.Mechanism, "SCRAM-"):
		cause = ServerUnproven
	case p.dialer.Settings.IAM != nil:
		cause, err = AWSRefused, fmt.Errorf("it says %s", said)
	case p.Login.Mechanism == "OAUTHBEARER":
		// RFC 7628: a refusal comes as JSON, in an answer that is no error.
		cause, err = TokenRefused, fmt.Errorf("it says %s", said)
	case p.Login.Mechanism == "GSSAPI":
		cause = KerberosFails
	}
	return Met(cause, err, "server", p.Server, "mechanism", p.Login.Mechanism, "user", user)
}

// token gets a token from the Dialer's Token, or else from the token endpoint.
func (p *Peer) token(ctx context.Context) (token, whose string, err error) {
	if p.dialer.Token != nil {
		return p.dialer.Token(ctx)
	}
	return fetchToken(ctx, p.dialer.Settings.Client)
}

// mechanism returns the mechanism of the settings and the user's name.
func (p *Peer) mechanism(ctx context.Context) (sasl.Mechanism, string, error) {
	settings := p.dialer.Settings
	name, client := settings.Mechanism, settings.Client
	user, password := client["sasl.username"], client["sasl.password"]
	switch name {
	case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
		if user == "" {
			return nil, "", Met(LoginIncomplete, nil, "mechanism", name, "property", "sasl.username")
		}
		if password == "" {
			return nil, "", Met(LoginIncomplete, nil, "mechanism", name, "property", "sasl.password")
		}
	}
	switch name {
	case "PLAIN":
		return plain.Auth{User: user, Pass: password}.AsMechanism(), user, nil
	case "SCRAM-SHA-256":
		return scram.Auth{User: user, Pass: password}.AsSha256Mechanism(), user, nil
	case "SCRAM-SHA-512":
		return scram.Auth{User: user, Pass: password}.AsSha512Mechanism(), user, nil
	case "OAUTHBEARER":
		token, subject, err := p.token(ctx)
		if err != nil {
			return nil, "", err
		}
		return oauth.Auth{Token: token, Extensions: extensions(client)}.AsMechanism(), subject, nil
	}
	if p.dialer.Kerberos == nil || settings.Kerberos == nil {
		return nil, "", Met(LoginRefused, errors.New("this program has no such mechanism"), "server", p.Server,
			"mechanism", name)
	}
	mechanism, err := p.dialer.Kerberos(ctx, p.Host)
	var told *Trouble
	if errors.As(err, &told) {
		return nil, "", told
	}
	if err != nil {
		return nil, "", Met(KerberosFails, err, "server", p.Server)
	}
	return mechanism, settings.Kerberos.Principal, nil
}
