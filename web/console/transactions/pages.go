// Package transactions serves the pages about the log of transactions.
package transactions

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"urncast/producer/control"
	"urncast/registry"
	"urncast/registry/plan"
	"urncast/web/console/live"
	"urncast/web/console/page"
	"urncast/web/console/record"
	"urncast/web/console/ui"
	"urncast/web/guard"
)

// logShown is how many transactions a page of the log lists.
const logShown = 50

// Pages serves the pages about the log of transactions.
type Pages struct {
	*page.Kit
	Registry *plan.Registry
	Record   *record.Reader
	Live     *live.Streams
}

// Routes are the pages about the log of transactions, and their streams.
func (s *Pages) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /transactions", Level: guard.Read, Handle: s.listPage},
		{Pattern: "GET /transactions.csv", Level: guard.Read, Long: true, Handle: s.export},
		{Pattern: "GET /transactions/{number}", Level: guard.Read, Handle: s.transactionPage},
		{Pattern: "GET /live/transactions", Level: guard.Read, Long: true, Handle: s.streamList},
		{Pattern: "GET /live/transactions/{number}", Level: guard.Read, Long: true, Handle: s.streamTransaction},
	}
}

// listPage draws the log.
func (s *Pages) listPage(w http.ResponseWriter, r *http.Request) {
	t := &list{Now: s.Now(), Zone: page.Zone(r), Filter: filterOf(r.URL.Query())}
	if err := s.fillList(r.Context(), t); err != nil {
		s.DrawTrouble(w, r, "/transactions", err)
		return
	}
	f := s.Frame(r, "Transactions", "/transactions")
	f.Live = "/live/transactions"
	s.Draw(w, r, http.StatusOK, listPage(f, t))
}

// filterOf reads the filter from an address.
func filterOf(q url.Values) filter {
	return filter{View: page.Word(q, "view"), Kind: page.Word(q, "kind"), Of: page.Word(q, "of"), By: page.Word(q, "by"), When: page.Word(q, "when"),
		Before: registry.Number(page.Number(q, "before"))}
}

// fillList gathers what a page of the log shows.
func (s *Pages) fillList(ctx context.Context, t *list) error {
	producers, err := s.Producers.List(ctx)
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
	t.Rows, err = s.Record.Rows(ctx, ts, producers)
	return err
}

// logQuery is the filter as a query to the registry. Waiting transactions are those after
// the last one that every waiting producer has handled.
func logQuery(f *filter, producers []control.Status, now time.Time) registry.LogQuery {
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

// A watchedList is the key of the log's stream, which all readers share.
type watchedList struct{}

// streamList serves the number of the newest transaction, and the statuses of the newest
// rows. New rows are not added: a line says how many there are.
func (s *Pages) streamList(w http.ResponseWriter, r *http.Request) {
	s.Live.Serve(w, r, watchedList{}, func() live.Gatherer { return s.watchList })
}

// watchList gathers the live parts of the log.
func (s *Pages) watchList(ctx context.Context) ([]live.Part, string, error) {
	producers, err := s.Producers.List(ctx)
	if err != nil {
		return nil, "", err
	}
	ts, err := s.Registry.Latest(ctx, 0, logShown)
	if err != nil || len(ts) == 0 {
		return nil, "", err
	}
	rows, err := s.Record.Rows(ctx, ts, producers)
	if err != nil {
		return nil, "", err
	}
	parts := []live.Part{{ID: "newest", Draw: newest(ts[0].Number)}}
	for i := range rows {
		parts = append(parts, live.Part{ID: ui.Number(rows[i].Number), Draw: record.LiveStatuses(rows[i : i+1])})
	}
	return parts, "", nil
}
