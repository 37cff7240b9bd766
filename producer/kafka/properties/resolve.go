package properties

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/table"
)

// A resolver turns one connection into Resolved, property by property. What it
// finds out goes into findings; it never stops at the first.
type resolver struct {
	c        *connection.Connection
	out      Resolved
	values   map[string]string              // by canonical name, without blanks around
	written  map[string][]string            // canonical name to the names as written
	findings map[string]*connection.Finding // by the name as written
	missing  []connection.Finding           // of what is not written and should be
}

func newResolver(c *connection.Connection) *resolver {
	return &resolver{c: c, out: Resolved{Client: map[string]string{}}, values: map[string]string{}, written: map[string][]string{},
		findings: map[string]*connection.Finding{}}
}

// has says whether a thing is written, under whichever name.
func (r *resolver) has(name string) bool { return r.written[name] != nil }

// as is the name under which a thing was written.
func (r *resolver) as(name string) string {
	if w := r.written[name]; w != nil {
		return w[0]
	}
	return name
}

// say gives a property a verdict. A refusal stays; findings on what is not
// written are added.
func (r *resolver) say(name string, v connection.Verdict, format string, a ...any) {
	text := fmt.Sprintf(format, a...)
	if !r.has(name) {
		r.missing = append(r.missing, connection.Finding{Name: name, Verdict: v, Text: text})
		return
	}
	for _, w := range r.written[name] {
		f := r.findings[w]
		if f.Verdict == connection.Refused {
			continue
		}
		f.Verdict, f.Text = v, text
		if v == connection.WithoutEffect || v == connection.Refused {
			f.Becomes = nil
		}
	}
}

// note adds a sentence to a property that is taken.
func (r *resolver) note(name, format string, a ...any) {
	for _, w := range r.written[name] {
		if f := r.findings[w]; f.Verdict != connection.Refused {
			f.Text = strings.TrimSpace(f.Text + " " + fmt.Sprintf(format, a...))
		}
	}
}

func (r *resolver) refuse(name, format string, a ...any) {
	r.say(name, connection.Refused, format, a...)
}

// becomes says what acts on a property, in place of what its rule says.
func (r *resolver) becomes(name string, to ...string) {
	for _, w := range r.written[name] {
		if f := r.findings[w]; f.Verdict != connection.Refused {
			f.Becomes, f.Verdict = to, connection.Translated
		}
	}
}

// idle marks all of some names that are written as without effect.
func (r *resolver) idle(why string, names ...string) {
	for _, name := range names {
		if r.has(name) {
			r.say(name, connection.WithoutEffect, "%s", why)
		}
	}
}

// read looks at every property by itself.
func (r *resolver) read() {
	if n := len(r.c.Properties); n > propertiesMax {
		r.missing = append(r.missing, connection.Finding{Name: "bootstrap.servers", Verdict: connection.Refused,
			Text: fmt.Sprintf("The connection has %d properties, more than the %d that are read: remove what is "+
				"not the client's.", n, propertiesMax)})
		return
	}
	for _, name := range slices.Sorted(maps.Keys(r.c.Properties)) {
		rule, value := table.Find(strings.TrimSpace(name)), strings.TrimSpace(r.c.Properties[name])
		f := &connection.Finding{Name: name, Verdict: connection.Taken, Becomes: rule.Becomes(), Text: rule.Why}
		r.findings[name] = f
		if rule.Do == table.Same {
			f.Verdict, rule = connection.Translated, table.Find(rule.To)
			f.Becomes, f.Text = rule.Becomes(), rule.Why
		}
		switch {
		case rule.Do == table.Ours || rule.Do == table.None:
			f.Verdict = connection.WithoutEffect
			continue
		case (rule.Do == table.Refuse || rule.Do == table.Fixed) && rule.IsHarmless(value):
			f.Verdict, f.Becomes, f.Text = connection.WithoutEffect, nil, "This value changes nothing."
			continue
		case rule.Do == table.Fixed && value == "":
			f.Verdict, f.Becomes, f.Text = connection.WithoutEffect, nil, "It has no value."
			continue
		case rule.Do == table.Fixed:
			f.Verdict = connection.Translated
			f.Text = fmt.Sprintf("%s is taken as %s. %s", table.Quote(name, value), rule.Own(), rule.Why)
			continue
		case rule.Do == table.Refuse:
			f.Verdict, f.Becomes = connection.Refused, nil
			continue
		case strings.ContainsRune(value, 0):
			f.Verdict, f.Becomes, f.Text = connection.Refused, nil, "The value holds a zero byte: write it again."
			continue
		case value == "" && rule.Name != "ssl.endpoint.identification.algorithm" && rule.Name != "bootstrap.servers":
			f.Verdict, f.Becomes, f.Text = connection.WithoutEffect, nil, "It has no value."
			continue
		case len(f.Becomes) > 0 && !slices.Equal(f.Becomes, []string{name}):
			f.Verdict = connection.Translated
		}
		if rule.Do == table.Pass {
			f.Text = rule.Why
		}
		r.add(rule, name, value)
	}
}

// add takes a value under its canonical name, and refuses a second one that
// differs.
func (r *resolver) add(rule *table.Rule, name, value string) {
	if r.has(rule.Name) {
		before := r.as(rule.Name)
		r.written[rule.Name] = append(r.written[rule.Name], name)
		if value != r.values[rule.Name] {
			r.refuse(rule.Name, "%s and %s are two names of one thing, and their values differ: keep "+
				"one of them.", before, name)
		}
		return
	}
	r.written[rule.Name], r.values[rule.Name] = []string{name}, value
	if rule.Do == table.Pass {
		r.pass(rule, name, value)
	}
}

// pass hands a value on to librdkafka, after a look at it.
func (r *resolver) pass(rule *table.Rule, name, value string) {
	taken, ok := r.checked(rule.Name, value)
	if !ok {
		return
	}
	r.out.Client[rule.Name] = taken
}

// checked looks at a value by librdkafka's table and our own bounds.
func (r *resolver) checked(name, value string) (string, bool) {
	if rule := table.Rules[name]; rule != nil {
		if w, ok := rule.Words[strings.ToLower(value)]; ok {
			r.note(name, "%s is librdkafka's %s.", value, w)
			value = w
		}
	}
	taken, note, err := table.Fit(name, value)
	if err != nil {
		r.refuse(name, "%s", sentence(err))
		return "", false
	}
	if note != "" {
		r.becomes(name, name)
		r.note(name, "%s", note)
	}
	return taken, true
}

// finish gathers the findings, and the error if something is refused.
func (r *resolver) finish() (*Resolved, []connection.Finding, error) {
	findings := slices.Clone(r.missing)
	for _, name := range slices.Sorted(maps.Keys(r.findings)) {
		findings = append(findings, *r.findings[name])
	}
	var refused []string
	for _, f := range findings {
		if f.Verdict == connection.Refused {
			refused = append(refused, fmt.Sprintf("%s is refused: %s", f.Name, f.Text))
		}
	}
	if len(refused) > 0 {
		return nil, findings, errors.New(strings.Join(refused, " "))
	}
	slices.Sort(r.out.Files)
	r.out.Files = slices.Compact(r.out.Files)
	return &r.out, findings, nil
}
