package answer

import (
	"context"
	"errors"
	"strings"
	"time"

	"urncast/producer"
	"urncast/producer/verify"
)

// VerifyTimeMax bounds how long a comparison may take.
const VerifyTimeMax = time.Hour

// ErrLate and ErrStopping are the causes that end a Bounded context: its time is over, or
// the server stops.
var ErrLate = errors.New("it has taken its time")

var ErrStopping = errors.New("the server is stopping")

// Bounded returns a context for reading a topic that ends after so long, or when the
// server stops; Ended and SayVerifyFault tell the two apart.
func Bounded(parent context.Context, most time.Duration, stopping <-chan struct{}) (context.Context, context.CancelFunc) {
	late, cancelLate := context.WithTimeoutCause(parent, most, ErrLate)
	ctx, cancel := context.WithCancelCause(late)
	go func() {
		select {
		case <-stopping:
			cancel(ErrStopping)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel(nil)
		cancelLate()
	}
}

// Ended returns why the work of a Bounded context ended: the context's cause, or the
// work's own error.
func Ended(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && (errors.Is(cause, ErrStopping) || errors.Is(cause, ErrLate)) {
		return cause
	}
	return err
}

// SayVerifyFault says why a comparison could not be made in a Bounded context.
func SayVerifyFault(ctx context.Context, err error) string {
	text, _ := SayTopicFault(Ended(ctx, err))
	return text
}

// SayTopicFault says why a topic could not be read, and whether another attempt may
// succeed.
func SayTopicFault(err error) (text string, temporary bool) {
	var f *producer.Fault
	switch {
	case err == nil:
		return "", false
	case errors.Is(err, ErrStopping):
		return "The server is stopping.", true
	case errors.Is(err, ErrLate):
		return "This took as long as one reading may. Read on from the next offset, or verify less: with --from-baseline.", true
	case errors.Is(err, verify.ErrTooMany):
		return sayTooMany, false
	case errors.Is(err, verify.ErrNoBaseline):
		return "The topic holds no baseline. Verify it without --from-baseline, or publish one with: urncast producer start --baseline", false
	case errors.As(err, &f):
		return "The topic cannot be read: " + strings.TrimRight(err.Error(), ".") + ".", f.Kind != producer.Permanent
	}
	return "Topic or registry could not be read: " + err.Error(), true
}

// sayTooMany says what to do about a topic that is too long to be compared here.
const sayTooMany = "The topic has more messages than the server compares at once. Verify it from its last baseline on (--from-baseline), " +
	"or in a process of its own, with: urncast verify --bootstrap SERVERS"
