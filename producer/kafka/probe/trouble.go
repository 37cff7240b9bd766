package probe

import (
	"errors"
	"strings"
)

// A Trouble is the error of one step: a cause, with the text for it.
type Trouble struct {
	Cause Cause
	Text  string // what is wrong, where, with which values
	Cure  string // what to do
	Err   error  // the underlying error; nil if Text says all
}

// Met makes a Trouble with the text of a cause. Values are pairs of a name, which the text has in
// braces, and its value.
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

// Unwrap returns the underlying error.
func (t *Trouble) Unwrap() error { return t.Err }

// Of returns the Trouble in err's chain; one of the cause Unknown if there is none.
func Of(err error) *Trouble {
	var t *Trouble
	if errors.As(err, &t) {
		return t
	}
	return Met(Unknown, err)
}
