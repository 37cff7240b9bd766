package producers

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/console/ui"
)

// thenWays are the ways to go on after a change of a producer that has been started.
func thenWays(s *control.Status, baseline, goOn, chosen string) []Way {
	if !s.Started {
		return nil
	}
	return []Way{
		{Value: "", Word: "Ask me then", Text: "It stops, shows what changed and what can follow, and sends nothing until somebody decides.", Chosen: chosen == ""},
		{Value: producer.StartBaseline, Word: "Baseline", Text: baseline, Chosen: chosen == producer.StartBaseline},
		{Value: producer.StartContinue, Word: "Continue", Text: goOn, Chosen: chosen == producer.StartContinue},
	}
}

// routeWays are the ways to go on after a change of one route.
func routeWays(s *control.Status, was, chosen string) []Way {
	if was == "" {
		return thenWays(s, "Everything current that passes is sent to the new topic alone; the others go on where they are. Its readers get everything.",
			"Only what is pending, and what comes, is sent to the new topic. Its readers never get what is there already.", chosen)
	}
	return thenWays(s, "Everything current that passes is sent anew to this topic. If the filter takes less than before, tombstones follow for what the topic holds beside it.",
		"What is pending comes in the new format and through the new filter; older messages stay as they are. If the filter takes less than before, tombstones for the rest come first.", chosen)
}

// changeable returns the producer of the path, if its settings can be changed here. If it
// returns false, the answer has been written.
func (s *Pages) changeable(w http.ResponseWriter, r *http.Request) (*control.Status, bool) {
	_, status, ok := s.findProducer(w, r)
	if !ok {
		return nil, false
	}
	if status.Settings.Fixed {
		s.DrawError(w, r, http.StatusConflict, ui.ProducersPath, "Producer "+status.Name+" cannot be changed here",
			"A process was started with its settings (--topic and its like, or URNCAST_TOPIC). Change them there, or start without --topic, and what is saved is taken.")
		return nil, false
	}
	return status, true
}

func routeAt(c *producer.Config, topic string) int {
	return slices.IndexFunc(c.Routes, func(r producer.Route) bool { return r.Topic == topic })
}

// routePage draws the form of a route, of a new one if the query names none.
func (s *Pages) routePage(w http.ResponseWriter, r *http.Request) {
	status, ok := s.changeable(w, r)
	if !ok {
		return
	}
	was, route := r.URL.Query().Get("topic"), producer.Route{Format: status.Settings.Routes[0].Format}
	if was != "" {
		i := routeAt(&status.Settings, was)
		if i < 0 {
			s.DrawError(w, r, http.StatusNotFound, ui.ProducersPath, "There is no such route", "Producer "+status.Name+" has no route to topic "+was+"; it was removed, or never there.")
			return
		}
		route = status.Settings.Routes[i]
	}
	s.drawRoute(w, r, http.StatusOK, s.routeChange(status, was, route, func(string) string { return "" }))
}

// routeChange is the form of a route; was is the topic of the one that it changes.
func (s *Pages) routeChange(status *control.Status, was string, route producer.Route, v func(string) string) *Change {
	c := changeForm(status, "route", "Add a route", "Save the route")
	c.Intro = "All routes of a producer are written in the same Kafka transaction: on all topics or on none."
	if was != "" {
		c.Title, c.Intro = "Change the route to "+was, "The producer stops when the change is saved, and goes on as you say below."
	}
	c.Hidden["was"], c.Route, c.Then = was, route, routeWays(status, was, v("then"))
	c.Inputs = routeInputs(route, was == "", v("make") != "")
	return c
}

// changeForm is a form, without inputs, that changes a producer.
func changeForm(status *control.Status, word, title, button string) *Change {
	path := ui.ProducerPath(status.Name)
	return &Change{Name: status.Name, Form: ui.Form{Title: title, Crumbs: crumbs(status.Name),
		Action: ui.ProducerPath(status.Name, word), Button: button, Back: path, Hidden: map[string]string{"revision": strconv.FormatInt(status.Settings.Revision, 10)}}}
}

func (s *Pages) drawRoute(w http.ResponseWriter, r *http.Request, status int, c *Change) {
	s.Draw(w, r, status, RouteChangePage(s.Frame(r, c.Title, ui.ProducersPath), c))
}

// changeRoute saves a route, or counts what it lets through.
func (s *Pages) changeRoute(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	status, ok := s.changeable(w, r)
	if !ok {
		return
	}
	v, route := r.PostForm.Get, routeIn(r)
	was, then := v("was"), v("then")
	c := s.routeChange(status, was, route, v)
	if err := countRoute(r.Context(), s.Producers, c, route); err != nil {
		s.DrawTrouble(w, r, ui.ProducersPath, err)
		return
	}
	base := revisionIn(r)
	if v("do") == "count" {
		c.Hidden["revision"] = strconv.FormatInt(base, 10)
		s.drawRoute(w, r, http.StatusOK, c)
		return
	}
	if checkRoute(c, route); c.Faulty() {
		s.drawRoute(w, r, http.StatusBadRequest, c)
		return
	}
	next := status.Settings
	next.Routes, next.Revision = slices.Clone(next.Routes), base
	at := routeAt(&next, was)
	switch {
	case was == "":
		next.Routes = append(next.Routes, route)
	case at >= 0:
		next.Routes[at] = route
	default:
		s.DrawError(w, r, http.StatusNotFound, ui.ProducersPath, "There is no such route", "The route to "+was+" was removed meanwhile. Nothing was saved.")
		return
	}
	if _, err := s.Producers.Change(r.Context(), status.Name, next, then, answer.Actor(r)); err != nil {
		code, text := refusal(w, r, err)
		if c.Meanwhile = meanwhile(err, routeDifferences(&status.Settings, at, route)); c.Meanwhile == nil {
			c.Wrong = text
		}
		s.drawRoute(w, r, code, c)
		return
	}
	if v("make") != "" {
		in := diagnosis.NewTopic{Topic: route.Topic, Connection: next.Connection, Prefix: next.Prefix}
		if _, err := s.Doctor.MakeTopic(r.Context(), in, answer.Actor(r)); err != nil {
			_, text := refusal(w, r, err)
			s.DrawError(w, r, http.StatusConflict, ui.ProducersPath, "The route is saved, and its topic was not made", text+" The producer's page shows how to make it.")
			return
		}
	}
	doneWith(w, r, status.Name, "saved")
}

// revisionIn is the revision that a form was opened with.
func revisionIn(r *http.Request) int64 { return page.Revision(r.PostForm.Get("revision")) }

// meanwhile says who saved the settings after a form was opened; nil if err is another
// error.
func meanwhile(err error, differences []Difference) *ChangedMeanwhile {
	var conflict *control.ConflictError
	if !errors.As(err, &conflict) {
		return nil
	}
	return &ChangedMeanwhile{By: conflict.By, At: conflict.At, Differences: differences}
}

func differ(out []Difference, what, now, yours string) []Difference {
	if now == yours {
		return out
	}
	return append(out, Difference{What: what, Now: now, Yours: yours})
}

func routeDifferences(c *producer.Config, at int, route producer.Route) (out []Difference) {
	if at < 0 {
		for _, r := range c.Routes {
			out = append(out, Difference{What: "Route", Now: r.Topic + ", " + r.Format + ", " + ui.FilterWords(r.Filter), Yours: "the same, and one more"})
		}
		return out
	}
	now := c.Routes[at]
	out = differ(out, "Topic", now.Topic, route.Topic)
	out = differ(out, "Format", now.Format, route.Format)
	return differ(out, "Filter", ui.FilterWords(now.Filter), ui.FilterWords(route.Filter))
}

// producerSettingsPage draws the form of the settings other than routes.
func (s *Pages) producerSettingsPage(w http.ResponseWriter, r *http.Request) {
	status, ok := s.changeable(w, r)
	if !ok {
		return
	}
	s.drawProducerSettings(w, r, http.StatusOK, status, &status.Settings, func(*Change) {})
}

// drawProducerSettings draws the form with the settings filled in; touch adds errors to it
// first.
func (s *Pages) drawProducerSettings(w http.ResponseWriter, r *http.Request, code int, status *control.Status, in *producer.Config, touch func(*Change)) {
	options, err := connectionOptions(r.Context(), s.Connections, in.Connection)
	if err != nil {
		s.DrawTrouble(w, r, ui.ProducersPath, err)
		return
	}
	c := changeForm(status, "change", "Change "+status.Name, "Save")
	c.Intro = "The name is for good: messages and metrics carry it. Routes are changed in their table."
	c.Inputs = []ui.Input{
		{Field: ui.Field{Name: "connection", Label: "Connection", Help: "Another cluster is another place: the producer asks what to send there."}, Options: withUnset(options, in.Connection)},
		{Field: ui.Field{Name: "prefix", Label: "Prefix of the transactional ids", Value: in.Prefix, Mono: true, Required: true, Autocomplete: "off",
			Help: "What a stopped process may have open under the old prefix is ended by its timeout alone."}},
		{Field: ui.Field{Name: "sender", Label: "Sender in the messages' headers", Value: in.Sender, Mono: true, Required: true, Autocomplete: "off"}},
	}
	c.Inputs = append(c.Inputs, BaselineInputs(in)...)
	c.Then = thenWays(status, "Where the cluster changed, everything current that passes is sent to the topics there. Where it did not, it is sent anew.",
		"What is pending is sent, and then what comes. A topic on another cluster gets nothing of what is there already.", r.PostForm.Get("then"))
	touch(c)
	s.Draw(w, r, code, ProducerSettingsPage(s.Frame(r, c.Title, ui.ProducersPath), c))
}

// changeSettings saves the settings other than routes.
func (s *Pages) changeSettings(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	status, ok := s.changeable(w, r)
	if !ok {
		return
	}
	v, next := r.PostForm.Get, status.Settings
	next.Connection, next.Prefix, next.Sender, next.Revision = v("connection"), v("prefix"), v("sender"), revisionIn(r)
	baselinesIn(&next, v)
	_, err := s.Producers.Change(r.Context(), status.Name, next, v("then"), answer.Actor(r))
	if err == nil {
		doneWith(w, r, status.Name, "saved")
		return
	}
	code, text := refusal(w, r, err)
	s.drawProducerSettings(w, r, code, status, &next, func(c *Change) {
		now := &status.Settings
		differences := differ(differ(differ(nil, "Connection", now.Connection, next.Connection), "Prefix", now.Prefix, next.Prefix), "Sender", now.Sender, next.Sender)
		differences = differ(differences, "Baseline", BaselineWhen(now), BaselineWhen(&next))
		if c.Meanwhile = meanwhile(err, differences); c.Meanwhile != nil {
			return
		}
		judge := func(field, prefix, sender string) {
			judged := *now
			judged.Prefix, judged.Sender = prefix, sender
			if err := judged.Check(); err != nil {
				c.Fault(field, page.Sentence(err.Error()))
			}
		}
		judge("prefix", next.Prefix, now.Sender)
		judge("sender", now.Prefix, next.Sender)
		switch {
		case c.Faulty():
		case next.Connection != now.Connection && code == http.StatusBadRequest && v("then") == "":
			c.Fault("connection", text)
		default:
			c.Wrong = text
		}
	})
}
