package instance

import (
	"context"
	"log/slog"
	"time"
)

// sweepEvery is the time between two deletions of expired rows from the database.
const sweepEvery = time.Minute

// A sweeper deletes the expired rows of some tables.
type sweeper interface{ Sweep(context.Context) error }

// sweeping deletes expired rows at once and then every minute, until ctx ends.
func sweeping(ctx context.Context, log *slog.Logger, all ...sweeper) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		for _, one := range all {
			if err := one.Sweep(ctx); err != nil && ctx.Err() == nil {
				log.WarnContext(ctx, "what has expired could not be deleted from the database", "error", err)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
