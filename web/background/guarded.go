// Package background is for what goes on beside requests: work whose panic must not end
// the process, look-ups that are made once for all who ask, and the count of what the end
// of the server has to wait for.
package background

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// ErrDefect is what Guarded makes of a panic.
var ErrDefect = errors.New("this hit a defect of the program; the server's log has the cause")

// Guarded runs the work of a page that runs beside its request, where a panic would end
// the process with everybody's pages and the publishing: it becomes a line in the log
// and ErrDefect, and ends this page alone. The correlation id is that of the request, and
// empty where the work is nobody's alone.
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
