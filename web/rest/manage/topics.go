package manage

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/producer/topicview"
	"urncast/producer/verify"
	"urncast/registry/access"
	"urncast/web/answer"
	"urncast/web/guard"
	"urncast/web/rest/wire"
)

// Topics serves the contents of the producers' topics, read over the producers'
// connections.
type Topics struct {
	Producers *control.Producers
	Registry  verify.Log
	Reader    topicview.Opener
	Readers   *answer.Readers // limits streams of records
	Verifiers *answer.Readers
	// Stopping is closed when the server ends; streams would delay that.
	Stopping <-chan struct{}
}

// Routes are those that read topics. Messages hold structures of the registry, so readers
// of structures may read them; verifying needs an administrator, because it reads a whole
// topic.
func (t *Topics) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/producers/{name}/topics/{topic}/records", Level: guard.Read, Long: true, Handle: t.records},
		{Pattern: "POST /api/v1/producers/{name}/topics/{topic}/verify", Level: guard.Admin, Act: "Verifying a topic", Handle: t.verify},
	}
}

// answerBytesMax and answerTimeMax bound one stream of records: its client continues from
// the offset in the last line.
var (
	answerBytesMax int64 = 1 << 30
	answerTimeMax        = time.Hour
)

var errLong = errors.New("an answer has no more bytes than this")

// A TopicLine is one line about a topic that is read: a record, or how far reading has
// come, or why it ended.
type TopicLine struct {
	Record *TopicRecord `json:"record,omitempty"`
	// Next is the offset from which to continue. It is sent first, every few seconds while
	// the cluster answers, and last.
	Next *int64 `json:"next,omitempty"`
	// Error says why reading ended early; Temporary that it may be tried again, from Next
	// on.
	Error     string `json:"error,omitempty"`
	Temporary bool   `json:"temporary,omitempty"`
}

// A TopicRecord is one committed message of a topic. A field whose header is missing is
// empty.
type TopicRecord struct {
	Offset      int64     `json:"offset"`
	At          time.Time `json:"at"`          // by the clock of who wrote it
	Transaction string    `json:"transaction"` // its number
	Position    string    `json:"position"`    // in the transaction, from 1 on
	Count       string    `json:"count"`       // of messages of the transaction on this topic
	Action      string    `json:"action"`      // replace or delete
	URN         string    `json:"urn"`         // the key
	Bytes       int       `json:"bytes"`       // of the value
	Job         string    `json:"job,omitempty"`
	Skipped     string    `json:"skipped,omitempty"` // the transactions before this one that were left out
	// Value is the message itself, if the request asks for it and it is no tombstone; in
	// base64 if the topic's format is not text.
	Value string `json:"value,omitempty"`
}

// TopicRecordOf returns what the headers of a message say, and with value the message.
func TopicRecordOf(c *topicview.Committed, value bool) *TopicRecord {
	t := &TopicRecord{
		Offset: c.Offset, At: c.At, Transaction: c.Get(producer.HeaderTransaction), Position: c.Get(producer.HeaderPosition), Count: c.Get(producer.HeaderCount),
		Action: c.Get(producer.HeaderAction), URN: strings.ToValidUTF8(string(c.Key), "\uFFFD"), Bytes: len(c.Value), Job: c.Get(producer.HeaderJob), Skipped: c.Get(producer.HeaderSkipped),
	}
	switch {
	case !value:
	case utf8.Valid(c.Value):
		t.Value = string(c.Value)
	default:
		t.Value = base64.StdEncoding.EncodeToString(c.Value)
	}
	return t
}

// records serves GET /api/v1/producers/{name}/topics/{topic}/records?from=F&follow=true: a
// TopicLine for each committed message from an offset, the start or the end on, up to the
// topic's present end, or without end.
func (t *Topics) records(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	reading := topicview.Reading{From: topicview.FromStart, Follow: wire.IsTrue(q.Get("follow"))}
	switch from := q.Get("from"); from {
	case "", "start":
	case "end":
		reading.From = topicview.FromEnd
	default:
		at, err := strconv.ParseInt(from, 10, 64)
		if err != nil || at < 0 {
			answer.WriteError(w, r, http.StatusBadRequest, "from=%q is no offset: it is a number from 0 on, start or end.", from)
			return
		}
		reading.From = at
	}
	out := wire.NewLines(w)
	next := int64(0)
	reading.Begun = func(_, from, _ int64) error {
		next = from
		return out.Send(TopicLine{Next: &next})
	}
	reading.Yield = func(c *topicview.Committed) error {
		if out.Bytes() > answerBytesMax {
			return errLong
		}
		next = c.Offset + 1
		return out.Send(TopicLine{Record: TopicRecordOf(c, wire.IsTrue(q.Get("value")))})
	}
	reading.Alive = func() error { return out.Send(TopicLine{Next: &next}) }
	t.read(w, r, out, t.Readers, answerTimeMax, func() *int64 { return &next }, func(ctx context.Context, s *control.Status, topic string) error {
		view, err := t.Reader.OpenTopic(ctx, s.Settings.Connection, topic)
		if err != nil {
			return err
		}
		defer view.Close()
		if err := reading.Run(ctx, view); err != nil {
			return err
		}
		return out.Send(TopicLine{Next: &next})
	})
}

// A VerifyOrder says how to compare a topic with the registry.
type VerifyOrder struct {
	// FromBaseline leaves out messages before the topic's last baseline.
	FromBaseline bool `json:"fromBaseline,omitempty"`
}

// A VerifyLine is one line about a comparison: how far it is, and in the last line its
// result or why it broke off.
type VerifyLine struct {
	Progress  string    `json:"progress,omitempty"`
	Report    *Verified `json:"report,omitempty"`
	Error     string    `json:"error,omitempty"`
	Temporary bool      `json:"temporary,omitempty"` // it may be tried again
}

// Verified is the result of comparing topic and registry, promise by promise.
type Verified struct {
	Topic        string         `json:"topic"`
	Messages     int            `json:"messages"`
	Transactions int            `json:"transactions"` // of the registry
	Proofs       []verify.Proof `json:"proofs"`
}

// VerifiedOf makes the result of a comparison.
func VerifiedOf(topic string, v *verify.Comparison) *Verified {
	return &Verified{Topic: topic, Messages: len(v.Messages), Transactions: len(v.Feed), Proofs: v.Proofs()}
}

// verify serves POST /api/v1/producers/{name}/topics/{topic}/verify.
func (t *Topics) verify(w http.ResponseWriter, r *http.Request) {
	var in VerifyOrder
	if !wire.Read(w, r, &in, `{"fromBaseline": true}, or empty`) {
		return
	}
	out := wire.NewLines(w)
	t.read(w, r, out, t.Verifiers, answer.VerifyTimeMax, func() *int64 { return nil }, func(ctx context.Context, s *control.Status, topic string) error {
		admin, err := t.Producers.Find(ctx, s.Name)
		if err != nil {
			return err
		}
		v, err := verify.Compare(ctx, &verify.Inside{Log: t.Registry, Producer: admin,
			Topic: verify.Topic{Reader: t.Reader, Connection: s.Settings.Connection, Name: topic, FromBaseline: in.FromBaseline, MessagesMax: verify.MessagesMax,
				Told: func(text string) { _ = out.Send(VerifyLine{Progress: text}) }}}) // if the client has left, ctx ends
		if err != nil {
			return err
		}
		return out.Send(VerifyLine{Report: VerifiedOf(topic, v)})
	})
}

// read finds the producer's topic and has work read it. An error before the first line is
// an answer with a status of its own, a later error is the last line.
func (t *Topics) read(w http.ResponseWriter, r *http.Request, out *wire.Lines, room *answer.Readers, most time.Duration, far func() *int64, work func(ctx context.Context, s *control.Status, topic string) error) {
	s, topic := t.route(w, r)
	if s == nil {
		return
	}
	leave, busy := room.Enter(access.From(r.Context()))
	if busy != nil {
		answer.WriteBusy(w, r, busy)
		return
	}
	defer leave()
	ctx, cancel := answer.Bounded(r.Context(), most, t.Stopping)
	defer cancel()
	err := answer.Ended(ctx, work(ctx, s, topic))
	shown := err
	if !isEnd(err) {
		shown = answer.Private(w, r, err)
	}
	text, temporary := answer.SayTopicFault(shown)
	if errors.Is(err, errLong) {
		text, temporary = fmt.Sprintf("One answer has no more than %d bytes. Read on from the next offset.", answerBytesMax), true
	}
	switch {
	case err == nil || r.Context().Err() != nil:
	case out.Begun():
		_ = out.Send(TopicLine{Next: far(), Error: text, Temporary: temporary}) // if the client has gone nobody is left to tell
	case errors.Is(err, topicview.ErrRemade):
		answer.WriteError(w, r, http.StatusRequestedRangeNotSatisfiable, "%s", text)
	case errors.Is(err, answer.ErrStopping), temporary:
		answer.WriteError(w, r, http.StatusServiceUnavailable, "%s", text)
	default:
		answer.WriteError(w, r, http.StatusBadGateway, "%s", text)
	}
}

// isEnd reports whether an error is no fault, but a bound of reading or the server's end.
func isEnd(err error) bool {
	return slices.ContainsFunc([]error{answer.ErrStopping, errLong, answer.ErrLate, verify.ErrTooMany, verify.ErrNoBaseline}, func(end error) bool { return errors.Is(err, end) })
}

// route finds the topic of the path among those that the producer of the path publishes
// to; others cannot be read. The status is nil if the answer has been written.
func (t *Topics) route(w http.ResponseWriter, r *http.Request) (*control.Status, string) {
	s := findStatus(w, r, t.Producers)
	if s == nil {
		return nil, ""
	}
	if topic := r.PathValue("topic"); slices.Contains(s.Topics(), topic) {
		return s, topic
	}
	answer.WriteError(w, r, http.StatusNotFound, "Producer %s does not publish to topic %q, and no other topic is read here. It publishes to %s.",
		s.Name, r.PathValue("topic"), strings.Join(s.Topics(), ", "))
	return nil, ""
}
