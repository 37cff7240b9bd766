package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"urncast/producer"
	"urncast/producer/verify"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console"
)

const (
	// verifyEvery is how many messages are read between two lines about it.
	verifyEvery = 20_000
	// verifyStill is how long reading may stand still before it is given up.
	verifyStill = 30 * time.Second
	verifyPage  = 10_000 // transactions that are read at once
)

// verifyTopic reads topic and registry and says what differs, while who asks looks on.
func (s *server) verifyTopic(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	t := s.topicOf(w, r, r.PostForm.Get("producer"))
	if t == nil {
		return
	}
	flush := http.NewResponseController(w)
	report := templ.ComponentFunc(func(ctx context.Context, out io.Writer) error {
		line := func(format string, args ...any) {
			if err := console.VerifyLine(fmt.Sprintf(format, args...)).Render(ctx, out); err != nil {
				return // the reader has gone, and with it the request's context
			}
			if f, ok := out.(interface{ Flush() error }); ok && f.Flush() == nil {
				_ = flush.Flush() // as above
			}
		}
		admin, err := s.Producers.Find(ctx, t.Producer)
		if err != nil {
			return console.VerifyFailed(sayFault(err)).Render(ctx, out)
		}
		v, err := verify.Compare(ctx, &sides{s, admin, t, line})
		if err != nil {
			return console.VerifyFailed(sayFault(err)).Render(ctx, out)
		}
		return console.VerifyReport(&console.Verified{Findings: v.Findings(), Messages: len(v.Messages), Recorded: len(v.Feed)}).Render(ctx, out)
	})
	s.stream(w, r, console.VerifyPage(s.frame(r, "Verify "+t.Topic, topicsPath), t, report))
}

// sides implement verify.Sides, and tell who looks on how far they are.
type sides struct {
	*server
	admin *producer.Admin
	topic *console.Topic
	line  func(string, ...any)
}

// ReadChanges implements verify.Sides.
func (s *sides) ReadChanges(ctx context.Context, number int64) (deletes bool, urns []sdmx.URN, err error) {
	tx, changes, err := s.Registry.Transaction(ctx, registry.Number(number))
	for i := range changes {
		urns = append(urns, changes[i].URN)
	}
	return tx.Kind == registry.Delete, urns, err
}

// ReadLog implements verify.Sides.
func (s *sides) ReadLog(ctx context.Context, v *verify.Comparison) error {
	status, err := s.admin.Status(ctx)
	if err != nil {
		return err
	}
	v.About(&status, s.topic.Topic)
	for {
		txns, err := s.Registry.Transactions(ctx, registry.Number(len(v.Feed)), verifyPage)
		if err != nil || len(txns) == 0 {
			return err
		}
		became, err := s.admin.TransactionStatus(ctx, txns[0].Number, txns[len(txns)-1].Number)
		if err != nil {
			return err
		}
		for _, x := range txns {
			b := became[x.Number]
			v.Feed = append(v.Feed, verify.Entry{Number: int64(x.Number), ID: x.ID, Kind: x.Kind, Structures: x.Structures, Status: b.Status, Reason: b.Reason, User: b.User})
		}
	}
}

var errStill = errors.New("another program's open transaction hides the end of the topic, or the brokers do not answer")

// ReadTopic implements verify.Sides: it reads what is committed, up to the high watermark
// of now.
func (s *sides) ReadTopic(ctx context.Context, v *verify.Comparison) error {
	s.line("The registry has %s.", console.Plural(len(v.Feed), "transaction", "transactions"))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	view, err := s.Reader.OpenTopic(ctx, s.topic.Connection, s.topic.Topic)
	if err != nil {
		return err
	}
	defer view.Close()
	var end int64
	if v.Start, end, err = view.Ends(ctx); err != nil {
		return err
	}
	s.line("The topic is read from offset %d to %d.", v.Start, end)
	still := time.AfterFunc(verifyStill, func() { cancel(errStill) })
	defer still.Stop()
	err = view.Read(ctx, v.Start, end, func(c *producer.Committed) error {
		still.Reset(verifyStill)
		v.Messages = append(v.Messages, verify.MessageOf(c.Seen(), 0))
		if len(v.Messages)%verifyEvery == 0 {
			s.line("%s, up to offset %d.", console.Plural(len(v.Messages), "message", "messages"), c.Offset)
		}
		return nil
	})
	if err != nil && context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	return err
}
