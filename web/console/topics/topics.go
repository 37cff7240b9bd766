package topics

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"urncast/producer"
	"urncast/producer/topicview"
	"urncast/producer/verify"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console/ui"
)

// A TopicRow is a topic in the list.
type TopicRow struct {
	Topic, Producer, Connection, Format, Filter string
	ProducerID                                  string
	State                                       producer.State
}

// A TopicMessage is one committed message, without its body.
type TopicMessage struct {
	Offset    int64
	At        time.Time
	Key       string
	URN       *sdmx.URN // nil if the key is no URN
	Action    string
	Tombstone bool
	Foreign   bool // not written by urncast
	Bytes     int
	Number    registry.Number
	Position  int
	Count     int
	Job       string
	Skipped   string
}

// TopicMessageOf is the row of a record.
func TopicMessageOf(c *topicview.Committed) TopicMessage {
	s := c.Seen()
	m := TopicMessage{Offset: c.Offset, At: c.At, Key: s.Key, Action: s.Action, Tombstone: s.Tombstone, Foreign: s.Registry == "", Bytes: len(c.Value),
		Number: s.Number, Position: s.Position, Count: s.Count, Job: s.Job, Skipped: c.Get(producer.HeaderSkipped)}
	if u, err := sdmx.ParseURN(m.Key); err == nil {
		m.URN = &u
	}
	return m
}

// A TopicTransaction is the messages of one transaction that are adjacent on a topic, in
// order.
type TopicTransaction struct{ Messages []TopicMessage }

// Together groups adjacent messages by transaction.
func Together(all []TopicMessage) (out []TopicTransaction) {
	for i := range all {
		m := &all[i]
		if n := len(out); n > 0 && !m.Foreign && m.Position > 1 {
			last := out[n-1].Messages
			if before := &last[len(last)-1]; before.Number == m.Number && before.Job == m.Job && before.Position < m.Position {
				out[n-1].Messages = append(last, *m)
				continue
			}
		}
		out = append(out, TopicTransaction{[]TopicMessage{*m}})
	}
	return out
}

func (t *TopicTransaction) first() *TopicMessage { return &t.Messages[0] }

func (t *TopicTransaction) last() *TopicMessage { return &t.Messages[len(t.Messages)-1] }

// words say how many messages of the transaction are shown.
func (t *TopicTransaction) words() string {
	first := t.first()
	text := ui.Plural(len(t.Messages), "message", "messages")
	if len(t.Messages) < first.Count {
		text = ui.Count(len(t.Messages)) + " of " + ui.Plural(first.Count, "message", "messages")
	}
	at := strconv.FormatInt(first.Offset, 10)
	if last := t.last().Offset; last != first.Offset {
		at += " to " + strconv.FormatInt(last, 10)
	}
	return text + ", offset " + at
}

// jobKind is the kind of a job, from the job's header.
func jobKind(job string) string {
	word, _, _ := strings.Cut(job, " ")
	return ui.Capital(word)
}

// A Topic is what the page of a topic shows, newest transaction first.
type Topic struct {
	TopicRow
	Start, End   int64
	Transactions []TopicTransaction
	// Older is the offset before which there are more messages, Newer the one from which
	// there are; -1 if there are none.
	Older, Newer int64
	From         string // the offset as the reader typed it
	Wrong        string
	MayVerify    bool
}

func (t *Topic) path() string { return ui.TopicPath(t.Topic, t.Producer) }

func (t *Topic) messagePath(offset int64) string {
	return "/topics/" + url.PathEscape(t.Topic) + "/" + strconv.FormatInt(offset, 10) + "?producer=" + url.QueryEscape(t.Producer)
}

// A Message is one message in full.
type Message struct {
	Topic
	TopicMessage
	Headers []producer.Header
	Text    string // of the body, indented
	Cut     bool
	Asked   int64
}

// A Verification is what the page of a comparison shows: a report, why there is none, or
// neither if none is kept.
type Verification struct {
	Topic
	Report *Verified
	Failed string
	At     time.Time // when it ended; when it began, if it was lost
}

// verifyText says what a comparison does.
const verifyText = "The whole topic is read as a consumer would, and compared with what the registry recorded and calls sent. Nothing is changed."

// A Verified is the report of a comparison.
type Verified struct {
	Proofs             []verify.Proof
	Messages, Recorded int
}

// verdictOf is the tone, icon and word of a finding.
func verdictOf(f *verify.Proof) (ui.Tone, string, string) {
	switch {
	case len(f.Differs) > 0:
		return ui.Needs, "error", "Differs"
	case len(f.Open) > 0:
		return ui.Soon, "warning", "Not provable"
	}
	return ui.Well, "tick", "Proven"
}

func (v *Verified) words() string {
	differs, open := 0, 0
	for i := range v.Proofs {
		switch {
		case len(v.Proofs[i].Differs) > 0:
			differs++
		case len(v.Proofs[i].Open) > 0:
			open++
		}
	}
	switch {
	case differs > 0:
		return ui.Plural(differs, "promise is", "promises are") + " not kept by what topic and registry show"
	case open > 0:
		return "Nothing differs, and " + ui.Plural(open, "promise cannot", "promises cannot") + " be proven for all"
	}
	return "Every promise is proven"
}
