package transactions

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
	"urncast/web/console/ui"
)

const (
	changesShown = 200 // structures of a transaction on a page
	diffShown    = 100 // changes of one structure, before the reader asks for all
	diffShownMax = 10_000
	// chosenBytesMax bounds a structure that is compared in full.
	chosenBytesMax = 64 << 20
)

// numberOf is the number of the transaction in the address; 0 if it is no number.
func numberOf(r *http.Request) registry.Number {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil {
		return 0
	}
	return registry.Number(max(n, 0))
}

// transactionPage draws one transaction.
func (s *Pages) transactionPage(w http.ResponseWriter, r *http.Request) {
	n := numberOf(r)
	if n == 0 {
		s.DrawError(w, r, http.StatusNotFound, "/transactions", "There is no such transaction", "“"+r.PathValue("number")+"” is no transaction number. Numbers begin at 1 and have no gaps.")
		return
	}
	q := r.URL.Query()
	t, err := s.transaction(r.Context(), n, max(page.Number(q, "from"), 1), page.Number(q, "structure"), q.Get("all") != "")
	if errors.Is(err, registry.ErrNotFound) {
		s.DrawError(w, r, http.StatusNotFound, "/transactions", "There is no transaction "+ui.Number(n), "Numbers begin at 1 and have no gaps; this one is not recorded yet.")
		return
	}
	if err != nil {
		s.DrawTrouble(w, r, "/transactions", err)
		return
	}
	f := s.Frame(r, "Transaction "+ui.Number(t.Number), "/transactions")
	if t.isPending() {
		f.Live = "/live" + ui.TransactionPath(t.Number)
	}
	s.Draw(w, r, http.StatusOK, transactionPage(f, t))
}

// A watchedTransaction is the key of a transaction's stream, one for all readers of a role.
type watchedTransaction struct {
	number registry.Number
	role   access.Role
}

// streamTransaction serves the statuses of a transaction that is pending.
func (s *Pages) streamTransaction(w http.ResponseWriter, r *http.Request) {
	of := watchedTransaction{numberOf(r), access.From(r.Context()).Role}
	err := registry.ErrNotFound
	if of.number > 0 {
		_, err = s.Record.Transaction(r.Context(), of.number)
	}
	if err != nil {
		s.Live.NoStream(w, r, err)
		return
	}
	s.Live.Serve(w, r, of, func() live.Gatherer { return s.watchTransaction(of) })
}

// watchTransaction gathers the live parts of a transaction, and announces when it is
// pending no more.
func (s *Pages) watchTransaction(of watchedTransaction) live.Gatherer {
	pending := true
	return func(ctx context.Context) ([]live.Part, string, error) {
		found, err := s.Record.Transaction(ctx, of.number)
		if err != nil {
			return nil, "", err
		}
		t := &transaction{Transaction: found, Now: s.Now()}
		if err := s.fillSent(access.With(ctx, access.Principal{Role: of.role}), t); err != nil {
			return nil, "", err
		}
		say := ""
		if pending && !t.isPending() {
			say = "Transaction " + ui.Number(t.Number) + " waits on no producer any more"
		}
		pending = t.isPending()
		return []live.Part{{ID: "needs", Draw: needs(t)}, {ID: "sent", Draw: sentParts(t)}}, say, nil
	}
}

// transaction gathers the page of a transaction: its structures from a position on, and
// the changes of the chosen one; 0 chooses the first.
func (s *Pages) transaction(ctx context.Context, n registry.Number, from, chosen int, all bool) (*transaction, error) {
	ts, err := s.Registry.Transactions(ctx, n-1, 2)
	if err != nil {
		return nil, err
	}
	if len(ts) == 0 || ts[0].Number != n {
		return nil, registry.ErrNotFound
	}
	t := &transaction{Transaction: ts[0], Now: s.Now(), Older: n - 1, From: from}
	if len(ts) > 1 {
		t.Newer = ts[1].Number
	}
	if err := s.fillSent(ctx, t); err != nil {
		return nil, err
	}
	transitions, err := s.Registry.Transitions(ctx, n, from, changesShown+1)
	if err != nil {
		return nil, err
	}
	if len(transitions) > changesShown {
		t.Next = transitions[changesShown].Position
		transitions = transitions[:changesShown]
	}
	if err := s.fillChanges(ctx, t, transitions); err != nil {
		return nil, err
	}
	for i := range t.Changes {
		c := &t.Changes[i]
		if c.Position == chosen || chosen == 0 && i == 0 {
			c.Chosen = true
			t.Chosen, err = s.chosen(ctx, &c.Transition, all)
			break
		}
	}
	return t, err
}

// fillSent adds the transaction's status on each producer.
func (s *Pages) fillSent(ctx context.Context, t *transaction) error {
	producers, err := s.Producers.List(ctx)
	if err != nil {
		return err
	}
	if t.Sent, err = s.Record.SentOn(ctx, producers, t.Number); err != nil {
		return err
	}
	for i := range t.Sent {
		if b := &t.Sent[i]; b.Status == producer.StatusFailed {
			t.Troubles = append(t.Troubles, stoppedHere(&producers[i], b.Reason, access.From(ctx).Role >= access.Admin))
		}
	}
	return nil
}

// stoppedHere is the notice of a producer that stopped at the transaction.
func stoppedHere(p *control.Status, reason string, may bool) trouble {
	f := ui.Fault{What: p.Name + " stopped here", Waiting: ui.Plural(p.Pending, "transaction waits", "transactions wait") + ", this one first. Readers saw nothing of it."}
	f.Error, f.Cure = ui.ReasonAndCure(reason, p.Cure)
	if f.Cure == "" {
		f.Cure = "Take the cause away, then start the producer."
	}
	f.Cure += " Or skip this transaction, and its structures are not sent."
	return trouble{Producer: p.Name, May: may, Fault: f}
}

// fillChanges adds the structures, each with a sum of its changes if it is small enough.
func (s *Pages) fillChanges(ctx context.Context, t *transaction, transitions []registry.Transition) error {
	changes := make([]registry.Change, len(transitions))
	for i := range transitions {
		changes[i] = transitions[i].Change
	}
	sums, err := s.Record.Sums(ctx, transitions)
	if err != nil {
		return err
	}
	for i := range transitions {
		t.Changes = append(t.Changes, record.Changed{Transition: transitions[i], Sum: sums[i]})
	}
	t.Removed, err = s.Registry.ContentRemoved(ctx, t.Number, changes)
	return err
}

// chosen is what changed in one structure, or why that is not known.
func (s *Pages) chosen(ctx context.Context, p *registry.Transition, all bool) (*chosen, error) {
	c := &chosen{Transition: *p, Shown: diffShown, More: ui.TransactionPath(p.Number) + "?structure=" + strconv.Itoa(p.Position) + "&all=1#changed"}
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
	d, err := s.Record.Compare(ctx, p)
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
