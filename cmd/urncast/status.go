package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"urncast/producer"
	"urncast/producer/control"
)

type statusCommand struct {
	client `embed:""`
	which  `embed:""`
	JSON   bool `help:"As JSON."`
}

// Run shows the status of a producer, or of all.
func (c *statusCommand) Run(ctx context.Context) error {
	all, err := c.producers(ctx)
	if err != nil {
		return err
	}
	if c.Producer != "" {
		one, err := c.find(ctx, &c.client)
		if err != nil {
			return err
		}
		all = []control.Status{*one}
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(all)
	}
	if len(all) == 0 {
		fmt.Println("There is no producer yet, so nothing is published: make one with \"urncast producer create NAME --topic TOPIC\".")
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
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	line := func(name string, value any) { fmt.Fprintf(w, "%s\t%v\n", name, value) }
	line("producer", s.Name)
	line("state", fmt.Sprintf("%s since %s", s.State, s.Since.Local().Format(time.DateTime)))
	for _, r := range s.Settings.Routes {
		line("topic", fmt.Sprintf("%s (%s) at %s", r.Topic, r.Format, s.Bootstrap))
		if !r.Filter.IsZero() {
			line("  filter", r.Filter)
		}
	}
	line("transactions", fmt.Sprintf("%d recorded, handled up to %d, %d pending", s.Last, s.Sent, s.Pending))
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
	line("published by", heldBy(s))
	if t := s.LastTakeover; t != nil {
		line("last takeover", fmt.Sprintf("%s: %s (%d in all)", t.At.Local().Format(time.DateTime), t, s.Takeovers))
	}
	for _, other := range s.Standby {
		line("standing by", strings.TrimSpace(fmt.Sprintf("%s since %s (%s) %s", other.ID, other.StartedAt.Local().Format(time.DateTime), other.Version, other.Page)))
	}
	if s.JobsWaiting > 0 {
		line("jobs waiting", s.JobsWaiting)
	}
	if j := s.Job; j != nil {
		line("job", fmt.Sprintf("%s as of transaction %d: %s, %d of %d structures", j.Kind, j.AsOf, j.Phase, j.Done, j.Structures))
	}
	w.Flush()
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

// heldBy says who holds the producer's lease.
func heldBy(s *control.Status) string {
	switch {
	case s.Holder == "":
		return "nobody at the moment: no instance holds the lease"
	case s.Term == 0:
		return s.Holder + ", a program of an earlier version"
	}
	return strings.TrimSpace(fmt.Sprintf("%s since %s, term %d %s", s.Holder, s.HeldSince.Local().Format(time.DateTime), s.Term, s.HolderPage))
}
