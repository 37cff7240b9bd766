package producer

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A FaultKind says what can be done about a fault.
type FaultKind uint8

// The kinds of fault.
const (
	// Permanent faults are not cured by trying again: FAILED. An error that
	// nobody classified is permanent, for stopping is cheaper than publishing
	// twice.
	Permanent FaultKind = iota
	// Transitory faults happened before Begin: try again, later.
	Transitory
	// InDoubt means that something may have been committed: recover first.
	InDoubt
	// Fenced means that somebody else initialised our transactional ids, or our
	// own transaction timed out: whether we still hold the lease tells which.
	Fenced
)

// String names the kind.
func (k FaultKind) String() string {
	return [...]string{"permanent", "transitory", "in doubt", "fenced"}[k]
}

// A Fault is an error that the edge to Kafka, or the codec, has classified. What happened, its cause
// and what to do are apart, so that a page, a mail or the log can show each where it belongs.
type Fault struct {
	Kind FaultKind
	Text string // what happened: a sentence without its full stop
	Err  error  // the cause; nil if Text says it, or it is not known
	Cure string // what to do, in the imperative; empty if waiting is all that helps, or it is not known
	// Same is the same whenever the same thing happens, for faults whose text may differ then. If it
	// is empty, the text is the same but for figures.
	Same string
}

// Error returns "<what happened>: <cause>. <What to do>", without the last full stop.
func (f *Fault) Error() string {
	text := f.Text
	if f.Err != nil {
		text += ": " + strings.TrimRight(f.Err.Error(), ". ")
	}
	if f.Cure != "" {
		text += ". " + sentence(f.Cure)
	}
	return text
}

// Cause returns the cause, and f without its cure if its text tells the cause.
func (f *Fault) Cause() error {
	if f.Err == nil {
		return &Fault{Kind: f.Kind, Text: f.Text}
	}
	return f.Err
}

// sentence returns a text that begins with a capital and does not end with a full stop.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + strings.TrimRight(text[size:], ". ")
}

// Remedy returns a cure as a sentence; empty if there is none.
func Remedy(cure string) string {
	if cure == "" {
		return ""
	}
	return sentence(cure) + "."
}

// WithoutCure returns the text of an error, or the reason of a state, without the cure in it. Reasons
// that earlier versions stored have the cure in parentheses, or after a colon.
func WithoutCure(text, cure string) string {
	if cure == "" {
		return text
	}
	if before, found := strings.CutSuffix(strings.TrimSuffix(text, "."), ". "+sentence(cure)); found {
		return before
	}
	return strings.NewReplacer(" ("+cure+")", "", ": "+cure, "").Replace(text)
}

// Key returns what is the same in two errors if the same thing happened, but for figures.
func Key(err error) string {
	var f *Fault
	switch {
	case !errors.As(err, &f):
		return err.Error()
	case f.Same != "":
		return f.Same
	}
	return WithoutCure(err.Error(), f.Cure)
}

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.Err }

// KindOf classifies any error of a session. Errors of the database are
// transitory: nothing that the broker knows depends on them.
func KindOf(err error) FaultKind {
	var f *Fault
	if errors.As(err, &f) {
		return f.Kind
	}
	var s *storeError
	if errors.As(err, &s) || errors.Is(err, context.DeadlineExceeded) {
		return Transitory
	}
	return Permanent
}

// ErrLost is returned by a Hold whose lease is gone: another instance may
// publish.
var ErrLost = errors.New("the lease is lost")

// A storeError marks what the database answered.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// Stored marks an error of the store as such; nil stays nil.
func Stored(err error) error {
	if err == nil {
		return nil
	}
	return &storeError{err}
}
