package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"urncast/internal/output"
	"urncast/web/rest/manage"
)

type housekeepingCommand struct {
	yesFlag       `embed:""`
	registryFlags `embed:""`
	DryRun        bool `help:"Show what would be removed, and remove nothing."`
	JSON          bool `help:"As JSON."`
}

// Run removes old content now.
func (c *housekeepingCommand) Run(ctx context.Context) error {
	if !c.DryRun {
		if err := c.confirm("remove the content of old transactions, which nothing brings back (--dry-run shows how much)"); err != nil {
			return err
		}
	}
	var done manage.Removal
	b, err := c.Post(ctx, "/api/v1/housekeeping", map[string]bool{"dryRun": c.DryRun}, &done)
	if err != nil {
		return err
	}
	if c.JSON {
		return output.Answer(b)
	}
	printRemoval(os.Stdout, &done)
	return nil
}

func printRemoval(w io.Writer, r *manage.Removal) {
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
