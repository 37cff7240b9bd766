package verify

import (
	"context"
	"errors"
	"fmt"

	"urncast/producer/control"
	"urncast/producer/topicview"
	"urncast/registry"
	"urncast/sdmx"
)

const (
	// toldEvery is the number of messages read between two reports of progress.
	toldEvery = 20_000
	// logPage is the number of transactions read at once.
	logPage = 10_000
)

// A Log is the registry's log of transactions.
type Log interface {
	Transactions(ctx context.Context, after registry.Number, limit int) ([]registry.Transaction, error)
	Transaction(context.Context, registry.Number) (registry.Transaction, []registry.Change, error)
}

// Inside implements Sides in a process of the registry itself, without its HTTP API.
type Inside struct {
	Log      Log
	Producer *control.Producer
	Topic    Topic
}

// ReadTopic implements Sides.
func (s *Inside) ReadTopic(ctx context.Context, v *Comparison) error { return s.Topic.Read(ctx, v) }

// ReadChanges implements Sides.
func (s *Inside) ReadChanges(ctx context.Context, number int64) (deletes bool, urns []sdmx.URN, err error) {
	tx, changes, err := s.Log.Transaction(ctx, registry.Number(number))
	for i := range changes {
		urns = append(urns, changes[i].URN)
	}
	return tx.Kind == registry.Delete, urns, err
}

// ReadLog implements Sides.
func (s *Inside) ReadLog(ctx context.Context, v *Comparison) error {
	status, err := s.Producer.Status(ctx)
	if err != nil {
		return err
	}
	v.About(&status, s.Topic.Name)
	for {
		txns, err := s.Log.Transactions(ctx, registry.Number(len(v.Feed)), logPage)
		if err != nil || len(txns) == 0 {
			return err
		}
		became, err := s.Producer.TransactionStatus(ctx, txns[0].Number, txns[len(txns)-1].Number)
		if err != nil {
			return err
		}
		for _, x := range txns {
			b := became[x.Number]
			v.Feed = append(v.Feed, Entry{Number: int64(x.Number), ID: x.ID, Kind: x.Kind, Structures: x.Structures, Status: b.Status, Reason: b.Reason, User: b.User})
		}
	}
}

// A Topic says which topic is compared, and how it is read.
type Topic struct {
	Reader           topicview.Opener
	Connection, Name string
	// FromBaseline leaves out the messages before the last baseline.
	FromBaseline bool
	// MessagesMax bounds the messages in memory; 0 sets no bound. Read returns ErrTooMany
	// beyond it.
	MessagesMax int
	// Told is called with the progress of the reading, a sentence at a time.
	Told func(string)
}

// MessagesMax is the bound for a process that has other work to do: about 600 MB.
const MessagesMax = 2_000_000

// ErrTooMany says that a topic has more messages than are compared at once.
var ErrTooMany = errors.New("the topic has more messages than are compared at once")

// ErrNoBaseline says that a topic cannot be judged from its last baseline on.
var ErrNoBaseline = errors.New("the topic holds no baseline")

// Read reads the committed messages, up to the present high watermark.
func (t *Topic) Read(ctx context.Context, v *Comparison) error {
	t.Told("The registry has " + count(len(v.Feed), "transaction") + ".")
	view, err := t.Reader.OpenTopic(ctx, t.Connection, t.Name)
	if err != nil {
		return err
	}
	defer view.Close()
	last := int64(0)
	tellProgress := func() error {
		t.Told(fmt.Sprintf("%s, up to offset %d.", count(len(v.Messages), "message"), last))
		return nil
	}
	r := topicview.Reading{From: topicview.FromStart, Alive: tellProgress,
		Begun: func(start, _, end int64) error {
			v.Start = start
			t.Told(fmt.Sprintf("The topic is read from offset %d to %d.", start, end))
			return nil
		},
		Yield: func(c *topicview.Committed) error {
			if t.MessagesMax > 0 && len(v.Messages) >= t.MessagesMax && !t.shorten(v) {
				return ErrTooMany
			}
			v.Messages, last = append(v.Messages, MessageOf(c.Seen())), c.Offset
			if len(v.Messages)%toldEvery == 0 {
				return tellProgress()
			}
			return nil
		}}
	if err := r.Run(ctx, view); err != nil {
		return err
	}
	if t.FromBaseline && !v.CutToBaseline() {
		return ErrNoBaseline
	}
	return nil
}

// shorten drops the messages before the last complete baseline if t begins there, and reports
// whether that made enough room.
func (t *Topic) shorten(v *Comparison) bool {
	if !t.FromBaseline || !v.CutToBaseline() || len(v.Messages) > t.MessagesMax/2 {
		return false
	}
	v.Messages = append([]Message(nil), v.Messages...) // a copy, to free the array with the others
	return true
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}
