package kafka

import (
	"context"
	"errors"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kerr"

	"urncast/producer"
	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/faults"
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
		return faults.Of(doing, ctx.Err())
	}
	if err = questions(ctx, b.brokers); err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return askFault(doing, err)
}

// askFault classifies an error of a question to the brokers.
func askFault(doing string, err error) error {
	var f *producer.Fault
	var leader *admin.TopicError
	var t *probe.Trouble
	switch {
	case err == nil, errors.As(err, &f):
		return err
	case errors.As(err, &t):
		if errors.As(err, &leader) {
			t = leaderless(leader.Topic, leader.Leader, leader.At, t)
		}
		return lookFault(doing, troubleKind(t), t, nil)
	}
	return faults.Of(doing, clientError(err))
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
	c := admin.New(b.dial, b.brokers.Servers())
	defer c.Close()
	if err := c.Enter(ctx); err != nil {
		return probe.Of(err)
	}
	if len(topics) == 0 {
		return nil
	}
	return b.unfit(ctx, c, topics, leader)
}

// dial makes a connection to a server as the connection's settings say, past the client
// and, with the same tickets, past the gateway, whose words for what fails are taken.
func (b *Broker) dial(ctx context.Context, server string) (*probe.Peer, error) {
	dialer := &probe.Dialer{Settings: b.settings, Token: b.bearer.Asked(), Patience: requestTimeout}
	if b.gateway != nil {
		dialer.Kerberos = inWords(b.gateway.Mechanism)
	}
	peer, err := dialer.Open(ctx, server)
	if err != nil && b.gateway != nil && ctx.Err() == nil {
		if why := b.gateway.Try(ctx, server); why != nil {
			err = trouble(why)
		}
	}
	return peer, err
}
