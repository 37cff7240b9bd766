// Package background runs work beside requests: work whose panic must not end the process,
// look-ups that are made once for all who ask, and the count of work that the server's end
// waits for.
package background

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// ErrDefect is the error that Guarded returns for a panic.
var ErrDefect = errors.New("this hit a defect of the program; the server's log has the cause")

// Guarded runs work beside a page's request. A panic there would end the process, with all
// pages and the publishing; Guarded turns it into a line of the log and ErrDefect, which
// ends this page alone. The correlation id is the request's; it is empty for work of
// several requests.
func Guarded(ctx context.Context, log *slog.Logger, what, correlation string, work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			log.ErrorContext(ctx, "panic beside a request", "in", what, "panic", p, "correlation_id", correlation, "stack", string(debug.Stack()))
			if err = ErrDefect; correlation != "" {
				err = fmt.Errorf("%w, under the correlation id %s", ErrDefect, correlation)
			}
		}
	}()
	return work()
}
