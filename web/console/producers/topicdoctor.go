package producers

import (
	"net/url"
	"time"

	"urncast/producer"
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
	Findings []producer.TopicFinding
}

// findingTopic is the finding of a topic that is not there, or cannot be seen.
const findingTopic = "topic"

// FixPath is the dialog that asks before a finding is mended.
func FixPath(name, topic, finding string) string {
	return ui.ProducerPath(name, "fix") + "?" + url.Values{"topic": {topic}, "finding": {finding}}.Encode()
}

// worstFirst is the order in which findings are shown; those that are fine stand
// together behind them.
var worstFirst = []producer.Severity{producer.SeverityError, producer.SeverityWarning, producer.SeverityUnknown}

func (e *Examined) count(s producer.Severity) (n int) {
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
	all := e.count(producer.SeverityOK) + e.count(producer.SeverityUnknown) + e.count(producer.SeverityWarning) + e.count(producer.SeverityError)
	text := ui.Plural(len(e.Topics), "topic", "topics") + ", " + ui.Plural(all, "check", "checks")
	if n := e.count(producer.SeverityError); n > 0 {
		text += ", " + ui.Plural(n, "problem", "problems")
	}
	if n := e.count(producer.SeverityWarning); n > 0 {
		text += ", " + ui.Plural(n, "warning", "warnings")
	}
	if n := e.count(producer.SeverityUnknown); n > 0 {
		text += ", " + ui.Plural(n, "could not be made", "could not be made")
	}
	return text + "."
}

func severityMark(s producer.Severity) (t ui.Tone, icon, word string) {
	switch s {
	case producer.SeverityError:
		return ui.Needs, "error", "Problem"
	case producer.SeverityWarning:
		return ui.Soon, "warning", "Warning"
	case producer.SeverityUnknown:
		return ui.Held, "none", "Not known"
	}
	return ui.Well, "tick", "Fine"
}
