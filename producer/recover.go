package producer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"urncast/internal/crash"
	"urncast/registry"
)

// recovery is what a session knows before it publishes: how far the topics show
// us to be, and the question, if any, that an admin must answer.
type recovery struct {
	highs     map[string]int64 // the high watermarks that were read up to
	agreed    registry.Number  // where "continue" goes on after a lost past; 0 if nothing was lost
	witnesses []*witness
	ask       *asking
}

// recover decides what was committed. It works on the routes that were last
// published along; changed ones are taken up afterwards. The order matters:
// initialise every lane, then take the high watermarks, then read up to them.
func (s *session) recover(ctx context.Context) (*recovery, error) {
	if ask := s.clonedDatabase(); ask != nil {
		return &recovery{ask: ask}, nil
	}
	r := &recovery{highs: map[string]int64{}}
	sent := s.row.Sent
	routes := s.witnessing()
	topics := make([]Topic, len(routes))
	err := sideBySide(ctx, len(routes), func(ctx context.Context, i int) (err error) {
		topics[i], err = s.describe(ctx, routes[i].Topic)
		return err
	})
	if err != nil {
		return nil, err
	}
	if found := topics[0].Cluster; found != sent.Cluster {
		r.ask = &asking{fmt.Sprintf("The brokers at %s are cluster %s; this producer last published to cluster %s.", s.row.Config.Bootstrap, found, sent.Cluster), bothWays(
			"Go on with what is pending. What was sent to the other cluster is not sent again.")}
		return r, nil
	}
	if err := s.reopen(ctx, &Published{Prefix: sent.Prefix, Routes: routes}); err != nil {
		return nil, err
	}
	crash.At(crash.RecoverFenced)
	ends, err := s.ends(ctx, topicsOf(routes))
	if err != nil {
		return nil, err
	}
	starts := map[string]int64{}
	for i, route := range routes {
		start, high := ends[i][0], ends[i][1]
		starts[route.Topic], r.highs[route.Topic] = max(start, s.cursor.Offsets[route.Topic]), high
		if ask, err := s.changedTopic(ctx, &route, topics[i], start, high); ask != nil || err != nil {
			r.ask = ask
			return r, err
		}
	}
	if r.witnesses, err = s.readBackAll(ctx, starts, r.highs); err != nil {
		return nil, err
	}
	crash.At(crash.RecoverRead)
	for _, w := range r.witnesses {
		agreed, err := s.agree(ctx, w)
		var ask *asking
		switch {
		case errors.As(err, &ask):
			// What one topic shows to be committed, is committed on all.
			if r.ask == nil || agreed > r.agreed {
				r.ask, r.agreed = ask, agreed
			}
		case err != nil:
			return r, err
		}
	}
	if r.ask != nil {
		return r, nil
	}
	return r, s.catchUp(r)
}

// ends gives the start and the high watermark of each topic.
func (s *session) ends(ctx context.Context, topics []string) ([][2]int64, error) {
	out := make([][2]int64, len(topics))
	sights, err := s.broker.Look(ctx, topics)
	for i := range sights {
		out[i] = [2]int64{sights[i].Start, sights[i].End}
	}
	return out, err
}

// witnessing are the routes that tell what was committed: of those last published
// along the ones whose topics are published to still. A Kafka transaction is on all
// its topics or on none, so what none of these has seen was never on them. Only
// where none is left, the others are asked.
func (s *session) witnessing() []PublishedRoute {
	kept := slices.DeleteFunc(slices.Clone(s.row.Sent.Routes), func(p PublishedRoute) bool {
		return routeOf(s.row.Config.Routes, p.Topic) == nil
	})
	if len(kept) == 0 {
		return s.row.Sent.Routes
	}
	return kept
}

// catchUp moves the cursor to what the topics show.
func (s *session) catchUp(r *recovery) error {
	if s.row.Job != nil {
		return nil // its chunks are counted from where the cursor stands
	}
	c := s.cursor.after(s.cursor.Number, r.highs)
	s.found = landedAfter(r.witnesses, s.cursor.Number)
	for _, w := range r.witnesses {
		c.Number = max(c.Number, w.jobEnd)
	}
	if t := newest(r.witnesses); t != nil && t.number > c.Number {
		if t.replaces && !t.deletes {
			// Its tombstones may be missing. Until that is settled the cursor's
			// offsets stay, so that a crash finds the replaces again.
			s.half, s.halfEnds = t.number, r.highs
			last := len(s.found) - 1 // it has the highest number
			s.halfStretches, s.found = s.found[last].Stretches, s.found[:last]
			s.cursor = Cursor{t.number - 1, s.cursor.Offsets}
			return nil
		}
		c.Number = t.number
	}
	switch {
	case c.Number > s.cursor.Number:
		s.moved(c)
	case !c.same(s.cursor): // what an attempt of before left behind, aborted, is no progress
		s.reached(c)
	}
	return nil
}

// clonedDatabase asks when Postgres is not the one that this producer ran on: a
// clone must not fence the original's publisher.
func (s *session) clonedDatabase() *asking {
	if s.row.System == "" || s.row.System == s.system {
		return nil
	}
	return &asking{"The database is a copy, or was moved: this producer last ran on Postgres system " + s.row.System + ", and this one is " + s.system +
		". If the original is still in use, publishing from here would fence it out and mix two histories on one topic.", bothWays(
		"This database replaces the original, which is shut down: go on with what is pending.")}
}

// changedTopic asks when the topic is not the one that the cursor speaks of.
func (s *session) changedTopic(ctx context.Context, sent *PublishedRoute, t Topic, start, high int64) (*asking, error) {
	reached := s.cursor.Offsets[sent.Topic]
	switch name := sent.Topic; {
	case t.ID != sent.TopicID:
		return &asking{fmt.Sprintf("Topic %s is not the one that this producer published to: it was deleted and made anew.", name),
			bothWays("Go on with what is pending; what was published before stays missing on the new topic.")}, nil
	case high < reached:
		return &asking{fmt.Sprintf("Topic %s ends at offset %d, but this producer had reached %d: it has lost records.", name, high, reached),
			bothWays("Go on with what is pending; what was lost stays missing.")}, nil
	case start > reached:
		last, err := s.store.Last(ctx)
		if err != nil {
			return nil, stored(err)
		}
		if last > s.cursor.Number {
			return &asking{fmt.Sprintf("Topic %s begins at offset %d, after the offset %d that this producer had reached: "+
				"records were deleted, and whether transaction %d was among them cannot be told.", name, start, reached, s.cursor.Number+1),
				bothWays(fmt.Sprintf("Send transaction %d and what follows; consumers may see some of them twice.", s.cursor.Number+1))}, nil
		}
	}
	return nil, nil
}

func bothWays(goOn string) []Choice {
	return []Choice{
		{StartBaseline, "Publish everything that is current anew, in one Kafka transaction, then what comes."},
		{StartContinue, goOn},
	}
}
