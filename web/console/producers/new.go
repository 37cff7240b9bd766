package producers

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/producer/notice"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/console/ui"
)

// connectionOptions are the connections that a producer can use.
func connectionOptions(ctx context.Context, connections *connection.Connections, chosen string) ([]ui.Option, error) {
	all, err := connections.List(ctx)
	if err != nil {
		return nil, err
	}
	var out []ui.Option
	for i := range all {
		name := all[i].Name
		out = append(out, ui.Option{Value: name, Word: name, Chosen: name == chosen})
	}
	return out, nil
}

// withUnset adds the producer's present connection, if it is not among the options.
func withUnset(options []ui.Option, chosen string) []ui.Option {
	if slices.ContainsFunc(options, func(o ui.Option) bool { return o.Value == chosen }) {
		return options
	}
	word := chosen + " (not defined)"
	if chosen == "" {
		word = "the default"
	}
	return append([]ui.Option{{Value: chosen, Word: word, Chosen: true}}, options...)
}

// producerForm is the form that creates a producer, with the values filled in.
func (s *Pages) producerForm(ctx context.Context, v func(string) string, route producer.Route) (*Change, error) {
	connections, err := connectionOptions(ctx, s.Connections, v("connection"))
	if err != nil {
		return nil, err
	}
	if len(connections) == 0 || v("connection") != "" {
		connections = withUnset(connections, v("connection"))
	}
	var filled producer.Config
	baselinesIn(&filled, v)
	c := &Change{Route: route, Form: ui.Form{Title: "New producer", Intro: "It is made stopped, and sends nothing until you start it.", Crumbs: crumbs(),
		Action: "/producers/new", Button: "Make the producer", Back: ui.ProducersPath}}
	c.Inputs = append([]ui.Input{
		{Field: ui.Field{Name: "name", Label: "Name", Value: v("name"), Required: true, Autocomplete: "off", Placeholder: "public",
			Help: "Letters, digits, dots, underscores and hyphens. It is for good: messages and metrics carry it."}},
		{Field: ui.Field{Name: "connection", Label: "Connection", Help: "How to reach the brokers. All routes of a producer take the same."}, Options: connections},
	}, routeInputs(route, true, v("make") != "")...)
	c.Inputs = append(c.Inputs,
		ui.Input{Field: ui.Field{Name: "mail", Label: "Mail on failure", Value: v("mail"), Autocomplete: "off", Placeholder: "sdmx-ops@example.org",
			Help: "Addresses of this producer's admins. Empty: those of the mail settings, for all producers."}},
		ui.Input{Field: ui.Field{Name: "prefix", Label: "Prefix of the transactional ids", Value: v("prefix"), Mono: true, Autocomplete: "off", Placeholder: producer.PrefixDefault,
			Help: "Where ACLs bind transactional ids to a prefix, give that one."}},
		ui.Input{Field: ui.Field{Name: "sender", Label: "Sender in the messages' headers", Value: v("sender"), Mono: true, Autocomplete: "off", Placeholder: producer.SenderDefault}})
	c.Inputs = append(c.Inputs, BaselineInputs(&filled)...)
	c.Inputs = append(c.Inputs, ui.Input{Field: ui.Field{Name: "replicas", Label: "Replicas of the topic, if it is made", Value: v("replicas"), Type: "number", Help: "Empty: as the brokers have it by default."}})
	return c, nil
}

// baselinesIn reads from a form when a baseline is sent.
func baselinesIn(c *producer.Config, v func(string) string) {
	c.BaselineAtEveryStart, c.BaselineWhenConnectionChanges = v("baseline-at-every-start") != "", v("baseline-when-connection-changes") != ""
}

// newProducerPage draws the form that creates a producer.
func (s *Pages) newProducerPage(w http.ResponseWriter, r *http.Request) {
	p, err := s.producerForm(r.Context(), func(string) string { return "" }, producer.Route{Format: producer.FormatDefault})
	if err != nil {
		s.DrawTrouble(w, r, ui.ProducersPath, err)
		return
	}
	s.drawNewProducer(w, r, http.StatusOK, p)
}

func (s *Pages) drawNewProducer(w http.ResponseWriter, r *http.Request, status int, p *Change) {
	s.Draw(w, r, status, NewProducerPage(s.Frame(r, p.Title, ui.ProducersPath), p))
}

// routeIn reads the route from a form.
func routeIn(r *http.Request) producer.Route {
	return producer.Route{Topic: strings.TrimSpace(r.PostForm.Get("topic")), Format: r.PostForm.Get("format"), Filter: filterIn(r)}
}

func filterIn(r *http.Request) (f producer.Filter) {
	f.Classes = slices.Clone(r.PostForm["class"])
	f.Agencies = page.Fields(r.PostForm.Get("agencies"))
	for line := range strings.Lines(r.PostForm.Get("urns")) {
		if line = strings.TrimSpace(line); line != "" {
			f.URNs = append(f.URNs, line)
		}
	}
	if len(f.Agencies) == 0 {
		f.Agencies = nil
	}
	return f
}

// countRoute counts what the route of a form lets through.
func countRoute(ctx context.Context, producers *control.Producers, form *Change, route producer.Route) error {
	if route.Format == "" {
		route.Format = producer.FormatDefault
	}
	all, err := producers.Preview(ctx, []producer.Route{route}, producer.Scope{}, previewGlance)
	var bad *producer.BadEditError
	switch {
	case errors.As(err, &bad):
		form.CountWrong = page.Sentence(bad.Error())
		return nil
	case err != nil:
		return err
	}
	form.Count = &all[0]
	return nil
}

// newProducer creates a producer, or counts what its route would let through.
func (s *Pages) newProducer(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	ctx, v, route := r.Context(), r.PostForm.Get, routeIn(r)
	p, err := s.producerForm(ctx, v, route)
	if err == nil {
		err = countRoute(ctx, s.Producers, p, route)
	}
	if err != nil {
		s.DrawTrouble(w, r, ui.ProducersPath, err)
		return
	}
	if v("do") == "count" {
		s.drawNewProducer(w, r, http.StatusOK, p)
		return
	}
	c := producer.Config{Name: strings.TrimSpace(v("name")), Routes: []producer.Route{route}, Prefix: v("prefix"), Sender: v("sender"), Connection: v("connection")}
	baselinesIn(&c, v)
	mails, replicas := page.Fields(v("mail")), 0
	checkRoute(p, route)
	if err := (producer.Config{Name: c.Name, Routes: []producer.Route{{}}}).WithDefaults().Check(); err != nil || c.Name == "" {
		text := "A producer needs a name."
		if err != nil {
			text = page.Sentence(err.Error())
		}
		p.Fault("name", text)
	}
	s.checkNew(ctx, p, &c, mails)
	if replicas, err = replicasIn(v("replicas")); err != nil {
		p.Fault("replicas", page.Sentence(err.Error()))
	}
	if p.Faulty() {
		s.drawNewProducer(w, r, http.StatusBadRequest, p)
		return
	}
	s.makeProducer(w, r, p, c, mails, replicas)
}

// replicasIn is the number of replicas in a form; 0 leaves it to the brokers.
func replicasIn(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, &producer.BadEditError{Text: "A topic has 1 replica or more: give a number such as 3, or nothing"}
	}
	return n, nil
}

// checkRoute adds the errors of a route to its fields.
func checkRoute(form *Change, route producer.Route) {
	judge := func(field string, r producer.Route) {
		if err := (producer.Config{Routes: []producer.Route{r}}).WithDefaults().Check(); err != nil {
			form.Fault(field, page.Sentence(err.Error()))
		}
	}
	if judge("topic", producer.Route{Topic: route.Topic}); route.Topic == "" {
		form.Fault("topic", "A route needs a topic.")
	}
	judge("agencies", producer.Route{Filter: producer.Filter{Agencies: route.Filter.Agencies}})
	judge("urns", producer.Route{Filter: producer.Filter{URNs: route.Filter.URNs}})
}

// checkNew adds the other errors of a new producer to its fields.
func (s *Pages) checkNew(ctx context.Context, p *Change, c *producer.Config, mails []string) {
	base := producer.Config{Routes: []producer.Route{{}}}
	prefix, sender := base, base
	prefix.Prefix, sender.Sender = c.Prefix, c.Sender
	if err := prefix.WithDefaults().Check(); err != nil {
		p.Fault("prefix", page.Sentence(err.Error()))
	}
	if err := sender.WithDefaults().Check(); err != nil {
		p.Fault("sender", page.Sentence(err.Error()))
	}
	if len(mails) > 0 {
		if _, err := mailWith(ctx, s.Mailer, c.Name, mails); err != nil {
			p.Fault("mail", page.Sentence(err.Error()))
		}
	}
}

// mailWith returns the mail settings with the addresses of a producer; without addresses
// the producer has none of its own.
func mailWith(ctx context.Context, mailer *notice.Mailer, name string, mails []string) (notice.Settings, error) {
	shown, err := mailer.Show(ctx)
	if err != nil {
		return notice.Settings{}, err
	}
	m := shown.Settings
	m.Producers = maps.Clone(m.Producers)
	if m.Producers == nil {
		m.Producers = map[string][]string{}
	}
	if m.Producers[name] = mails; len(mails) == 0 {
		delete(m.Producers, name)
	}
	return m, m.Check()
}

// makeProducer creates the producer, saves its addresses and creates its topic.
func (s *Pages) makeProducer(w http.ResponseWriter, r *http.Request, p *Change, c producer.Config, mails []string, replicas int) {
	ctx, by := r.Context(), answer.Actor(r)
	if _, err := s.Producers.Create(ctx, c, by); err != nil {
		status, text := refusal(w, r, err)
		var taken *control.TakenError
		switch {
		case errors.As(err, &taken) && strings.HasPrefix(text, "Topic "):
			p.Fault("topic", text)
		case errors.As(err, &taken):
			p.Fault("name", text)
		case strings.Contains(text, "There is no connection"):
			p.Fault("connection", text)
		default:
			p.Wrong = text
		}
		s.drawNewProducer(w, r, status, p)
		return
	}
	var notDone []string
	if len(mails) > 0 {
		m, err := mailWith(ctx, s.Mailer, c.Name, mails)
		if err == nil {
			_, err = s.Mailer.Save(ctx, m, by)
		}
		if err != nil {
			_, text := refusal(w, r, err)
			notDone = append(notDone, "The addresses were not saved: "+text)
		}
	}
	if r.PostForm.Get("make") != "" {
		in := diagnosis.NewTopic{Topic: c.Routes[0].Topic, Connection: c.Connection, Prefix: c.Prefix, ReplicationFactor: replicas}
		if _, err := s.Doctor.MakeTopic(ctx, in, by); err != nil {
			_, text := refusal(w, r, err)
			notDone = append(notDone, "The topic was not made: "+text+" The producer's page shows how to make it.")
		}
	}
	if len(notDone) == 0 {
		http.Redirect(w, r, ui.ProducerPath(c.Name, "start"), http.StatusSeeOther)
		return
	}
	s.DrawError(w, r, http.StatusConflict, ui.ProducersPath, "Producer "+c.Name+" is made, and not everything with it",
		strings.Join(notDone, " ")+" It is in the list of producers, stopped.")
}
