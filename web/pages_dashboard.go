package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"urncast/producer/control"
	"urncast/registry"
	"urncast/web/answer"
	"urncast/web/background"
	"urncast/web/console/dashboard"
	"urncast/web/console/live"
	"urncast/web/console/page"
)

const (
	latestShown = 8
	volumeStep  = 15 * time.Minute
	volumeParts = 96
)

// dashboardPage draws the first page. What cannot be read is said on the page: it is
// looked at most when something is wrong.
func (s *server) dashboardPage(w http.ResponseWriter, r *http.Request) {
	d := &dashboard.Dashboard{Now: s.Now(), Chosen: r.URL.Query().Get("producer")}
	ctx, cancel := context.WithTimeout(r.Context(), live.Timeout)
	defer cancel()
	if err := s.fillDashboard(ctx, d); err != nil {
		d.Trouble = dashboardTrouble(answer.Private(w, r, err))
	}
	d.MayCommand = page.IsAdmin(r)
	d.NoKey = s.NoKey && d.MayCommand
	f := s.kit.Frame(r, "Dashboard", "/")
	f.Live = "/live/dashboard?producer=" + url.QueryEscape(d.Chosen)
	s.kit.Draw(w, r, http.StatusOK, dashboard.DashboardPage(f, d))
}

// dashboardTrouble says what keeps the dashboard from showing everything, of an error that
// its readers may see.
func dashboardTrouble(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, background.ErrSlow) {
		return "The database did not answer in time. This page goes on as soon as it does."
	}
	return "The database did not answer as it should: " + err.Error() + ". This page goes on as soon as it does."
}

// fillDashboard gathers what the page shows. Where the producer to draw is none that
// there is, it is the first.
func (s *server) fillDashboard(ctx context.Context, d *dashboard.Dashboard) error {
	counts, last, err := s.Registry.Counts(ctx)
	if err != nil {
		return err
	}
	d.Last = last
	for _, n := range counts {
		d.Structures += n
	}
	if d.Producers, err = s.kit.ListProducers(ctx); err != nil {
		return err
	}
	ts, err := s.Registry.Latest(ctx, 0, latestShown)
	if err != nil {
		return err
	}
	if len(ts) > 0 {
		d.LastAt = ts[0].RecordedAt
	}
	if d.Latest, err = s.record.Rows(ctx, ts, d.Producers); err != nil {
		return err
	}
	if len(d.Producers) > 0 && !slices.ContainsFunc(d.Producers, func(p control.Status) bool { return p.Name == d.Chosen }) {
		d.Chosen = d.Producers[0].Name
	}
	return s.fillDay(ctx, d)
}

// A day is the history that dashboards draw. Of a day with a hundred thousand
// transactions it takes a tenth of a second, so one is made for all who look.
type day struct {
	made   time.Time
	seen   []registry.Number // what was recorded then, and what each producer had sent
	volume dashboard.Volume
	paces  map[string]*dashboard.Pace
}

const (
	// dayFresh is how old a history may be whatever happened since, and dayMoved how old
	// it may be where nothing did: its window moves on.
	dayFresh = 2 * time.Second
	dayMoved = 15 * time.Second
	// dayPatience is how long a dashboard waits for a history.
	dayPatience = 2 * time.Second
)

// fillDay draws the history of the producers there are, or the last that could be made:
// its axis says of when it is.
func (s *server) fillDay(ctx context.Context, d *dashboard.Dashboard) error {
	seen := []registry.Number{d.Last}
	for i := range d.Producers {
		seen = append(seen, d.Producers[i].Sent)
	}
	fresh := func(y day, _ time.Duration) bool {
		age := d.Now.Sub(y.made)
		return age >= 0 && len(seen) == len(y.seen) && (age < dayFresh || age < dayMoved && slices.Equal(seen, y.seen))
	}
	y, at, err := s.day.Get(ctx, dayPatience, fresh, func(ctx context.Context) (day, error) { return s.makeDay(ctx, d.Now, d.Producers, seen) })
	if err == nil || !at.IsZero() {
		d.Volume, d.Paces = y.volume, y.paces
	}
	return err
}

func (s *server) makeDay(ctx context.Context, now time.Time, producers []control.Status, seen []registry.Number) (y day, err error) {
	if y.volume, err = s.volume(ctx, now); err != nil {
		return y, err
	}
	y.made, y.seen, y.paces = now, seen, make(map[string]*dashboard.Pace, len(producers))
	for i := range producers {
		p := &producers[i]
		lags, err := s.Producers.Of(p.ID).Lags(ctx, y.volume.From, y.volume.Step)
		if err != nil {
			return y, err
		}
		pace := &dashboard.Pace{All: lags.All, Parts: make([]control.Lags, len(y.volume.Parts))}
		for at, l := range lags.Steps {
			if at >= 0 && at < len(pace.Parts) {
				pace.Parts[at] = l
			}
		}
		y.paces[p.Name] = pace
	}
	return y, nil
}

// volume gives the last day, in steps that begin at whole quarters of an hour.
func (s *server) volume(ctx context.Context, now time.Time) (dashboard.Volume, error) {
	v := dashboard.Volume{Step: volumeStep, Parts: make([]dashboard.VolumePart, volumeParts)}
	v.From = now.UTC().Truncate(volumeStep).Add(-(volumeParts - 1) * volumeStep)
	found, err := s.Registry.Volume(ctx, v.From, v.Step)
	for i, part := range found {
		if i >= 0 && i < len(v.Parts) {
			v.Parts[i] = dashboard.VolumePart{Transactions: part.Transactions, Bytes: part.Bytes}
		}
	}
	return v, err
}
