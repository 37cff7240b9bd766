package producer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"urncast/registry"
)

// begin makes a new beginning on the configured routes: the first start, a baseline, or the
// answer to a question; lost says that it was one of recovery's. It sends nothing but
// what is owed along the old routes: the next session opens the lanes that fit what is
// written here, in the ordinary way.
func (s *session) begin(ctx context.Context, how string, lost bool) error {
	if err := s.finish(ctx); err != nil {
		return err
	}
	next, highs, err := s.next(ctx, how)
	if err != nil {
		return err
	}
	last, err := s.store.Last(ctx)
	if err != nil {
		return stored(err)
	}
	c := Cursor{Number: min(s.at.cursor.Number, last), Offsets: highs}
	if how == StartIdle {
		c.Number = last
	}
	s.date(&next, c.Number)
	// A crash after this has forgotten what was gone before.
	if err := s.hold.Forget(ctx, s.gone(&next, highs)); err != nil {
		return stored(err)
	}
	if narrowed := s.narrowed(next); how == StartContinue && len(narrowed) > 0 {
		return s.beginClear(ctx, next, narrowed, c)
	}
	if how != StartBaseline {
		return s.anew(ctx, next, c)
	}
	job := Job{Kind: JobBaseline, AsOf: last, Why: s.start.setting, First: !s.row.Started || s.row.Taken == 0} // the latter after a crash between the two writes below
	if changed := s.changedTopics(); !lost && 0 < len(changed) && len(changed) < len(next.Routes) {
		// The other routes go on where they are, so what is pending stays pending.
		job.AsOf, job.Scope.Topics = c.Number, changed
	}
	// A crash between these two writes finds the wish open, and begins again.
	if err := s.adopt(ctx, next, c, s.row.Taken); err != nil {
		return err
	}
	if _, err := s.hold.BeginJob(ctx, job, s.row.Wish.Sequence); err != nil {
		return stored(err)
	}
	return errAnew
}

// date says since when each route is what it is. Where one was removed, that is now for
// all: what went along it alone is nowhere else.
func (s *session) date(next *Published, now registry.Number) {
	removed := slices.ContainsFunc(s.row.Sent.Routes, func(was PublishedRoute) bool { return next.of(was.Topic) == nil })
	for i := range next.Routes {
		r := &next.Routes[i]
		r.Since = now
		if was := s.row.Sent.of(r.Topic); was != nil && was.TopicID == r.TopicID && sameRoute(was.Route, r.Route) && !removed {
			r.Since = was.Since
		}
	}
}

// gone gives from where on each topic nothing is what it was: all of one that is
// another by now, and what was lost at the end of the others.
func (s *session) gone(next *Published, highs map[string]int64) map[string]int64 {
	ends, sent := maps.Clone(highs), &s.row.Sent
	for _, r := range next.Routes {
		switch was := sent.of(r.Topic); {
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
func (s *session) next(ctx context.Context, how string) (next Published, highs map[string]int64, err error) {
	c := &s.row.Config
	next = Published{Prefix: c.Prefix, Lanes: laneCount, Bootstrap: c.target(), Routes: make([]PublishedRoute, len(s.outputs))}
	for i := range s.outputs {
		next.Routes[i].Route = s.outputs[i].Route
	}
	topics, err := s.describe(ctx, next.Routes)
	if err != nil {
		return next, nil, err
	}
	next.Cluster = topics[0].Cluster
	for i := range topics {
		next.Routes[i].TopicID = topics[i].ID
	}
	sights, err := s.broker.Look(ctx, next.topics())
	if err != nil {
		return next, nil, err
	}
	from, highs := map[string]int64{}, map[string]int64{}
	unknown := map[string]int64{}
	for i, r := range next.Routes {
		highs[r.Topic] = sights[i].End
		if was := s.row.Sent.of(r.Topic); was == nil || was.TopicID != r.TopicID {
			from[r.Topic], unknown[r.Topic] = sights[i].Start, sights[i].End
		}
	}
	all, err := s.readBackAll(ctx, from, unknown, "", s.waits(ctx, "Nothing is published until then."))
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
func (s *session) inspect(ctx context.Context, w *witness, how string) error {
	if w.foreign != "" {
		return belongs(w.topic, w.foreign)
	}
	if err := s.succeed(ctx, w); err != nil {
		return err
	}
	if len(w.claims) == 0 || how == StartBaseline && s.start.setting == "" {
		return nil // what an admin decides passes over a lost past; what a setting does, never
	}
	if !s.row.Started {
		return &asking{fmt.Sprintf("Topic %s holds transaction %d of this producer, which its database calls never started: the database was restored from an older dump.", w.topic, w.claims[len(w.claims)-1].number),
			bothWays("")[:1]}
	}
	_, ask, err := s.agree(ctx, []*witness{w}, s.row.Cursor.Number)
	if ask != nil {
		return &asking{ask.reason, bothWays("")[:1]}
	}
	return err
}

// belongs refuses a topic that somebody else writes to.
func belongs(topic, whose string) *asking {
	return &asking{fmt.Sprintf("Topic %s belongs to %s: a topic is written by one route of one registry. Choose another topic, or delete this one.", topic, whose), nil}
}

// succeed takes over a topic from producers of this registry whose configuration was
// deleted. A process that was stopped before it heard of that may be in the midst of
// a transaction: it is fenced. A topic of one that there is still is refused.
func (s *session) succeed(ctx context.Context, w *witness) error {
	for id := range w.siblings {
		former, err := s.store.Former(ctx, id)
		if errors.Is(err, registry.ErrNotFound) {
			return belongs(w.topic, "producer "+id+" of this registry")
		}
		if err != nil {
			return stored(err)
		}
		lanes, err := s.broker.Open(ctx, []string{w.topic}, laneIDs(s.row.Registry, id, former.Prefix, former.Lanes), s.timeout)
		if err != nil {
			return err
		}
		for _, l := range lanes { // nothing is sent along them: initialising them was the aim
			l.Close()
		}
	}
	return nil
}

// finish sends the tombstones of a half-sent transaction along the routes that its
// replaces took, before others are taken up.
func (s *session) finish(ctx context.Context) error {
	if s.at.owed == nil {
		return nil
	}
	n, outputs := s.at.owed.number, s.outputs
	sent, err := outputsOf(s.row.Sent.plain(), s.row.Config.Sender)
	if err != nil {
		return err
	}
	s.outputs = sent
	defer func() { s.outputs = outputs }()
	batch, err := s.store.Pending(ctx, n-1, batchBytes)
	if err != nil || len(batch) == 0 {
		return stored(err)
	}
	w := s.prepare(ctx, &batch[0])
	w.parts = slices.DeleteFunc(w.parts, func(p part) bool { return p.kind == registry.Replace })
	w.left = nil // it was counted with the replaces
	if err := s.send(ctx, w); err != nil {
		return err
	}
	if err := s.settle(nil); err != nil {
		return err
	}
	return s.written(ctx)
}
