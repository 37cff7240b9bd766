package main

import (
	"context"
	"log/slog"
	"time"

	"urncast/registry"
)

// labelEvery is how often each instance looks whether the search is behind the log. A
// search makes up for little by itself.
const labelEvery = 2 * time.Second

// labelling brings the search up to the log, at the start and behind submissions, until
// ctx ends.
func labelling(ctx context.Context, r *registry.Registry, log *slog.Logger) {
	tick := time.NewTicker(labelEvery)
	defer tick.Stop()
	said := ""
	for {
		_, err := r.MakeLabels(ctx, labelEvery)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			said = ""
		case err.Error() != said:
			said = err.Error()
			log.Warn("names of structures are not searched yet; it is tried again", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
