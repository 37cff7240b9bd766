package topics

import (
	"context"
	"io"
	"net/http"

	"github.com/a-h/templ"

	"urncast/producer/verify"
	"urncast/web/answer"
)

// verifyTopic compares a topic with the registry, and sends findings while it reads.
func (s *Pages) verifyTopic(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	t := s.topicOf(w, r, r.PostForm.Get("producer"))
	if t == nil {
		return
	}
	leave, ok := s.enter(w, r, s.Verifiers)
	if !ok {
		return
	}
	defer leave()
	flush := http.NewResponseController(w)
	report := templ.ComponentFunc(func(ctx context.Context, out io.Writer) error {
		line := func(text string) {
			if err := VerifyLine(text).Render(ctx, out); err != nil {
				return // the reader has left, and the request's context ends
			}
			if f, ok := out.(interface{ Flush() error }); ok && f.Flush() == nil {
				_ = flush.Flush() // fails only if the reader has left
			}
		}
		ctx, cancel := answer.Bounded(ctx, answer.VerifyTimeMax, s.Stopping)
		defer cancel()
		admin, err := s.Producers.Find(ctx, t.Producer)
		if err != nil {
			return VerifyFailed(answer.SayVerifyFault(ctx, err)).Render(r.Context(), out)
		}
		v, err := verify.Compare(ctx, &verify.Inside{Log: s.Registry, Producer: admin,
			Topic: verify.Topic{Reader: s.Reader, Connection: t.Connection, Name: t.Topic, MessagesMax: verify.MessagesMax, Told: line}})
		if err != nil {
			return VerifyFailed(answer.SayVerifyFault(ctx, err)).Render(r.Context(), out)
		}
		return VerifyReport(&Verified{Proofs: v.Proofs(), Messages: len(v.Messages), Recorded: len(v.Feed)}).Render(ctx, out)
	})
	s.Stream(w, r, VerifyPage(s.Frame(r, "Verify "+t.Topic, topicsPath), t, report))
}
