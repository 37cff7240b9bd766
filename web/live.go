package web

import (
	"context"
	"net/http"
	"slices"

	"urncast/producer/control"
	"urncast/web/answer"
	"urncast/web/console/dashboard"
	"urncast/web/console/live"
	"urncast/web/console/record"
	"urncast/web/console/transactions"
	"urncast/web/console/ui"
)

// A watchedDashboard is the dashboard that draws a producer's times.
type watchedDashboard struct{ chosen string }

// liveDashboard is the stream of the dashboard, one for all who look at the same.
func (s *server) liveDashboard(w http.ResponseWriter, r *http.Request) {
	of := watchedDashboard{r.URL.Query().Get("producer")}
	all, err := s.kit.ListProducers(r.Context())
	if err != nil {
		s.live.NoStream(w, r, err)
		return
	}
	if !slices.ContainsFunc(all, func(p control.Status) bool { return p.Name == of.chosen }) {
		of.chosen = "" // as on the page itself
	}
	s.live.Serve(w, r, of, func() live.Gatherer { return s.watchDashboard(of.chosen) })
}

func (s *server) watchDashboard(chosen string) live.Gatherer {
	var before []control.Status
	var told string // what the log has of the trouble that lasts
	return func(ctx context.Context) ([]live.Part, string, error) {
		d := &dashboard.Dashboard{Now: s.Now(), Chosen: chosen}
		err := s.fillDashboard(ctx, d)
		switch {
		case err == nil:
			told = ""
		case err.Error() != told:
			s.Log.WarnContext(ctx, "the dashboard cannot show everything", "error", err)
			told = err.Error()
		}
		if err != nil {
			d.Trouble = dashboardTrouble(answer.PrivateToAll(err))
		}
		say := ui.Said(before, d.Producers)
		before = d.Producers
		return []live.Part{
			{ID: "head", Draw: dashboard.DashboardHead(d)}, {ID: "needs", Draw: dashboard.DashboardNeeds(d)}, {ID: "producers", Draw: dashboard.DashboardProducers(d)},
			{ID: "volume", Draw: dashboard.DashboardVolume(d)}, {ID: "latest", Draw: dashboard.DashboardLatest(d)}, {ID: "lease", Draw: dashboard.DashboardLease(d)},
		}, say, nil
	}
}

// A watchedLog is the page of the newest transactions, the same for everybody.
type watchedLog struct{}

// liveTransactions is the stream of the statuses of the last transactions, and of the
// number of the newest. Rows never come by themselves: a line says how many there are.
func (s *server) liveTransactions(w http.ResponseWriter, r *http.Request) {
	s.live.Serve(w, r, watchedLog{}, func() live.Gatherer { return s.watchTransactions })
}

func (s *server) watchTransactions(ctx context.Context) ([]live.Part, string, error) {
	producers, err := s.kit.ListProducers(ctx)
	if err != nil {
		return nil, "", err
	}
	ts, err := s.Registry.Latest(ctx, 0, logShown)
	if err != nil || len(ts) == 0 {
		return nil, "", err
	}
	rows, err := s.record.Rows(ctx, ts, producers)
	if err != nil {
		return nil, "", err
	}
	parts := []live.Part{{ID: "newest", Draw: transactions.Newest(ts[0].Number)}}
	for i := range rows {
		parts = append(parts, live.Part{ID: ui.Number(rows[i].Number), Draw: record.LiveStatuses(rows[i : i+1])})
	}
	return parts, "", nil
}

// stop ends the streams, which would hold back the end of the server.
func (s *server) stop() { s.stopOnce.Do(func() { close(s.stopping) }) }
