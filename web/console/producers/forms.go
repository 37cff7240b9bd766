package producers

import (
	"strings"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/web/console/ui"
)

// A Change is a form that makes a producer, or changes its settings or one of its routes.
type Change struct {
	ui.Form
	Name       string                // of the producer; empty for a new one
	Route      producer.Route        // its format and classes are chosen; unused for settings
	Count      *control.RoutePreview // how much the route lets through now
	CountWrong string                // why that cannot be counted
	Then       []Way                 // the ways to go on; none if the producer was never started
	Meanwhile  *ChangedMeanwhile
}

// crumbs lead to the list of producers, and to the producers that are named.
func crumbs(names ...string) []ui.Link {
	out := []ui.Link{{Path: ui.ProducersPath, Word: "Producers"}}
	for _, name := range names {
		out = append(out, ui.Link{Path: ui.ProducerPath(name), Word: name})
	}
	return out
}

// routeInputs are the inputs for a route's topic and filter; with mayMake one asks whether
// to create the topic.
func routeInputs(r producer.Route, mayMake, chosen bool) []ui.Input {
	topic := ui.Input{Field: ui.Field{Name: "topic", Label: "Topic", Value: r.Topic, Mono: true, Required: true, Autocomplete: "off",
		Help: "A topic belongs to one route of one producer. It needs one partition."}}
	filter := filterInputs(words(r.Filter.Agencies), lines(r.Filter.URNs), "*=SDMX:CL_*(*)", " Empty: all.")
	if !mayMake {
		return append([]ui.Input{topic}, filter...)
	}
	return append([]ui.Input{topic, {Check: true, Checked: chosen, Field: ui.Field{Name: "make", Label: "Make the topic",
		Help: "With one partition, compacted, and whatever else structures need. Leave it out where the topic is there."}}}, filter...)
}

// filterInputs are the inputs for agencies and patterns of URNs.
func filterInputs(agencies, urns, example, empty string) []ui.Input {
	return []ui.Input{
		{Field: ui.Field{Name: "agencies", Label: "Agencies", Value: agencies, Mono: true, Autocomplete: "off", Placeholder: "SDMX BIS.*",
			Help: "SDMX is that agency alone, SDMX.* with those below it." + empty}},
		{Rows: 3, Field: ui.Field{Name: "urns", Label: "URN patterns", Value: urns, Placeholder: example,
			Help: "One a line, held against whole URNs; * stands for any characters." + empty}},
	}
}

// A Difference is a setting that somebody else saved meanwhile.
type Difference struct{ What, Now, Yours string }

// A ChangedMeanwhile says who changed the settings since the form was opened.
type ChangedMeanwhile struct {
	By          string
	At          time.Time
	Differences []Difference
}

// A Way is one of several that an admin chooses from.
type Way struct {
	Value, Word, Text string
	Chosen            bool
}

// BaselineInputs are the settings that start baselines automatically.
func BaselineInputs(c *producer.Config) []ui.Input {
	return []ui.Input{
		{Check: true, Checked: c.BaselineAtEveryStart, Field: ui.Field{Name: "baseline-at-every-start", Label: "Baseline at every start",
			Help: "Whenever an admin starts it, and whenever its process restarts, everything current is sent anew first. Not after a suspension, a takeover or a fault."}},
		{Check: true, Checked: c.BaselineWhenConnectionChanges, Field: ui.Field{Name: "baseline-when-connection-changes", Label: "Baseline when the connection changes",
			Help: "When the connection leads to another cluster, everything current is sent there first; without this it asks. It asks in any case where something was lost."}},
	}
}

// BaselineWhen says when a baseline is sent first.
func BaselineWhen(c *producer.Config) string {
	switch {
	case c.BaselineAtEveryStart && c.BaselineWhenConnectionChanges:
		return "at every start, and when the connection changes"
	case c.BaselineAtEveryStart:
		return "at every start"
	case c.BaselineWhenConnectionChanges:
		return "when the connection changes"
	}
	return "when asked for"
}

// A Line is one consequence of an act.
type Line struct {
	Tone ui.Tone
	Icon string
	Text string
}

// A Question is asked before a command. Its form's Title is the question, and Back leads
// to the page where nothing is done.
type Question struct {
	ui.Form
	Lines   []Line
	Preview []control.RoutePreview
	Ways    []Way       // choices for the parameter how
	Topics  []ui.Option // checkboxes
	Classes []string    // the ticked ones; nil if classes are not asked for
	Scoped  bool        // the scope can be counted
	Keep    string      // the text of the button that does nothing
	Danger  bool
}

// PreviewSum says how much would be sent, over all routes.
func PreviewSum(all []control.RoutePreview) string {
	var n, bytes, unknown int64
	for i := range all {
		n, bytes, unknown = n+all[i].Messages(), bytes+all[i].Bytes, unknown+all[i].Unexamined
	}
	text := ui.Plural(n, "message", "messages") + ", " + ui.Size(bytes) + " as stored"
	if unknown > 0 {
		text = "at most " + text
	}
	return text
}

// chunkBytes is how many bytes of stored documents one Kafka transaction takes.
const chunkBytes = 1 << 30

// KafkaTransactions says in how many Kafka transactions a baseline is sent.
func KafkaTransactions(all []control.RoutePreview) string {
	var bytes int64
	for i := range all {
		bytes += all[i].Bytes
	}
	if n := (bytes + chunkBytes - 1) / chunkBytes; n > 1 {
		return "in about " + ui.Count(n) + " Kafka transactions"
	}
	return "in one Kafka transaction"
}

func words(list []string) string { return strings.Join(list, " ") }

func lines(list []string) string { return strings.Join(list, "\n") }

func countText(c *control.RoutePreview) string {
	text := ui.Plural(c.Matches, "structure matches", "structures match") + ", " + ui.Size(c.Bytes) + " as stored. "
	switch {
	case c.Matches == 0:
		return "Nothing that is current matches. What comes later may."
	case c.Unexamined > 0:
		text += ui.Count(c.Inexpressible) + " of the " + ui.Count(c.Matches-c.Unexamined) + " that were looked at cannot be said in this format; count again to look at more."
	case c.Inexpressible == 0:
		text += "All of them can be said in this format."
	default:
		text += ui.Plural(c.Inexpressible, "of them cannot be said in this format and would stay off the topic.", "of them cannot be said in this format and would stay off the topic.")
	}
	return text
}
