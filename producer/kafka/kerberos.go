package kafka

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/sasl"

	"urncast/producer"
	"urncast/producer/kafka/faults"
	"urncast/producer/kafka/gateway"
	"urncast/producer/kafka/iam"
	"urncast/producer/kafka/probe"
	"urncast/producer/kafka/properties"
)

// enter starts the gateway and sees that one of the servers lets us in: the client
// would try for a long time, and not say why it cannot.
func (c *Cluster) enter(ctx context.Context, r *properties.Resolved) (*gateway.Gateway, error) {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	g, err := gateway.Start(ctx, gateway.Options{Bootstrap: r.Bootstrap, TLS: r.TLS, Kerberos: r.Kerberos, Log: c.Log})
	if err != nil {
		return nil, err
	}
	var first error
	for _, server := range r.Bootstrap {
		err := g.Try(ctx, server)
		if err == nil {
			return g, nil
		}
		if first == nil {
			first = err
		}
	}
	g.Close()
	return nil, first
}

// entryFault classifies an error of the gateway's start: a KDC that is away comes
// back, and what it refuses it will refuse again.
func entryFault(connection string, err error) error {
	f := &producer.Fault{Kind: producer.Permanent, Text: "Connection " + connection + " cannot log in", Err: err}
	if connection == "" {
		f.Text = "The connection cannot log in"
	}
	var why *gateway.Failure
	if errors.As(err, &why) {
		f.Err, f.Cure = faults.Worded(err, why.What()), why.Cure
		if why.Transitory {
			f.Kind = producer.Transitory
		}
	}
	return f
}

// NewDialer makes a dialer for a connection that no Broker stands for; done ends what it
// began. Without settings it is of no use, and asks for none.
func NewDialer(r *properties.Resolved, log *slog.Logger) (d *probe.Dialer, done func()) {
	d = &probe.Dialer{Settings: r}
	if r != nil && r.IAM != nil {
		d.Token = iam.NewBearer(r.IAM, log).Asked()
	}
	if r == nil || r.Kerberos == nil {
		return d, func() {}
	}
	login, err := gateway.NewLogin(r.Kerberos, log)
	if err != nil {
		d.Kerberos = inWords(func(context.Context, string) (sasl.Mechanism, error) { return nil, err })
		return d, func() {}
	}
	d.Kerberos = inWords(login.Mechanism)
	return d, login.Close
}

// inWords puts the failures of a login by Kerberos as the connection test does.
func inWords(mechanism func(context.Context, string) (sasl.Mechanism, error)) func(context.Context, string) (sasl.Mechanism, error) {
	return func(ctx context.Context, host string) (sasl.Mechanism, error) {
		m, err := mechanism(ctx, host)
		if err != nil {
			return nil, trouble(err)
		}
		return m, nil
	}
}

// trouble puts a failure of the gateway as the connection test does.
func trouble(err error) error {
	var f *gateway.Failure
	if !errors.As(err, &f) {
		return probe.Met(probe.KerberosFails, err)
	}
	return &probe.Trouble{Cause: probe.KerberosFails, Text: f.What() + ".", Cure: f.Cure + ".", Err: f}
}

// doubt is faults.AfterBegin in words that know of the gateway.
func (b *Broker) doubt(doing string, err error) error {
	return b.explain(faults.AfterBegin(doing, err), producer.InDoubt)
}

// text puts the brokers' addresses in place of the gateway's.
func (b *Broker) text(s string) string {
	if b.gateway == nil {
		return s
	}
	return b.gateway.Text(s)
}

// unreached are the errors that may stand for one that only the gateway has seen.
var unreached = map[ck.ErrorCode]bool{
	ck.ErrTransport: true, ck.ErrAllBrokersDown: true, ck.ErrResolve: true, ck.ErrTimedOut: true, ck.ErrTimedOutQueue: true,
	ck.ErrMsgTimedOut: true, ck.ErrRequestTimedOut: true, ck.ErrAuthentication: true, ck.ErrSaslAuthenticationFailed: true,
}

// explain puts the brokers' addresses in place of the gateway's, and adds what the
// gateway knows of brokers that it could not reach: the client saw that it was
// disconnected, or only that time passed. A refusal that may end by itself is what
// soft says, and not permanent.
func (b *Broker) explain(err error, soft producer.FaultKind) error {
	var f *producer.Fault
	if b.gateway == nil || !errors.As(err, &f) {
		return err
	}
	var e ck.Error
	coded := errors.As(f.Err, &e)
	f.Text = b.gateway.Text(f.Text)
	if f.Err != nil {
		f.Err = faults.Worded(f.Err, b.gateway.Text(f.Err.Error()))
	}
	if coded && !unreached[e.Code()] || !coded && f.Kind != soft {
		return err
	}
	failures := b.gateway.Failures()
	var words, cures []string
	for _, why := range failures {
		if strings.Contains(f.Error(), why.Text) { // a look at the servers told it
			continue
		}
		words = append(words, why.What())
		if why.Cure != "" && !slices.Contains(cures, why.Cure) {
			cures = append(cures, why.Cure)
		}
	}
	if coded {
		refused := e.Code() == ck.ErrAuthentication || e.Code() == ck.ErrSaslAuthenticationFailed
		if refused || len(words) > 0 {
			faults.Unexplain(f)
		}
		if refused && f.Kind == producer.Permanent && !allLast(failures) {
			f.Kind = soft
		}
	}
	if len(words) > 0 {
		if f.Cure != "" { // of a look at the servers
			cures = append([]string{strings.TrimRight(f.Cure, ". ")}, cures...)
		}
		if f.Err != nil {
			words = append([]string{strings.TrimRight(f.Err.Error(), ". ")}, words...)
		}
		f.Err, f.Cure = faults.Worded(f.Err, strings.Join(words, "; ")), strings.Join(cures, ". ")
	}
	return err
}

// allLast reports whether no failure can be expected to end by itself.
func allLast(failures []*gateway.Failure) bool {
	for _, f := range failures {
		if f.Transitory {
			return false
		}
	}
	return len(failures) > 0
}
