package access

import (
	"fmt"
	"time"
)

// A Why is a kind of refusal.
type Why uint8

// The kinds of refusal.
const (
	Invalid   Why = iota + 1 // the request is wrong by itself
	NotThere                 // the account, session or token does not exist
	Conflict                 // the request is in conflict with the present state
	Forbidden                // the sender may not do this
	Unproven                 // the credentials are missing or wrong
	TooMany                  // too many attempts have failed
)

// A Refusal is an error for the user, with a text in sentences.
type Refusal struct {
	Why   Why
	Text  string
	After time.Duration // of TooMany: how long to wait before the next attempt
	// Field is the part of the request that is wrong, by its name in the API; empty if the
	// refusal is not about a single field.
	Field string
	// More are refusals of other fields of the same request.
	More []*Refusal
}

// Error returns the texts, of More too.
func (r *Refusal) Error() string {
	text := r.Text
	for _, m := range r.More {
		text += " " + m.Text
	}
	return text
}

// together makes one refusal of those that are not nil, so that somebody who fills in a form
// learns of all its faults at once. An error of another kind stands alone.
func together(errs ...error) error {
	var all []*Refusal
	for _, err := range errs {
		if err == nil {
			continue
		}
		r, ok := err.(*Refusal)
		if !ok {
			return err
		}
		all = append(append(all, r), r.More...)
	}
	if len(all) == 0 {
		return nil
	}
	first := *all[0] // a copy, because some refusals are variables
	first.More = all[1:]
	return &first
}

func refuse(why Why, format string, args ...any) *Refusal {
	return &Refusal{Why: why, Text: fmt.Sprintf(format, args...)}
}

func invalid(field, format string, args ...any) error {
	return refuse(Invalid, format, args...).about(field)
}

// about sets the field that a refusal is about, and returns the refusal.
func (r *Refusal) about(field string) *Refusal {
	r.Field = field
	return r
}
