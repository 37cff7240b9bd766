package console

import (
	"fmt"
	"strings"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/sdmx"
)

// A Dashboard is what the first page shows.
type Dashboard struct {
	Now       time.Time
	Producers []control.Status
	// Trouble says why not everything can be shown.
	Trouble    string
	Structures int
	Last       registry.Number
	LastAt     time.Time
	Latest     []TransactionRow
	Volume     Volume
	// Paces are those of the producers, by name, and Chosen is whose is drawn.
	Paces  map[string]*Pace
	Chosen string
	// MayCommand says that the reader may make connections and producers.
	MayCommand bool
	// NoKey says to such a reader that no secret can be saved.
	NoKey bool
}

// A TransactionRow is one transaction in a list.
type TransactionRow struct {
	registry.Transaction
	First    sdmx.URN // its first structure
	Statuses []string // one for each producer of the list; "" if it is not known
}

// worst is the status that needs most, of all producers.
func (r *TransactionRow) worst() string {
	rank := []string{producer.StatusFailed, producer.StatusPending, producer.StatusSkipped, producer.StatusCovered, producer.StatusSent}
	for _, s := range rank {
		for _, have := range r.Statuses {
			if have == s {
				return s
			}
		}
	}
	return ""
}

// sum is the sentence that sums the dashboard up.
func (d *Dashboard) sum() string {
	var failed, soon, held []string
	for i := range d.Producers {
		switch p := &d.Producers[i]; {
		case asks(p):
			failed = append(failed, p.Name)
		case p.State == producer.Degraded:
			soon = append(soon, p.Name)
		case p.State == producer.Suspended, p.State == producer.Stopped:
			held = append(held, p.Name)
		}
	}
	var out []string
	switch {
	case d.Trouble != "":
		out = append(out, "Not everything can be shown.")
	case len(failed) == 1:
		out = append(out, "One producer needs you.")
	case len(failed) > 1:
		out = append(out, title(Count(len(failed)))+" producers need you.")
	case len(soon) == 0:
		out = append(out, "Nothing has failed.")
	}
	if len(soon) > 0 {
		out = append(out, Plural(len(soon), "producer is degraded, and tries again by itself.", "producers are degraded, and try again by themselves."))
	}
	if len(held) > 0 {
		out = append(out, Plural(len(held), "producer is", "producers are")+" held.")
	}
	return strings.Join(out, " ")
}

// asks says whether a producer waits for a person.
func asks(p *control.Status) bool {
	return p.State == producer.Failed || p.State == producer.Stopped && len(p.Ask) > 0 && p.Started
}

// stateNote says in a few words what a state asks of its reader.
func stateNote(p *control.Status) string {
	switch p.State {
	case producer.Idle:
		return "nothing pending"
	case producer.Publishing:
		if p.Pending == 0 {
			return "a job is on its way"
		}
		return "transactions are on their way"
	case producer.Recovering:
		return "finds out what was sent; nothing will be sent twice"
	case producer.Degraded:
		return "tries again by itself"
	case producer.Suspended:
		return "until resumed"
	case producer.Stopped:
		if len(p.Ask) > 0 {
			return "waits for your decision"
		}
		return "not started"
	case producer.Failed:
		return "start needed"
	}
	return ""
}

// trouble is what a producer tells of an error, in its lines.
func trouble(p *control.Status) Fault {
	f := Fault{What: p.Name + " stopped"}
	f.Error, f.Cure = Parted(p.Reason, p.Cure)
	if p.Failed > 0 {
		f.What += " at transaction " + Number(p.Failed)
		f.Error = strings.TrimPrefix(f.Error, fmt.Sprintf("transaction %d: ", p.Failed))
	}
	if p.State == producer.Stopped {
		f.What = p.Name + " waits for your decision"
	}
	if p.Pending > 0 {
		f.Waiting = Plural(p.Pending, "transaction", "transactions") + ", up to " + Number(p.Last) + ". The registry keeps them."
	}
	return f
}

// Parted divides what a producer says of an error into what happened and what to do.
func Parted(reason, cure string) (what, todo string) {
	if cure == "" {
		return reason, ""
	}
	return strings.NewReplacer(" ("+cure+")", "", ": "+cure, "").Replace(reason), title(cure) + "."
}

// waiting says what a producer has still to send.
func waiting(p *control.Status) string {
	if !p.Started {
		return "–"
	}
	if p.Pending == 0 {
		return "0"
	}
	return Plural(p.Pending, "transaction", "transactions")
}

// instanceName is an instance without the chance number at its end.
func instanceName(id string) string {
	name, _, _ := strings.Cut(id, "/")
	return name
}

// Said is what is to be said aloud of what happened between two looks; empty for
// nothing.
func Said(before, after []control.Status) string {
	was := map[string]control.Status{}
	for _, p := range before {
		was[p.Name] = p
	}
	var out []string
	for _, p := range after {
		b, ok := was[p.Name]
		if !ok {
			continue
		}
		quiet := func(s producer.State) bool { return s == producer.Idle || s == producer.Publishing }
		switch {
		case p.State != b.State && !(quiet(p.State) && quiet(b.State)):
			out = append(out, p.Name+" "+strings.ToLower(string(p.State)))
		case p.Sent > b.Sent:
			out = append(out, Plural(p.Sent-b.Sent, "transaction", "transactions")+" sent by "+p.Name)
		}
	}
	return strings.Join(out, ", ")
}

// A leaseOf is what one instance holds, of one producer or of several.
type leaseOf struct {
	holder, page string
	since        time.Time
	term         int64
	names        []string
	all          int // producers there are
}

// leases are those that are held, each once.
func (d *Dashboard) leases() []leaseOf {
	var out []leaseOf
next:
	for i := range d.Producers {
		p := &d.Producers[i]
		for j := range out {
			if out[j].holder == p.Holder && out[j].term == p.Term {
				out[j].names = append(out[j].names, p.Name)
				continue next
			}
		}
		out = append(out, leaseOf{p.Holder, p.HolderPage, p.HeldSince, p.Term, []string{p.Name}, len(d.Producers)})
	}
	return out
}

// takeover is the newest of all producers; nil if there was none.
func (d *Dashboard) takeover() (newest *producer.Takeover) {
	for i := range d.Producers {
		if t := d.Producers[i].LastTakeover; t != nil && (newest == nil || t.At.After(newest.At)) {
			newest = t
		}
	}
	return newest
}

func (l *leaseOf) rest() string {
	var s string
	if l.term > 0 {
		s = ", term " + Count(l.term)
	}
	if len(l.names) < l.all {
		s += ", of " + strings.Join(l.names, ", ")
	}
	return s
}

// standby are the other instances, which stand by for all producers alike.
func (d *Dashboard) standby() []control.Instance {
	for i := range d.Producers {
		if len(d.Producers[i].Standby) > 0 {
			return d.Producers[i].Standby
		}
	}
	return nil
}
