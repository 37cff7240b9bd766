package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"urncast/formats"
	"urncast/internal/client"
	"urncast/internal/output"
	"urncast/registry"
	"urncast/web/rest/structure"
)

type submitCommand struct {
	registryFlags   `embed:""`
	yesFlag         `embed:""`
	Files           []string `arg:"" type:"existingfile" help:"Files of structures: SDMX-ML 2.1, SDMX-JSON 2 or Fusion-JSON, zipped or not; - for standard input."`
	Action          string   `default:"replace" enum:"append,merge,replace,full-replace,delete" help:"replace (whole structures), append or merge (items), full-replace (everything of the agencies named) or delete."`
	DryRun          bool     `help:"Show what would happen, and change nothing."`
	SkipUnsupported bool     `help:"Leave out structures of types that this program does not support."`
	JSON            bool     `help:"Print the registry's answers as JSON."`
	Force           bool     `help:"Change, delete or recreate structures that are final or stable, too. For admins, with --reason."`
	Reason          string   `help:"Why --force; the audit keeps it."`
}

// Run submits each file by itself.
func (c *submitCommand) Run(ctx context.Context) error {
	if c.Force != (strings.TrimSpace(c.Reason) != "") {
		return errors.New("--force and --reason go together: the audit keeps the reason why final or stable structures change")
	}
	if err := c.ask(); err != nil {
		return err
	}
	order := client.Submission{Action: c.Action, DryRun: c.DryRun, SkipUnsupported: c.SkipUnsupported, Force: c.Reason}
	refused := false
	for _, file := range c.Files {
		answer, err := c.Submit(ctx, file, &order)
		name := client.SourceName(file)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if c.JSON {
			if err := output.JSON(answer); err != nil {
				return err
			}
		} else {
			printOutcome(answer, name)
		}
		refused = refused || answer.Refused
	}
	if refused {
		return errDiffers
	}
	return nil
}

// ask asks before a submission that deletes structures or changes final ones.
func (c *submitCommand) ask() error {
	names := make([]string, len(c.Files))
	for i, file := range c.Files {
		names[i] = client.SourceName(file)
	}
	switch files := strings.Join(names, ", "); {
	case c.DryRun:
		return nil
	case c.Action == "delete":
		return c.confirm("delete the structures of %s", files)
	case c.Action == "full-replace":
		return c.confirm("replace everything of the agencies in %s, and delete what the files do not hold", files)
	case c.Force:
		return c.confirm("change final or stable structures as %s says", files)
	}
	return nil
}

// printOutcome prints the verdict on each structure of a file, and to standard error what was not
// kept of them.
func printOutcome(a *structure.SubmitAnswer, name string) {
	for _, r := range a.Results {
		if !a.Refused || r.Verdict == registry.Refused.String() {
			fmt.Printf("%-9s %s\n", r.Verdict, r.URN)
		}
		for _, p := range r.Problems {
			fmt.Printf("          %s (%s)\n", p.Text, r.Where)
		}
		for _, n := range r.Notices {
			fmt.Fprintf(os.Stderr, "%s: warning: %s: %s\n", name, r.URN, n)
		}
	}
	output.Remarks(os.Stderr, name+": skipped: ", formats.Remarks{First: a.Skipped, Count: len(a.Skipped) + a.MoreSkipped})
	output.Remarks(os.Stderr, name+": warning: ", formats.Remarks{First: a.Warnings, Count: len(a.Warnings) + a.MoreWarnings})
	switch {
	case a.Refused:
		fmt.Printf("%s: refused, nothing was changed\n", name)
	case a.DryRun:
		fmt.Printf("%s: accepted, but this was a dry run: nothing was changed\n", name)
	case len(a.Transactions) == 0:
		fmt.Printf("%s: everything is there already\n", name)
	case len(a.Transactions) == 1:
		fmt.Printf("%s: transaction %d\n", name, a.Transactions[0])
	default:
		fmt.Printf("%s: transactions %d (replaces) and %d (deletes)\n", name, a.Transactions[0], a.Transactions[1])
	}
}
