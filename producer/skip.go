package producer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"urncast/registry"
)

// wishSkip is the wish to start after the transaction at which the producer
// failed. Start does not take it: it comes with a number and a reason.
const wishSkip = "skip"

// A Skip is what an admin says to leave a transaction off the topic.
type Skip struct {
	Transaction registry.Number `json:"transaction"`
	Reason      string          `json:"reason"`
}

// ActSkipAsked is the action of the audit for Admin.Skip.
const ActSkipAsked = "transaction skip asked"

// Skip asks for the transaction at which the producer failed to be left off the
// topic, and for the producer to start after it. If the transaction is the first
// half of a pair, its other half is skipped too. The publisher recovers first: what
// the topic then shows to be sent is not skipped.
func (a *Admin) Skip(ctx context.Context, s Skip, by registry.Actor) error {
	now, err := a.Status(ctx)
	if err != nil {
		return err
	}
	s.Reason = strings.TrimSpace(s.Reason)
	switch {
	case now.State != Failed:
		return fmt.Errorf("%w: the producer is %s; only the transaction at which a producer FAILED can be skipped", ErrCommand, now.State)
	case now.Failed == 0 && now.Job != nil:
		return fmt.Errorf("%w: the producer FAILED at a job, not at a transaction, so none is skipped; cancel the job with urncast producer cancel %s --producer %s, which leaves this: %s",
			ErrCommand, now.Job.ID, now.Name, now.Job.Leaves)
	case now.Failed == 0:
		return fmt.Errorf("%w: the producer FAILED, but at no transaction, so none is skipped; mend what the reason names, then start it: %s", ErrCommand, now.Reason)
	case s.Transaction != now.Failed:
		return fmt.Errorf("%w: the producer FAILED at transaction %d, and only that one can be skipped, not %d", ErrCommand, now.Failed, s.Transaction)
	case s.Reason == "":
		return fmt.Errorf("%w: a skip needs a reason; it is kept with transaction %d and tells whoever misses it why", ErrCommand, now.Failed)
	}
	return a.wish(ctx, &now, Wish{Run: Idle, How: wishSkip, Skip: s.Transaction, Reason: s.Reason}, ActSkipAsked, by, s)
}

// skipAsked acts on the wish to skip, after recovery. The cursor tells whether the
// transaction is the next one still: it may have been sent after all, by a commit
// whose answer was lost.
func (s *session) skipAsked(ctx context.Context) error {
	w := &s.row.Wish
	if n := w.Skip; s.at.cursor.Number+1 != n {
		s.log.Warn("the transaction is not skipped: it is not the next one to be sent", "transaction", n, "handled", s.at.cursor.Number)
		return stored(s.hold.Take(ctx, w.Sequence))
	}
	tx, err := s.store.Transaction(ctx, w.Skip)
	if err != nil {
		return stored(err)
	}
	reason, last := w.Reason, tx.Number
	switch {
	case s.at.owes(tx.Number):
		rest, err := s.restOf(ctx, tx.Number)
		if err != nil {
			return err
		}
		if !rest { // it was sent after all
			return stored(s.hold.Take(ctx, w.Sequence))
		}
		reason = "What it replaced is on the topic, what it took away was left out: " + reason
	case tx.Pair == tx.Number+1:
		// Deletes without the replaces before them would tear a submission. Where
		// those are committed, in whole or in part, the deletes are still due.
		last = tx.Pair
	}
	if err := s.hold.SkipAsked(ctx, tx.Number, last, reason, w); err != nil {
		return stored(err)
	}
	s.log.Info("skipped by hand", "first", tx.Number, "last", last, "user", w.User, "reason", reason)
	s.row.Taken, s.at.owed = w.Sequence, nil
	s.at.cursor.Number = last
	return nil
}

// restOf says whether anything is left to send of a transaction whose replaces are
// on the topic.
func (s *session) restOf(ctx context.Context, n registry.Number) (bool, error) {
	batch, err := s.store.Pending(ctx, n-1, batchBytes)
	if err != nil || len(batch) == 0 {
		return false, stored(err)
	}
	w := s.prepare(ctx, &batch[0])
	return slices.ContainsFunc(w.parts, func(p part) bool { return p.kind != batch[0].Kind }), w.err
}
