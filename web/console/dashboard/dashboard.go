package dashboard

import (
	"strings"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/web/console/record"
	"urncast/web/console/ui"
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
	Latest     []record.TransactionRow
	Volume     Volume
	// Paces are those of the producers, by name, and Chosen is whose is drawn.
	Paces  map[string]*Pace
	Chosen string
	// MayCommand says that the reader may make connections, and make and command producers.
	MayCommand bool
	// NoKey says to such a reader that no secret can be saved.
	NoKey bool
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
		s = ", term " + ui.Count(l.term)
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
