package producers

import (
	"strings"
	"time"

	"urncast/formats"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/sdmx"
	"urncast/web/console/ui"
)

// A RouteForm is the fields of a route: topic, format and filter.
type RouteForm struct {
	Topic ui.Field
	// Make says that the topic is to be created; MayMake that the form may ask for it.
	Make, MayMake  bool
	Format         string
	Classes        []string
	Agencies, URNs ui.Field
	Count          *control.RoutePreview // how much the route lets through now
	CountWrong     string                // why that cannot be counted
	Path           string                // the path that the form is sent to
}

// NewRouteForm returns the fields of a route.
func NewRouteForm(path string, r producer.Route) *RouteForm {
	return &RouteForm{Path: path, Format: r.Format, Classes: r.Filter.Classes,
		Topic: ui.Field{Name: "topic", Label: "Topic", Value: r.Topic, Mono: true, Required: true, Autocomplete: "off",
			Help: "A topic belongs to one route of one producer. It needs one partition."},
		Agencies: ui.Field{Name: "agencies", Label: "Agencies", Value: words(r.Filter.Agencies), Mono: true, Autocomplete: "off", Placeholder: "SDMX BIS.*",
			Help: "SDMX is that agency alone, SDMX.* with those below it. Empty: all."},
		URNs: ui.Field{Name: "urns", Label: "URN patterns", Value: lines(r.Filter.URNs), Mono: true, Placeholder: "*=SDMX:CL_*(*)",
			Help: "One a line, held against whole URNs; * stands for any characters. Empty: all."}}
}

func (r *RouteForm) chosen(c sdmx.Class) bool {
	for _, name := range r.Classes {
		if name == c.String() {
			return true
		}
	}
	return false
}

func (r *RouteForm) fields() []ui.Field { return []ui.Field{r.Topic, r.Agencies, r.URNs} }

// A ProducerForm creates a producer.
type ProducerForm struct {
	Name, Prefix, Sender, Mail, Replicas ui.Field
	Connection                           []ui.Option
	ConnectionError                      string
	Route                                *RouteForm
	Wrong                                string
	Open                                 bool // the section More is unfolded
	Baselines                            []ui.Input
}

func (p *ProducerForm) fields() []ui.Field {
	out := append([]ui.Field{p.Name, {Name: "connection", Label: "Connection", Error: p.ConnectionError}}, p.Route.fields()...)
	return append(out, p.Mail, p.Prefix, p.Sender, p.Replicas)
}

// Faulty reports whether a field has an error.
func (p *ProducerForm) Faulty() bool { return anyError(p.fields()) }

func anyError(all []ui.Field) bool {
	for i := range all {
		if all[i].Error != "" {
			return true
		}
	}
	return false
}

// A Difference is a setting that somebody else saved meanwhile.
type Difference struct{ What, Now, Yours string }

// A ChangedMeanwhile says who changed the settings since the form was opened.
type ChangedMeanwhile struct {
	By          string
	At          time.Time
	Differences []Difference
}

// A RouteChange adds or changes a route.
type RouteChange struct {
	Name, Was string // of the producer; the topic of the route, empty for a new one
	Revision  string
	Route     *RouteForm
	Then      []Way // the ways to go on; none if the producer was never started
	Meanwhile *ChangedMeanwhile
	Wrong     string
}

// A Way is one of several that an admin chooses from.
type Way struct {
	Value, Word, Text string
	Chosen            bool
}

// A SettingsChange changes the settings of a producer other than its routes.
type SettingsChange struct {
	ui.Form
	Name      string
	Then      []Way
	Meanwhile *ChangedMeanwhile
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

func formatsKnown() []*formats.Format { return formats.All() }
