package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"urncast/producer"
	"urncast/registry"
	"urncast/web/console/transactions"
	"urncast/web/console/ui"
	"urncast/web/rest"
)

const logShown = 50

// zoneCookie holds the name of the reader's time zone, which script finds out.
const zoneCookie = "urncast_zone"

// zone is the reader's time zone as far as it is known, else UTC.
func zone(r *http.Request) *time.Location {
	c, err := r.Cookie(zoneCookie)
	if err != nil {
		return time.UTC
	}
	name, err := url.QueryUnescape(c.Value)
	if err != nil {
		return time.UTC
	}
	z, _ := rest.ZoneOf(name) // UTC if it is none
	return z
}

// transactionsPage draws the log.
func (s *server) transactionsPage(w http.ResponseWriter, r *http.Request) {
	t := &transactions.Transactions{Now: s.Now(), Zone: zone(r), Filter: logFilter(r.URL.Query())}
	if err := s.fillTransactions(r.Context(), t); err != nil {
		s.drawTrouble(w, r, "/transactions", err)
		return
	}
	f := s.frame(r, "Transactions", "/transactions")
	f.Live = "/live/transactions"
	s.draw(w, r, http.StatusOK, transactions.TransactionsPage(f, t))
}

func logFilter(q url.Values) transactions.LogFilter {
	return transactions.LogFilter{View: word(q, "view"), Kind: word(q, "kind"), Of: word(q, "of"), By: word(q, "by"), When: word(q, "when"),
		Before: registry.Number(natural(q, "before"))}
}

func (s *server) fillTransactions(ctx context.Context, t *transactions.Transactions) error {
	producers, err := s.producers(ctx)
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
	t.Rows, err = s.rows(ctx, ts, producers)
	return err
}

// logQuery asks for what the reader does. What waits is newer than what some producer
// has handled.
func logQuery(f *transactions.LogFilter, producers []producer.Status, now time.Time) registry.LogQuery {
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
	producers, err := s.producers(r.Context())
	if err != nil {
		s.drawTrouble(w, r, "/transactions", err)
		return
	}
	out := rest.NewSheet(w, "transactions.csv", "number", "recorded", "kind", "origin", "structures", "bytes", "by", "pair", "id")
	q := logQuery(&f, producers, s.Now())
	for q.Limit = rest.SheetRows; ; {
		ts, err := s.Registry.Log(r.Context(), q)
		switch {
		case err != nil && out.Begun():
			s.Log.WarnContext(r.Context(), "an export broke off", "before", q.Before, "error", err)
			out.Break("What is older than transaction " + ui.Number(q.Before) + " is missing; ask for it with before=" + ui.Number(q.Before) + ".")
		case err != nil:
			s.drawTrouble(w, r, "/transactions", err)
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
