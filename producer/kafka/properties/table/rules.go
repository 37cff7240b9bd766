package table

import (
	"fmt"
	"slices"
	"strings"

	"urncast/producer/connection"
)

// An Action is what becomes of a property.
type Action uint8

// The actions.
const (
	Pass   Action = iota + 1 // to librdkafka, under its own name, once the value was checked
	Same                     // another name of the property that To names
	Made                     // translated by package properties: stores, logins, bounds
	Ours                     // urncast does it itself
	None                     // librdkafka has no such property, and nothing is lost without it
	Fixed                    // the value is urncast's, whatever is written
	Refuse                   // it breaks a promise, or cannot be carried over
)

// A Rule says what becomes of the property of one name.
type Rule struct {
	Name  string
	Group string
	Do    Action
	To    string // the properties that it becomes, separated by spaces; for Same, the other name
	Why   string // one sentence for people
	// Fine are the values of a refused or fixed property that change nothing, in
	// small letters and separated by spaces. "-" is the empty value.
	Fine string
	// Words translates values; its keys are in small letters.
	Words map[string]string
}

// The groups of properties, as the page and the documentation name them.
const (
	Servers     = "Servers"
	Security    = "Security"
	Login       = "Authentication"
	Kerberos    = "Kerberos"
	OAuth       = "OAuth"
	Limits      = "Limits"
	Publishing  = "Publishing"
	Timing      = "Timing"
	Network     = "Network"
	Diagnostics = "Diagnostics"
	Reading     = "Reading"
	JavaOnly    = "Java"
)

// Groups lists the groups in the order of the page.
var Groups = []string{Servers, Security, Login, Kerberos, OAuth, Limits, Publishing, Timing, Network, Diagnostics, Reading, JavaOnly}

var importances = []string{"high", "medium", "low"}

// Rules has the rule of every name that is known.
var Rules = index(slices.Concat(clientRules, networkRules, publishingRules, readingRules, tlsRules, loginRules, oauthRules,
	callRules, virtualMachineRules, retiredRules), func(r Rule) string { return r.Name })

// MadeIn lists the names of these groups that package properties translates.
func MadeIn(groups ...string) (names []string) {
	for name, r := range Rules {
		if r.Do == Made && slices.Contains(groups, r.Group) {
			names = append(names, name)
		}
	}
	return names
}

// Canonical returns the one name that stands for all names of a property.
func Canonical(name string) string {
	if r := Rules[name]; r != nil && r.Do == Same {
		return r.To
	}
	return name
}

// Becomes lists the properties that a property becomes.
func (r *Rule) Becomes() []string {
	switch {
	case r.To != "":
		return strings.Fields(r.To)
	case r.Do == Pass, r.Do == Fixed:
		return []string{clientName(r.Name)}
	case r.Do == Ours:
		return []string{"urncast"}
	}
	return nil
}

// IsHarmless reports whether a value of a refused or fixed property changes nothing.
func (r *Rule) IsHarmless(value string) bool {
	if value == "" {
		value = "-"
	}
	return slices.Contains(strings.Fields(r.Fine), strings.ToLower(value))
}

// secretWords make a property secret if its name has one of them: at the end of a known
// name, anywhere in an unknown one.
var secretWords = []string{"password", "passphrase", "secret", "jaas", "credential", "user.info", "private.key", "api.key", "token"}

// IsSecret reports whether the value of a property must never be shown. An unknown name
// is secret if it sounds like one.
func IsSecret(name string) bool {
	name = strings.TrimSpace(name)
	switch name {
	case "ssl.key.pem", "ssl.certificate.pem", "sasl.oauthbearer.config":
		return true
	case "ssl.truststore.certificates", "sasl.oauthbearer.token.endpoint.url", "sasl.oauthbearer.client.credentials.client.id",
		"sasl.oauthbearer.assertion.private.key.file", "basic.auth.credentials.source", "bearer.auth.credentials.source":
		return false
	}
	if j := javaByName[name]; j != nil {
		return j.kind == "password"
	}
	small := strings.ToLower(name)
	for _, w := range secretWords {
		if strings.Contains(small, w) && Rules[name] == nil || strings.HasSuffix(small, w) {
			return true
		}
	}
	return strings.HasSuffix(small, ".pem") && strings.Contains(small, "key")
}

// Properties describes every property of a producer's connection, ordered by group and
// importance. Properties of consumers only are left out.
func Properties() []connection.PropertyInfo {
	var out []connection.PropertyInfo
	for name, r := range Rules {
		if r.Do == Same || r.Group == Reading || r.Group == JavaOnly && javaByName[name] == nil {
			continue
		}
		if p := byName[name]; p != nil && p.use == "C" {
			continue
		}
		out = append(out, r.Describe())
	}
	slices.SortFunc(out, func(a, b connection.PropertyInfo) int {
		if d := slices.Index(Groups, a.Group) - slices.Index(Groups, b.Group); d != 0 {
			return d
		}
		if d := slices.Index(importances, a.Importance) - slices.Index(importances, b.Importance); d != 0 {
			return d
		}
		if (a.Refused == "") != (b.Refused == "") { // what can be set stands first
			return strings.Compare(a.Refused[:min(1, len(a.Refused))], b.Refused[:min(1, len(b.Refused))])
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// Describe joins what librdkafka's table, Java's and the rule say of a property.
func (r *Rule) Describe() connection.PropertyInfo {
	info := connection.PropertyInfo{Name: clientName(r.Name), Group: r.Group, Meaning: r.Why, Type: "string", Importance: "low", Secret: IsSecret(r.Name)}
	for _, n := range javaNames {
		if Canonical(n.name) == r.Name {
			info.Java = append(info.Java, n.name)
		}
	}
	if p := byName[info.Name]; p != nil {
		info.Meaning, info.Type, info.Range, info.Default, info.Importance = p.meaning, p.kind, p.values, p.standard, p.importance
		if p.kind == "call" {
			info.Type = "string"
		}
	} else if j := javaByName[r.Name]; j != nil {
		info.Type, info.Default, info.Importance = javaKinds[j.kind], j.standard, j.importance
	}
	if d, ok := defaults[r.Name]; ok {
		info.Default, info.Ours = d, true
	}
	if m := r.Meaning(); m != "" {
		info.Meaning = m
	}
	if w, ok := ranges[r.Name]; ok {
		info.Range = w
	}
	if info.Secret {
		info.Type = "password"
	}
	switch r.Do {
	case Refuse:
		info.Refused = r.Why
	case Fixed:
		info.Refused = fmt.Sprintf("It is always %s. %s", r.Own(), r.Why)
	}
	return info
}

// Own returns the value that a fixed property always has: urncast's default, or else the
// one value that changes nothing.
func (r *Rule) Own() string {
	if d, ok := defaults[r.Name]; ok {
		return d
	}
	return strings.Fields(r.Fine)[0]
}

// Meaning is what the property does, in urncast's words; empty where librdkafka's are used.
func (r *Rule) Meaning() string { return meanings[r.Name] }

// clientName returns librdkafka's name of a property, or Java's where librdkafka has none.
func clientName(name string) string {
	if byName[name] != nil {
		return name
	}
	for _, p := range librdkafka {
		if Canonical(p.name) == name {
			return p.name
		}
	}
	return name
}
