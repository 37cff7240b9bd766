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

// A resolver resolves one connection, property by property. It has a finding for each, and does not
// stop at a refusal.
type resolver struct {
	c        *connection.Connection
	out      Resolved
	values   map[string]string              // by canonical name, without blanks around them
	written  map[string][]string            // the names that are written, by canonical name
	findings map[string]*connection.Finding // by the name that is written
	missing  []connection.Finding           // on properties that are not written
}

func newResolver(c *connection.Connection) *resolver {
	return &resolver{c: c, out: Resolved{Client: map[string]string{}}, values: map[string]string{}, written: map[string][]string{},
		findings: map[string]*connection.Finding{}}
}

// has reports whether a property is written, under any of its names.
func (r *resolver) has(name string) bool { return r.written[name] != nil }

// as returns the name under which a property is written.
func (r *resolver) as(name string) string {
	if w := r.written[name]; w != nil {
		return w[0]
	}
	return name
}

// say sets the verdict on a property, unless it is refused already. For a property that is not
// written it adds a finding.
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

// note adds a sentence to the finding on a property, unless it is refused.
func (r *resolver) note(name, format string, a ...any) {
	for _, w := range r.written[name] {
		if f := r.findings[w]; f.Verdict != connection.Refused {
			f.Text = strings.TrimSpace(f.Text + " " + fmt.Sprintf(format, a...))
		}
	}
}

// refuse sets the verdict on a property to refused.
func (r *resolver) refuse(name, format string, a ...any) {
	r.say(name, connection.Refused, format, a...)
}

// becomes sets what a property becomes, in place of what its rule says.
func (r *resolver) becomes(name string, to ...string) {
	for _, w := range r.written[name] {
		if f := r.findings[w]; f.Verdict != connection.Refused {
			f.Becomes, f.Verdict = to, connection.Translated
		}
	}
}

// idle sets the verdict on the written ones of these properties to without effect.
func (r *resolver) idle(why string, names ...string) {
	for _, name := range names {
		if r.has(name) {
			r.say(name, connection.WithoutEffect, "%s", why)
		}
	}
}

// read judges every property by its rule, and collects the values of those that act.
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

// add sets a value under its canonical name. It refuses another name of the property with another
// value.
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

// pass hands a value on to librdkafka, if it is valid.
func (r *resolver) pass(rule *table.Rule, name, value string) {
	taken, ok := r.checked(rule.Name, value)
	if !ok {
		return
	}
	r.out.Client[rule.Name] = taken
}

// checked returns a value as librdkafka takes it, and refuses one that it does not take.
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

// finish returns the result: all findings, and an error if one of them is refused.
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
