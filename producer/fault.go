package producer

import (
	"context"
	"errors"
	"fmt"
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

// A Fault is an error that the edge to Kafka, or the codec, has classified.
// Text is a sentence for people that says what to do.
type Fault struct {
	Kind FaultKind
	Text string
	Cure string // what to do, which Text says too; empty if that is unknown
	Err  error  // the cause, nil if Text says all
}

// Error gives the sentence and the cause.
func (f *Fault) Error() string {
	if f.Err == nil {
		return f.Text
	}
	return fmt.Sprintf("%s: %s", f.Text, f.Err)
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
