package publisher

import (
	"errors"
	"fmt"
	"strings"

	"urncast/internal/match"
	"urncast/producer"
	"urncast/producer/guard"
	"urncast/registry"
)

// failureIncident is the incident of a permanent fault.
func failureIncident(err error) producer.Incident {
	i := producer.Incident{State: producer.Failed, Reason: err.Error(), Brief: brief(err)}
	var f *producer.Fault
	if errors.As(err, &f) {
		i.Cure = f.Cure
	}
	var job *jobFault
	if errors.As(err, &job) {
		i.Cure = job.cure
	}
	var at *numbered
	if errors.As(err, &at) {
		i.Number = at.number
	}
	i.Cause = fmt.Sprintf("%s %d %s", producer.Failed, i.Number, match.WithoutFigures(err.Error()))
	return i
}

// questionIncident is the incident of a question.
func questionIncident(a *guard.Question) producer.Incident {
	return producer.Incident{State: producer.Stopped, Reason: a.Reason, Brief: firstClause(a.Reason), Ask: a.Choices,
		Cause: fmt.Sprintf("%s %s", producer.Stopped, match.WithoutFigures(a.Reason))}
}

// outageIncident is the incident of faults that may pass. What an outage says changes
// from one attempt to the next, so all of them are one cause, and the newest words
// count.
func outageIncident(reason, brief string) producer.Incident {
	return producer.Incident{State: producer.Degraded, Reason: reason, Brief: brief, Cause: string(producer.Degraded)}
}

// A numbered error is about a transaction.
type numbered struct {
	number registry.Number
	err    error
}

func (n *numbered) Error() string { return fmt.Sprintf("transaction %d: %s", n.number, n.err) }

func (n *numbered) Unwrap() error { return n.err }

// briefRunes bounds what stands of an error in a subject.
const briefRunes = 100

// brief gives the words of the client library or the broker, where there are
// some, else the beginning of ours.
func brief(err error) string {
	var f *producer.Fault
	if !errors.As(err, &f) {
		return firstClause(err.Error())
	}
	text := firstClause(f.Text)
	if f.Err != nil {
		text = strings.Join(strings.Fields(f.Err.Error()), " ")
	}
	if runes := []rune(text); len(runes) > briefRunes {
		text = string(runes[:briefRunes-1]) + "…"
	}
	return text
}

// firstClause ends where a sentence does, or its explanation begins.
func firstClause(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, end := range []string{". ", ": ", "; "} {
		text, _, _ = strings.Cut(text, end)
	}
	text = strings.TrimSuffix(text, ".")
	if runes := []rune(text); len(runes) > briefRunes {
		text = string(runes[:briefRunes-1]) + "…"
	}
	return text
}
