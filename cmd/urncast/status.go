package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"urncast/internal/output"
	"urncast/producer"
	"urncast/producer/control"
)

type statusCommand struct {
	registryFlags `embed:""`
	which         `embed:""`
	JSON          bool `help:"As JSON."`
}

// Run shows the status of a producer, or of all.
func (c *statusCommand) Run(ctx context.Context) error {
	all, err := c.Producers(ctx)
	if err != nil {
		return err
	}
	if c.Producer != "" {
		one, err := c.find(ctx, &c.registryFlags)
		if err != nil {
			return err
		}
		all = []control.Status{*one}
	}
	if c.JSON {
		return output.JSON(all)
	}
	if len(all) == 0 {
		fmt.Println("There is no producer yet, so nothing is published: create one with \"urncast producer create NAME --topic TOPIC\".")
	}
	for i := range all {
		if i > 0 {
			fmt.Println()
		}
		printStatus(&all[i])
	}
	return nil
}

func printStatus(s *control.Status) {
	d := output.NewDetails(os.Stdout)
	line := d.Line
	line("producer", s.Name)
	line("state", fmt.Sprintf("%s since %s", s.State, output.Moment(s.Since)))
	for _, r := range s.Settings.Routes {
		printRoute(d, &r, " at "+s.Bootstrap)
	}
	if s.Started {
		line("transactions", fmt.Sprintf("%d recorded, handled up to %d, %d pending", s.Last, s.Sent, s.Pending))
	} else {
		line("transactions", fmt.Sprintf("%d recorded, none sent: the first start says which are", s.Last))
	}
	if s.BeforeStart > 0 {
		line("never sent", fmt.Sprintf("transactions up to %d, recorded before the first start", s.BeforeStart))
	}
	if !s.OldestPending.IsZero() {
		line("oldest pending", time.Since(s.OldestPending).Round(time.Second))
	}
	if s.LeftOut > 0 {
		more := ""
		if s.LeftOut == control.LeftOutMax {
			more = " or more"
		}
		line("left out", fmt.Sprintf("%d%s structures that the format cannot express", s.LeftOut, more))
	}
	holder := "published by"
	if s.State == producer.Stopped || s.State == producer.Failed { // which publish nothing
		holder = "lease held by"
	}
	line(holder, heldBy(s))
	if t := s.LastTakeover; t != nil {
		line("last takeover", fmt.Sprintf("%s: %s (%d in all)", output.Moment(t.At), t, s.Takeovers))
	}
	for _, other := range s.Standby {
		line("standing by", strings.TrimSpace(fmt.Sprintf("%s since %s (%s) %s", other.ID, output.Moment(other.StartedAt), other.Version, other.Page)))
	}
	if s.JobsWaiting > 0 {
		line("jobs waiting", s.JobsWaiting)
	}
	if j := s.Job; j != nil {
		line("job", fmt.Sprintf("%s as of transaction %d: %s, %d of %d structures", j.Kind, j.AsOf, j.Phase, j.Done, j.Structures))
	}
	d.Flush()
	if s.Reason != "" {
		fmt.Println("\n" + s.Reason)
	}
	start := producer.Command("start", s.Name)
	if s.State == producer.Failed && s.Failed != 0 {
		fmt.Printf("  %s\n      Try again, when the cause is gone.\n  %s --reason …\n      Leave the transaction off the topic for good.\n",
			start, producer.Command(fmt.Sprintf("skip %d", s.Failed), s.Name))
	}
	if j := s.Job; s.State == producer.Failed && s.Failed == 0 && j != nil {
		fmt.Printf("  %s\n      Try again, when the cause is gone.\n  %s\n      Give the job up. %s\n", start, producer.Command("cancel "+j.ID, s.Name), j.Leaves)
	}
	for _, a := range s.Ask {
		fmt.Printf("  %s --%s\n      %s\n", start, a.Name, a.Text)
	}
}

// heldBy returns the holder of the producer's lease, in words.
func heldBy(s *control.Status) string {
	switch {
	case s.Holder == "":
		return "nobody at the moment: no instance holds the lease"
	case s.Term == 0:
		return s.Holder + ", a program of an earlier version"
	}
	return strings.TrimSpace(fmt.Sprintf("%s since %s, term %d %s", s.Holder, output.Moment(s.HeldSince), s.Term, s.HolderPage))
}
