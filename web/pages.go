package web

import (
	"context"
	"net/http"

	"urncast/producer"
	"urncast/web/console"
	"urncast/web/rest"
)

// shownTransactions is how many the first page lists.
const shownTransactions = 25

// consolePage draws the first page. What cannot be read is said on the page: it is
// looked at most when something is wrong.
func (s *server) consolePage(w http.ResponseWriter, r *http.Request) {
	p := &console.Page{Environment: s.Environment, Version: s.Version, Now: s.Now()}
	if err := s.fill(r.Context(), p); err != nil {
		s.Log.WarnContext(r.Context(), "the console cannot show everything", "error", err)
		p.Trouble = "The database does not answer: " + err.Error()
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "same-origin")
	if err := console.Dashboard(p).Render(r.Context(), w); err != nil {
		s.Log.InfoContext(r.Context(), "the page could not be sent", "error", err)
	}
}

func (s *server) fill(ctx context.Context, p *console.Page) error {
	counts, last, err := s.Registry.Counts(ctx)
	if err != nil {
		return err
	}
	p.Last = last
	for _, n := range counts {
		p.Structures += n
	}
	ts, err := s.Registry.Latest(ctx, 0, shownTransactions)
	if err != nil {
		return err
	}
	for _, t := range ts {
		p.Transactions = append(p.Transactions, console.Row{Transaction: t})
	}
	if s.Producers == nil {
		return nil
	}
	if p.Producers, err = s.Producers.List(ctx); err != nil || len(ts) == 0 {
		return err
	}
	return s.Producers.Each(ctx, func(_ string, a *producer.Admin) error {
		became, err := a.TransactionStatus(ctx, ts[len(ts)-1].Number, ts[0].Number)
		for i := range p.Transactions {
			t := &p.Transactions[i]
			t.Published = worst(t.Published, became[t.Number].Status)
		}
		return err
	})
}

// worst is the status of a transaction for all producers together.
func worst(a, b string) string {
	for _, s := range []string{producer.StatusFailed, producer.StatusPending, producer.StatusSkipped, producer.StatusCovered} {
		if a == s || b == s {
			return s
		}
	}
	return b
}

func (s *server) consoleStyle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=300")
	if _, err := w.Write(console.Style); err != nil {
		rest.WriteError(w, r, http.StatusInternalServerError, "%s", err)
	}
}
