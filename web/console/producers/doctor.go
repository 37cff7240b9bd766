package producers

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/web/answer"
	"urncast/web/background"
	"urncast/web/console/ui"
)

// doctorAtOnce bounds the topics that are examined at the same time.
const doctorAtOnce = 4

// doctorPage examines the topics of a producer.
func (s *Pages) doctorPage(w http.ResponseWriter, r *http.Request) {
	_, status, ok := s.findProducer(w, r)
	if !ok {
		return
	}
	e, err := s.examine(r.Context(), status)
	if err != nil {
		s.DrawTrouble(w, r, ui.ProducersPath, err)
		return
	}
	e.Fixed = doneWords[r.URL.Query().Get("done")]
	s.Draw(w, r, http.StatusOK, DoctorPage(s.Frame(r, "Topic doctor", ui.ProducersPath), e))
}

func (s *Pages) examine(ctx context.Context, status *control.Status) (*Examined, error) {
	topics := status.Topics()
	e := &Examined{Name: status.Name, At: s.Now(), Topics: make([]ExaminedTopic, len(topics))}
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
					e.Topics[i] = ExaminedTopic{Topic: topic, Findings: found.Findings}
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

// fixPage asks before a setting of a topic is changed, or the topic is created.
func (s *Pages) fixPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.askFix(w, r, q.Get("topic"), q.Get("finding"), nil)
}

// askFix draws that question; wrong is why the last attempt failed.
func (s *Pages) askFix(w http.ResponseWriter, r *http.Request, topic, finding string, wrong error) {
	_, status, ok := s.findProducer(w, r)
	if !ok {
		return
	}
	if routeAt(&status.Settings, topic) < 0 {
		s.DrawError(w, r, http.StatusNotFound, ui.ProducersPath, "There is no such topic", "Producer "+status.Name+" has no route to topic "+topic+".")
		return
	}
	found, err := s.Doctor.Examine(r.Context(), placeOf(status, topic))
	if err != nil {
		code, text := refusal(w, r, err)
		s.DrawError(w, r, code, ui.ProducersPath, "The topic could not be examined", text)
		return
	}
	a := &Question{Keep: "Leave it", Form: ui.Form{Title: "Mend " + topic + "?", Action: ui.ProducerPath(status.Name, "fix"),
		Back: ui.ProducerPath(status.Name, "doctor"), Hidden: map[string]string{"topic": topic, "finding": finding}}}
	code := http.StatusOK
	if wrong != nil {
		code, a.Wrong = refusal(w, r, wrong)
	}
	for _, f := range found.Findings {
		switch {
		case f.ID != finding:
		case f.ID == "topic" && f.Severity != diagnosis.SeverityOK:
			a.Title, a.Button = "Make topic "+topic+"?", "Make the topic"
			a.Lines = []Line{{Icon: "next", Text: "Makes it with one partition, compacted, and whatever else structures need."}}
			a.Inputs = []ui.Input{{Field: ui.Field{Name: "replicas", Label: "Replicas", Type: "number", Value: r.PostForm.Get("replicas"), Help: "Empty: as the brokers have it by default."}}}
		case len(f.Fix) > 0:
			a.Button = "Set it"
			for _, change := range f.Fix {
				a.Lines = append(a.Lines, fixLine(topic, change))
			}
			a.Lines = append(a.Lines, Line{Icon: "next", Text: "Takes effect at once. Audited under your name."})
		}
	}
	if a.Button == "" {
		s.DrawError(w, r, max(code, http.StatusConflict), ui.ProducersPath, "There is nothing to mend", "The finding "+finding+" of topic "+topic+" is gone, or no setting of the topic mends it.")
		return
	}
	s.Draw(w, r, code, QuestionPage(s.Frame(r, a.Title, ui.ProducersPath), a))
}

// fixLine says what a change of a setting brings.
func fixLine(topic string, c diagnosis.SettingChange) Line {
	text := "Sets " + c.Name + " of " + topic + " from " + c.Before + " to " + c.After + "."
	if c.Before == "" {
		text = "Sets " + c.Name + " of " + topic + " to " + c.After + "."
	}
	if c.Name == "cleanup.policy" && strings.Contains(c.After, "compact") {
		return Line{Tone: ui.Soon, Icon: "warning", Text: text + " Old messages that have a newer one for the same structure go."}
	}
	return Line{Icon: "next", Text: text}
}

// fixTopic changes the settings that a finding names, or creates the topic.
func (s *Pages) fixTopic(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	v := r.PostForm.Get
	topic, finding := v("topic"), v("finding")
	_, status, ok := s.findProducer(w, r)
	if !ok {
		return
	}
	if routeAt(&status.Settings, topic) < 0 {
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
