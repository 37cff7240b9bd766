package producers

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/console/ui"
)

// A fieldError is an error in one field of a question.
type fieldError struct{ field, text string }

func (e *fieldError) Error() string { return e.text }

// command does what a form asks for, and leads back to the producer.
func (s *Pages) command(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	admin, status, ok := s.findProducer(w, r)
	if !ok {
		return
	}
	command, by := r.PathValue("command"), answer.Actor(r)
	switch command {
	case "publish":
		s.publishSome(w, r, admin, status)
		return
	case "cancel":
		s.cancelJob(w, r, admin, status)
		return
	}
	err := s.obey(r, command, admin, status, by)
	if err == nil {
		switch command {
		case "delete":
			http.Redirect(w, r, ui.ProducersPath, http.StatusSeeOther)
		case "baseline":
			doneWith(w, r, status.Name, "publish")
		case "remove-route":
			doneWith(w, r, status.Name, "saved")
		default:
			doneWith(w, r, status.Name, command)
		}
		return
	}
	s.drawRefused(w, r, status, err, nil)
}

// drawRefused draws the question again with the error, at its field if it has one.
func (s *Pages) drawRefused(w http.ResponseWriter, r *http.Request, status *control.Status, err error, touch func(*Question)) {
	var field *fieldError
	code, text := http.StatusBadRequest, ""
	if !errors.As(err, &field) {
		code, text = refusal(w, r, err)
	}
	s.drawAsk(w, r, code, status, r.PostForm.Get, func(a *Question) {
		if a.Wrong = text; field != nil {
			a.Fault(field.field, field.text)
		}
		if touch != nil {
			touch(a)
		}
	})
}

// obey runs a command whose form has a few fields at most.
func (s *Pages) obey(r *http.Request, command string, admin *control.Producer, status *control.Status, by registry.Actor) error {
	ctx, v := r.Context(), r.PostForm.Get
	switch command {
	case "start":
		if !status.Started && v("how") == "" || status.Started && len(status.Ask) > 0 && v("how") == "" {
			return &producer.BadEditError{Text: "Choose how it should begin"}
		}
		return admin.Start(ctx, v("how"), by)
	case "suspend":
		return admin.Suspend(ctx, v("keep") != "", by)
	case "resume":
		return admin.Resume(ctx, by)
	case "skip":
		n, err := strconv.ParseInt(v("transaction"), 10, 64)
		if err != nil {
			return &producer.BadEditError{Text: "The transaction's number is missing; go back and open the question again"}
		}
		if strings.TrimSpace(v("reason")) == "" {
			return &fieldError{"reason", "A skip needs a reason. It is kept with the transaction and tells whoever misses it why."}
		}
		return admin.Skip(ctx, control.Skip{Transaction: registry.Number(n), Reason: v("reason")}, by)
	case "baseline":
		_, err := admin.Publish(ctx, producer.Scope{}, by)
		return err
	case "delete":
		if v("confirm") != status.Name {
			return &fieldError{"confirm", "That is not its name. Type " + status.Name + ", as it is written here."}
		}
		return s.Producers.Delete(ctx, status.Name, by)
	case "mail":
		return s.saveProducerMail(r, status.Name, by)
	case "remove-route":
		return s.removeRoute(r, status, by)
	}
	return registry.ErrNotFound
}

func (s *Pages) saveProducerMail(r *http.Request, name string, by registry.Actor) error {
	m, err := mailWith(r.Context(), s.Mailer, name, page.Fields(r.PostForm.Get("mail")))
	if err != nil {
		return &fieldError{"mail", page.Sentence(err.Error())}
	}
	_, err = s.Mailer.Save(r.Context(), m, by)
	return err
}

func (s *Pages) removeRoute(r *http.Request, status *control.Status, by registry.Actor) error {
	next := status.Settings
	next.Revision = revisionIn(r)
	topic := r.PostForm.Get("topic")
	next.Routes = slices.DeleteFunc(slices.Clone(next.Routes), func(route producer.Route) bool { return route.Topic == topic })
	if len(next.Routes) == len(status.Settings.Routes) || len(next.Routes) == 0 {
		return registry.ErrNotFound
	}
	_, err := s.Producers.Change(r.Context(), status.Name, next, r.PostForm.Get("how"), by)
	return err
}

// publishSome asks for a job that publishes some structures again, or counts what it would send.
func (s *Pages) publishSome(w http.ResponseWriter, r *http.Request, admin *control.Producer, status *control.Status) {
	v, classes, topics := r.PostForm.Get, r.PostForm["class"], r.PostForm["topics"]
	if len(status.Settings.Routes) == 1 {
		topics = status.Topics()
	}
	var preview []control.RoutePreview
	scope, err := scopeIn(status, v, classes, topics)
	if err == nil && len(topics) == 0 {
		err = &producer.BadEditError{Text: "Tick at least one topic"}
	}
	if err == nil {
		preview, err = s.Producers.Preview(r.Context(), status.Settings.Routes, scope, previewGlance)
	}
	again := func(a *Question) {
		a.Classes, a.Preview = classes, preview
		for i := range a.Topics {
			a.Topics[i].Chosen = slices.Contains(topics, a.Topics[i].Value)
		}
	}
	if err == nil && v("do") == "count" {
		s.drawAsk(w, r, http.StatusOK, status, v, again)
		return
	}
	if err == nil {
		_, err = admin.Publish(r.Context(), scope, answer.Actor(r))
	}
	if err != nil {
		s.drawRefused(w, r, status, err, again)
		return
	}
	doneWith(w, r, status.Name, "publish")
}

// cancelJob removes a waiting job, or asks for the end of the one under way.
func (s *Pages) cancelJob(w http.ResponseWriter, r *http.Request, admin *control.Producer, status *control.Status) {
	job, err := admin.CancelJob(r.Context(), r.PostForm.Get("job"), answer.Actor(r))
	switch {
	case errors.Is(err, registry.ErrNotFound):
		s.DrawError(w, r, http.StatusNotFound, ui.ProducersPath, "No such job waits or is under way", "It has ended, or there was none. The producer's page lists the newest.")
	case err != nil:
		s.DrawTrouble(w, r, ui.ProducersPath, err)
	case job.Cancelling:
		doneWith(w, r, status.Name, "cancelling")
	default:
		doneWith(w, r, status.Name, "cancel")
	}
}
