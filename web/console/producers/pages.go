// Package producers serves the pages about producers: their list, one of them, the
// questions before its commands, its settings and routes, and the topic doctor's findings.
package producers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/producer/notice"
	"urncast/registry"
	"urncast/registry/plan"
	"urncast/web/answer"
	"urncast/web/console/live"
	"urncast/web/console/page"
	"urncast/web/console/record"
	"urncast/web/console/ui"
	"urncast/web/guard"
)

// Pages serves the pages about producers.
type Pages struct {
	*page.Kit
	Registry *plan.Registry
	Record   *record.Reader
	Live     *live.Streams
	// Connections are those that a producer can use. Doctor examines, creates and repairs
	// topics; pages do without it if it is nil.
	Connections *connection.Connections
	Doctor      *diagnosis.Doctor
	// Mailer sends mails to a producer's admins; pages do without it if it is nil.
	Mailer *notice.Mailer
}

// Routes are for all who may read the registry; commands are for admins.
func (s *Pages) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /producers", Level: guard.Read, Handle: s.producersPage},
		{Pattern: "GET /live/producers", Level: guard.Read, Long: true, Handle: s.liveProducers},
		{Pattern: "GET /live/producers/{name}", Level: guard.Read, Long: true, Handle: s.liveProducer},
		{Pattern: "GET /producers/new", Level: guard.Admin, Act: "Making a producer", Handle: s.newProducerPage},
		{Pattern: "POST /producers/new", Level: guard.Admin, Act: "Making a producer", Body: guard.Lists, Handle: s.newProducer},
		{Pattern: "GET /producers/{name}", Level: guard.Read, Handle: s.producerPage},
		{Pattern: "GET /producers/{name}/doctor", Level: guard.Admin, Act: "Examining topics", Handle: s.doctorPage},
		{Pattern: "GET /producers/{name}/fix", Level: guard.Admin, Act: "Mending a topic", Handle: s.fixPage},
		{Pattern: "POST /producers/{name}/fix", Level: guard.Admin, Act: "Mending a topic", Handle: s.fixTopic},
		{Pattern: "GET /producers/{name}/change", Level: guard.Admin, Act: "Changing a producer", Handle: s.producerSettingsPage},
		{Pattern: "POST /producers/{name}/change", Level: guard.Admin, Act: "Changing a producer", Body: guard.Lists, Handle: s.changeSettings},
		{Pattern: "GET /producers/{name}/route", Level: guard.Admin, Act: "Changing a route", Handle: s.routePage},
		{Pattern: "POST /producers/{name}/route", Level: guard.Admin, Act: "Changing a route", Body: guard.Lists, Handle: s.changeRoute},
		{Pattern: "GET /producers/{name}/{command}", Level: guard.Admin, Act: "This command", Handle: s.askCommand},
		{Pattern: "POST /producers/{name}/{command}", Level: guard.Admin, Act: "This command", Body: guard.Lists, Handle: s.command},
	}
}

const (
	jobsListed   = 10
	latestListed = 8
	// previewGlance bounds how long a page searches for what formats cannot express.
	previewGlance = 80 * time.Millisecond
)

// producersPage lists the producers.
func (s *Pages) producersPage(w http.ResponseWriter, r *http.Request) {
	p := &Producers{Now: s.Now(), May: page.IsAdmin(r)}
	var err error
	if p.List, err = s.Producers.List(r.Context()); err == nil && p.May && len(p.List) == 0 {
		var options []ui.Option
		options, err = connectionOptions(r.Context(), s.Connections, "")
		p.NoConnection = len(options) == 0
	}
	if err != nil {
		s.DrawTrouble(w, r, ui.ProducersPath, err)
		return
	}
	f := s.Frame(r, "Producers", ui.ProducersPath)
	if len(p.List) > 0 {
		f.Live = "/live/producers"
	}
	s.Draw(w, r, http.StatusOK, ProducersPage(f, p))
}

// A watchedList is the key of the stream of the list, which all readers share.
type watchedList struct{}

// liveProducers is the stream of the list of producers.
func (s *Pages) liveProducers(w http.ResponseWriter, r *http.Request) {
	s.Live.Serve(w, r, watchedList{}, s.watchProducers)
}

func (s *Pages) watchProducers() live.Gatherer {
	var before []control.Status
	return func(ctx context.Context) ([]live.Part, string, error) {
		all, err := s.Producers.List(ctx)
		if err != nil {
			return nil, "", err
		}
		if len(all) == 0 { // what to say about an empty list depends on the reader, who has to reload the page
			return nil, "", registry.ErrNotFound
		}
		say := ui.Said(before, all)
		before = all
		return []live.Part{{ID: "list", Draw: ProducersList(&Producers{Now: s.Now(), List: all})}}, say, nil
	}
}

// findProducer returns the producer of the path with its status. If it returns false, the
// producer does not exist, and the answer has been written.
func (s *Pages) findProducer(w http.ResponseWriter, r *http.Request) (*control.Producer, *control.Status, bool) {
	admin, err := s.Producers.Find(r.Context(), r.PathValue("name"))
	var status control.Status
	if err == nil {
		status, err = admin.Status(r.Context())
	}
	switch {
	case errors.Is(err, registry.ErrNotFound):
		s.DrawError(w, r, http.StatusNotFound, ui.ProducersPath, "There is no producer "+r.PathValue("name"), "It was deleted, or never made. The list shows those there are.")
	case err != nil:
		s.DrawTrouble(w, r, ui.ProducersPath, err)
	default:
		return admin, &status, true
	}
	return nil, nil, false
}

// doneWords are the notices after an act, by the word in the query.
var doneWords = map[string]string{
	"start":      "The start is asked for. The instance that holds the lease does it.",
	"suspend":    "The suspension is asked for. The transaction under way is finished first.",
	"resume":     "The resumption is asked for.",
	"skip":       "The skip is asked for.",
	"publish":    "The job is asked for. It begins in its turn.",
	"cancel":     "The job is cancelled.",
	"cancelling": "The end of the job is asked for. The list of jobs says what it leaves.",
	"saved":      "Saved.",
	"mail":       "The addresses are saved.",
	"fix":        "The topic is mended.",
	"no-topic":   "The producer is made, and its topic is not.",
}

// producerPage draws one producer.
func (s *Pages) producerPage(w http.ResponseWriter, r *http.Request) {
	admin, status, ok := s.findProducer(w, r)
	if !ok {
		return
	}
	p := &Producer{Status: *status, Now: s.Now(), May: page.IsAdmin(r), Saved: doneWords[r.URL.Query().Get("done")]}
	if err := s.fillProducer(r.Context(), p, admin); err != nil {
		s.DrawTrouble(w, r, ui.ProducersPath, err)
		return
	}
	f := s.Frame(r, status.Name, ui.ProducersPath)
	f.Live = "/live" + ui.ProducerPath(status.Name)
	s.Draw(w, r, http.StatusOK, ProducerPage(f, p))
}

func (s *Pages) fillProducer(ctx context.Context, p *Producer, admin *control.Producer) error {
	if err := s.fillRoutes(ctx, p, admin); err != nil {
		return err
	}
	if p.Bootstrap == "" { // the connection of the process's configuration, which has no address here
		if c, err := s.Connections.Get(ctx, p.Settings.Connection); err == nil {
			p.Bootstrap = c.Properties["bootstrap.servers"].Value
		}
	}
	if err := s.fillMoving(ctx, p, admin); err != nil {
		return err
	}
	return s.fillMail(ctx, p)
}

// fillRoutes counts what the routes let through and what is on their topics.
func (s *Pages) fillRoutes(ctx context.Context, p *Producer, admin *control.Producer) error {
	held, err := admin.Held(ctx)
	if err != nil {
		return err
	}
	for _, route := range p.Settings.Routes {
		a, err := s.Producers.Matching(ctx, route.Filter)
		if err != nil {
			return err
		}
		row := RouteRow{Route: route, Matches: a.Structures, Bytes: a.Bytes}
		if h, ok := held[route.Topic]; ok {
			row.Held = &h
		}
		p.Routes = append(p.Routes, row)
	}
	return nil
}

// fillMoving gathers the parts of the page that change while it is open.
func (s *Pages) fillMoving(ctx context.Context, p *Producer, admin *control.Producer) error {
	var err error
	if p.Jobs, err = admin.Jobs(ctx, jobsListed); err != nil {
		return err
	}
	if !p.Started { // nothing is pending before the first start
		return nil
	}
	ts, err := s.Registry.Latest(ctx, 0, latestListed)
	if err != nil || len(ts) == 0 {
		return err
	}
	rows, err := s.Record.Rows(ctx, ts, nil)
	if err != nil {
		return err
	}
	became, err := admin.TransactionStatus(ctx, rows[len(rows)-1].Number, rows[0].Number)
	if err != nil {
		return err
	}
	for i := range rows {
		b := became[rows[i].Number]
		if b.Status == producer.StatusFailed { // what to do stands above
			b.Reason = producer.WithoutCure(b.Reason, p.Cure)
		}
		p.Latest = append(p.Latest, BecameRow{TransactionRow: rows[i], Became: b})
	}
	return nil
}

// fillMail adds the mail addresses, which only admins are shown.
func (s *Pages) fillMail(ctx context.Context, p *Producer) error {
	if !p.May {
		return nil
	}
	shown, err := s.Mailer.Show(ctx)
	if err != nil {
		return err
	}
	p.MailSet, p.Mail, p.MailOwn = true, shown.Settings.To(p.Name), len(shown.Settings.Producers[p.Name]) > 0
	return nil
}

// refusal returns the status and the sentences for a refused or failed act on a producer,
// a topic or the mail settings.
func refusal(w http.ResponseWriter, r *http.Request, err error) (status int, text string) {
	var bad *producer.BadEditError
	var taken *control.TakenError
	var conflict *control.ConflictError
	var mail *notice.ConflictError
	var topic *diagnosis.TopicError
	switch {
	case errors.As(err, &bad):
		return http.StatusBadRequest, page.Sentence(bad.Error())
	case errors.As(err, &taken), errors.As(err, &conflict), errors.As(err, &mail), errors.As(err, &topic):
		return http.StatusConflict, page.Sentence(err.Error())
	case errors.Is(err, control.ErrCommand):
		return http.StatusConflict, page.Sentence(strings.TrimPrefix(err.Error(), control.ErrCommand.Error()+": "))
	case errors.Is(err, registry.ErrNotFound):
		return http.StatusNotFound, "It is not there any more. Go back and look at the producer as it is now."
	}
	return http.StatusInternalServerError, "The database did not take it: " + page.Sentence(answer.Private(w, r, err).Error())
}

// doneWith redirects to a producer's page, which then says what was done.
func doneWith(w http.ResponseWriter, r *http.Request, name, word string) {
	http.Redirect(w, r, ui.ProducerPath(name)+"?done="+word, http.StatusSeeOther)
}

// A watched is the key of a producer's stream, for readers who may command it or for
// others.
type watched struct {
	id  string
	may bool
}

// liveProducer serves the stream of one producer's page.
func (s *Pages) liveProducer(w http.ResponseWriter, r *http.Request) {
	admin, err := s.Producers.Find(r.Context(), r.PathValue("name"))
	var status control.Status
	if err == nil {
		status, err = admin.Status(r.Context())
	}
	if err != nil {
		s.Live.NoStream(w, r, err)
		return
	}
	of := watched{status.ID, page.IsAdmin(r)}
	s.Live.Serve(w, r, of, func() live.Gatherer { return s.watchProducer(of) })
}

// routesPace is how often the routes are counted at most while the page has readers:
// counting reads a row for each structure.
const routesPace = 2 * time.Second

func (s *Pages) watchProducer(of watched) live.Gatherer {
	var before []control.Status
	var routes []RouteRow
	var counted string // as what was when the routes were counted
	var countedAt time.Time
	return func(ctx context.Context) ([]live.Part, string, error) {
		admin := s.Producers.Of(of.id)
		status, err := admin.Status(ctx)
		if err != nil {
			return nil, "", err
		}
		p := &Producer{Status: status, Now: s.Now(), May: of.may}
		if err := s.fillMoving(ctx, p, admin); err != nil {
			return nil, "", err
		}
		state := fmt.Sprint(status.Sent, status.Last, status.Settings.Revision, status.Started)
		for i := range p.Jobs {
			state += p.Jobs[i].ID + p.Jobs[i].Phase
		}
		if state != counted && s.Now().Sub(countedAt) >= routesPace {
			if err := s.fillRoutes(ctx, p, admin); err != nil {
				return nil, "", err
			}
			routes, counted, countedAt = p.Routes, state, s.Now()
		}
		p.Routes = routes
		now := []control.Status{status}
		say := ui.Said(before, now)
		before = now
		return []live.Part{{ID: "head", Draw: ProducerHead(p)}, {ID: "needs", Draw: ProducerNeeds(p)}, {ID: "routes", Draw: ProducerRoutes(p)},
			{ID: "latest", Draw: ProducerLatest(p)}, {ID: "jobs", Draw: ProducerJobs(p)}}, say, nil
	}
}
