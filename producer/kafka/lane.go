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
	"urncast/producer/kafka/faults"
	"urncast/producer/kafka/probe"
)

const (
	// CommitInDoubt is how long a commit may take. After that it is in doubt even if it
	// succeeded: the client sends a request again that timed out or lost its connection, with
	// retryBackoff not before 800 ms, and a late copy would commit the lane's next transaction.
	CommitInDoubt = 700 * time.Millisecond
	retryBackoff  = 1000 // ms
	commitTimeout = 5 * time.Second
	initTimeout   = 30 * time.Second
	initSlice     = 200 * time.Millisecond
	// initRefused is how long the brokers may answer every attempt to initialise with an
	// error. The client tries again without a pause, some hundred times a second; the
	// publisher pauses between attempts, and says what is wrong.
	initRefused  = 5 * time.Second
	abortTimeout = 2 * time.Second
	// abortLimit bounds the abort that ends an attempt; its result is part of the answer.
	abortLimit = 10 * time.Second
	// deliveryTimeout is longer than any transaction may last: the client's own timeouts
	// end a transaction first.
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
	topics []string // of the records that it sends
	p      *ck.Producer

	reports chan ck.Event
	monitor *monitor
	open    bool // begun, neither committed nor in doubt

	batch     int64 // the most bytes of a batch of several records
	records   int
	bytes     int64
	stretches map[string]producer.Stretch // of the delivered records, by topic
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
// Each attempt has its own client: after an error, it is not certain that a client can abort its
// transaction or begin another. A transaction that was begun is aborted even if the context has
// ended.
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

// openLane makes a lane and initialises it. If it returns a lane beside an error, the caller
// closes the lane.
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
		return nil, faults.Of("opening transactional id "+id, err)
	}
	b.bearer.Feed(p)
	l := &lane{broker: b, id: id, topics: topics, p: p, batch: batch, reports: make(chan ck.Event, 2*unsentRecords), monitor: b.monitor()}
	leader := &absence{}
	l.monitor.look = func(ctx context.Context) *probe.Trouble { return b.lookAt(ctx, topics, leader) }
	l.monitor.last = func(ctx context.Context) *probe.Trouble { return b.lookAt(ctx, topics, nil) }
	l.monitor.watch(p)
	return l, l.initialise(ctx)
}

// initialise waits until the brokers have given the transactional id to this client. The
// library's call cannot be cancelled, but it can be continued after a timeout, so it is made in
// slices.
func (l *lane) initialise(ctx context.Context) error {
	ctx, done := l.monitor.wait(ctx, initTimeout, "initialising transactional id "+l.id)
	// Without a connection the client waits 500 ms before it asks for the coordinator; asking
	// for metadata makes one. InitTransactions returns the same error, if there is one.
	_, _ = l.p.GetMetadata(&l.topics[0], false, int(initSlice.Milliseconds()))
	var refused time.Time // when the brokers began to answer every attempt with an error
	for {
		slice, cancel := context.WithTimeout(ctx, initSlice)
		err := l.p.InitTransactions(slice)
		cancel()
		var e ck.Error
		if errors.As(err, &e) && e.IsRetriable() && ctx.Err() == nil {
			l.monitor.log.Debug("InitTransactions goes on", "error", err)
			if refused = refusedSince(refused, e, time.Now()); refused.IsZero() || time.Since(refused) < initRefused {
				continue
			}
		}
		if err != nil && ctx.Err() != nil {
			err = ctx.Err()
		}
		return done(faults.Initialising(l.id, err))
	}
}

// refusedSince returns when the brokers began to answer every attempt with an error: before is
// that time up to the attempt before, and e the error of this one. It is zero if this attempt was
// not answered.
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

// death returns the client's fatal error in place of err, if it has one: a record's own error
// may say no more than that the client threw the record away.
func (l *lane) death(err error) error {
	if fatal := l.p.GetFatalError(); fatal != nil {
		return fatal
	}
	var e ck.Error
	if !errors.As(err, &e) || e.Code() != ck.ErrPurgeQueue && e.Code() != ck.ErrPurgeInflight {
		return err
	}
	// The client throws the records of a transaction away that can only be aborted. Its reason
	// is the error of BeginTransaction, which always fails before the abort.
	var why ck.Error
	if errors.As(l.p.BeginTransaction(), &why) && why.Code() != ck.ErrState {
		return why
	}
	return err
}

// sent is handed to the client with a message and comes back in its delivery report.
type sent struct {
	key  string
	size int64
}

// report waits for one delivery report and counts it.
func (l *lane) report(ctx context.Context) error {
	select {
	case e := <-l.reports:
		m, ok := e.(*ck.Message)
		if !ok {
			return nil
		}
		s := m.Opaque.(sent)
		if err := m.TopicPartition.Error; err != nil {
			if l.records > 1 && s.size <= l.batch && tooLarge(err) { // other records of the batch may have made it too large
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

// took records the offset of a delivered record.
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

// await takes delivery reports until there have been enough. The monitor ends the wait early,
// because the client would try for as long as the transaction may last even if its password was
// changed, its topic deleted or its brokers are gone. The next session then finds out what became
// of the transaction, and what is wrong.
func (l *lane) await(ctx context.Context, enough func() bool) error {
	if enough() {
		return nil
	}
	ctx, done := l.monitor.wait(ctx, deliveryTimeout, "waiting for the brokers to take a transaction")
	for !enough() {
		err := l.report(ctx)
		if err == nil {
			continue
		}
		if heard := done(err); heard != err {
			return l.broker.explain(faults.InDoubt(heard), producer.InDoubt)
		}
		return err
	}
	return done(nil)
}

// Commit implements producer.Lane. It does not call Flush, which takes 100 ms: every delivery
// report has come already.
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

// Close implements producer.Lane. It aborts an open transaction, which would hold readers back
// until its timeout. If that fails, the next session's initialisation or the timeout aborts it.
func (l *lane) Close() {
	if l.open {
		ctx, cancel := context.WithTimeout(context.Background(), abortTimeout)
		l.p.Purge(ck.PurgeQueue | ck.PurgeInFlight | ck.PurgeNonBlocking)
		l.p.AbortTransaction(ctx) // best effort, as said above
		cancel()
	}
	var purged sync.WaitGroup
	purged.Go(func() { // takes the delivery reports of records that were thrown away
		for range l.reports {
		}
	})
	l.broker.bearer.Release(l.p)
	l.p.Close()
	close(l.reports)
	purged.Wait()
	l.monitor.running.Wait()
}
