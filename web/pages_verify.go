package web

import (
	"context"
	"io"
	"net/http"

	"github.com/a-h/templ"

	"urncast/producer/verify"
	"urncast/web/answer"
	"urncast/web/console/topics"
)

// verifyTopic reads topic and registry and says what differs, while who asks looks on.
func (s *server) verifyTopic(w http.ResponseWriter, r *http.Request) {
	if !s.kit.ReadForm(w, r) {
		return
	}
	t := s.topicOf(w, r, r.PostForm.Get("producer"))
	if t == nil {
		return
	}
	leave, ok := s.enterTopic(w, r, s.verifiers)
	if !ok {
		return
	}
	defer leave()
	flush := http.NewResponseController(w)
	report := templ.ComponentFunc(func(ctx context.Context, out io.Writer) error {
		line := func(text string) {
			if err := topics.VerifyLine(text).Render(ctx, out); err != nil {
				return // the reader has gone, and with it the request's context
			}
			if f, ok := out.(interface{ Flush() error }); ok && f.Flush() == nil {
				_ = flush.Flush() // as above
			}
		}
		ctx, cancel := answer.Bounded(ctx, answer.VerifyTimeMax, s.stopping)
		defer cancel()
		admin, err := s.Producers.Find(ctx, t.Producer)
		if err != nil {
			return topics.VerifyFailed(answer.SayVerifyFault(ctx, err)).Render(r.Context(), out)
		}
		v, err := verify.Compare(ctx, &verify.Inside{Log: s.Registry, Producer: admin,
			Topic: verify.Topic{Reader: s.Reader, Connection: t.Connection, Name: t.Topic, MessagesMax: verify.MessagesMax, Told: line}})
		if err != nil {
			return topics.VerifyFailed(answer.SayVerifyFault(ctx, err)).Render(r.Context(), out)
		}
		return topics.VerifyReport(&topics.Verified{Proofs: v.Proofs(), Messages: len(v.Messages), Recorded: len(v.Feed)}).Render(ctx, out)
	})
	s.kit.Stream(w, r, topics.VerifyPage(s.kit.Frame(r, "Verify "+t.Topic, topicsPath), t, report))
}
