package secret

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// A Property is the value of a property as it crosses the API. In JSON it is the
// value, a string; a secret one is {"set": true}, which in an edit keeps what is
// saved.
type Property struct {
	Value string
	Set   bool // a secret value: it is there, and not shown
}

// MarshalJSON implements json.Marshaler.
func (p Property) MarshalJSON() ([]byte, error) {
	if p.Set {
		return []byte(`{"set":true}`), nil
	}
	return json.Marshal(p.Value)
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *Property) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &p.Value) == nil && string(b) != "null" {
		return nil
	}
	var in struct {
		Set bool `json:"set"`
	}
	if json.Unmarshal(b, &in) != nil || !in.Set {
		return errors.New(`the value of a property is a string, or {"set": true} to keep a secret that is saved; ` +
			`leave a property out to unset it`)
	}
	p.Set = true
	return nil
}

// shownMin keeps short values from being cut out of words where they stand by chance,
// which would show them.
const shownMin = 6

// Redactor cuts secret values out of texts. Texts are made without them; this is for the
// words of others that are passed on, such as a library's and a server's.
func Redactor(values ...string) *strings.Replacer {
	values = slices.Clone(values)
	// The longest first: a shorter one may be a part of it.
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, v := range values {
		if len(v) >= shownMin {
			pairs = append(pairs, v, "(not shown)")
		}
	}
	return strings.NewReplacer(pairs...)
}
