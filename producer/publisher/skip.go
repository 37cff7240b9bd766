package publisher

import (
	"context"
	"slices"

	"urncast/producer"
	"urncast/producer/encoding"
	"urncast/registry"
)

// skipAsked skips the transaction of an admin's wish, after recovery. It does not if that is not
// the next transaction: recovery may have found that it was committed, and only the answer was
// lost.
func (s *session) skipAsked(ctx context.Context) error {
	w := &s.row.Wish
	if n := w.Skip; s.at.cursor.Number+1 != n {
		s.publisher.Log.Warn("the transaction is not skipped: it is not the next one to be sent", "transaction", n, "handled", s.at.cursor.Number)
		return producer.Stored(s.ledger.Take(ctx, w.Sequence))
	}
	tx, err := s.publisher.Store.Transaction(ctx, w.Skip)
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
		if !rest { // the replaces were all of it
			return producer.Stored(s.ledger.Take(ctx, w.Sequence))
		}
		reason = "What it replaced is on the topic, what it took away was left out: " + reason
	case tx.Pair == tx.Number+1:
		// Deletes without the replaces before them would publish half a submission. If
		// the replaces are committed, even in part, the deletes are sent.
		last = tx.Pair
	}
	if err := s.at.outcomes.SkipAsked(ctx, tx.Number, last, reason, w); err != nil {
		return producer.Stored(err)
	}
	s.publisher.Log.Info("skipped by hand", "first", tx.Number, "last", last, "user", w.User, "reason", reason)
	s.row.Taken, s.at.owed = w.Sequence, nil
	s.at.cursor.Number = last
	return nil
}

// restOf reports whether a transaction whose replaces are on the topics has tombstones to be
// sent.
func (s *session) restOf(ctx context.Context, n registry.Number) (bool, error) {
	batch, err := s.publisher.Store.Pending(ctx, n-1, encoding.BatchBytes)
	if err != nil || len(batch) == 0 {
		return false, producer.Stored(err)
	}
	w := s.routes.Prepare(ctx, &batch[0])
	return slices.ContainsFunc(w.Parts, func(p encoding.Part) bool { return p.Kind != batch[0].Kind }), w.Err
}
