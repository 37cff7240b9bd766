package instance

import (
	"context"
	"log/slog"
	"time"

	"urncast/registry"
)

// labelEvery is the time between two checks of one instance whether the search index is behind
// the log. A search catches up with a few transactions by itself.
const labelEvery = 2 * time.Second

// labelling keeps the search index up with the log until ctx ends.
func labelling(ctx context.Context, r *registry.Registry, log *slog.Logger) {
	tick := time.NewTicker(labelEvery)
	defer tick.Stop()
	logged := ""
	for {
		_, err := r.MakeLabels(ctx, labelEvery)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			logged = ""
		case err.Error() != logged:
			logged = err.Error()
			log.Warn("updating the search index of names; it is tried again", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
