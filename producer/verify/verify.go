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

// A Proof says of one promise what topic and registry show.
type Proof struct {
	Promise string   `json:"promise"`
	Differs []string `json:"differs,omitempty"` // what does, the first of it; empty if nothing
	Open    []string `json:"open,omitempty"`    // why it cannot be proven for all; the first of them
	// Differing counts all that differs, Unproven all that cannot be proven.
	Differing int `json:"differing,omitempty"`
	Unproven  int `json:"unproven,omitempty"`
}

// Bounds of what a Proof lists.
const (
	differsMax = 20
	openMax    = 5
)

func (f *Proof) differ(format string, args ...any) {
	if f.Differing++; f.Differing <= differsMax {
		f.Differs = append(f.Differs, fmt.Sprintf(format, args...))
	}
}

func (f *Proof) leave(format string, args ...any) {
	if f.Unproven++; f.Unproven <= openMax {
		f.Open = append(f.Open, fmt.Sprintf(format, args...))
	}
}

// A Message is one committed message, as far as is asked.
type Message struct {
	Offset          int64
	Key             string
	Null            bool
	Number          int64
	ID, Action, Job string
	Position, Count int
	Foreign         bool // written by somebody else
}

// MessageOf takes from what was seen of a record what is asked.
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

// A Comparison holds both sides.
type Comparison struct {
	Messages []Message
	Start    int64 // of the topic's log
	Feed     []Entry
	Status   control.Status
	Route    producer.Route
	Since    int64 // the transaction after which the route was taken up
	// counts, of transactions that were sent and are not on the topic although the
	// producer has several, how many of their structures surely go there.
	counts map[int64]int
}

// Sides read what is compared.
type Sides interface {
	// ReadLog adds to Feed what the log has behind it, and takes up the producer's status
	// as it is now, with About.
	ReadLog(ctx context.Context, v *Comparison) error
	// ReadTopic reads the topic's start and its messages.
	ReadTopic(ctx context.Context, v *Comparison) error
	// ReadChanges lists what a transaction changed.
	ReadChanges(ctx context.Context, number int64) (deletes bool, urns []sdmx.URN, err error)
}

// Compare reads both sides. What the log calls sent must have been read before the topic
// is; what the topic holds must be in the log that is read afterwards.
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
		v.Feed[i].Status = producer.StatusPending // sent or not when the topic was read: nobody knows
	}
	for _, n := range v.absent() {
		deletes, urns, err := s.ReadChanges(ctx, n)
		if err != nil {
			return nil, err
		}
		if err := v.look(n, deletes, urns); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// About takes up the producer's status as it is now.
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

// absent lists what was sent and is not on the topic, where the producer has other
// topics that it may have gone to: look then says of each.
func (v *Comparison) absent() (numbers []int64) {
	if len(v.Status.Settings.Routes) < 2 {
		return nil
	}
	there := v.numbers()
	for i := range v.Feed {
		e := &v.Feed[i]
		if e.Status == producer.StatusSent && !there[e.Number] && e.Number > v.Since && !v.before(e.Number) {
			numbers = append(numbers, e.Number)
		}
	}
	return numbers
}

// look counts which structures of a transaction surely go to the topic.
func (v *Comparison) look(number int64, deletes bool, urns []sdmx.URN) error {
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

// elsewhere says whether a transaction may have gone to other topics alone.
func (v *Comparison) elsewhere(number int64) bool {
	n, looked := v.counts[number]
	return looked && n == 0
}

// CutToBaseline leaves of the topic what begins with the last baseline that is whole;
// false if there is none. One that was cancelled has begun, and lacks its last chunk.
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

// Proofs goes through both sides once for each promise.
func (v *Comparison) Proofs() []Proof {
	return []Proof{v.numbered(), v.whole(), v.ordered(), v.complete(), v.same(), v.sent(), v.filtered()}
}

// numbered: R2.
func (v *Comparison) numbered() Proof {
	f := Proof{Promise: "R2 numbers have no gaps"}
	for i, e := range v.Feed {
		if e.Number != int64(i+1) {
			f.differ("the feed has transaction %d where %d is expected", e.Number, i+1)
			break
		}
	}
	return f
}

// whole: P1, each transaction's messages stand together and are all there.
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
			f.differ("offset %d: a message of somebody else, %q", first.Offset, first.Key)
		case first.Position != 1 || n != first.Count:
			text := fmt.Sprintf("transaction %d at offset %d has %d of %d messages", first.Number, first.Offset, n, first.Count)
			if v.Start > 0 || first.Position > 1 {
				f.leave("%s; compaction or retention may have taken the others", text)
			} else {
				f.differ("%s", text)
			}
		}
		i += n
	}
	return f
}

// ordered: P2 and P3, numbers rise, and none comes twice.
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
			f.differ("transaction %d at offset %d follows transaction %d", m.Number, m.Offset, last)
		}
		last, action = max(last, m.Number), m.Action
	}
	return f
}

// complete: P3 and P7, what the registry has recorded is there.
func (v *Comparison) complete() Proof {
	f := Proof{Promise: "P3, P7 nothing is missing"}
	there, filter := v.numbers(), ""
	if !v.Route.Filter.IsZero() {
		filter = "; the route has a filter, which may have passed it over"
	}
	for _, e := range v.Feed {
		switch {
		case there[e.Number] || e.Status == producer.StatusPending || e.Status == producer.StatusCovered || v.elsewhere(e.Number):
		case e.Status == producer.StatusSkipped:
			f.leave("transaction %d was skipped%s", e.Number, cmp.Or(e.skippedBy(), filter))
		case v.before(e.Number):
			f.leave("transaction %d is older than what is read of the topic", e.Number)
		default:
			f.differ("transaction %d is %s and not on the topic", e.Number, e.Status)
		}
	}
	return f
}

// numbers are those of which the topic holds something.
func (v *Comparison) numbers() map[int64]bool {
	there := map[int64]bool{}
	for i := range v.Messages {
		there[v.Messages[i].Number] = true
	}
	return there
}

// skippedBy says who skipped an entry, and why, if somebody did.
func (e *Entry) skippedBy() string {
	if e.User == "" {
		return ""
	}
	return " by " + e.User + ": " + e.Reason
}

// before says whether a transaction may be absent because the topic begins after
// it: with the route, with a baseline, or because retention removed the beginning.
func (v *Comparison) before(number int64) bool {
	if number <= v.Since {
		return true
	}
	if len(v.Messages) == 0 {
		return v.Start > 0
	}
	first := &v.Messages[0]
	return number < first.Number && (first.Job != "" || v.Start > 0)
}

// same: number and random id agree, kinds and sizes too.
func (v *Comparison) same() Proof {
	f := Proof{Promise: "R1, R3 topic and registry tell the same of each transaction"}
	for i := range v.Messages {
		m := &v.Messages[i]
		switch {
		case m.Foreign || m.Position != 1:
		case m.Number < 1 || m.Number > int64(len(v.Feed)):
			f.differ("transaction %d is on the topic and not in the registry", m.Number)
		default:
			e := v.Feed[m.Number-1]
			if e.ID != m.ID {
				f.differ("transaction %d has id %s on the topic and %s in the registry", m.Number, m.ID, e.ID)
			}
			if m.Job == "" && (m.Count > e.Structures || e.Kind == registry.Delete && m.Action != registry.Delete.String()) {
				f.differ("transaction %d is a %s of %d structures, on the topic a %s of %d", m.Number, e.Kind, e.Structures, m.Action, m.Count)
			}
		}
	}
	return f
}

// sent: P4, what is called sent is there.
func (v *Comparison) sent() Proof {
	f := Proof{Promise: "P4 SENT means acknowledged"}
	there := v.numbers()
	for _, e := range v.Feed {
		switch {
		case e.Status != producer.StatusSent || there[e.Number] || v.elsewhere(e.Number):
		case v.before(e.Number):
			f.leave("transaction %d was sent before what is read of the topic begins", e.Number)
		default:
			f.differ("transaction %d is SENT and not on the topic", e.Number)
		}
	}
	return f
}

// filtered: P7, what is live on the topic is what the route's filter takes.
func (v *Comparison) filtered() Proof {
	f := Proof{Promise: "P7 nothing is on the topic that the filter does not take"}
	filter, calm := v.Route.Filter, v.Status.State == producer.Idle || v.Status.State == producer.Publishing
	if !filter.IsZero() && (!calm || v.Status.Job != nil) {
		f.leave("the producer is %s, and may not have taken up the filter; verify again once it is IDLE", v.Status.State)
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
			f.differ("%s at offset %d does not pass the filter %s", key, offset, filter)
		}
	}
	return f
}
