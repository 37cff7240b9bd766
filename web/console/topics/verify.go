package topics

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"urncast/producer/verify"
	"urncast/registry/access"
	"urncast/registry/workspace"
	"urncast/web/answer"
	"urncast/web/console/task"
	"urncast/web/console/ui"
)

// verifyPath is the page of the comparison of a topic with the registry.
func (t *Topic) verifyPath() string {
	return "/topics/" + url.PathEscape(t.Topic) + "/verify?producer=" + url.QueryEscape(t.Producer)
}

// A comparison is the result of comparing a topic with the registry, as the database keeps it.
type comparison struct {
	Report *Verified         `json:",omitempty"`
	Failed string            `json:",omitempty"` // why there is no report
	Busy   *answer.BusyError `json:",omitempty"` // there was no room, and nothing was begun
	At     time.Time
}

// verification shows the progress of a comparison, or its result until that expires.
func (s *Pages) verification(w http.ResponseWriter, r *http.Request) {
	t := s.topicOf(w, r, r.URL.Query().Get("producer"))
	if t == nil {
		return
	}
	made, ok := s.Tasks.Show(w, r, topicsPath, t.verifyPath())
	if !ok {
		return
	}
	v := &Verification{Topic: *t}
	var err error
	switch {
	case made == nil:
	case made.Lost:
		v.Failed, v.At = task.Lost, made.BeganAt
	default:
		c := &comparison{}
		err = s.Tasks.Result(r.Context(), made, c)
		v.Report, v.Failed, v.At = c.Report, c.Failed, c.At
		if err == nil && c.Busy != nil {
			if err = s.Tasks.Store.ForgetTask(r.Context(), made.ID); err == nil {
				s.DrawBusy(w, r, topicsPath, "There is no room now", c.Busy)
				return
			}
		}
	}
	if err != nil {
		s.DrawTrouble(w, r, topicsPath, err)
		return
	}
	s.Draw(w, r, http.StatusOK, VerifyPage(s.Frame(r, "Verify "+t.Topic, topicsPath), v))
}

// verifyTopic begins the comparison of a topic with the registry, or ends it. A click while
// one is under way leads to that.
func (s *Pages) verifyTopic(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	t := s.topicOf(w, r, r.Form.Get("producer"))
	if t == nil {
		return
	}
	by, ctx := access.From(r.Context()), r.Context()
	if r.PostForm.Get("do") == "discard" {
		made, err := s.Tasks.Find(ctx, by.Name, t.verifyPath())
		if err == nil && made != nil {
			err = s.Tasks.Store.ForgetTask(ctx, made.ID) // its instance sees that, and ends it
		}
		if err != nil {
			s.DrawTrouble(w, r, topicsPath, err)
			return
		}
		http.Redirect(w, r, t.path(), http.StatusSeeOther)
		return
	}
	_, err := s.Tasks.Begin(ctx, task.Work{
		Task: workspace.Task{User: by.Name, Address: t.verifyPath(), Kind: "verify", Single: true}, Correlation: answer.Request(r).CorrelationID,
		Far: task.Far{Subject: t.Topic, Own: &task.Own{Title: "Verifying", Stop: "Stop", Text: verifyText + " It goes on if you leave, and this address leads to the result.",
			Steps: []task.OwnStep{{Name: "Read the registry's transactions"}, {Name: "Read the topic"}, {Name: "Compare"}}}},
		Do: func(ctx context.Context, work *task.Task) []byte {
			b, err := json.Marshal(s.compare(ctx, by, t, work))
			if err != nil {
				s.Log.ErrorContext(ctx, "what a comparison said cannot be kept", "error", err)
			}
			return b
		}})
	if err != nil {
		s.DrawTrouble(w, r, topicsPath, err)
		return
	}
	http.Redirect(w, r, t.verifyPath(), http.StatusSeeOther)
}

// compare compares a topic with the registry, if there is room for it on this instance.
func (s *Pages) compare(ctx context.Context, by access.Principal, t *Topic, work *task.Task) *comparison {
	leave, busy := s.Verifiers.Enter(by)
	if busy != nil {
		return &comparison{Busy: busy}
	}
	defer leave()
	ctx, cancel := answer.Bounded(ctx, answer.VerifyTimeMax, s.Stopping)
	defer cancel()
	admin, err := s.Producers.Find(ctx, t.Producer)
	var v *verify.Comparison
	if err == nil {
		in := &verify.Inside{Log: s.Registry, Producer: admin, Topic: verify.Topic{Reader: s.Reader, Connection: t.Connection, Name: t.Topic,
			MessagesMax: verify.MessagesMax, Told: func(text string) { work.Step(1, text, 0, 0) }}}
		v, err = verify.Compare(ctx, &steps{Inside: in, work: work})
	}
	if err != nil {
		return &comparison{Failed: answer.SayVerifyFault(ctx, err), At: s.Now()}
	}
	return &comparison{Report: &Verified{Proofs: v.Proofs(), Messages: len(v.Messages), Recorded: len(v.Feed)}, At: s.Now()}
}

// steps are the sides of a comparison, whose progress they record: log, topic, log again.
type steps struct {
	*verify.Inside
	work  *task.Task
	again bool
}

// ReadLog implements verify.Sides.
func (s *steps) ReadLog(ctx context.Context, v *verify.Comparison) error {
	if s.again {
		s.work.Step(2, "", 0, 0)
		return s.Inside.ReadLog(ctx, v)
	}
	s.again = true
	err := s.Inside.ReadLog(ctx, v)
	s.work.Step(0, fmt.Sprint("The registry has ", ui.Plural(len(v.Feed), "transaction", "transactions"), "."), 0, 0)
	return err
}
