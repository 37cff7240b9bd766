package record

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/web/console/ui"
)

// Sent is the status of a transaction on one producer, and its place on topics.
type Sent struct {
	Producer string
	Number   registry.Number
	control.Became
	Topics []SentTopic
	State  producer.State
	// Before is how many transactions are sent before it, while it is pending.
	Before int64
}

// A SentTopic is where a transaction is on a topic, or would be.
type SentTopic struct {
	Topic string
	// Offsets are the first and the last, empty where they are not known; Path leads to
	// them, and is empty where the topic may have been replaced since.
	Offsets, Path string
}

// sentOn returns the status of a transaction, its place on the topics that the producer
// publishes to now, and on the others that it was sent to.
func sentOn(p *control.Status, n registry.Number, b control.Became) Sent {
	s := Sent{Producer: p.Name, Number: n, Became: b, State: p.State, Before: int64(n - p.Sent - 1)}
	for _, w := range b.Where {
		t := SentTopic{Topic: w.Topic, Offsets: "0 : " + strconv.FormatInt(w.First, 10)}
		if w.End-w.First > 1 {
			t.Offsets += " – " + strconv.FormatInt(w.End-1, 10)
		}
		if alongSince(p, w.Topic, n) {
			t.Path = ui.TopicPath(w.Topic, p.Name) + "&from=" + strconv.FormatInt(w.First, 10)
		}
		s.Topics = append(s.Topics, t)
	}
	if len(b.Where) > 0 && b.Status == producer.StatusSent {
		return s // topics that are not listed hold nothing of it: their filters exclude it
	}
	for _, topic := range p.Topics() {
		if slices.ContainsFunc(s.Topics, func(t SentTopic) bool { return t.Topic == topic }) {
			continue
		}
		t := SentTopic{Topic: topic}
		if b.Status == producer.StatusSent {
			t.Path = ui.FoundOn(topic, p.Name, n)
		}
		s.Topics = append(s.Topics, t)
	}
	return s
}

// alongSince reports whether a route is unchanged since before a transaction. A route that
// was changed later may have had another topic of that name.
func alongSince(p *control.Status, topic string, n registry.Number) bool {
	return slices.ContainsFunc(p.Along, func(r producer.PublishedRoute) bool { return r.Topic == topic && r.Since < n })
}

// WhereOn says where the transaction is on a topic, or why it is not.
func (s *Sent) WhereOn(t *SentTopic) string {
	switch {
	case t.Offsets != "":
		return t.Offsets
	case s.Status == producer.StatusSent:
		return "not kept"
	case s.Status == producer.StatusPending:
		return "not yet"
	}
	return "nothing written"
}

// Lag says how long after its recording a transaction was acknowledged.
func Lag(d time.Duration) string { return ui.Span(d) + " after it was recorded" }

// Waits says what a transaction waits for.
func (s *Sent) Waits() string {
	before := ""
	if s.Before > 0 {
		before = ", " + ui.Plural(s.Before, "other", "others") + " before it"
	}
	switch s.State {
	case producer.Publishing:
		if s.Before == 0 {
			return "is being sent; readers get all of it at once"
		}
	case producer.Recovering:
		return "the producer finds out what was sent" + before
	case producer.Degraded:
		return "the producer is degraded, and tries again by itself" + before
	case producer.Failed:
		return "the producer failed, and waits for a person" + before
	case producer.Idle:
	default:
		return "the producer is " + strings.ToLower(string(s.State)) + before
	}
	return "waits for its turn" + before
}
