package producer

import (
	"context"
	"errors"
	"fmt"

	"urncast/internal/crash"
	"urncast/registry"
)

// recovery is what a session knows before it publishes: how far the topic shows
// us to be, and the question, if any, that an admin must answer.
type recovery struct {
	topic   Topic
	high    int64 // the high watermark that was read up to
	half    registry.Number
	agreed  registry.Number // where "continue" goes on after a lost past; 0 if nothing was lost
	witness *witness
	ask     *asking
}

// recover decides what was committed. It works on the route that was last
// published with; a changed one is taken up afterwards. The order matters:
// initialise every lane, then take the high watermark, then read up to it.
func (s *session) recover(ctx context.Context) (*recovery, error) {
	if ask := s.clonedDatabase(); ask != nil {
		return &recovery{ask: ask}, nil
	}
	route := s.row.Sent
	topic, err := s.describe(ctx, route.Topic)
	if err != nil {
		return nil, err
	}
	r := &recovery{topic: topic}
	if topic.Cluster != route.Cluster {
		r.ask = &asking{fmt.Sprintf("The brokers at %s are cluster %s; this producer last published to cluster %s.", s.row.Config.Bootstrap, topic.Cluster, route.Cluster), bothWays(
			"Go on with what is pending. What was sent to the other cluster is not sent again.")}
		return r, nil
	}
	if s.lanes, err = s.broker.Open(ctx, route.Topic, laneIDs(s.row, route.Prefix), s.timeout); err != nil {
		return nil, err
	}
	crash.At(crash.RecoverFenced)
	start, high, err := s.broker.Ends(ctx, route.Topic)
	if err != nil {
		return nil, err
	}
	r.high = high
	if ask, err := s.changedTopic(ctx, topic, start, high); ask != nil || err != nil {
		r.ask = ask
		return r, err
	}
	if r.witness, err = s.readBack(ctx, route.Topic, max(s.cursor.Offset, start), high); err != nil {
		return nil, err
	}
	crash.At(crash.RecoverRead)
	if r.agreed, err = s.agree(ctx, r.witness); err != nil {
		return r, errors.Join(nil, orAsk(r, err))
	}
	return r, s.catchUp(r)
}

// orAsk moves a question from the error to the recovery.
func orAsk(r *recovery, err error) error {
	var a *asking
	if errors.As(err, &a) {
		r.ask = a
		return nil
	}
	return err
}

// catchUp moves the cursor to what the topic shows.
func (s *session) catchUp(r *recovery) error {
	if s.row.Job != nil {
		return nil // its chunks are counted from where the cursor stands
	}
	c := Cursor{s.cursor.Number, r.high}
	if end := r.witness.jobEnd; end > c.Number {
		c.Number = end
	}
	if t := r.witness.newest(); t != nil && t.number > c.Number {
		if t.replaces && !t.deletes {
			// Its tombstones may be missing. Until that is settled the cursor's
			// offset stays, so that a crash finds the replaces again.
			r.half, s.half, s.halfEnd = t.number, t.number, r.high
			s.cursor.Number = t.number - 1
			return nil
		}
		c.Number = t.number
	}
	if c != s.cursor {
		s.moved(c)
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
func (s *session) changedTopic(ctx context.Context, t Topic, start, high int64) (*asking, error) {
	switch name := s.row.Sent.Topic; {
	case t.ID != s.row.Sent.TopicID:
		return &asking{fmt.Sprintf("Topic %s is not the one that this producer published to: it was deleted and made anew.", name),
			bothWays("Go on with what is pending; what was published before stays missing on the new topic.")}, nil
	case high < s.cursor.Offset:
		return &asking{fmt.Sprintf("Topic %s ends at offset %d, but this producer had reached %d: it has lost records.", name, high, s.cursor.Offset),
			bothWays("Go on with what is pending; what was lost stays missing.")}, nil
	case start > s.cursor.Offset:
		last, err := s.store.Last(ctx)
		if err != nil {
			return nil, stored(err)
		}
		if last > s.cursor.Number {
			return &asking{fmt.Sprintf("Topic %s begins at offset %d, after the offset %d that this producer had reached: "+
				"records were deleted, and whether transaction %d was among them cannot be told.", name, start, s.cursor.Offset, s.cursor.Number+1),
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

// changedRoute asks when the configuration is not what was last published with.
func (s *session) changedRoute() *asking {
	sent, want := s.row.Sent, s.row.Config
	switch {
	case sent.Topic != want.Topic:
		return &asking{fmt.Sprintf("The topic was changed from %s to %s.", sent.Topic, want.Topic),
			bothWays("Send only what is pending to the new topic.")}
	case sent.Format != want.Format:
		return &asking{fmt.Sprintf("The format was changed from %s to %s.", sent.Format, want.Format),
			bothWays("Send what is pending in the new format; older messages stay as they are.")}
	case sent.Filter != want.Filter.String():
		return &asking{fmt.Sprintf("The filter was changed from %s to %s.", filterShown(sent.Filter), filterShown(want.Filter.String())),
			bothWays("Send what is pending and passes the new filter, after tombstones for what the topic holds and the filter takes no more. " +
				"What it newly takes comes when it changes next.")}
	}
	return nil
}

func filterShown(filter string) string {
	if filter == "" {
		return "none"
	}
	return filter
}

// inspect reads a topic that this producer has not published to, as far as the
// database knows. One that another registry or producer writes to is refused; our
// own records on it mean that the database is older than they are.
func (s *session) inspect(ctx context.Context, topic string, start, high int64, how string) error {
	w, err := s.readBack(ctx, topic, start, high)
	if err != nil {
		return err
	}
	if w.foreign != "" {
		return &asking{fmt.Sprintf("Topic %s belongs to %s: a topic is written by one route of one registry. Choose another topic, or delete this one.", topic, w.foreign), nil}
	}
	if w.last != nil && how != StartBaseline && !s.row.Started {
		return &asking{fmt.Sprintf("Topic %s holds transaction %d of this producer, which its database calls never started: the database was restored from an older dump.", topic, w.last.Number),
			bothWays("")[:1]}
	}
	return nil
}
