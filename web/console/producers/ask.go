package producers

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/web/console/page"
	"urncast/web/console/ui"
)

// A questioner makes the question before a command; v returns the form's values.
type questioner func(ctx context.Context, s *Pages, p *control.Status, v func(string) string) (*Question, error)

// questions are the questioners by command.
var questions = map[string]questioner{
	"start": askStart, "suspend": askSuspend, "resume": askResume, "skip": askSkip, "baseline": askBaseline, "publish": askPublish,
	"cancel": askCancel, "delete": askDelete, "mail": askMail, "remove-route": askRemoveRoute,
}

// askCommand draws the question before a command.
func (s *Pages) askCommand(w http.ResponseWriter, r *http.Request) {
	if _, status, ok := s.findProducer(w, r); ok {
		s.drawAsk(w, r, http.StatusOK, status, r.URL.Query().Get, nil)
	}
}

// drawAsk draws the question before a command; touch adds errors to it first.
func (s *Pages) drawAsk(w http.ResponseWriter, r *http.Request, code int, status *control.Status, v func(string) string, touch func(*Question)) {
	command := r.PathValue("command")
	ask, ok := questions[command]
	if !ok {
		s.DrawError(w, r, http.StatusNotFound, ui.ProducersPath, "There is no such page", "A producer has nothing called "+command+".")
		return
	}
	a, err := ask(r.Context(), s, status, v)
	if err != nil {
		refused, text := refusal(w, r, err)
		s.DrawError(w, r, refused, ui.ProducersPath, "This cannot be asked now", text)
		return
	}
	a.Back = ui.ProducerPath(status.Name)
	a.Action = ui.ProducerPath(status.Name, command)
	if a.Keep == "" {
		a.Keep = "Leave it as it is"
	}
	if touch != nil {
		touch(a)
	}
	s.Draw(w, r, code, QuestionPage(s.Frame(r, a.Title, ui.ProducersPath), a))
}

// actNameMax bounds a name in the text of a button.
const actNameMax = 40

// actOn is the text of a button: the act, with the name if it is short.
func actOn(verb, name string) string {
	if len(name) > actNameMax {
		return verb + " it"
	}
	return verb + " " + name
}

// sends is the sentence that says how much a baseline would send.
func sends(all []control.RoutePreview) string {
	return "Sends what is current and passes: " + PreviewSum(all) + ", " + KafkaTransactions(all) + ". Readers of the topics wait until it ends."
}

func askStart(ctx context.Context, s *Pages, p *control.Status, v func(string) string) (*Question, error) {
	a := &Question{Form: ui.Form{Title: "Start " + p.Name + "?", Button: actOn("Start", p.Name)}, Keep: "Leave it stopped"}
	chosen := func(how string) bool { return v("how") == how }
	if p.Started && len(p.Ask) > 0 {
		a.Title, a.Intro, a.Button = "How should "+p.Name+" go on?", p.Reason, "Go on"
		for i, c := range p.Ask {
			a.Ways = append(a.Ways, Way{Value: c.Name, Word: wayWord(c.Name), Text: c.Text, Chosen: chosen(c.Name) || v("how") == "" && i == 0 && len(p.Ask) == 1})
		}
		return a, nil
	}
	if p.State != producer.Stopped && p.State != producer.Failed {
		a.Intro = "It runs already: it is " + strings.ToLower(string(p.State)) + "."
	}
	var err error
	if a.Preview, err = s.Producers.Preview(ctx, p.Settings.Routes, producer.Scope{}, previewGlance); err != nil {
		return nil, err
	}
	baseline := Way{Value: producer.StartBaseline, Word: "With a baseline", Text: sends(a.Preview), Chosen: chosen(producer.StartBaseline)}
	if p.Started {
		text := "Goes on where it stopped. Nothing waits."
		if p.Pending > 0 {
			text = "Goes on where it stopped, and sends the " + ui.Count(p.Pending) + " that wait, in order."
		}
		if p.Settings.BaselineAtEveryStart {
			text = "Sends everything that is current anew first, as its setting says (baseline at every start), then what comes."
		}
		a.Ways = []Way{{Value: "", Word: "Go on", Text: text, Chosen: chosen("")}, baseline}
		return a, nil
	}
	var there int64
	for i := range a.Preview {
		there = max(there, a.Preview[i].Matches)
	}
	idle := "Sends nothing now. What is recorded after " + ui.Number(p.Last) + " is sent."
	if there > 0 {
		idle += " Readers never get the " + ui.Plural(there, "structure", "structures") + " that are there already."
	}
	a.Ways = []Way{{Value: producer.StartIdle, Word: "Idle", Text: idle, Chosen: chosen(producer.StartIdle)}, baseline}
	return a, nil
}

// wayWord is the text of a way to go on.
func wayWord(name string) string {
	if name == producer.StartBaseline {
		return "Baseline"
	}
	return "Continue"
}

func askSuspend(_ context.Context, _ *Pages, p *control.Status, v func(string) string) (*Question, error) {
	return &Question{Keep: "Let it publish", Form: ui.Form{Title: "Suspend " + p.Name + "?", Button: actOn("Suspend", p.Name),
		Intro: "Sends nothing until you resume or this process restarts. What is recorded meanwhile waits.",
		Inputs: []ui.Input{{Field: ui.Field{Name: "keep", Label: "Keep suspended over restarts", Help: "Then it stays so until somebody resumes it, whatever happens to the process."},
			Check: true, Checked: v("keep") != ""}}}}, nil
}

func askResume(_ context.Context, _ *Pages, p *control.Status, _ func(string) string) (*Question, error) {
	lead := "Nothing waits; it sends what comes."
	if p.Pending > 0 {
		lead = "Sends the " + ui.Count(p.Pending) + " that wait, in order."
	}
	return &Question{Form: ui.Form{Title: "Resume " + p.Name + "?", Button: actOn("Resume", p.Name), Intro: lead}, Keep: "Keep it suspended"}, nil
}

func askSkip(ctx context.Context, s *Pages, p *control.Status, v func(string) string) (*Question, error) {
	if p.State != producer.Failed || p.Failed == 0 {
		return nil, &producer.BadEditError{Text: "Only the transaction at which a producer failed can be skipped, and " + p.Name + " failed at none"}
	}
	n := ui.Number(p.Failed)
	a := &Question{Form: ui.Form{Title: "Skip transaction " + n + " on " + p.Name + "?", Button: "Skip " + n, Hidden: map[string]string{"transaction": n}}, Keep: "Keep it waiting", Danger: true}
	ts, err := s.Registry.Transactions(ctx, p.Failed-1, 1)
	if err != nil {
		return nil, err
	}
	if len(ts) == 1 && ts[0].Number == p.Failed {
		t := &ts[0]
		a.Intro = "Its " + ui.Plural(t.Structures, "structure", "structures") + " will not be sent to " + strings.Join(p.Topics(), ", ") + ". Transactions after it are sent as usual."
		if t.Pair == p.Failed+1 {
			pair := ui.Number(t.Pair)
			a.Title, a.Button = "Skip transactions "+n+" and "+pair+" on "+p.Name+"?", "Skip both"
			a.Lines = append(a.Lines, Line{Tone: ui.Soon, Icon: "warning", Text: n + " and " + pair + " are two halves of one submission, such as a rename. Both are skipped: the deletion without what takes its place would tear it."})
		} else if t.Pair > 0 {
			a.Lines = append(a.Lines, Line{Tone: ui.Soon, Icon: "warning", Text: "It is the second half of a submission; the first is " + ui.Number(t.Pair) + ". What that one brought is on the topics, what this one takes away stays there."})
		}
	}
	a.Lines = append(a.Lines, Line{Tone: ui.Needs, Icon: "error", Text: "Readers keep what they have of these structures until they change again, or you publish them again."},
		Line{Icon: "skipped", Text: "The next message says which number was left out. The skip stays in the audit log under your name."})
	a.Inputs = []ui.Input{{Field: ui.Field{Name: "reason", Label: "Why", Value: v("reason"), Required: true, Autocomplete: "off", Help: "Kept in the audit log and shown with the transaction."}}}
	return a, nil
}

// askCancel asks before the running job is cancelled, and says what that leaves on topics.
func askCancel(_ context.Context, _ *Pages, p *control.Status, v func(string) string) (*Question, error) {
	j := p.Job
	if j == nil || v("job") != "" && v("job") != j.ID {
		return nil, &producer.BadEditError{Text: "No such job is under way on " + p.Name + ": it has ended, or waits still"}
	}
	a := &Question{Form: ui.Form{Title: "Cancel the job under way on " + p.Name + "?", Button: "Cancel the job", Intro: j.Leaves, Hidden: map[string]string{"job": j.ID}},
		Keep: "Let it go on", Danger: true,
		Lines: []Line{{Icon: "next", Text: "How much of it is on the topics is read from them before it is ended; the list of jobs then says what it left."}}}
	switch p.State {
	case producer.Failed:
		a.Lines = append(a.Lines, Line{Icon: "next", Text: "The producer starts for it, and goes on with what is pending."})
	case producer.Suspended, producer.Stopped:
		a.Lines = append(a.Lines, Line{Tone: ui.Soon, Icon: "warning", Text: "The producer is " + strings.ToLower(string(p.State)) + ": the job is ended once it goes on."})
	}
	return a, nil
}

func askBaseline(ctx context.Context, s *Pages, p *control.Status, _ func(string) string) (*Question, error) {
	a := &Question{Form: ui.Form{Title: "Publish a baseline of " + p.Name + "?", Button: "Publish the baseline"}, Keep: "Send nothing anew"}
	var err error
	if a.Preview, err = s.Producers.Preview(ctx, p.Settings.Routes, producer.Scope{}, previewGlance); err != nil {
		return nil, err
	}
	a.Intro = sends(a.Preview)
	a.Lines = []Line{{Icon: "next", Text: "What the topics hold beside it and is gone from the registry gets tombstones, after it."},
		{Icon: "next", Text: "It begins between two transactions; what is recorded meanwhile follows it. It goes on after a crash."}}
	if p.State == producer.Suspended || p.State == producer.Stopped || p.State == producer.Failed {
		a.Lines = append(a.Lines, Line{Tone: ui.Soon, Icon: "warning", Text: "The producer is " + strings.ToLower(string(p.State)) + ": it begins once it publishes."})
	}
	return a, nil
}

// scopeIn reads the scope of a publication from a form.
func scopeIn(p *control.Status, v func(string) string, classes, topics []string) (scope producer.Scope, err error) {
	scope.Filter = producer.Filter{Classes: classes, Agencies: page.Fields(v("agencies"))}
	for line := range strings.Lines(v("urns")) {
		if line = strings.TrimSpace(line); line != "" {
			scope.Filter.URNs = append(scope.Filter.URNs, line)
		}
	}
	if len(topics) < len(p.Settings.Routes) {
		scope.Topics = topics
	}
	for _, end := range []struct {
		name string
		into *registry.Number
	}{{"from", &scope.From}, {"to", &scope.To}} {
		if v(end.name) == "" {
			continue
		}
		n, err := strconv.ParseInt(v(end.name), 10, 64)
		if err != nil || n < 1 {
			return scope, &producer.BadEditError{Text: "A transaction's number is 1 or more, and “" + v(end.name) + "” is none"}
		}
		*end.into = registry.Number(n)
	}
	switch {
	case scope.From > 0 && scope.To == 0:
		scope.To = p.Last
	case scope.To > 0 && scope.From == 0:
		scope.From = 1
	}
	return scope, nil
}

func askPublish(_ context.Context, _ *Pages, p *control.Status, v func(string) string) (*Question, error) {
	a := &Question{Form: ui.Form{Title: "Publish some again on " + p.Name + "?", Button: "Publish them",
		Intro: "Sends what is current now of what you name, whatever it was then. What the topics hold of it and is gone gets tombstones. Each that is given narrows it; nothing given is everything, a baseline."},
		Keep: "Send nothing anew", Scoped: true}
	for _, t := range p.Topics() {
		a.Topics = append(a.Topics, ui.Option{Value: t, Word: t, Chosen: true})
	}
	field := func(name, label, placeholder, help string) ui.Input {
		return ui.Input{Field: ui.Field{Name: name, Label: label, Value: v(name), Mono: true, Autocomplete: "off", Placeholder: placeholder, Help: help}}
	}
	a.Inputs = append(filterInputs(v("agencies"), v("urns"), "*=SDMX:CL_FREQ(2.1)", ""),
		field("from", "From transaction", "", "What this one and those up to the next field replaced or deleted."), field("to", "To transaction", ui.Number(p.Last), ""))
	return a, nil
}

func askDelete(_ context.Context, _ *Pages, p *control.Status, v func(string) string) (*Question, error) {
	if p.Settings.Fixed {
		return nil, &control.TakenError{Text: "Producer " + p.Name + " belongs to a process that was started with it (--topic and its like, or URNCAST_TOPIC). Start without --topic first"}
	}
	a := &Question{Form: ui.Form{Title: "Delete the configuration of " + p.Name + "?", Button: actOn("Delete", p.Name),
		Intro:  "Removes this configuration and what it remembers of its sending. The topics and their messages stay.",
		Inputs: []ui.Input{{Field: ui.Field{Name: "confirm", Label: "Type its name: " + p.Name, Value: v("confirm"), Required: true, Autocomplete: "off"}}}},
		Keep: "Keep it", Danger: true,
		Lines: []Line{{Tone: ui.Needs, Icon: "error", Text: "What is recorded from now on is not sent to " + strings.Join(p.Topics(), ", ") + "."},
			{Icon: "next", Text: "A producer that is made on the same topic later takes it over, and starts for the first time: idle, or with a baseline that clears what is gone."}}}
	if p.Pending > 0 {
		a.Lines = append(a.Lines, Line{Tone: ui.Needs, Icon: "error", Text: ui.Plural(p.Pending, "transaction that waits is", "transactions that wait are") + " never sent."})
	}
	return a, nil
}

func askMail(ctx context.Context, s *Pages, p *control.Status, v func(string) string) (*Question, error) {
	shown, err := s.Mailer.Show(ctx)
	if err != nil {
		return nil, err
	}
	value := v("mail")
	if v("do") == "" {
		value = strings.Join(shown.Settings.Producers[p.Name], " ")
	}
	all := "Nobody is set for all producers."
	if len(shown.Settings.Admins) > 0 {
		all = "Those for all producers are " + strings.Join(shown.Settings.Admins, ", ") + "."
	}
	a := &Question{Form: ui.Form{Title: "Who is mailed when " + p.Name + " stops?", Button: "Save the addresses",
		Inputs: []ui.Input{{Field: ui.Field{Name: "mail", Label: "Addresses", Value: value, Autocomplete: "off", Placeholder: "sdmx-ops@example.org", Help: "Empty: those for all producers. " + all}}}}, Keep: "Back"}
	if shown.Settings.Host == "" {
		a.Lines = []Line{{Tone: ui.Soon, Icon: "warning", Text: "No mail server is set, so nothing is mailed yet."}}
	}
	return a, nil
}

func askRemoveRoute(_ context.Context, _ *Pages, p *control.Status, v func(string) string) (*Question, error) {
	topic := v("topic")
	switch {
	case p.Settings.Fixed:
		return nil, &control.TakenError{Text: "The routes of " + p.Name + " belong to a process that was started with them"}
	case routeAt(&p.Settings, topic) < 0:
		return nil, &producer.BadEditError{Text: "Producer " + p.Name + " has no route to topic “" + topic + "”; it was removed, or never there"}
	case len(p.Settings.Routes) == 1:
		return nil, &producer.BadEditError{Text: "It is the only route of " + p.Name + ", and a producer needs one. Add another first, or delete the producer"}
	}
	rest := slices.DeleteFunc(p.Topics(), func(t string) bool { return t == topic })
	a := &Question{Form: ui.Form{Title: "Remove the route to " + topic + "?", Button: "Remove the route",
		Hidden: map[string]string{"topic": topic, "revision": strconv.FormatInt(p.Settings.Revision, 10)}}, Keep: "Keep it", Danger: true,
		Lines: []Line{{Tone: ui.Needs, Icon: "error", Text: "What " + topic + " holds stays, and nothing more is sent to it. Its readers are not told."},
			{Icon: "next", Text: "What is pending, and what comes, goes to " + strings.Join(rest, ", ") + "."}}}
	if p.Started {
		a.Ways = []Way{{Value: producer.StartContinue, Word: "Go on at once", Text: "The topics that are left get what is pending.", Chosen: v("how") != ""},
			{Value: "", Word: "Ask me then", Text: "It stops, and sends nothing until somebody decides.", Chosen: v("how") == ""}}
	}
	return a, nil
}
