package kafka

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/sasl"

	"urncast/producer"
	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/gateway"
	"urncast/producer/kafka/probe"
)

// ask puts questions to the brokers, on the connections that are kept for them. Callers
// take turns.
func (b *Broker) ask(ctx context.Context, limit time.Duration, doing string, questions func(context.Context, *admin.Cluster) error) (err error) {
	ctx, left, err := b.call(ctx)
	if err != nil {
		return err
	}
	defer func() { err = b.explain(left(err), producer.Transitory) }()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return fault(doing, ctx.Err())
	}
	if err = questions(ctx, b.brokers); err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return askFault(doing, err)
}

// askFault classifies an error of a question to the brokers.
func askFault(doing string, err error) error {
	var f *producer.Fault
	var leader *admin.LeaderError
	var t *probe.Trouble
	switch {
	case err == nil, errors.As(err, &f):
		return err
	case errors.As(err, &leader):
		t = leaderless(leader.Topic, leader.Broker, leader.At, probe.Of(err))
		return found(doing, troubleKind(t), t, nil)
	case errors.As(err, &t):
		return found(doing, troubleKind(t), t, nil)
	}
	return fault(doing, clientError(err))
}

// clientError puts a broker's error as the client library does, with whose errors the
// fault table is made.
func clientError(err error) error {
	var code *kerr.Error
	if !errors.As(err, &code) {
		return err
	}
	text := ck.ErrorCode(code.Code).String()
	var refused *admin.Refusal
	if errors.As(err, &refused) && refused.Text != code.Error() {
		text = refused.Text
	}
	return ck.NewError(ck.ErrorCode(code.Code), text, false)
}

// lasting are the causes that do not end by themselves: what the brokers refuse, and
// certificates that are no good. Whatever else is met may be over soon.
var lasting = map[probe.Cause]bool{
	probe.CertificateForeign: true, probe.CertificateExpired: true, probe.CertificateFuture: true, probe.CertificateName: true,
	probe.CertificateInvalid: true, probe.ClientCertMissing: true, probe.ClientCertRefused: true, probe.TLSVersion: true,
	probe.TLSCipher: true, probe.TLSFails: true, probe.SASLNotOffered: true, probe.MechanismNotOffered: true,
	probe.PasswordWrong: true, probe.TokenRefused: true, probe.ServerUnproven: true, probe.LoginRefused: true,
	probe.LoginIncomplete: true, probe.TokenEndpointTLS: true, probe.TokenClientRefused: true, probe.AWSRefused: true,
	probe.TooOld: true,
}

// troubleKind says how a trouble is acted on.
func troubleKind(t *probe.Trouble) producer.FaultKind {
	var f *gateway.Failure
	if lasting[t.Cause] || t.Cause == probe.KerberosFails && !(errors.As(t.Err, &f) && f.Transitory) {
		return producer.Permanent
	}
	return producer.Transitory
}

// look says why none of the servers can be used; nil if one can.
func (b *Broker) look(ctx context.Context) *probe.Trouble { return b.lookAt(ctx, nil, nil) }

// lookAt says why none of the servers can be used, or one of the topics takes nothing;
// nil if all can. With an absence, a leader is given time to come back, or to be replaced.
// It makes connections of its own, for those that stand outlive a password.
func (b *Broker) lookAt(ctx context.Context, topics []string, leader *absence) *probe.Trouble {
	var gatewayOnly atomic.Bool
	c := admin.New(func(ctx context.Context, server string) (*probe.Peer, error) {
		peer, err := b.open(ctx, server)
		if peer == nil && err == nil {
			gatewayOnly.Store(true)
			err = probe.Met(probe.KerberosFails, nil, "server", server)
		}
		return peer, err
	}, b.addresses)
	defer c.Close()
	switch err := c.Enter(ctx); {
	case err != nil && gatewayOnly.Load(), err == nil && len(topics) == 0:
		return nil
	case err != nil:
		return probe.Of(err)
	}
	return b.unfit(ctx, c, topics, leader)
}

// open makes a connection to a server, past the client. Through a gateway that is tried as
// the gateway does it, and only then as a dialer does: nil if the latter alone fails.
func (b *Broker) open(ctx context.Context, server string) (*probe.Peer, error) {
	if b.gateway == nil {
		return b.dial(ctx, server)
	}
	if err := b.through(ctx, server); err != nil {
		return nil, err
	}
	peer, _ := b.dial(ctx, server) // what matters is that the gateway reaches it
	return peer, nil
}

// dial makes a connection to a server as the connection's settings say.
func (b *Broker) dial(ctx context.Context, server string) (*probe.Peer, error) {
	dialer := &probe.Dialer{Settings: b.settings, Token: b.bearer.Asked(), Patience: requestTimeout}
	if b.gateway != nil {
		dialer.Kerberos = func(ctx context.Context, host string) (sasl.Mechanism, error) {
			m, err := b.gateway.Mechanism(ctx, host)
			if err != nil {
				return nil, trouble(err)
			}
			return m, nil
		}
	}
	return dialer.Open(ctx, server)
}
