// Package dashboard serves the first page of the console.
package dashboard

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"urncast/producer/control"
	"urncast/registry/plan"
	"urncast/web/answer"
	"urncast/web/background"
	"urncast/web/console/live"
	"urncast/web/console/page"
	"urncast/web/console/record"
	"urncast/web/console/ui"
	"urncast/web/guard"
)

// latestShown is how many transactions the page lists.
const latestShown = 8

// Pages serves the first page of the console.
type Pages struct {
	*page.Kit
	Registry *plan.Registry
	Record   *record.Reader
	Live     *live.Streams

	day background.Shared[day]
}

// Routes are the page, and its stream.
func (s *Pages) Routes() []guard.Route {
	s.day.Log = s.Log // the kit is complete from here on
	return []guard.Route{
		{Pattern: "GET /{$}", Level: guard.Read, Handle: s.show},
		{Pattern: "GET /live/dashboard", Level: guard.Read, Long: true, Handle: s.stream},
	}
}

// show draws the page. If a part cannot be read, the page says so in place of an error:
// people look at it most when something is wrong.
func (s *Pages) show(w http.ResponseWriter, r *http.Request) {
	d := &Dashboard{Now: s.Now(), Chosen: r.URL.Query().Get("producer")}
	ctx, cancel := context.WithTimeout(r.Context(), live.Timeout)
	defer cancel()
	if err := s.fill(ctx, d); err != nil {
		d.Trouble = trouble(answer.Private(w, r, err))
	}
	d.MayCommand = page.IsAdmin(r)
	d.NoKey = s.NoKey && d.MayCommand
	f := s.Frame(r, "Dashboard", "/")
	f.Live = "/live/dashboard?producer=" + url.QueryEscape(d.Chosen)
	s.Draw(w, r, http.StatusOK, DashboardPage(f, d))
}

// trouble says why not everything can be shown, given an error that readers may see.
func trouble(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, background.ErrSlow) {
		return "The database did not answer in time. This page goes on as soon as it does."
	}
	return "The database did not answer as it should: " + err.Error() + ". This page goes on as soon as it does."
}

// fill gathers what the page shows. If no producer has the chosen name, the first is
// chosen.
func (s *Pages) fill(ctx context.Context, d *Dashboard) error {
	counts, last, err := s.Registry.Counts(ctx)
	if err != nil {
		return err
	}
	d.Last = last
	for _, n := range counts {
		d.Structures += n
	}
	if d.Producers, err = s.Producers.List(ctx); err != nil {
		return err
	}
	ts, err := s.Registry.Latest(ctx, 0, latestShown)
	if err != nil {
		return err
	}
	if len(ts) > 0 {
		d.LastAt = ts[0].RecordedAt
	}
	if d.Latest, err = s.Record.Rows(ctx, ts, d.Producers); err != nil {
		return err
	}
	if len(d.Producers) > 0 && !slices.ContainsFunc(d.Producers, func(p control.Status) bool { return p.Name == d.Chosen }) {
		d.Chosen = d.Producers[0].Name
	}
	return s.fillDay(ctx, d)
}

// A watched is the key of a stream: the page with the pace of one producer.
type watched struct {
	chosen string
	may    bool // its readers may command producers
}

// stream serves the live parts of the page: one stream for all readers with the same
// chosen producer and the same rights.
func (s *Pages) stream(w http.ResponseWriter, r *http.Request) {
	of := watched{r.URL.Query().Get("producer"), page.IsAdmin(r)}
	all, err := s.Producers.List(r.Context())
	if err != nil {
		s.Live.NoStream(w, r, err)
		return
	}
	if !slices.ContainsFunc(all, func(p control.Status) bool { return p.Name == of.chosen }) {
		of.chosen = "" // as on the page itself
	}
	s.Live.Serve(w, r, of, func() live.Gatherer { return s.watch(of) })
}

// watch gathers the live parts, and announces producers whose state changed.
func (s *Pages) watch(of watched) live.Gatherer {
	var before []control.Status
	var logged string // a lasting trouble is logged once
	return func(ctx context.Context) ([]live.Part, string, error) {
		d := &Dashboard{Now: s.Now(), Chosen: of.chosen, MayCommand: of.may}
		err := s.fill(ctx, d)
		switch {
		case err == nil:
			logged = ""
		case err.Error() != logged:
			s.Log.WarnContext(ctx, "the dashboard cannot show everything", "error", err)
			logged = err.Error()
		}
		if err != nil {
			d.Trouble = trouble(answer.PrivateToAll(err))
		}
		say := ui.Said(before, d.Producers)
		before = d.Producers
		return []live.Part{
			{ID: "head", Draw: head(d)}, {ID: "needs", Draw: needs(d)}, {ID: "producers", Draw: producerRows(d)},
			{ID: "volume", Draw: lastDay(d)}, {ID: "latest", Draw: latest(d)}, {ID: "lease", Draw: leaseState(d)},
		}, say, nil
	}
}
