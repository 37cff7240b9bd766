package ui

import (
	"fmt"
	"strings"

	"urncast/producer"
	"urncast/producer/control"
)

// FilterWords describes what a filter lets through.
func FilterWords(f producer.Filter) string {
	if f.IsZero() {
		return "All structures"
	}
	what := "All structures"
	if len(f.Classes) > 0 {
		var words []string
		for _, c := range f.Classes {
			words = append(words, classPlural(c))
		}
		what = Capital(strings.Join(words, ", "))
	}
	if len(f.Agencies) > 0 {
		var words []string
		for _, a := range f.Agencies {
			if parent, below := strings.CutSuffix(a, ".*"); below {
				a = parent + " and below"
			}
			words = append(words, a)
		}
		what += " of " + strings.Join(words, ", ")
	}
	switch n := len(f.URNs); {
	case n == 0:
	case n <= 3:
		what += ", matching " + strings.Join(f.URNs, " or ")
	default:
		what += ", matching one of " + Count(n) + " patterns"
	}
	return what
}

// JobWord describes what a job sends.
func JobWord(j *control.JobStatus) string {
	word := "Some again"
	switch j.Kind {
	case "baseline":
		word = "Baseline"
	case "filter":
		word = "After a changed filter"
	}
	if len(j.Scope.Topics) > 0 {
		word += " to " + strings.Join(j.Scope.Topics, ", ")
	}
	if !j.Scope.Filter.IsZero() {
		word += ": " + FilterWords(j.Scope.Filter)
	}
	if j.Scope.From > 0 {
		word += ", of transactions " + Number(j.Scope.From) + " to " + Number(j.Scope.To)
	}
	return word
}

// Asks reports whether a producer waits for a person.
func Asks(p *control.Status) bool {
	return p.State == producer.Failed || p.State == producer.Stopped && len(p.Ask) > 0 && p.Started
}

// StateNote says in a few words what a state asks of the reader.
func StateNote(p *control.Status) string {
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

// Trouble is the error of a producer, in five lines.
func Trouble(p *control.Status) Fault {
	f := Fault{What: p.Name + " stopped"}
	f.Error, f.Cure = ReasonAndCure(p.Reason, p.Cure)
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

// ReasonAndCure splits a producer's error into what happened and what to do.
func ReasonAndCure(reason, cure string) (what, todo string) {
	return producer.WithoutCure(reason, cure), producer.Remedy(cure)
}

// Waiting says how much a producer has still to send.
func Waiting(p *control.Status) string {
	if !p.Started {
		return "–"
	}
	if p.Pending == 0 {
		return "0"
	}
	return Plural(p.Pending, "transaction", "transactions")
}

// InstanceName is an instance's id without the random number at its end.
func InstanceName(id string) string {
	name, _, _ := strings.Cut(id, "/")
	return name
}

// Said is what a screen reader announces about changes between two looks; empty if there
// are none.
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

// ProducersSum is the sentence that sums up producers; trouble says that not everything
// about them could be read.
func ProducersSum(all []control.Status, trouble bool) string {
	var failed, soon, held []string
	for i := range all {
		switch p := &all[i]; {
		case Asks(p):
			failed = append(failed, p.Name)
		case p.State == producer.Degraded:
			soon = append(soon, p.Name)
		case p.State == producer.Suspended, p.State == producer.Stopped:
			held = append(held, p.Name)
		}
	}
	var out []string
	switch {
	case trouble:
		out = append(out, "Not everything can be shown.")
	case len(failed) == 1:
		out = append(out, "One producer needs you.")
	case len(failed) > 1:
		out = append(out, Capital(Count(len(failed)))+" producers need you.")
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
