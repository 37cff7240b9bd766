package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web"
	"urncast/web/console/dashboard"
	"urncast/web/console/record"
	"urncast/web/console/ui"
	"urncast/web/webtest"
)

// moment is the time at which the pages of these tests are drawn.
var moment = time.Date(2026, 3, 12, 10, 42, 12, 0, time.UTC)

// allStates returns a dashboard with a producer in every state.
func allStates() *dashboard.Dashboard {
	d := &dashboard.Dashboard{Now: moment, Structures: 51_377, Last: 48_219, LastAt: moment.Add(-6 * time.Second)}
	state := func(name string, s producer.State, sent registry.Number) *control.Status {
		d.Producers = append(d.Producers, control.Status{Name: name, State: s, Sent: sent, Last: d.Last, Pending: int64(d.Last - sent),
			OldestPending: moment.Add(-104 * time.Minute), Since: moment.Add(-90 * time.Minute), Started: true, Holder: "urncast-1:12/ab", HeldSince: moment.Add(-4 * 24 * time.Hour), Term: 41,
			Standby: []control.Instance{{ID: "urncast-2:9/cd", StartedAt: moment.Add(-time.Hour)}}})
		p := &d.Producers[len(d.Producers)-1]
		p.Settings.Routes = []producer.Route{{Topic: "sdmx." + name + ".json"}, {Topic: "sdmx." + name + ".ml21"}}
		return p
	}
	failed := state("bis-public", producer.Failed, 48_212)
	failed.Failed = 48_213
	failed.Reason = "Broker: Message size too large (MSG_SIZE_TOO_LARGE): ESTAT:GEO(24.0) has 1312044 bytes, topic sdmx.public.json has max.message.bytes=1048588. " +
		"Raise the topic's limit to at least 1313056 bytes, then start."
	state("ecb-mirror", producer.Idle, 48_219)
	state("estat-restricted", producer.Suspended, 47_902)
	state("imf-mirror", producer.Degraded, 48_218).Reason = "Local: Broker transport failure since 10:44. It tries again by itself, next in 16 s."
	state("oecd", producer.Recovering, 48_219)
	state("unsd", producer.Publishing, 48_100).Job = &control.JobStatus{AsOf: 48_000, Structures: 51_377, Done: 20_000}
	for i := range 7 {
		row := record.TransactionRow{Transaction: registry.Transaction{Number: d.Last - registry.Number(i), Kind: registry.Replace, Structures: 1 + i*3, RecordedAt: moment.Add(-time.Duration(i) * 17 * time.Minute)},
			First: sdmx.URN{Class: sdmx.ClassCodelist, Agency: "ESTAT", ID: fmt.Sprintf("CL_LIST_%d", i), Version: "1.0"}}
		for range d.Producers {
			row.Statuses = append(row.Statuses, producer.StatusSent)
		}
		row.Statuses[0] = producer.StatusPending
		if row.Number == failed.Failed {
			row.Statuses[0] = producer.StatusFailed
		}
		d.Latest = append(d.Latest, row)
	}
	d.Volume = dashboard.Volume{From: moment.Truncate(15 * time.Minute).Add(-95 * 15 * time.Minute), Step: 15 * time.Minute, Parts: make([]dashboard.VolumePart, 96)}
	for i := range d.Volume.Parts {
		n := (i * i * 7) % 83
		d.Volume.Parts[i] = dashboard.VolumePart{Transactions: n, Bytes: int64(n) * 80_000}
	}
	d.Chosen, d.Paces = "ecb-mirror", map[string]*dashboard.Pace{"bis-public": pace(96, 7), "ecb-mirror": pace(96, 1), "oecd": pace(96, 0)}
	return d
}

// pace returns a history of one day with quiet hours, a single transaction between them, and a
// pause of the producer every pause steps; 0 steps are a day without transactions.
func pace(steps, pause int) *dashboard.Pace {
	p := &dashboard.Pace{Parts: make([]control.Lags, steps)}
	for i := range p.Parts {
		if pause == 0 || i > 40 && i < 60 && i != 50 {
			continue
		}
		l := control.Lags{Sent: int64(i*i*7) % 83, Median: time.Duration(8+i%5) * time.Millisecond, P99: time.Duration(20+(i*i)%40) * time.Millisecond}
		if pause > 1 && i%pause == 0 {
			l.P99 = time.Duration(i) * 4 * time.Minute
		}
		if l.Sent > 0 {
			p.Parts[i] = l
			p.All.Sent += l.Sent
		}
	}
	if p.All.Sent > 0 {
		p.All.Median, p.All.P99 = 11*time.Millisecond, 38*time.Millisecond
	}
	return p
}

// Each state of a producer has a look of its own, which shows whether a person has to act.
func TestStates(t *testing.T) {
	ours := web.New(webtest.Complete(web.Options{}))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			ours.ServeHTTP(w, r)
			return
		}
		theme, _ := r.Cookie("urncast_theme") // it is set
		f := &ui.Frame{Title: "Dashboard", Path: "/", Environment: "Production", Version: "1.0.0", Theme: theme.Value, Now: moment, Publishing: "urncast-1", Standby: []string{"urncast-2"},
			Who: ui.Who{Name: "admin", Role: "admin"}, Side: ui.Map()}
		f.Side[2].Entries[0].Needs = 1
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if err := dashboard.DashboardPage(f, allStates()).Render(r.Context(), w); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	b := open(t, s.URL)
	for _, width := range []int64{1440, 768, 375} {
		for _, theme := range []string{"light", "dark"} {
			b.show(width, theme)
			name := fmt.Sprintf("dashboard-states-%d-%s", width, theme)
			b.visit("/")
			b.shoot(name)
			b.accessible(name)
			if over := value[int64](b, `document.documentElement.scrollWidth`) - width; over > 0 {
				t.Errorf("%s is %d pixels too wide", name, over)
			}
		}
	}
	words := value[[]string](b, `[...document.querySelectorAll("#producers .st")].map(e => e.innerText.trim())`)
	if got := fmt.Sprint(words); got != "[Failed Idle Suspended Degraded Recovering Publishing]" {
		t.Errorf("the states are shown as %s", got)
	}
	for _, c := range b.complaints() {
		t.Error(c)
	}
}
