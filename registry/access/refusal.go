package access

import (
	"fmt"
	"time"
)

// A Why is a kind of refusal.
type Why uint8

// Why something is refused.
const (
	Invalid   Why = iota + 1 // what was asked for makes no sense
	NotThere                 // what it is about is not there
	Conflict                 // it does not fit what is there
	Forbidden                // whoever asks may not
	Unproven                 // who asks has not shown who he is
	TooMany                  // too many attempts failed
)

// A Refusal is an answer to whoever asked, in sentences.
type Refusal struct {
	Why   Why
	Text  string
	After time.Duration // of TooMany: when to try again
	// Field is which part of what was asked for is wrong, by its name in the API; empty
	// if it is no part alone.
	Field string
}

// Error is the text.
func (r *Refusal) Error() string { return r.Text }

func refuse(why Why, format string, args ...any) *Refusal {
	return &Refusal{Why: why, Text: fmt.Sprintf(format, args...)}
}

func invalid(field, format string, args ...any) error {
	return refuse(Invalid, format, args...).about(field)
}

// about names the field that a refusal is about.
func (r *Refusal) about(field string) *Refusal {
	r.Field = field
	return r
}
