package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// errDefect is what guarded makes of a panic.
var errDefect = errors.New("this hit a defect of the program; the server's log has the cause")

// guarded runs the work of a page that runs beside its request, where a panic would end
// the process with everybody's pages and the publishing: it becomes a line in the log
// and errDefect, and ends this page alone. The correlation id is that of the request, and
// empty where the work is nobody's alone.
func guarded(ctx context.Context, log *slog.Logger, what, correlation string, work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			log.ErrorContext(ctx, "panic beside a request", "in", what, "panic", p, "correlation_id", correlation, "stack", string(debug.Stack()))
			if err = errDefect; correlation != "" {
				err = fmt.Errorf("%w, under the correlation id %s", errDefect, correlation)
			}
		}
	}()
	return work()
}
