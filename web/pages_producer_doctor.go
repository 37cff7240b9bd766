package web

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/web/answer"
	"urncast/web/background"
	"urncast/web/console/producers"
	"urncast/web/console/ui"
)

// doctorAtOnce bounds the topics that are examined at the same time.
const doctorAtOnce = 4

// doctorPage examines the topics of a producer.
func (s *server) doctorPage(w http.ResponseWriter, r *http.Request) {
	_, status, ok := s.findProducer(w, r)
	if !ok {
		return
	}
	if s.Doctor == nil {
		s.kit.DrawError(w, r, http.StatusNotFound, ui.ProducersPath, "Topics cannot be examined here", "This process has no way to ask the brokers.")
		return
	}
	e, err := s.examine(r.Context(), status)
	if err != nil {
		s.kit.DrawTrouble(w, r, ui.ProducersPath, err)
		return
	}
	e.Fixed = doneWords[r.URL.Query().Get("done")]
	s.kit.Draw(w, r, http.StatusOK, producers.DoctorPage(s.kit.Frame(r, "Topic doctor", ui.ProducersPath), e))
}

func (s *server) examine(ctx context.Context, status *control.Status) (*producers.Examined, error) {
	topics := status.Topics()
	e := &producers.Examined{Name: status.Name, At: s.Now(), Topics: make([]producers.ExaminedTopic, len(topics))}
	errs := make([]error, len(topics))
	var wait sync.WaitGroup
	turn := make(chan struct{}, doctorAtOnce)
	for i, topic := range topics {
		wait.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			errs[i] = background.Guarded(ctx, s.Log, "doctor", "", func() error {
				found, err := s.Doctor.Examine(ctx, placeOf(status, topic))
				if err == nil {
					e.Topics[i] = producers.ExaminedTopic{Topic: topic, Findings: found.Findings}
				}
				return err
			})
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return e, nil
}

func placeOf(s *control.Status, topic string) diagnosis.Place {
	return diagnosis.Place{Connection: s.Settings.Connection, Topic: topic, Prefix: s.Settings.Prefix}
}

// fixPage asks before a finding is mended.
func (s *server) fixPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.askFix(w, r, q.Get("topic"), q.Get("finding"), nil)
}

// askFix asks, with why it was not done.
func (s *server) askFix(w http.ResponseWriter, r *http.Request, topic, finding string, wrong error) {
	_, status, ok := s.findProducer(w, r)
	if !ok {
		return
	}
	if s.Doctor == nil || routeAt(&status.Settings, topic) < 0 {
		s.kit.DrawError(w, r, http.StatusNotFound, ui.ProducersPath, "There is no such topic", "Producer "+status.Name+" has no route to topic "+topic+".")
		return
	}
	found, err := s.Doctor.Examine(r.Context(), placeOf(status, topic))
	if err != nil {
		code, text := s.refusal(w, r, err)
		s.kit.DrawError(w, r, code, ui.ProducersPath, "The topic could not be examined", text)
		return
	}
	a := &producers.ProducerAsk{Name: status.Name, Question: "Mend " + topic + "?", Action: ui.ProducerPath(status.Name, "fix"), Keep: "Leave it",
		Back: ui.ProducerPath(status.Name, "doctor"), Hidden: []ui.Option{{Word: "topic", Value: topic}, {Word: "finding", Value: finding}}}
	code := http.StatusOK
	if wrong != nil {
		code, a.Wrong = s.refusal(w, r, wrong)
	}
	for _, f := range found.Findings {
		switch {
		case f.ID != finding:
		case f.ID == "topic" && f.Severity != diagnosis.SeverityOK:
			a.Question, a.Act = "Make topic "+topic+"?", "Make the topic"
			a.Lines = []producers.Line{{Icon: "next", Text: "Makes it with one partition, compacted, and whatever else structures need."}}
			a.Inputs = []ui.Input{{Field: ui.Field{Name: "replicas", Label: "Replicas", Type: "number", Value: r.PostForm.Get("replicas"), Help: "Empty: as the brokers have it by default."}}}
		case len(f.Fix) > 0:
			a.Act = "Set it"
			for _, change := range f.Fix {
				a.Lines = append(a.Lines, fixLine(topic, change))
			}
			a.Lines = append(a.Lines, producers.Line{Icon: "next", Text: "Takes effect at once. Audited under your name."})
		}
	}
	if a.Act == "" {
		s.kit.DrawError(w, r, max(code, http.StatusConflict), ui.ProducersPath, "There is nothing to mend", "The finding "+finding+" of topic "+topic+" is gone, or no setting of the topic mends it.")
		return
	}
	s.kit.Draw(w, r, code, producers.ProducerQuestion(s.kit.Frame(r, a.Question, ui.ProducersPath), a))
}

// fixLine says what a change of a setting brings.
func fixLine(topic string, c diagnosis.SettingChange) producers.Line {
	text := "Sets " + c.Name + " of " + topic + " from " + c.Before + " to " + c.After + "."
	if c.Before == "" {
		text = "Sets " + c.Name + " of " + topic + " to " + c.After + "."
	}
	if c.Name == "cleanup.policy" && strings.Contains(c.After, "compact") {
		return producers.Line{Tone: ui.Soon, Icon: "warning", Text: text + " Old messages that have a newer one for the same structure go."}
	}
	return producers.Line{Icon: "next", Text: text}
}

// fixTopic mends a finding, or makes the topic.
func (s *server) fixTopic(w http.ResponseWriter, r *http.Request) {
	if !s.kit.ReadForm(w, r) {
		return
	}
	v := r.PostForm.Get
	topic, finding := v("topic"), v("finding")
	_, status, ok := s.findProducer(w, r)
	if !ok {
		return
	}
	if s.Doctor == nil || routeAt(&status.Settings, topic) < 0 {
		s.askFix(w, r, topic, finding, nil)
		return
	}
	var err error
	if at := placeOf(status, topic); finding == "topic" {
		in := diagnosis.NewTopic{Topic: topic, Connection: at.Connection, Prefix: at.Prefix}
		if in.ReplicationFactor, err = replicasIn(v("replicas")); err == nil {
			_, err = s.Doctor.MakeTopic(r.Context(), in, answer.Actor(r))
		}
	} else {
		_, err = s.Doctor.Fix(r.Context(), at, []string{finding}, answer.Actor(r))
	}
	if err != nil {
		s.askFix(w, r, topic, finding, err)
		return
	}
	http.Redirect(w, r, ui.ProducerPath(status.Name, "doctor")+"?done=fix", http.StatusSeeOther)
}
