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

// failureIncident returns the incident of a permanent fault.
func failureIncident(err error) producer.Incident {
	i := producer.Incident{State: producer.Failed, Reason: strings.TrimSuffix(err.Error(), ".") + ".", Brief: brief(err)}
	key := producer.Key(err)
	var f *producer.Fault
	if errors.As(err, &f) {
		i.Cure = f.Cure
	}
	var job *jobFault
	if errors.As(err, &job) {
		i.Cure, key = job.cure, job.name+" "+key
	}
	var at *numbered
	if errors.As(err, &at) {
		i.Number = at.number
	}
	i.Cause = fmt.Sprintf("%s %d %s", producer.Failed, i.Number, match.WithoutFigures(key))
	return i
}

// questionIncident returns the incident of a question.
func questionIncident(a *guard.Question) producer.Incident {
	return producer.Incident{State: producer.Stopped, Reason: a.Reason, Brief: firstClause(a.Reason), Ask: a.Choices,
		Cause: fmt.Sprintf("%s %s", producer.Stopped, match.WithoutFigures(a.Reason))}
}

// outageIncident returns the incident of a transitory fault. All have one cause, so that admins
// are mailed once per outage: the errors of an outage change from one attempt to the next.
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

// briefRunes bounds the text of an error in a mail's subject.
const briefRunes = 100

// brief returns the text of the client library or the broker for a mail's subject, or the first
// clause of our own if there is none.
func brief(err error) string {
	var f *producer.Fault
	if !errors.As(err, &f) {
		return firstClause(err.Error())
	}
	text := firstClause(f.Text)
	if f.Err != nil {
		text = strings.TrimSuffix(strings.Join(strings.Fields(f.Err.Error()), " "), ".")
	}
	if runes := []rune(text); len(runes) > briefRunes {
		text = string(runes[:briefRunes-1]) + "…"
	}
	return text
}

// firstClause returns the beginning of a text, up to the end of its first sentence or to the
// colon or semicolon before an explanation.
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
