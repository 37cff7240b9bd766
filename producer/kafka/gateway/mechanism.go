package gateway

import (
	"context"
	"log/slog"
	"strings"

	"github.com/twmb/franz-go/pkg/sasl"

	"urncast/producer/kafka/properties"
)

// A Login holds tickets for code that connects to brokers itself, as the connection test does.
type Login struct{ login *login }

// NewLogin checks the settings; it does not ask the KDC. Its errors are Failures.
func NewLogin(k *properties.Kerberos, log *slog.Logger) (*Login, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	l, err := newLogin(*k, log)
	if err != nil {
		return nil, err
	}
	return &Login{l}, nil
}

// Close forgets the tickets.
func (l *Login) Close() { l.login.close() }

// Mechanism gets a ticket for the broker at a host, and returns the mechanism that logs in with it.
// Its errors are Failures.
func (l *Login) Mechanism(ctx context.Context, host string) (sasl.Mechanism, error) {
	t, _, err := l.login.service(ctx, strings.ToLower(host))
	if err != nil {
		return nil, err
	}
	return shown{t}, nil
}

// Mechanism is as Login.Mechanism, with the gateway's own tickets.
func (g *Gateway) Mechanism(ctx context.Context, host string) (sasl.Mechanism, error) {
	return (&Login{g.login}).Mechanism(ctx, host)
}

// shown implements sasl.Mechanism with a ticket.
type shown struct{ t *ticket }

func (shown) Name() string { return "GSSAPI" }

func (s shown) Authenticate(context.Context, string) (sasl.Session, []byte, error) {
	x, token, err := s.t.exchange()
	return x, token, err
}

// Challenge implements sasl.Session.
func (x *exchange) Challenge(said []byte) (bool, []byte, error) {
	token, err := x.next(said)
	return x.chosen, token, err
}
