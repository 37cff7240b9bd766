package publisher

import (
	"context"
	"maps"
	"slices"
	"time"

	"urncast/producer"
	"urncast/producer/guard"
)

// tornTopics gives what the topics have lost of their ends, as is known from before or is
// seen now.
func tornTopics(row *producer.Row, losses map[string]producer.Loss, routes []producer.PublishedRoute, sights []producer.Sight) map[string]producer.Loss {
	torn := map[string]producer.Loss{}
	for i := range routes {
		r, now, reached := &routes[i], &sights[i], row.Cursor.Offsets[routes[i].Topic]
		switch loss, known := losses[r.Topic]; {
		case now.ID != r.TopicID:
		case known:
			torn[r.Topic] = loss
		case r.Lost != nil:
			torn[r.Topic] = *r.Lost
		case now.End < reached:
			torn[r.Topic] = producer.Loss{End: now.End, Reached: reached}
		}
	}
	return torn
}

// keepTorn ends a session under which topics were found torn: it writes that down, for what
// the session itself has appended there may hide it from the next one. Where the database
// does not take it, the next session knows it all the same, as long as the process lives.
func (s *session) keepTorn(ctx context.Context, t *guard.TornError) error {
	maps.Copy(s.losses, t.Losses)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.cursors.written(ctx); err != nil {
		return err
	}
	c := s.at.cursor
	if s.at.owed != nil || s.row.Job != nil {
		c = s.row.Cursor
	}
	if err := s.keepLosses(ctx, t.Losses, c); err != nil {
		return err
	}
	return errReopen
}

// keepLosses writes down that topics are torn, until begin writes what is published along
// anew.
func (s *session) keepLosses(ctx context.Context, torn map[string]producer.Loss, c producer.Cursor) error {
	sent := s.row.Sent
	sent.Routes = slices.Clone(sent.Routes)
	for i := range sent.Routes {
		if loss, is := torn[sent.Routes[i].Topic]; is {
			sent.Routes[i].Lost = &loss
		}
	}
	if err := s.adopt(ctx, sent, c, s.row.Taken); err != nil {
		return err
	}
	s.row.Sent = sent
	clear(s.losses)
	return nil
}

// abortOpen ends what stays open on torn topics for ever: a transaction of ours that its
// coordinator has ended, and whose marker was among what was lost. It hides
// all that follows from readers, until another transaction under its id
// ends. That one is to be aborted, for a commit would show what is left of the torn one.
// The initialisation that follows aborts it.
func (s *session) abortOpen(ctx context.Context, torn map[string]producer.Loss) error {
	if err := s.keepLosses(ctx, torn, s.row.Cursor); err != nil {
		return err
	}
	for _, lane := range s.sender.lanes {
		if err := lane.Begin(); err != nil {
			return err
		}
		for topic := range torn {
			headers := []producer.Header{{Key: producer.HeaderRegistry, Value: []byte(s.row.Registry)}, {Key: producer.HeaderProducer, Value: []byte(s.row.ID)}}
			if err := lane.Send(ctx, &producer.Record{Topic: topic, Key: []byte("urncast aborts this"), Value: []byte("to end what a lost end left open"), Headers: headers}); err != nil {
				return err
			}
		}
		if _, err := lane.Delivered(ctx); err != nil {
			return err
		}
	}
	return nil
}
