package web

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
)

// errDefect is what guarded makes of a panic.
var errDefect = errors.New("this hit a defect of the program; its log has the cause")

// guarded runs the work of a page that runs beside its request, where a panic would end
// the process with everybody's pages and the publishing: it becomes a line in the log
// and errDefect, and ends this page alone.
func guarded(ctx context.Context, log *slog.Logger, what string, work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			log.ErrorContext(ctx, "panic beside a request", "in", what, "panic", p, "stack", string(debug.Stack()))
			err = errDefect
		}
	}()
	return work()
}
