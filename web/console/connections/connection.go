package connections

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"urncast/internal/secret"
	"urncast/producer/connection"
	"urncast/web/console/ui"
)

// A Connection is what the page of a connection shows: the saved connection, the edits,
// and the client's findings about them. Of secrets it holds only whether they are set.
type Connection struct {
	ui.Form
	Name  string
	New   bool
	Saved connection.Shown // the zero value for a new one
	// Edit is the edited connection; Typed names the secrets in it that are not saved yet,
	// Replace the saved secrets that have a field for a new value.
	Edit           connection.Edit
	Typed, Replace map[string]bool
	Draft          string // its id; empty if nothing was edited
	Infos          []connection.PropertyInfo
	Findings       []connection.Finding
	Endings        []connection.Ending
	// Text is the pasted text; Pasted says which of its lines can be used.
	Text   string
	Pasted []connection.Finding

	View, Query string
	Done        string // what was done
	Tried       []triedServer
	NoKey       bool // no secret can be saved
	Conflict    *connection.ConflictError
	Now         time.Time
}

// The views of the properties.
const (
	ViewSet       = "set"
	ViewImportant = "important"
	ViewAll       = "all"
)

// Path is the path of the page.
func (c *Connection) Path() string {
	if c.New {
		return "/connections/new"
	}
	return ConnectionPath(c.Name)
}

// ConnectionPath is the page of a connection.
func ConnectionPath(name string) string { return "/connections/" + url.PathEscape(name) }

// property is one row: a property with its edited value.
type property struct {
	connection.PropertyInfo
	written string // the name by which it was written, or would be
	value   secret.Property
	has     bool
	edited  bool
	finding *connection.Finding
}

// changed reports whether the property has a value that differs from the default.
func (p *property) changed() bool {
	return p.has && (p.Secret || !strings.EqualFold(p.value.Value, p.Default))
}

// properties are the rows of all properties, unknown ones at the end.
func (c *Connection) properties() []property {
	var out []property
	used := map[string]bool{}
	for _, info := range c.Infos {
		p := property{PropertyInfo: info, written: info.Name}
		for _, name := range append([]string{info.Name}, info.Java...) {
			if v, ok := c.Edit.Properties[name]; ok && !p.has {
				p.has, p.written, p.value = true, name, v
				used[name] = true
			}
		}
		out = append(out, c.judged(p))
	}
	var others []property
	for name, v := range c.Edit.Properties {
		if !used[name] {
			others = append(others, c.judged(property{PropertyInfo: connection.PropertyInfo{Name: name, Group: "Others", Type: "string", Secret: v.Set || c.Typed[name],
				Meaning: "This name is in no table, or stands beside another name of the same property."}, written: name, value: v, has: true}))
		}
	}
	slices.SortFunc(others, func(a, b property) int { return cmp.Compare(a.Name, b.Name) })
	return append(out, others...)
}

func (c *Connection) judged(p property) property {
	was, had := c.Saved.Properties[p.written]
	p.edited = had != p.has || was != p.value || c.Typed[p.written]
	for i := range c.Findings {
		if c.Findings[i].Name == p.written {
			p.finding = &c.Findings[i]
		}
	}
	return p
}

// first are shown in every view, because no connection can do without them.
var first = []string{"bootstrap.servers", "security.protocol"}

func (c *Connection) shows(p *property) bool {
	if c.Query != "" {
		return c.found(p)
	}
	return p.in(c.View)
}

// in reports whether a view shows the property.
func (p *property) in(view string) bool {
	if p.has || slices.Contains(first, p.Name) {
		return true
	}
	switch view {
	case ViewAll:
		return true
	case ViewImportant:
		return p.Importance == "high" && p.Refused == ""
	}
	return p.edited
}

func (c *Connection) found(p *property) bool {
	text := strings.ToLower(strings.Join(append([]string{p.Name, p.Meaning}, p.Java...), "\n"))
	for word := range strings.FieldsSeq(strings.ToLower(c.Query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// counts returns how many rows each view has, and how many properties differ from the
// default.
func (c *Connection) counts() (rows map[string]int, changed int) {
	rows = map[string]int{}
	for _, p := range c.properties() {
		for _, view := range []string{ViewSet, ViewImportant, ViewAll} {
			if p.in(view) {
				rows[view]++
			}
		}
		if p.changed() {
			changed++
		}
	}
	return rows, changed
}

// Edits counts the differences from what is saved.
func (c *Connection) Edits() (n int) {
	for name := range merged(c.Saved.Properties, c.Edit.Properties) {
		was, had := c.Saved.Properties[name]
		now, has := c.Edit.Properties[name]
		if had != has || was != now || c.Typed[name] {
			n++
		}
	}
	for name := range merged(c.Saved.Files, c.Edit.Files) {
		_, had := c.Saved.Files[name]
		f, has := c.Edit.Files[name]
		if had != has || f.Content != nil {
			n++
		}
	}
	return n
}

func merged[V any](a, b map[string]V) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}

// mending counts the refused properties.
func (c *Connection) mending() (n int) {
	for i := range c.Findings {
		if c.Findings[i].Verdict == connection.Refused {
			n++
		}
	}
	return n
}

// loose are the findings about properties without a row, such as missing ones.
func (c *Connection) loose() (out []connection.Finding) {
	for _, f := range c.Findings {
		if _, ok := c.Edit.Properties[f.Name]; !ok && f.Verdict == connection.Refused {
			out = append(out, f)
		}
	}
	return out
}

// oursNames are the properties set by urncast that people ask about most.
var oursNames = []string{"acks", "enable.idempotence", "transactional.id", "isolation.level"}

// ours lists some properties that urncast sets.
func (c *Connection) ours() string {
	var names []string
	for _, info := range c.whyOurs() {
		names = append(names, info.Name)
	}
	return strings.Join(names, ", ")
}

// whyOurs are the properties that urncast sets, with the reason.
func (c *Connection) whyOurs() (out []connection.PropertyInfo) {
	for i := range c.Infos {
		info := &c.Infos[i]
		if slices.Contains(oursNames, info.Name) || slices.ContainsFunc(info.Java, func(n string) bool { return slices.Contains(oursNames, n) }) {
			out = append(out, *info)
		}
	}
	return out
}

// usable counts the pasted lines that can be used, and those that are refused.
func (c *Connection) usable() (taken, refused int) {
	for i := range c.Pasted {
		switch {
		case c.Pasted[i].Line == 0:
		case c.Pasted[i].Verdict == connection.Refused:
			refused++
		default:
			taken++
		}
	}
	return taken, refused
}

// verdict is the tone, icon and word of a finding.
func verdict(v connection.Verdict) (tone ui.Tone, icon, word string) {
	switch v {
	case connection.Taken:
		return ui.Well, "tick", "Taken"
	case connection.Translated:
		return ui.Plain, "renamed", "Translated"
	case connection.WithoutEffect:
		return ui.Held, "none", "No effect"
	}
	return ui.Needs, "error", "Refused"
}

// fieldID is the id of a property's field.
func fieldID(name string) string { return "p." + name }

// summary is the sentence of the page.
func (c *Connection) summary() string {
	var parts []string
	switch {
	case c.New:
		parts = append(parts, "Paste a client.properties, or fill in the servers. Nothing is saved before every server was tried.")
	case len(c.Saved.UsedBy) > 0:
		parts = append(parts, "Used by "+strings.Join(c.Saved.UsedBy, ", ")+".")
	default:
		parts = append(parts, "No producer uses it.")
	}
	if n := c.Edits(); n > 0 && !c.New {
		text := ui.Plural(n, "edit is", "edits are") + " not saved"
		if m := c.mending(); m > 0 {
			text += ", " + ui.Plural(m, "property needs", "properties need") + " mending"
		}
		parts = append(parts, text+".")
	}
	if c.Saved.Fixed {
		parts = append(parts, "This process was started with it, so that it is changed where it came from: --bootstrap and --kafka, or URNCAST_BOOTSTRAP and URNCAST_KAFKA.")
	}
	return strings.Join(parts, " ")
}

// A PropertyDifference is one property as it is saved now and as it is wanted.
type PropertyDifference struct{ Name, Saved, Wanted string }

// Differences lists what saving over somebody else's change would change.
func (c *Connection) Differences() (out []PropertyDifference) {
	names := make([]string, 0)
	for name := range merged(c.Saved.Properties, c.Edit.Properties) {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		was, had := c.Saved.Properties[name]
		now, has := c.Edit.Properties[name]
		if had != has || was != now || c.Typed[name] {
			out = append(out, PropertyDifference{name, said(was, had), said(now, has)})
		}
	}
	return out
}

func said(p secret.Property, there bool) string {
	switch {
	case !there:
		return "not set"
	case p.Set:
		return "a secret"
	}
	return p.Value
}

// ending says when a certificate or key ends, with a tone and icon by how soon.
func ending(e *connection.Ending, now time.Time) (tone ui.Tone, icon, text string) {
	if e.At.IsZero() {
		return ui.Plain, "lock", "a keytab does not say when a key ends; version " + ui.Count(e.Version) + ", made"
	}
	left := e.At.Sub(now)
	switch {
	case left < 0:
		return ui.Needs, "error", "ended"
	case left < 30*24*time.Hour:
		return ui.Soon, "warning", "ends in " + ui.Plural(int(left/(24*time.Hour)), "day", "days") + ","
	}
	return ui.Well, "tick", "ends"
}

// A listed is a connection in the list, with the next end of its certificates and keys.
type listed struct {
	connection.Shown
	ending *connection.Ending // nil if there is none
	now    time.Time
}

// soonest is the certificate that ends first, or else the first key.
func soonest(all []connection.Ending) (first *connection.Ending) {
	for i := range all {
		if e := &all[i]; first == nil || !e.At.IsZero() && (first.At.IsZero() || e.At.Before(first.At)) {
			first = e
		}
	}
	return first
}

// when is the moment in the text of an ending.
func when(e *connection.Ending) time.Time {
	if e.At.IsZero() {
		return e.Made
	}
	return e.At
}
