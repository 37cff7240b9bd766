package publisher

import (
	"context"
	"slices"

	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/registry"
)

// skipAsked acts on the wish to skip, after recovery. The cursor tells whether the
// transaction is the next one still: it may have been sent after all, by a commit
// whose answer was lost.
func (s *session) skipAsked(ctx context.Context) error {
	w := &s.row.Wish
	if n := w.Skip; s.at.cursor.Number+1 != n {
		s.log.Warn("the transaction is not skipped: it is not the next one to be sent", "transaction", n, "handled", s.at.cursor.Number)
		return producer.Stored(s.hold.Take(ctx, w.Sequence))
	}
	tx, err := s.store.Transaction(ctx, w.Skip)
	if err != nil {
		return producer.Stored(err)
	}
	reason, last := w.Reason, tx.Number
	switch {
	case s.at.owes(tx.Number):
		rest, err := s.restOf(ctx, tx.Number)
		if err != nil {
			return err
		}
		if !rest { // it was sent after all
			return producer.Stored(s.hold.Take(ctx, w.Sequence))
		}
		reason = "What it replaced is on the topic, what it took away was left out: " + reason
	case tx.Pair == tx.Number+1:
		// Deletes without the replaces before them would tear a submission. Where
		// those are committed, in whole or in part, the deletes are still due.
		last = tx.Pair
	}
	if err := s.hold.SkipAsked(ctx, tx.Number, last, reason, w); err != nil {
		return producer.Stored(err)
	}
	s.log.Info("skipped by hand", "first", tx.Number, "last", last, "user", w.User, "reason", reason)
	s.row.Taken, s.at.owed = w.Sequence, nil
	s.at.cursor.Number = last
	return nil
}

// restOf says whether anything is left to send of a transaction whose replaces are
// on the topic.
func (s *session) restOf(ctx context.Context, n registry.Number) (bool, error) {
	batch, err := s.store.Pending(ctx, n-1, encoding.BatchBytes)
	if err != nil || len(batch) == 0 {
		return false, producer.Stored(err)
	}
	w := s.routes.Prepare(ctx, &batch[0])
	return slices.ContainsFunc(w.Parts, func(p encoding.Part) bool { return p.Kind != batch[0].Kind }), w.Err
}
