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

// begin makes a new beginning on the configured routes: the first start, a baseline, or the
// answer to a question; lost says that it was one of recovery's. It sends nothing but
// what is owed along the old routes: the next session opens the lanes that fit what is
// written here, in the ordinary way.
func (s *session) begin(ctx context.Context, how string, lost bool) error {
	if err := s.sendOwed(ctx); err != nil {
		return err
	}
	next, highs, err := s.next(ctx, how)
	if err != nil {
		return err
	}
	last, err := s.store.Last(ctx)
	if err != nil {
		return producer.Stored(err)
	}
	c := producer.Cursor{Number: min(s.at.cursor.Number, last), Offsets: highs}
	if how == producer.StartIdle {
		c.Number = last
	}
	dateRoutes(s.row, &next, c.Number)
	// A crash after this has forgotten what was gone before.
	if err := s.hold.Forget(ctx, goneAfter(s.row, &next, highs)); err != nil {
		return producer.Stored(err)
	}
	if narrowed := narrowedTopics(s.row, next); how == producer.StartContinue && len(narrowed) > 0 {
		return s.beginClear(ctx, next, narrowed, c)
	}
	if how != producer.StartBaseline {
		return s.adoptAndReopen(ctx, next, c)
	}
	job := producer.Job{Kind: producer.JobBaseline, AsOf: last, Why: s.start.setting, First: !s.row.Started || s.row.Taken == 0} // the latter after a crash between the two writes below
	if changed := changedTopics(s.row); !lost && 0 < len(changed) && len(changed) < len(next.Routes) {
		// The other routes go on where they are, so what is pending stays pending.
		job.AsOf, job.Scope.Topics = c.Number, changed
	}
	// A crash between these two writes finds the wish open, and begins again.
	if err := s.adopt(ctx, next, c, s.row.Taken); err != nil {
		return err
	}
	if _, err := s.hold.BeginJob(ctx, job, s.row.Wish.Sequence); err != nil {
		return producer.Stored(err)
	}
	return errReopen
}

// dateRoutes says since when each route is what it is. Where one was removed, that is now for
// all: what went along it alone is nowhere else.
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

// goneAfter gives from where on each topic nothing is what it was: all of one that is
// another by now, and what was lost at the end of the others.
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

// next looks at the topics of the configured routes. highs are their ends.
func (s *session) next(ctx context.Context, how string) (next producer.Published, highs map[string]int64, err error) {
	c := &s.row.Config
	next = producer.Published{Prefix: c.Prefix, Lanes: laneCount, Bootstrap: c.Target(), Routes: make([]producer.PublishedRoute, len(c.Routes))}
	for i := range c.Routes {
		next.Routes[i].Route = c.Routes[i]
	}
	topics, err := describe(ctx, s.broker, s.hold, next.Routes)
	if err != nil {
		return next, nil, err
	}
	next.Cluster = topics[0].Cluster
	for i := range topics {
		next.Routes[i].TopicID = topics[i].ID
	}
	sights, err := s.broker.Look(ctx, topicsOf(next.Routes))
	if err != nil {
		return next, nil, err
	}
	from, highs := map[string]int64{}, map[string]int64{}
	unknown := map[string]int64{}
	for i, r := range next.Routes {
		highs[r.Topic] = sights[i].End
		if was := s.row.Sent.RouteTo(r.Topic); was == nil || was.TopicID != r.TopicID {
			from[r.Topic], unknown[r.Topic] = sights[i].Start, sights[i].End
		}
	}
	all, err := s.reader.ReadBack(ctx, from, unknown, "", s.outage.waits(ctx, "Nothing is published until then."))
	if err != nil {
		return next, nil, err
	}
	for _, w := range all {
		if err := s.inspect(ctx, w, how); err != nil {
			return next, nil, err
		}
	}
	return next, highs, nil
}

// inspect judges a topic that this producer has not published to, as far as the
// database knows. One that another registry or producer writes to is refused; our
// own records on it mean that the database is older than they are, unless it knows them.
func (s *session) inspect(ctx context.Context, w *guard.Witness, how string) error {
	if w.Foreign != "" {
		return belongs(w.Topic, w.Foreign)
	}
	if err := s.takeOverTopic(ctx, w); err != nil {
		return err
	}
	if len(w.Claims) == 0 || how == producer.StartBaseline && s.start.setting == "" {
		return nil // what an admin decides passes over a lost past; what a setting does, never
	}
	if !s.row.Started {
		return &guard.Question{Reason: fmt.Sprintf("Topic %s holds transaction %d of this producer, which its database calls never started: the database was restored from an older dump.", w.Topic, w.Claims[len(w.Claims)-1].Number),
			Choices: guard.BaselineOrContinue("")[:1]}
	}
	_, ask, err := s.reader.Agree(ctx, []*guard.Witness{w}, s.row.Cursor.Number)
	if ask != nil {
		return &guard.Question{Reason: ask.Reason, Choices: guard.BaselineOrContinue("")[:1]}
	}
	return err
}

// belongs refuses a topic that somebody else writes to.
func belongs(topic, whose string) *guard.Question {
	return &guard.Question{Reason: fmt.Sprintf("Topic %s belongs to %s: a topic is written by one route of one registry. Choose another topic, or delete this one.", topic, whose), Choices: nil}
}

// takeOverTopic takes over a topic from producers of this registry whose configuration was
// deleted. A process that was stopped before it heard of that may be in the midst of
// a transaction: it is fenced. A topic of one that there is still is refused.
func (s *session) takeOverTopic(ctx context.Context, w *guard.Witness) error {
	for id := range w.Siblings {
		former, err := s.store.Former(ctx, id)
		if errors.Is(err, registry.ErrNotFound) {
			return belongs(w.Topic, "producer "+id+" of this registry")
		}
		if err != nil {
			return producer.Stored(err)
		}
		lanes, err := s.broker.Open(ctx, []string{w.Topic}, laneIDs(s.row.Registry, id, former.Prefix, former.Lanes), s.timeout)
		if err != nil {
			return err
		}
		for _, l := range lanes { // nothing is sent along them: initialising them was the aim
			l.Close()
		}
	}
	return nil
}

// sendOwed sends the tombstones of a half-sent transaction along the routes that its
// replaces took, before others are taken up.
func (s *session) sendOwed(ctx context.Context) error {
	if s.at.owed == nil {
		return nil
	}
	n, routes := s.at.owed.number, s.routes
	sent, err := encoding.NewRoutes(s.store, s.row, s.row.Sent.PlainRoutes(), s.row.Config.Sender)
	if err != nil {
		return err
	}
	s.routes = sent
	defer func() { s.routes = routes }()
	batch, err := s.store.Pending(ctx, n-1, encoding.BatchBytes)
	if err != nil || len(batch) == 0 {
		return producer.Stored(err)
	}
	w := s.routes.Prepare(ctx, &batch[0])
	w.Parts = slices.DeleteFunc(w.Parts, func(p encoding.Part) bool { return p.Kind == registry.Replace })
	w.Left = nil // it was counted with the replaces
	if err := s.send(ctx, w); err != nil {
		return err
	}
	if err := s.settle(nil); err != nil {
		return err
	}
	return s.cursors.written(ctx)
}
