package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/web/console/live"
	"urncast/web/console/page"
	"urncast/web/console/record"
	"urncast/web/console/transactions"
	"urncast/web/console/ui"
)

const (
	changesShown = 200 // structures of a transaction on a page
	diffShown    = 100 // changes of one structure, before more are asked for
	diffShownMax = 10_000
	// chosenBytesMax bounds what is compared when asked for.
	chosenBytesMax = 64 << 20
)

// transactionPage draws one transaction.
func (s *server) transactionPage(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil || n < 1 {
		s.kit.DrawError(w, r, http.StatusNotFound, "/transactions", "There is no such transaction", "“"+r.PathValue("number")+"” is no transaction number. Numbers begin at 1 and have no gaps.")
		return
	}
	q := r.URL.Query()
	t, err := s.transaction(r.Context(), registry.Number(n), max(page.Natural(q, "from"), 1), page.Natural(q, "structure"), q.Get("all") != "")
	if errors.Is(err, registry.ErrNotFound) {
		s.kit.DrawError(w, r, http.StatusNotFound, "/transactions", "There is no transaction "+ui.Number(registry.Number(n)), "Numbers begin at 1 and have no gaps; this one is not recorded yet.")
		return
	}
	if err != nil {
		s.kit.DrawTrouble(w, r, "/transactions", err)
		return
	}
	f := s.kit.Frame(r, "Transaction "+ui.Number(t.Number), "/transactions")
	if t.Pending() {
		f.Live = "/live" + ui.TransactionPath(t.Number)
	}
	s.kit.Draw(w, r, http.StatusOK, transactions.TransactionPage(f, t))
}

// A watchedTransaction is one before the eyes of readers who may the same.
type watchedTransaction struct {
	number registry.Number
	may    access.Role
}

// liveTransaction is the stream of a transaction that waits.
func (s *server) liveTransaction(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	of := watchedTransaction{registry.Number(n), access.From(r.Context()).Role}
	if err == nil && n > 0 {
		_, err = s.record.Transaction(r.Context(), of.number)
	} else {
		err = registry.ErrNotFound
	}
	if err != nil {
		s.live.NoStream(w, r, err)
		return
	}
	s.live.Serve(w, r, of, func() live.Gatherer { return s.watchTransaction(of) })
}

func (s *server) watchTransaction(of watchedTransaction) live.Gatherer {
	pending := true
	return func(ctx context.Context) ([]live.Part, string, error) {
		found, err := s.record.Transaction(ctx, of.number)
		if err != nil {
			return nil, "", err
		}
		t := &transactions.Transaction{Transaction: found, Now: s.Now()}
		if err := s.fillSent(access.With(ctx, access.Principal{Role: of.may}), t); err != nil {
			return nil, "", err
		}
		say := ""
		if pending && !t.Pending() {
			say = "Transaction " + ui.Number(t.Number) + " waits on no producer any more"
		}
		pending = t.Pending()
		return []live.Part{{ID: "needs", Draw: transactions.TransactionNeeds(t)}, {ID: "sent", Draw: transactions.TransactionSent(t)}}, say, nil
	}
}

// transaction gathers the page, with the changes from a position on and those of the
// chosen structure; 0 chooses the first.
func (s *server) transaction(ctx context.Context, n registry.Number, from, chosen int, all bool) (*transactions.Transaction, error) {
	ts, err := s.Registry.Transactions(ctx, n-1, 2)
	if err != nil {
		return nil, err
	}
	if len(ts) == 0 || ts[0].Number != n {
		return nil, registry.ErrNotFound
	}
	t := &transactions.Transaction{Transaction: ts[0], Now: s.Now(), Older: n - 1, From: from}
	if len(ts) > 1 {
		t.Newer = ts[1].Number
	}
	if err := s.fillSent(ctx, t); err != nil {
		return nil, err
	}
	pairs, err := s.Registry.Pairs(ctx, n, from, changesShown+1)
	if err != nil {
		return nil, err
	}
	if len(pairs) > changesShown {
		t.Next = pairs[changesShown].Position
		pairs = pairs[:changesShown]
	}
	if err := s.fillChanges(ctx, t, pairs); err != nil {
		return nil, err
	}
	for i := range t.Changes {
		c := &t.Changes[i]
		if c.Position == chosen || chosen == 0 && i == 0 {
			c.Chosen = true
			t.Chosen, err = s.chosen(ctx, &c.Pair, all)
			break
		}
	}
	return t, err
}

// fillSent says what became of the transaction on each producer.
func (s *server) fillSent(ctx context.Context, t *transactions.Transaction) error {
	producers, err := s.kit.ListProducers(ctx)
	if err != nil {
		return err
	}
	if t.Sent, err = s.record.SentOn(ctx, producers, t.Number); err != nil {
		return err
	}
	for i := range t.Sent {
		if b := &t.Sent[i]; b.Status == producer.StatusFailed {
			t.Troubles = append(t.Troubles, stoppedHere(&producers[i], b.Reason, access.From(ctx).Role >= access.Admin))
		}
	}
	return nil
}

// stoppedHere is what a producer tells that stopped at the transaction of a page.
func stoppedHere(p *control.Status, reason string, may bool) transactions.Trouble {
	f := ui.Fault{What: p.Name + " stopped here", Waiting: ui.Plural(p.Pending, "transaction waits", "transactions wait") + ", this one first. Readers saw nothing of it."}
	f.Error, f.Cure = ui.ReasonAndCure(reason, p.Cure)
	if f.Cure == "" {
		f.Cure = "Take the cause away, then start the producer."
	}
	f.Cure += " Or skip this transaction, and its structures are not sent."
	return transactions.Trouble{Producer: p.Name, May: may, Fault: f}
}

// fillChanges compares what is small enough for a line.
func (s *server) fillChanges(ctx context.Context, t *transactions.Transaction, pairs []registry.Pair) error {
	changes := make([]registry.Change, len(pairs))
	for i := range pairs {
		changes[i] = pairs[i].Change
	}
	sums, err := s.record.Sums(ctx, pairs)
	if err != nil {
		return err
	}
	for i := range pairs {
		t.Changes = append(t.Changes, record.Changed{Pair: pairs[i], Sum: sums[i]})
	}
	t.Removed, err = s.Registry.ContentRemoved(ctx, t.Number, changes)
	return err
}

// chosen is what changed in one structure, or why that cannot be said.
func (s *server) chosen(ctx context.Context, p *registry.Pair, all bool) (*transactions.Chosen, error) {
	c := &transactions.Chosen{Pair: *p, Shown: diffShown, More: ui.TransactionPath(p.Number) + "?structure=" + strconv.Itoa(p.Position) + "&all=1#changed"}
	if all {
		c.Shown = diffShownMax
	}
	if p.Before > 0 {
		ts, err := s.Registry.Transactions(ctx, p.Before-1, 1)
		if err != nil {
			return nil, err
		}
		if len(ts) == 1 {
			c.Against = ts[0].RecordedAt
		}
	}
	switch {
	case p.Kind == registry.Delete:
		c.Why = "It was deleted. What it held until then is in its last version."
		return c, nil
	case p.Removed || p.BeforeRemoved:
		c.Why = "The content was removed by housekeeping, so it cannot be compared. Its record stays."
		return c, nil
	case p.Before == 0 && p.Bytes > record.SumBytesMax:
		c.Why = "All of it is new."
		return c, nil
	case p.Bytes+p.BeforeBytes > chosenBytesMax:
		c.Why = "The two versions have " + ui.Size(int64(p.Bytes+p.BeforeBytes)) + " together, which is too much to compare on a page."
		return c, nil
	}
	d, err := s.record.Compare(ctx, p)
	if errors.Is(err, registry.ErrNotFound) {
		c.Why = "The content was removed by housekeeping while this page was made. Its record stays."
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	c.Diff = *d
	return c, nil
}
