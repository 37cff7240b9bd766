package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"urncast/registry"
	"urncast/web/rest"
)

// housekeepEvery is how often each instance looks whether old content may go.
// Whoever comes first does it.
const housekeepEvery = 15 * time.Minute

// housekeeping removes old content by the admin's setting until ctx ends.
func housekeeping(ctx context.Context, r *registry.Registry, every time.Duration, log *slog.Logger) {
	switch broken, err := r.NoteBrokenHousekeeping(ctx); {
	case ctx.Err() != nil || errors.Is(err, registry.ErrBusy):
	case err != nil:
		log.Warn("whether housekeeping was broken off could not be found out; the next run does", "error", err)
	case broken != nil:
		log.Warn("housekeeping was broken off; the next run goes on where it did", "began", broken.BeganAt, "horizon", broken.Horizon, "documents", broken.Documents)
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
			log.Warn("housekeeping stopped; the next run goes on where it did", "error", err)
		case done.Documents > 0 || done.Horizon > done.After:
			log.Info("housekeeping removed old content", "horizon", done.Horizon, "documents", done.Documents, "bytes", done.Bytes)
		}
	}
}

type housekeepingCommand struct {
	client `embed:""`
	DryRun bool `help:"Say what would be removed, and remove nothing."`
	JSON   bool `help:"As JSON."`
}

// Run removes old content now.
func (c *housekeepingCommand) Run(ctx context.Context) error {
	var done rest.Removal
	b, err := c.post(ctx, "/api/v1/housekeeping", map[string]bool{"dryRun": c.DryRun}, &done)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err := os.Stdout.Write(b)
		return err
	}
	printRemoval(os.Stdout, &done)
	return nil
}

func printRemoval(w io.Writer, r *rest.Removal) {
	size := fmt.Sprintf("%d documents, %d bytes", r.Documents, r.Bytes)
	switch {
	case r.DryRun && r.Documents == 0:
		fmt.Fprintln(w, "nothing would be removed")
	case r.DryRun:
		fmt.Fprintf(w, "would remove content of %d transactions: %s\n", r.Transactions, size)
	case r.Documents == 0:
		fmt.Fprintln(w, "nothing was removed")
	default:
		fmt.Fprintf(w, "removed %s\n", size)
	}
	verb := "is"
	if r.DryRun && r.Horizon > r.After {
		verb = "would be"
	}
	if r.Horizon == 0 {
		fmt.Fprintln(w, "everything is readable")
	} else {
		fmt.Fprintf(w, "what was current after transaction %d, and after each since, %s readable; all records stay\n", r.Horizon, verb)
	}
	fmt.Fprintln(w, r.Limit)
}
