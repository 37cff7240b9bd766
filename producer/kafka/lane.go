package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
	"urncast/producer/kafka/probe"
)

const (
	// CommitInDoubt is how long a commit may take before it is in doubt even
	// though it succeeded: the client resends a request that timed out or lost
	// its connection, at the earliest 800 ms after the first with
	// retryBackoff, and a late copy would commit the lane's next transaction.
	CommitInDoubt = 700 * time.Millisecond
	retryBackoff  = 1000 // ms
	commitTimeout = 5 * time.Second
	initTimeout   = 30 * time.Second
	initSlice     = 200 * time.Millisecond
	// initRefused is how long the brokers may answer with an error to every attempt
	// at initialising. The client repeats itself without a pause, some hundred times a
	// second; the publisher makes pauses, and says what is wrong.
	initRefused  = 5 * time.Second
	abortTimeout = 2 * time.Second
	// abortLimit bounds the abort of an attempt, of which it is to be known.
	abortLimit = 10 * time.Second
	// deliveryTimeout is longer than any transaction may last: the client's own
	// timeouts end one before.
	deliveryTimeout = time.Hour

	// unsentBytes bounds what is handed to the client and not yet delivered.
	unsentBytes   = 32 << 20
	unsentRecords = 10_000

	// MessageMax is the client's limit of one message; the topic's and the
	// broker's limits are what counts.
	MessageMax = 1_000_000_000
)

// lane implements producer.Lane on one client with one transactional id.
type lane struct {
	broker *Broker
	id     string
	topics []string // that it is opened to
	p      *ck.Producer

	reports chan ck.Event
	ear     *ear
	open    bool // begun, neither committed nor in doubt

	batch     int64 // the bytes that several records in one batch may have
	records   int
	bytes     int64
	stretches map[string]producer.Stretch // of what is delivered
}

// Open implements producer.Broker. The lanes are initialised side by side; on an
// error all are closed.
func (b *Broker) Open(ctx context.Context, topics, ids []string, timeout time.Duration) ([]producer.Lane, error) {
	ctx, left, err := b.call(ctx)
	if err != nil {
		return nil, err
	}
	lanes := make([]*lane, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	for i, id := range ids {
		g.Go(func() (err error) {
			lanes[i], err = b.openLane(ctx, topics, id, timeout)
			return err
		})
	}
	err = g.Wait()
	var out []producer.Lane
	for _, l := range lanes {
		switch {
		case l == nil:
		case err != nil:
			l.Close()
		default:
			out = append(out, l)
		}
	}
	return out, b.explain(left(err), producer.Transitory)
}

// Attempt sends one record in a transaction of its own, waits for its delivery and aborts.
// Each has its own client: after an error a transaction can be neither aborted for certain
// nor followed by another. What was begun is aborted though the context has ended.
func (b *Broker) Attempt(ctx context.Context, id string, timeout time.Duration, r *producer.Record) (offset int64, err error) {
	lanes, err := b.Open(ctx, []string{r.Topic}, []string{id}, timeout)
	if err != nil {
		return 0, err
	}
	l := lanes[0].(*lane)
	defer l.Close()
	at, err := SendOne(ctx, l, r)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortLimit)
	defer cancel()
	l.open = false
	return at.First, l.p.AbortTransaction(ctx)
}

// SendOne begins a transaction, sends one record in it and waits for its delivery.
func SendOne(ctx context.Context, l producer.Lane, r *producer.Record) (producer.Stretch, error) {
	if err := l.Begin(); err != nil {
		return producer.Stretch{}, err
	}
	if err := l.Send(ctx, r); err != nil {
		return producer.Stretch{}, err
	}
	stretches, err := l.Delivered(ctx)
	return stretches[r.Topic], err
}

// openLane makes a lane and initialises it; a lane beside an error is to be closed.
func (b *Broker) openLane(ctx context.Context, topics []string, id string, timeout time.Duration) (*lane, error) {
	batch := b.sizes.batch(topics)
	p, err := ck.NewProducer(b.with(map[string]any{
		"transactional.id":             id,
		"batch.size":                   int(batch),
		"enable.idempotence":           true,
		"transaction.timeout.ms":       int(timeout.Milliseconds()),
		"message.timeout.ms":           int(timeout.Milliseconds()),
		"socket.timeout.ms":            int(min(timeout, time.Minute).Milliseconds()),
		"retry.backoff.ms":             retryBackoff,
		"retry.backoff.max.ms":         retryBackoff,
		"linger.ms":                    0,
		"message.max.bytes":            MessageMax,
		"queue.buffering.max.kbytes":   2_097_151,
		"queue.buffering.max.messages": 2 * unsentRecords,
		"go.delivery.report.fields":    "none",
		"go.logs.channel.enable":       true,
	}))
	if err != nil {
		return nil, fault("opening transactional id "+id, err)
	}
	b.bearer.Feed(p)
	l := &lane{broker: b, id: id, topics: topics, p: p, batch: batch, reports: make(chan ck.Event, 2*unsentRecords), ear: b.ear()}
	leader := &absence{}
	l.ear.look = func(ctx context.Context) *probe.Trouble { return b.lookAt(ctx, topics, leader) }
	l.ear.last = func(ctx context.Context) *probe.Trouble { return b.lookAt(ctx, topics, nil) }
	l.ear.listen(p)
	return l, l.initialise(ctx)
}

// initialise waits until the transactional id is ours. The client's call cannot be
// cancelled, but it can be taken up again after a timeout, so it is made in slices.
func (l *lane) initialise(ctx context.Context) error {
	ctx, done := l.ear.wait(ctx, initTimeout, "initialising transactional id "+l.id)
	// Without a connection the client waits 500 ms before it asks for the
	// coordinator; the metadata brings one. Its error would only come again.
	_, _ = l.p.GetMetadata(&l.topics[0], false, int(initSlice.Milliseconds()))
	var refused time.Time // since when the brokers have answered with errors
	for {
		slice, cancel := context.WithTimeout(ctx, initSlice)
		err := l.p.InitTransactions(slice)
		cancel()
		var e ck.Error
		if errors.As(err, &e) && e.IsRetriable() && ctx.Err() == nil {
			l.ear.log.Debug("InitTransactions goes on", "error", err)
			if refused = refusedSince(refused, e, time.Now()); refused.IsZero() || time.Since(refused) < initRefused {
				continue
			}
		}
		if err != nil && ctx.Err() != nil {
			err = ctx.Err()
		}
		return done(initFault(l.id, err))
	}
}

// refusedSince says since when each attempt was answered with an error, given that for
// the attempts before this one; never, after one that was not answered.
func refusedSince(before time.Time, e ck.Error, now time.Time) time.Time {
	switch answered := e.Code() > 0; {
	case !answered:
		return time.Time{}
	case before.IsZero():
		return now
	}
	return before
}

// Begin implements producer.Lane.
func (l *lane) Begin() error {
	if err := l.p.BeginTransaction(); err != nil {
		return l.broker.doubt("beginning a transaction", err)
	}
	l.open, l.records, l.bytes, l.stretches = true, 0, 0, map[string]producer.Stretch{}
	return nil
}

// Send implements producer.Lane.
func (l *lane) Send(ctx context.Context, r *producer.Record) error {
	if err := l.broker.sizes.oversize(r); err != nil {
		return err
	}
	size := int64(len(r.Value) + len(r.Key))
	full := func() bool { return l.records >= unsentRecords || l.records > 0 && l.bytes+size > unsentBytes }
	if full() {
		if err := l.await(ctx, func() bool { return !full() }); err != nil {
			return err
		}
	}
	headers := make([]ck.Header, len(r.Headers))
	for i, h := range r.Headers {
		headers[i] = ck.Header{Key: h.Key, Value: h.Value}
	}
	topic := r.Topic
	m := &ck.Message{
		TopicPartition: ck.TopicPartition{Topic: &topic, Partition: 0},
		Key:            r.Key, Value: r.Value, Headers: headers,
		Opaque: sent{string(r.Key), size},
	}
	if err := l.p.Produce(m, l.reports); err != nil {
		return l.broker.recordFault(topic, string(r.Key), size, l.death(err))
	}
	l.records++
	l.bytes += size
	return nil
}

// death gives what the client died of, if it did: that says more than what became
// of a record, which may be no more than that it was thrown away.
func (l *lane) death(err error) error {
	if fatal := l.p.GetFatalError(); fatal != nil {
		return fatal
	}
	var e ck.Error
	if !errors.As(err, &e) || e.Code() != ck.ErrPurgeQueue && e.Code() != ck.ErrPurgeInflight {
		return err
	}
	// A transaction that can only be aborted throws its records away. Why, the client
	// tells whoever begins another one before that is done, which never succeeds.
	var why ck.Error
	if errors.As(l.p.BeginTransaction(), &why) && why.Code() != ck.ErrState {
		return why
	}
	return err
}

// sent travels with a message, so that its report can name it.
type sent struct {
	key  string
	size int64
}

// report takes one delivery report.
func (l *lane) report(ctx context.Context) error {
	select {
	case e := <-l.reports:
		m, ok := e.(*ck.Message)
		if !ok {
			return nil
		}
		s := m.Opaque.(sent)
		if err := m.TopicPartition.Error; err != nil {
			if l.records > 1 && s.size <= l.batch && tooLarge(err) { // it need not have been alone in its batch
				return l.broker.sizes.smaller(*m.TopicPartition.Topic, l.batch, err)
			}
			return l.broker.recordFault(*m.TopicPartition.Topic, s.key, s.size, l.death(err))
		}
		l.records--
		l.bytes -= s.size
		l.took(*m.TopicPartition.Topic, int64(m.TopicPartition.Offset))
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func tooLarge(err error) bool {
	var e ck.Error
	return errors.As(err, &e) && e.Code() == ck.ErrMsgSizeTooLarge
}

// took notes where a record is.
func (l *lane) took(topic string, offset int64) {
	s, found := l.stretches[topic]
	if !found {
		s.First = offset
	}
	l.stretches[topic] = producer.Stretch{First: min(s.First, offset), End: max(s.End, offset+1)}
}

// Delivered implements producer.Lane.
func (l *lane) Delivered(ctx context.Context) (map[string]producer.Stretch, error) {
	if err := l.await(ctx, func() bool { return l.records == 0 }); err != nil {
		return nil, err
	}
	return l.stretches, nil
}

// await takes delivery reports until there have been enough. The client would try for as
// long as the transaction may last, whether its password was changed, its topic deleted or
// its brokers are gone; what it says meanwhile, and a look at them, end the wait. Then the
// next session finds out what became of the transaction, and says what is wrong.
func (l *lane) await(ctx context.Context, enough func() bool) error {
	if enough() {
		return nil
	}
	ctx, done := l.ear.wait(ctx, deliveryTimeout, "waiting for the brokers to take a transaction")
	for !enough() {
		err := l.report(ctx)
		if err == nil {
			continue
		}
		if heard := done(err); heard != err {
			return l.broker.explain(inDoubt(heard), producer.InDoubt)
		}
		return err
	}
	return done(nil)
}

// Commit implements producer.Lane. Flush is not called: it costs 100 ms, and
// every delivery report is in.
func (l *lane) Commit() error {
	l.open = false
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	asked := time.Now()
	if err := l.p.CommitTransaction(ctx); err != nil {
		return l.broker.doubt("committing", l.death(err))
	}
	if took := time.Since(asked); took > CommitInDoubt {
		return &producer.Fault{Kind: producer.InDoubt, Text: fmt.Sprintf("The commit took %s, more than the %s after which a copy of its request may still be under way", took.Round(time.Millisecond), CommitInDoubt)}
	}
	return nil
}

// Close implements producer.Lane. What is open is aborted, so that it does not
// hold readers back until its timeout; if that does not work, the next session's
// initialisation or the timeout does it.
func (l *lane) Close() {
	if l.open {
		ctx, cancel := context.WithTimeout(context.Background(), abortTimeout)
		l.p.Purge(ck.PurgeQueue | ck.PurgeInFlight | ck.PurgeNonBlocking)
		l.p.AbortTransaction(ctx) // best effort, as said above
		cancel()
	}
	var purged sync.WaitGroup
	purged.Go(func() { // delivery reports of what was thrown away
		for range l.reports {
		}
	})
	l.broker.bearer.Release(l.p)
	l.p.Close()
	close(l.reports)
	purged.Wait()
	l.ear.running.Wait()
}
