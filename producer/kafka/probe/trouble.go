package probe

import (
	"errors"
	"strings"
)

// A Trouble is one cause, met at one place.
type Trouble struct {
	Cause Cause
	Text  string // what is wrong, where, with which values
	Cure  string // what to do
	Err   error  // what was met; nil where Text has all of it
}

// Met makes a Trouble out of the table's words. Values are pairs of a name, which
// stands in braces in the words, and what takes its place.
func Met(c Cause, err error, values ...string) *Trouble {
	w := causes[c]
	if err != nil {
		values = append(values, "error", strings.TrimRight(err.Error(), ". "))
	}
	pairs := make([]string, len(values))
	for i, v := range values {
		if i%2 == 0 {
			v = "{" + v + "}"
		}
		pairs[i] = v
	}
	fill := strings.NewReplacer(pairs...)
	return &Trouble{Cause: c, Text: fill.Replace(w.text), Cure: fill.Replace(w.cure), Err: err}
}

// Error implements error.
func (t *Trouble) Error() string { return t.Text }

// Unwrap gives what was met.
func (t *Trouble) Unwrap() error { return t.Err }

// Of gives the trouble that an error carries; one of an unknown cause if it
// carries none.
func Of(err error) *Trouble {
	var t *Trouble
	if errors.As(err, &t) {
		return t
	}
	return Met(Unknown, err)
}
