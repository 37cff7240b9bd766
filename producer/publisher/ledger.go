package publisher

import (
	"context"
	"slices"

	"urncast/producer"
)

// A ledger writes down what the next session goes on from.
type ledger struct {
	producer.Ledger
	row    *producer.Row
	system string // the database, as Store.System names it; set by session.live
	// losses are torn topics that are not yet written to the database; they are kept from
	// one session to the next.
	losses map[string]producer.Loss
}

// adopt writes down what is published along from now on, and the cursor from which the next
// session continues.
func (l *ledger) adopt(ctx context.Context, p producer.Published, c producer.Cursor, wish int64) error {
	return producer.Stored(l.Adopt(ctx, p, l.system, c, wish))
}

// adoptAndReopen calls adopt and ends the session with errReopen.
func (l *ledger) adoptAndReopen(ctx context.Context, p producer.Published, c producer.Cursor) error {
	if err := l.adopt(ctx, p, c, l.row.Wish.Sequence); err != nil {
		return err
	}
	return errReopen
}

// keepLosses writes down that topics are torn. It stays so until begin writes other routes.
func (l *ledger) keepLosses(ctx context.Context, torn map[string]producer.Loss, c producer.Cursor) error {
	sent := l.row.Sent
	sent.Routes = slices.Clone(sent.Routes)
	for i := range sent.Routes {
		if loss, is := torn[sent.Routes[i].Topic]; is {
			sent.Routes[i].Lost = &loss
		}
	}
	if err := l.adopt(ctx, sent, c, l.row.Taken); err != nil {
		return err
	}
	l.row.Sent = sent
	clear(l.losses)
	return nil
}
