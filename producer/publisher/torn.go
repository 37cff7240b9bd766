package publisher

import (
	"context"
	"maps"
	"time"

	"urncast/producer"
	"urncast/producer/guard"
)

// tornTopics returns the topics that have lost records at their ends: those known before, and
// those whose ends are now below the cursor.
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

// keepTorn writes down which topics the guard found torn, and ends the session. The next session
// could not find out by itself, because records that this session appended may hide the loss. If
// the database fails, the next session of this process still has the losses in memory.
func (s *session) keepTorn(ctx context.Context, t *guard.TornError) error {
	maps.Copy(s.ledger.losses, t.Losses)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.at.written(ctx); err != nil {
		return err
	}
	c := s.at.cursor
	if s.at.owed != nil || s.row.Job != nil {
		c = s.row.Cursor
	}
	if err := s.ledger.keepLosses(ctx, t.Losses, c); err != nil {
		return err
	}
	return errReopen
}

// abortOpen ends transactions of ours that would stay open on torn topics for ever: the
// coordinator has ended them, but their markers were lost. Such a transaction hides all later
// records from readers until another transaction under the same id ends. abortOpen begins that
// one, and the initialisation that follows aborts it: a commit would show what is left of the
// torn transaction.
func (r *recovery) abortOpen(ctx context.Context, lanes []producer.Lane, torn map[string]producer.Loss) error {
	if err := r.ledger.keepLosses(ctx, torn, r.row.Cursor); err != nil {
		return err
	}
	for _, lane := range lanes {
		if err := lane.Begin(); err != nil {
			return err
		}
		for topic := range torn {
			headers := []producer.Header{{Key: producer.HeaderRegistry, Value: []byte(r.row.Registry)}, {Key: producer.HeaderProducer, Value: []byte(r.row.ID)}}
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
