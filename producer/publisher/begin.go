package publisher

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/producer/guard"
	"urncast/registry"
)

// begin sends what is owed, writes down what the next session goes on from, and ends the
// session with errReopen: at the first start, for a baseline, and after the answer to a
// question; lost says that recovery asked it.
func (s *session) begin(ctx context.Context, how string, lost bool) error {
	if err := s.sendOwed(ctx); err != nil {
		return err
	}
	b := &beginning{how: how, start: s.start, number: s.at.cursor.Number, row: s.row, store: s.publisher.Store, broker: s.broker, reader: s.reader(),
		ledger: &s.ledger, jobs: s.jobs.ledger, outage: &s.outage}
	return b.write(ctx, lost)
}

// sendOwed sends the tombstones of a half-sent transaction along the routes of its replaces,
// before the session changes to other routes.
func (s *session) sendOwed(ctx context.Context) error {
	if s.at.owed == nil {
		return nil
	}
	n, store := s.at.owed.number, s.publisher.Store
	sent, err := encoding.NewRoutes(store, s.row, s.row.Sent.PlainRoutes(), s.row.Config.Sender)
	if err != nil {
		return err
	}
	batch, err := store.Pending(ctx, n-1, encoding.BatchBytes)
	if err != nil || len(batch) == 0 {
		return producer.Stored(err)
	}
	w := sent.Prepare(ctx, &batch[0])
	w.Parts = slices.DeleteFunc(w.Parts, func(p encoding.Part) bool { return p.Kind == registry.Replace })
	w.Left = nil // these were counted with the replaces
	p := s.publication(sent)
	defer p.wait()
	if err := p.send(ctx, w); err != nil {
		return err
	}
	if err := p.settle(nil); err != nil {
		return err
	}
	return s.at.written(ctx)
}

// A beginning writes down what the next session publishes along, from which cursor, and with
// which job. It sends nothing.
type beginning struct {
	how    string // how the admin wants the producer to start
	start  start
	number registry.Number // up to which all are handled
	row    *producer.Row
	store  producer.Store
	broker producer.Broker
	reader *guard.Reader
	ledger *ledger
	jobs   producer.JobLedger
	outage *outage
}

// write writes the beginning, and returns errReopen.
func (b *beginning) write(ctx context.Context, lost bool) error {
	next, highs, err := b.next(ctx)
	if err != nil {
		return err
	}
	last, err := b.store.Last(ctx)
	if err != nil {
		return producer.Stored(err)
	}
	c := producer.Cursor{Number: min(b.number, last), Offsets: highs}
	if b.how == producer.StartIdle {
		c.Number = last
	}
	dateRoutes(b.row, &next, c.Number)
	// After a crash here begin runs again; what it forgot was lost in any case.
	if err := b.ledger.Forget(ctx, goneAfter(b.row, &next, highs)); err != nil {
		return producer.Stored(err)
	}
	if narrowed := narrowedTopics(b.row, next); b.how == producer.StartContinue && len(narrowed) > 0 {
		return b.clear(ctx, next, narrowed, c)
	}
	if b.how != producer.StartBaseline {
		return b.ledger.adoptAndReopen(ctx, next, c)
	}
	job := producer.Job{Kind: producer.JobBaseline, AsOf: last, Why: b.start.setting, First: !b.row.Started || b.row.Taken == 0} // the latter after a crash between the two writes below
	if changed := changedTopics(b.row); !lost && 0 < len(changed) && len(changed) < len(next.Routes) {
		// The other routes go on where they are, so what is pending stays pending.
		job.AsOf, job.Scope.Topics = c.Number, changed
	}
	// A crash between these two writes finds the wish open, and begins again.
	if err := b.ledger.adopt(ctx, next, c, b.row.Taken); err != nil {
		return err
	}
	if _, err := b.jobs.BeginJob(ctx, job, b.row.Wish.Sequence); err != nil {
		return producer.Stored(err)
	}
	return errReopen
}

// dateRoutes sets Since of each route, the transaction after which it is as it is. It is now for
// all routes if one was removed, because transactions that went only along that one are not on
// the other topics.
func dateRoutes(row *producer.Row, next *producer.Published, now registry.Number) {
	removed := slices.ContainsFunc(row.Sent.Routes, func(was producer.PublishedRoute) bool { return next.RouteTo(was.Topic) == nil })
	for i := range next.Routes {
		r := &next.Routes[i]
		r.Since = now
		if was := row.Sent.RouteTo(r.Topic); was != nil && was.TopicID == r.TopicID && sameRoute(was.Route, r.Route) && !removed {
			r.Since = was.Since
		}
	}
}

// goneAfter returns for each topic the offset after which the known places of transactions are
// void: 0 for a topic that is another by now, and the end of one that has lost its end.
func goneAfter(row *producer.Row, next *producer.Published, highs map[string]int64) map[string]int64 {
	ends, sent := maps.Clone(highs), &row.Sent
	for _, r := range next.Routes {
		switch was := sent.RouteTo(r.Topic); {
		case was == nil || was.TopicID != r.TopicID:
			ends[r.Topic] = 0
		case was.Lost != nil:
			ends[r.Topic] = was.Lost.End
		}
	}
	if sent.Cluster != next.Cluster {
		for _, r := range sent.Routes {
			ends[r.Topic] = 0
		}
	}
	return ends
}

// next returns what the configured routes will be published as, after a look at their topics.
// highs are the ends of the topics.
func (b *beginning) next(ctx context.Context) (next producer.Published, highs map[string]int64, err error) {
	c := &b.row.Config
	next = producer.Published{Prefix: c.Prefix, Lanes: laneCount, Bootstrap: c.Target(), Routes: make([]producer.PublishedRoute, len(c.Routes))}
	for i := range c.Routes {
		next.Routes[i].Route = c.Routes[i]
	}
	topics, err := describe(ctx, b.broker, b.ledger, next.Routes)
	if err != nil {
		return next, nil, err
	}
	next.Cluster = topics[0].Cluster
	for i := range topics {
		next.Routes[i].TopicID = topics[i].ID
	}
	sights, err := b.broker.Look(ctx, topicsOf(next.Routes))
	if err != nil {
		return next, nil, err
	}
	from, highs := map[string]int64{}, map[string]int64{}
	unknown := map[string]int64{}
	for i, r := range next.Routes {
		highs[r.Topic] = sights[i].End
		if was := b.row.Sent.RouteTo(r.Topic); was == nil || was.TopicID != r.TopicID {
			from[r.Topic], unknown[r.Topic] = sights[i].Start, sights[i].End
		}
	}
	all, err := b.reader.ReadBack(ctx, from, unknown, "", b.outage.waits(ctx, "Nothing is published until then."))
	if err != nil {
		return next, nil, err
	}
	for _, w := range all {
		if err := b.inspect(ctx, w); err != nil {
			return next, nil, err
		}
	}
	return next, highs, nil
}

// inspect checks a topic to which this producer has not published as far as the database knows.
// It refuses a topic that another registry or producer writes to. Records of this producer that
// the database does not know mean that the database was restored to an earlier state.
func (b *beginning) inspect(ctx context.Context, w *guard.Witness) error {
	if w.Foreign != "" {
		return topicInUse(w.Topic, w.Foreign)
	}
	if err := b.takeOverTopic(ctx, w); err != nil {
		return err
	}
	if len(w.Claims) == 0 || b.how == producer.StartBaseline && b.start.setting == "" {
		return nil // an admin's baseline may ignore lost transactions; a setting's must not
	}
	if !b.row.Started {
		return &guard.Question{Reason: fmt.Sprintf("Topic %s holds transaction %d of this producer, which its database calls never started: the database was restored from an older dump.", w.Topic, w.Claims[len(w.Claims)-1].Number),
			Choices: guard.BaselineOrContinue("")[:1]}
	}
	_, ask, err := b.reader.Agree(ctx, []*guard.Witness{w}, b.row.Cursor.Number)
	if ask != nil {
		return &guard.Question{Reason: ask.Reason, Choices: guard.BaselineOrContinue("")[:1]}
	}
	return err
}

// topicInUse is the question about a topic that another registry or producer writes to.
func topicInUse(topic, whose string) *guard.Question {
	return &guard.Question{Reason: fmt.Sprintf("Topic %s belongs to %s: a topic is written by one route of one registry. Choose another topic, or delete this one.", topic, whose), Choices: nil}
}

// takeOverTopic takes a topic over from producers of this registry that were deleted, and
// refuses a topic of one that still exists. It fences a deleted producer, because its process
// may not have noticed the deletion and may have a transaction open.
func (b *beginning) takeOverTopic(ctx context.Context, w *guard.Witness) error {
	for id := range w.Siblings {
		former, err := b.store.Former(ctx, id)
		if errors.Is(err, registry.ErrNotFound) {
			return topicInUse(w.Topic, "producer "+id+" of this registry")
		}
		if err != nil {
			return producer.Stored(err)
		}
		lanes, err := b.broker.Open(ctx, []string{w.Topic}, laneIDs(b.row.Registry, id, former.Prefix, former.Lanes), b.start.timeout)
		if err != nil {
			return err
		}
		for _, l := range lanes { // initialising them has fenced the producer
			l.Close()
		}
	}
	return nil
}
