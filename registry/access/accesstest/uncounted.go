package accesstest

import (
	"context"
	"errors"
	"time"

	"urncast/registry/access"
)

// Uncounted are the failures of a database that does not answer: the access.Control counts
// what it has seen itself.
type Uncounted struct{}

var errUncounted = errors.New("this database of a test counts no failures")

// Wait implements access.Failures.
func (Uncounted) Wait(context.Context, access.Attempt) (time.Duration, error) { return 0, errUncounted }

// Fail implements access.Failures.
func (Uncounted) Fail(context.Context, access.Attempt) error { return errUncounted }

// Succeed implements access.Failures.
func (Uncounted) Succeed(context.Context, access.Attempt) error { return errUncounted }
