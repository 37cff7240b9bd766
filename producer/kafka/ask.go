package kafka

import (
	"context"
	"errors"
	"log/slog"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
	"urncast/producer/kafka/probe"
)

// An asker puts questions to the brokers. It is made from a producer, for a bare
// admin client keeps to itself what it hears of its connections.
type asker struct {
	*ck.AdminClient
	ear    *ear
	broker *Broker
	p      *ck.Producer
	used   bool // before
}

func (b *Broker) admin() (*asker, error) {
	p, err := ck.NewProducer(b.with(map[string]any{"go.logs.channel.enable": true}))
	if err != nil {
		return nil, err
	}
	b.bearer.feed(p)
	a := &asker{ear: b.ear(), broker: b, p: p}
	a.ear.listen(p)
	if a.AdminClient, err = ck.NewAdminClientFromProducer(p); err != nil {
		b.bearer.release(p)
		p.Close()
		return nil, err
	}
	return a, nil
}

// Close ends the client. It takes a while, which nobody waits for but the broker's
// own Close.
func (a *asker) Close() {
	a.broker.bearer.release(a.p)
	a.AdminClient.Close()
	a.broker.closing.Go(func() {
		a.p.Close()
		a.ear.running.Wait()
	})
}

// ear makes an ear that writes to the cluster's log.
func (b *Broker) ear() *ear {
	log := b.cluster.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &ear{log: log, look: b.look, text: b.text, told: &b.cluster.warnings}
}

// ask puts questions about topics to the brokers, with the one client that is kept for
// them. Callers take turns, for an ear hears one wait at a time. A client that broke is
// replaced; where that shows only when it is used again, the questions are put once more.
func (b *Broker) ask(ctx context.Context, limit time.Duration, doing string, topics []string, questions func(context.Context, *asker) error) (err error) {
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
	for again := false; ; again = true {
		a := b.asker
		if a == nil {
			if a, err = b.admin(); err != nil {
				return fault("connecting", err)
			}
			b.asker = a
		}
		idle := a.used
		a.used = true
		err = a.put(ctx, limit, doing, topics, questions)
		if err == nil || answered(err) {
			return err
		}
		b.asker = nil
		a.Close()
		if !idle || again || !broke(err) || ctx.Err() != nil {
			return err
		}
	}
}

// put waits for the answers to questions.
func (a *asker) put(ctx context.Context, limit time.Duration, doing string, topics []string, questions func(context.Context, *asker) error) error {
	ctx, done := a.ear.waitWith(ctx, limit, doing, func(ctx context.Context) *probe.Trouble { return a.broker.lookAt(ctx, topics, nil) })
	return done(questions(ctx, a))
}

// answered reports whether an error is what a broker answered: the client works.
func answered(err error) bool {
	var e ck.Error
	return errors.As(err, &e) && e.Code() > 0
}

// broke reports whether an error came of the client's connections.
func broke(err error) bool {
	var e ck.Error
	return errors.As(err, &e) && e.Code() < 0 && rule(e).kind == producer.Transitory
}
