package control

import (
	"context"
	"fmt"
	"strings"

	"urncast/producer"
	"urncast/registry"
)

// A Skip is an admin's order to leave a transaction off the topics.
type Skip struct {
	Transaction registry.Number `json:"transaction"`
	Reason      string          `json:"reason"`
}

// ActSkipAsked is the action of the audit for Producer.Skip.
const ActSkipAsked = "transaction skip asked"

// Skip asks the publisher to leave the transaction at which the producer FAILED off the
// topics, and to start after it. If the transaction is the first half of a pair, the other
// half is skipped too. The publisher recovers first, and does not skip the transaction if it
// is on the topics after all.
func (a *Producer) Skip(ctx context.Context, s Skip, by registry.Actor) error {
	now, err := a.Status(ctx)
	if err != nil {
		return err
	}
	s.Reason = strings.TrimSpace(s.Reason)
	switch {
	case now.State != producer.Failed:
		return fmt.Errorf("%w: the producer is %s; only the transaction at which a producer FAILED can be skipped", ErrCommand, now.State)
	case now.Failed == 0 && now.Job != nil:
		return fmt.Errorf("%w: the producer FAILED at a job, not at a transaction, so none is skipped; cancel the job with %s, which leaves this: %s",
			ErrCommand, producer.Command("cancel "+now.Job.ID, now.Name), now.Job.Leaves)
	case now.Failed == 0:
		return fmt.Errorf("%w: the producer FAILED, but at no transaction, so none is skipped; mend what the reason names, then start it: %s", ErrCommand, now.Reason)
	case s.Transaction != now.Failed:
		return fmt.Errorf("%w: the producer FAILED at transaction %d, and only that one can be skipped, not %d", ErrCommand, now.Failed, s.Transaction)
	case s.Reason == "":
		return fmt.Errorf("%w: a skip needs a reason; it is kept with transaction %d and tells whoever misses it why", ErrCommand, now.Failed)
	}
	return a.wish(ctx, &now, producer.Wish{Run: producer.Idle, How: producer.WishSkip, Skip: s.Transaction, Reason: s.Reason}, ActSkipAsked, by, s)
}
