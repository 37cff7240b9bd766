// Package verify compares a topic with the registry, promise by promise.
package verify

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"urncast/formats"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/sdmx"
)

// A Proof is the result of checking one promise.
type Proof struct {
	Promise string   `json:"promise"`
	Differs []string `json:"differs,omitempty"` // the first violations; empty if there are none
	Open    []string `json:"open,omitempty"`    // the first reasons why the promise cannot be proven for all
	// Differing counts all violations, Unproven all cases that cannot be proven.
	Differing int `json:"differing,omitempty"`
	Unproven  int `json:"unproven,omitempty"`
}

// Bounds of what a Proof lists.
const (
	differsMax = 20
	openMax    = 5
)

func (f *Proof) addDifference(format string, args ...any) {
	if f.Differing++; f.Differing <= differsMax {
		f.Differs = append(f.Differs, fmt.Sprintf(format, args...))
	}
}

func (f *Proof) addUnproven(format string, args ...any) {
	if f.Unproven++; f.Unproven <= openMax {
		f.Open = append(f.Open, fmt.Sprintf(format, args...))
	}
}

// A Message is what the comparison needs of one committed message.
type Message struct {
	Offset          int64
	Key             string
	Null            bool
	Number          int64
	ID, Action, Job string
	Position, Count int
	Foreign         bool // not written by a registry
}

// MessageOf returns the Message for a record.
func MessageOf(s *producer.Seen) Message {
	return Message{
		Offset: s.Offset, Key: s.Key, Null: s.Tombstone,
		Number: int64(s.Number), ID: s.TransactionID, Action: s.Action, Job: s.Job,
		Position: s.Position, Count: s.Count, Foreign: s.Registry == "",
	}
}

// An Entry is one transaction of the log, and what became of it for the producer.
type Entry struct {
	Number               int64
	ID                   string
	Kind                 registry.Kind
	Structures           int
	Status, Reason, User string
}

// A Comparison has what was read of the topic and of the registry.
type Comparison struct {
	Messages []Message
	Start    int64 // of the topic's log
	Feed     []Entry
	Status   control.Status
	Route    producer.Route
	Since    int64 // the transaction after which the producer began to use the route
	// counts has, for each transaction that absent lists, the number of its structures
	// that must be on the topic.
	counts map[int64]int
}

// Sides reads the topic and the registry for a Comparison.
type Sides interface {
	// ReadLog appends to Feed the transactions that follow those in it, and sets the
	// producer's present status with About.
	ReadLog(ctx context.Context, v *Comparison) error
	// ReadTopic reads the topic's start and its messages.
	ReadTopic(ctx context.Context, v *Comparison) error
	// ReadChanges lists the structures that a transaction changed.
	ReadChanges(ctx context.Context, number int64) (deletes bool, urns []sdmx.URN, err error)
}

// Compare reads the log, then the topic, then the rest of the log. So the topic must hold each
// transaction that the first reading of the log calls sent, and the second reading must have
// each transaction that the topic holds.
func Compare(ctx context.Context, s Sides) (*Comparison, error) {
	v := &Comparison{counts: map[int64]int{}}
	if err := s.ReadLog(ctx, v); err != nil {
		return nil, err
	}
	judged := len(v.Feed)
	if err := s.ReadTopic(ctx, v); err != nil {
		return nil, err
	}
	if err := s.ReadLog(ctx, v); err != nil {
		return nil, err
	}
	for i := judged; i < len(v.Feed); i++ {
		v.Feed[i].Status = producer.StatusPending // it may have been sent before or after the topic was read
	}
	for _, n := range v.absent() {
		deletes, urns, err := s.ReadChanges(ctx, n)
		if err != nil {
			return nil, err
		}
		if err := v.countStructures(n, deletes, urns); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// About sets the producer's status, and the route to the topic.
func (v *Comparison) About(s *control.Status, topic string) {
	v.Status = *s
	for _, r := range s.Settings.Routes {
		if r.Topic == topic {
			v.Route = r
		}
	}
	for _, r := range s.Along {
		if r.Topic == topic {
			v.Since = int64(r.Since)
		}
	}
}

// absent lists the sent transactions that are not on the topic, if the producer has other
// topics that they may have gone to. countStructures then decides about each.
func (v *Comparison) absent() (numbers []int64) {
	if len(v.Status.Settings.Routes) < 2 {
		return nil
	}
	there := v.numbers()
	for i := range v.Feed {
		e := &v.Feed[i]
		if e.Status == producer.StatusSent && !there[e.Number] && e.Number > v.Since && !v.isBeforeTopic(e.Number) {
			numbers = append(numbers, e.Number)
		}
	}
	return numbers
}

// countStructures counts the structures of a transaction that must be on the topic.
func (v *Comparison) countStructures(number int64, deletes bool, urns []sdmx.URN) error {
	f, err := formats.ByName(v.Route.Format)
	if err != nil {
		return err
	}
	n := 0
	for _, u := range urns {
		if v.Route.Filter.Passes(u) && (deletes || formats.AlwaysExpressible(f, u.Class)) {
			n++
		}
	}
	v.counts[number] = n
	return nil
}

// mayBeElsewhere reports whether a transaction may have gone to other topics only.
func (v *Comparison) mayBeElsewhere(number int64) bool {
	n, counted := v.counts[number]
	return counted && n == 0
}

// CutToBaseline drops the messages before the last complete baseline, and reports whether
// there is one. A cancelled baseline is not complete: its last chunk is missing.
func (v *Comparison) CutToBaseline() bool {
	job, began, first := "", -1, -1
	for i := range v.Messages {
		words := strings.Fields(v.Messages[i].Job) // kind, id, chunk/chunks, marks
		if len(words) < 3 || words[0] != "baseline" {
			continue
		}
		if words[1] != job {
			job, began = words[1], i
		}
		if chunk, chunks, _ := strings.Cut(words[2], "/"); chunk == chunks && v.Messages[i].Action == registry.Replace.String() {
			first = began
		}
	}
	if first < 0 {
		return false
	}
	v.Messages = v.Messages[first:]
	return true
}

// Proofs checks each promise.
func (v *Comparison) Proofs() []Proof {
	return []Proof{v.numbered(), v.whole(), v.ordered(), v.complete(), v.same(), v.sent(), v.filtered()}
}

// numbered checks R2: the numbers of the log have no gaps.
func (v *Comparison) numbered() Proof {
	f := Proof{Promise: "R2 numbers have no gaps"}
	for i, e := range v.Feed {
		if e.Number != int64(i+1) {
			f.addDifference("the feed has transaction %d where %d is expected", e.Number, i+1)
			break
		}
	}
	return f
}

// whole checks P1: the messages of each transaction are adjacent and complete.
func (v *Comparison) whole() Proof {
	f := Proof{Promise: "P1 one structure transaction is one Kafka transaction"}
	for i := 0; i < len(v.Messages); {
		first := &v.Messages[i]
		n := 1
		for i+n < len(v.Messages) && v.Messages[i+n].Position > v.Messages[i+n-1].Position && v.Messages[i+n].Number == first.Number && v.Messages[i+n].ID == first.ID {
			n++
		}
		switch {
		case first.Foreign:
			f.addDifference("offset %d: a message of somebody else, %q", first.Offset, first.Key)
		case first.Position != 1 || n != first.Count:
			text := fmt.Sprintf("transaction %d at offset %d has %d of %d messages", first.Number, first.Offset, n, first.Count)
			if v.Start > 0 || first.Position > 1 {
				f.addUnproven("%s; compaction or retention may have taken the others", text)
			} else {
				f.addDifference("%s", text)
			}
		}
		i += n
	}
	return f
}

// ordered checks P2 and P3: numbers rise, and none comes twice.
func (v *Comparison) ordered() Proof {
	f := Proof{Promise: "P2, P3 in order, exactly once"}
	last, action := int64(0), ""
	for i := range v.Messages {
		m := &v.Messages[i]
		if m.Foreign || m.Position != 1 {
			continue
		}
		retires := m.Number == last && action == "replace" && m.Action == "delete"
		if m.Number < last || m.Number == last && !retires && m.Job == "" {
			f.addDifference("transaction %d at offset %d follows transaction %d", m.Number, m.Offset, last)
		}
		last, action = max(last, m.Number), m.Action
	}
	return f
}

// complete checks P3 and P7: the topic has every transaction of the registry that is due.
func (v *Comparison) complete() Proof {
	f := Proof{Promise: "P3, P7 nothing is missing"}
	there, filter := v.numbers(), ""
	if !v.Route.Filter.IsZero() {
		filter = "; the route has a filter, which may have passed it over"
	}
	if !v.Status.Started && len(v.Feed) > 0 {
		f.addUnproven("the producer %s was never started, so nothing was due on the topic; start it, then verify again", v.Status.Name)
		return f
	}
	for _, e := range v.Feed {
		switch {
		case there[e.Number] || e.Status == producer.StatusPending || e.Status == producer.StatusCovered || v.mayBeElsewhere(e.Number):
		case e.Status == producer.StatusSkipped:
			f.addUnproven("transaction %d was skipped%s", e.Number, cmp.Or(e.skippedBy(), filter))
		case v.isBeforeTopic(e.Number):
			f.addUnproven("transaction %d is older than what is read of the topic", e.Number)
		default:
			f.addDifference("transaction %d is %s and not on the topic", e.Number, e.Status)
		}
	}
	return f
}

// numbers returns the transactions of which the topic has a message.
func (v *Comparison) numbers() map[int64]bool {
	there := map[int64]bool{}
	for i := range v.Messages {
		there[v.Messages[i].Number] = true
	}
	return there
}

// skippedBy says which user skipped an entry, and why; empty if no user did.
func (e *Entry) skippedBy() string {
	if e.User == "" {
		return ""
	}
	return " by " + e.User + ": " + e.Reason
}

// isBeforeTopic reports whether a transaction may be missing because the topic begins after
// it: with the route, with a baseline, or because retention removed the beginning.
func (v *Comparison) isBeforeTopic(number int64) bool {
	if number <= v.Since {
		return true
	}
	if len(v.Messages) == 0 {
		return v.Start > 0
	}
	first := &v.Messages[0]
	return number < first.Number && (first.Job != "" || v.Start > 0)
}

// same checks R1 and R3: numbers, random ids, kinds and sizes agree.
func (v *Comparison) same() Proof {
	f := Proof{Promise: "R1, R3 topic and registry tell the same of each transaction"}
	for i := range v.Messages {
		m := &v.Messages[i]
		switch {
		case m.Foreign || m.Position != 1:
		case m.Number < 1 || m.Number > int64(len(v.Feed)):
			f.addDifference("transaction %d is on the topic and not in the registry", m.Number)
		default:
			e := v.Feed[m.Number-1]
			if e.ID != m.ID {
				f.addDifference("transaction %d has id %s on the topic and %s in the registry", m.Number, m.ID, e.ID)
			}
			if m.Job == "" && (m.Count > e.Structures || e.Kind == registry.Delete && m.Action != registry.Delete.String()) {
				f.addDifference("transaction %d is a %s of %d structures, on the topic a %s of %d", m.Number, e.Kind, e.Structures, m.Action, m.Count)
			}
		}
	}
	return f
}

// sent checks P4: each transaction with the status SENT is on the topic.
func (v *Comparison) sent() Proof {
	f := Proof{Promise: "P4 SENT means acknowledged"}
	there := v.numbers()
	for _, e := range v.Feed {
		switch {
		case e.Status != producer.StatusSent || there[e.Number] || v.mayBeElsewhere(e.Number):
		case v.isBeforeTopic(e.Number):
			f.addUnproven("transaction %d was sent before what is read of the topic begins", e.Number)
		default:
			f.addDifference("transaction %d is SENT and not on the topic", e.Number)
		}
	}
	return f
}

// filtered checks P7: the route's filter passes each live key of the topic.
func (v *Comparison) filtered() Proof {
	f := Proof{Promise: "P7 nothing is on the topic that the filter does not take"}
	filter, publishes := v.Route.Filter, v.Status.State == producer.Idle || v.Status.State == producer.Publishing
	if !filter.IsZero() && (!publishes || v.Status.Job != nil) {
		f.addUnproven("the producer is %s, and may not have taken up the filter; verify again once it is IDLE", v.Status.State)
		return f
	}
	live := map[string]int64{}
	for i := range v.Messages {
		m := &v.Messages[i]
		if m.Null {
			delete(live, m.Key)
		} else if !m.Foreign {
			live[m.Key] = m.Offset
		}
	}
	for key, offset := range live {
		u, err := sdmx.ParseURN(key)
		if !filter.IsZero() && (err != nil || !filter.Passes(u)) {
			f.addDifference("%s at offset %d does not pass the filter %s", key, offset, filter)
		}
	}
	return f
}
