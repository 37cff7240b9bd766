package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"urncast/producer/control"
	"urncast/registry"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/console/transactions"
	"urncast/web/console/ui"
)

const logShown = 50

// transactionsPage draws the log.
func (s *server) transactionsPage(w http.ResponseWriter, r *http.Request) {
	t := &transactions.Transactions{Now: s.Now(), Zone: page.Zone(r), Filter: logFilter(r.URL.Query())}
	if err := s.fillTransactions(r.Context(), t); err != nil {
		s.kit.DrawTrouble(w, r, "/transactions", err)
		return
	}
	f := s.kit.Frame(r, "Transactions", "/transactions")
	f.Live = "/live/transactions"
	s.kit.Draw(w, r, http.StatusOK, transactions.TransactionsPage(f, t))
}

func logFilter(q url.Values) transactions.LogFilter {
	return transactions.LogFilter{View: page.Word(q, "view"), Kind: page.Word(q, "kind"), Of: page.Word(q, "of"), By: page.Word(q, "by"), When: page.Word(q, "when"),
		Before: registry.Number(page.Natural(q, "before"))}
}

func (s *server) fillTransactions(ctx context.Context, t *transactions.Transactions) error {
	producers, err := s.kit.ListProducers(ctx)
	if err != nil {
		return err
	}
	if _, t.Total, err = s.Registry.Counts(ctx); err != nil {
		return err
	}
	for i := range producers {
		p := &producers[i]
		t.Producers = append(t.Producers, p.Name)
		t.Waiting = max(t.Waiting, p.Pending)
		if p.Failed > 0 {
			t.Failed++
		}
	}
	t.Needs = t.Failed
	q := logQuery(&t.Filter, producers, t.Now)
	q.Limit = logShown + 1
	ts, err := s.Registry.Log(ctx, q)
	if err != nil {
		return err
	}
	if t.More = len(ts) > logShown; t.More {
		ts = ts[:logShown]
	}
	t.Rows, err = s.record.Rows(ctx, ts, producers)
	return err
}

// logQuery asks for what the reader does. What waits is newer than what some producer
// has handled.
func logQuery(f *transactions.LogFilter, producers []control.Status, now time.Time) registry.LogQuery {
	q := registry.LogQuery{Before: f.Before, User: f.By, Of: f.Of}
	switch f.Kind {
	case "replace":
		q.Kind = registry.Replace
	case "delete":
		q.Kind = registry.Delete
	}
	if days, err := strconv.Atoi(f.When); err == nil && days > 0 && days < 10_000 {
		q.Since = now.AddDate(0, 0, -days)
	}
	switch f.View {
	case "failed", "needs":
		q.Only = []registry.Number{}
		for i := range producers {
			if n := producers[i].Failed; n > 0 {
				q.Only = append(q.Only, n)
			}
		}
	case "waiting":
		none := true
		for i := range producers {
			if p := &producers[i]; p.Pending > 0 && (none || p.Sent < q.Above) {
				q.Above, none = p.Sent, false
			}
		}
		if none {
			q.Only = []registry.Number{}
		}
	}
	return q
}

// transactionsCSV exports all that the filter matches, the newest first.
func (s *server) transactionsCSV(w http.ResponseWriter, r *http.Request) {
	f := logFilter(r.URL.Query())
	producers, err := s.kit.ListProducers(r.Context())
	if err != nil {
		s.kit.DrawTrouble(w, r, "/transactions", err)
		return
	}
	out := answer.NewSheet(w, "transactions.csv", "number", "recorded", "kind", "origin", "structures", "bytes", "by", "pair", "id")
	q := logQuery(&f, producers, s.Now())
	for q.Limit = answer.SheetRows; ; {
		ts, err := s.Registry.Log(r.Context(), q)
		switch {
		case err != nil && out.Begun():
			s.Log.WarnContext(r.Context(), "an export broke off", "before", q.Before, "error", err)
			out.Break("What is older than transaction " + ui.Number(q.Before) + " is missing; ask for it with before=" + ui.Number(q.Before) + ".")
		case err != nil:
			s.kit.DrawTrouble(w, r, "/transactions", err)
			return
		}
		rows := make([][]string, len(ts))
		for i := range ts {
			t := &ts[i]
			rows[i] = []string{ui.Number(t.Number), t.RecordedAt.UTC().Format(time.RFC3339Nano), t.Kind.String(), t.Origin,
				strconv.Itoa(t.Structures), strconv.FormatInt(t.Bytes, 10), t.User, ui.Number(t.Pair), t.ID}
			q.Before = t.Number
		}
		if err := out.Send(rows); err != nil || len(ts) < q.Limit {
			return // at the end, or the reader has gone
		}
	}
}
