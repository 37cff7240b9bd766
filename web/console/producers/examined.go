package producers

import (
	"net/url"
	"time"

	"urncast/producer/diagnosis"
	"urncast/web/console/ui"
)

// Examined is what the doctor found on the topics of a producer.
type Examined struct {
	Name   string
	At     time.Time
	Topics []ExaminedTopic
	Fixed  string // what was mended just now
}

// An ExaminedTopic is what was found on one.
type ExaminedTopic struct {
	Topic    string
	Findings []diagnosis.Finding
}

// findingTopic is the finding of a topic that is not there, or cannot be seen.
const findingTopic = "topic"

// FixPath is the dialog that asks before a finding is mended.
func FixPath(name, topic, finding string) string {
	return ui.ProducerPath(name, "fix") + "?" + url.Values{"topic": {topic}, "finding": {finding}}.Encode()
}

// worstFirst is the order in which findings are shown; those that are fine stand
// together behind them.
var worstFirst = []diagnosis.Severity{diagnosis.SeverityError, diagnosis.SeverityWarning, diagnosis.SeverityUnknown}

func (e *Examined) count(s diagnosis.Severity) (n int) {
	for i := range e.Topics {
		for j := range e.Topics[i].Findings {
			if e.Topics[i].Findings[j].Severity == s {
				n++
			}
		}
	}
	return n
}

func (e *Examined) sum() string {
	all := e.count(diagnosis.SeverityOK) + e.count(diagnosis.SeverityUnknown) + e.count(diagnosis.SeverityWarning) + e.count(diagnosis.SeverityError)
	text := ui.Plural(len(e.Topics), "topic", "topics") + ", " + ui.Plural(all, "check", "checks")
	if n := e.count(diagnosis.SeverityError); n > 0 {
		text += ", " + ui.Plural(n, "problem", "problems")
	}
	if n := e.count(diagnosis.SeverityWarning); n > 0 {
		text += ", " + ui.Plural(n, "warning", "warnings")
	}
	if n := e.count(diagnosis.SeverityUnknown); n > 0 {
		text += ", " + ui.Plural(n, "could not be made", "could not be made")
	}
	return text + "."
}

func severityMark(s diagnosis.Severity) (t ui.Tone, icon, word string) {
	switch s {
	case diagnosis.SeverityError:
		return ui.Needs, "error", "Problem"
	case diagnosis.SeverityWarning:
		return ui.Soon, "warning", "Warning"
	case diagnosis.SeverityUnknown:
		return ui.Held, "none", "Not known"
	}
	return ui.Well, "tick", "Fine"
}
