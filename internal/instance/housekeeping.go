package instance

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"urncast/registry"
)

// housekeepEvery is the time between two attempts of one instance at housekeeping. The
// instance that takes the lock first does the work for all.
const housekeepEvery = 15 * time.Minute

// housekeeping removes old content by the admin's setting until ctx ends.
func housekeeping(ctx context.Context, r *registry.Registry, every time.Duration, log *slog.Logger) {
	switch broken, err := r.NoteBrokenHousekeeping(ctx); {
	case ctx.Err() != nil || errors.Is(err, registry.ErrBusy):
	case err != nil:
		log.Warn("reading whether the last housekeeping was broken off; the next run continues it in any case", "error", err)
	case broken != nil:
		log.Warn("housekeeping was broken off; the next run continues where it stopped", "began", broken.BeganAt, "horizon", broken.Horizon, "documents", broken.Documents)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		switch done, err := r.Housekeep(ctx, registry.HousekeepingOrder{By: registry.Actor{User: "urncast"}}); {
		case ctx.Err() != nil || errors.Is(err, registry.ErrBusy):
		case err != nil:
			log.Warn("housekeeping stopped; the next run continues where it stopped", "error", err)
		case done.Documents > 0 || done.Horizon > done.After:
			log.Info("housekeeping removed old content", "horizon", done.Horizon, "documents", done.Documents, "bytes", done.Bytes)
		}
	}
}
