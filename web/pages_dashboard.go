package web

import (
	"context"
	"net/http"
	"time"

	"urncast/producer"
	"urncast/registry"
	"urncast/web/console"
)

const (
	latestShown = 8
	volumeStep  = 15 * time.Minute
	volumeParts = 96
)

// dashboardPage draws the first page. What cannot be read is said on the page: it is
// looked at most when something is wrong.
func (s *server) dashboardPage(w http.ResponseWriter, r *http.Request) {
	d := s.dashboard(r.Context())
	d.MayCommand = mayCommand(r)
	f := s.frame(r, "Dashboard", "/")
	f.Live = "/live/dashboard"
	s.draw(w, r, http.StatusOK, console.DashboardPage(f, d))
}

// dashboard gathers it.
func (s *server) dashboard(ctx context.Context) *console.Dashboard {
	d := &console.Dashboard{Now: s.Now()}
	if err := s.fillDashboard(ctx, d); err != nil {
		s.Log.WarnContext(ctx, "the dashboard cannot show everything", "error", err)
		d.Trouble = err.Error()
	}
	return d
}

func (s *server) fillDashboard(ctx context.Context, d *console.Dashboard) error {
	if err := s.fillDashboardQuick(ctx, d); err != nil {
		return err
	}
	var err error
	d.Volume, err = s.volume(ctx, d.Now)
	return err
}

// fillDashboardQuick gathers all but the drawing.
func (s *server) fillDashboardQuick(ctx context.Context, d *console.Dashboard) error {
	counts, last, err := s.Registry.Counts(ctx)
	if err != nil {
		return err
	}
	d.Last = last
	for _, n := range counts {
		d.Structures += n
	}
	if d.Producers, err = s.producers(ctx); err != nil {
		return err
	}
	ts, err := s.Registry.Latest(ctx, 0, latestShown)
	if err != nil {
		return err
	}
	if len(ts) > 0 {
		d.LastAt = ts[0].RecordedAt
	}
	d.Latest, err = s.rows(ctx, ts, d.Producers)
	return err
}

// volume gives the last day, in steps that begin at whole quarters of an hour.
func (s *server) volume(ctx context.Context, now time.Time) (console.Volume, error) {
	v := console.Volume{Step: volumeStep, Parts: make([]console.VolumePart, volumeParts)}
	v.From = now.UTC().Truncate(volumeStep).Add(-(volumeParts - 1) * volumeStep)
	found, err := s.Registry.Volume(ctx, v.From, v.Step)
	for i, part := range found {
		if i >= 0 && i < len(v.Parts) {
			v.Parts[i] = console.VolumePart{Transactions: part.Transactions, Bytes: part.Bytes}
		}
	}
	return v, err
}

// rows adds to transactions what a list says of each.
func (s *server) rows(ctx context.Context, ts []registry.Transaction, producers []producer.Status) ([]console.TransactionRow, error) {
	if len(ts) == 0 {
		return nil, nil
	}
	from, to := ts[len(ts)-1].Number, ts[0].Number
	firsts, err := s.Registry.Firsts(ctx, from, to)
	if err != nil {
		return nil, err
	}
	rows := make([]console.TransactionRow, len(ts))
	for i := range ts {
		rows[i] = console.TransactionRow{Transaction: ts[i], First: firsts[ts[i].Number], Statuses: make([]string, len(producers))}
	}
	for at := range producers {
		became, err := s.became(ctx, producers[at].ID, from, to)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			rows[i].Statuses[at] = became[rows[i].Number].Status
		}
	}
	return rows, nil
}

// became says what became of transactions on one producer.
func (s *server) became(ctx context.Context, id string, from, to registry.Number) (map[registry.Number]producer.Became, error) {
	return s.Producers.Of(id).TransactionStatus(ctx, from, to)
}
