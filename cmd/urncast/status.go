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
)

type statusCommand struct {
	client `embed:""`
	JSON   bool `help:"As JSON."`
}

// Run shows the producer's status.
func (c *statusCommand) Run(ctx context.Context) error {
	var s producer.Status
	if _, err := c.get(ctx, "/api/v1/producer", &s); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(s)
	}
	printStatus(&s)
	return nil
}

func printStatus(s *producer.Status) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	line := func(name string, value any) { fmt.Fprintf(w, "%s\t%v\n", name, value) }
	line("producer", s.Name)
	line("state", fmt.Sprintf("%s since %s", s.State, s.Since.Local().Format(time.DateTime)))
	line("topic", fmt.Sprintf("%s (%s) at %s", s.Topic, s.Format, s.Bootstrap))
	if !s.Filter.IsZero() {
		line("filter", s.Filter)
	}
	line("transactions", fmt.Sprintf("%d recorded, handled up to %d, %d pending", s.Last, s.Sent, s.Pending))
	if !s.OldestPending.IsZero() {
		line("oldest pending", time.Since(s.OldestPending).Round(time.Second))
	}
	if s.LeftOut > 0 {
		more := ""
		if s.LeftOut == producer.LeftOutMax {
			more = " or more"
		}
		line("left out", fmt.Sprintf("%d%s structures that the format cannot express", s.LeftOut, more))
	}
	line("published by", heldBy(s))
	for _, other := range s.Standby {
		line("standing by", strings.TrimSpace(fmt.Sprintf("%s since %s (%s) %s", other.ID, other.StartedAt.Local().Format(time.DateTime), other.Version, other.Page)))
	}
	if j := s.Job; j != nil {
		line("job", fmt.Sprintf("%s as of transaction %d: %s, %d of %d structures", j.Kind, j.AsOf, j.Phase, j.Done, j.Structures))
	}
	w.Flush()
	if s.Reason != "" {
		fmt.Println("\n" + s.Reason)
	}
	if s.State == producer.Failed && s.Failed != 0 {
		fmt.Printf("  urncast producer start\n      Try again, when the cause is gone.\n"+
			"  urncast producer skip %d --reason …\n      Leave the transaction off the topic for good.\n", s.Failed)
	}
	for _, a := range s.Ask {
		fmt.Printf("  urncast producer start --%s\n      %s\n", a.Name, a.Text)
	}
}

// heldBy says who holds the producer's lease.
func heldBy(s *producer.Status) string {
	switch {
	case s.Holder == "":
		return "nobody at the moment: no instance holds the lease"
	case s.Term == 0:
		return s.Holder + ", a program of an earlier version"
	}
	return strings.TrimSpace(fmt.Sprintf("%s since %s, term %d %s", s.Holder, s.HeldSince.Local().Format(time.DateTime), s.Term, s.HolderPage))
}

// producerCommands command the producer.
type producerCommands struct {
	Start   producerStart   `cmd:"" help:"Start it; the first start says how."`
	Suspend producerSuspend `cmd:"" help:"Stop publishing after the transaction under way."`
	Resume  producerResume  `cmd:"" help:"End a suspension."`
	Skip    producerSkip    `cmd:"" help:"Leave the transaction at which it FAILED off the topic, and go on."`
}

type producerStart struct {
	client   `embed:""`
	Idle     bool `xor:"how" help:"First start: send only what comes from now on."`
	Baseline bool `xor:"how" help:"Send everything that is current, then what comes."`
	Continue bool `xor:"how" help:"Accept what the producer asked about, and go on."`
}

// Run starts the producer.
func (c *producerStart) Run(ctx context.Context) error {
	how := ""
	switch {
	case c.Idle:
		how = producer.StartIdle
	case c.Baseline:
		how = producer.StartBaseline
	case c.Continue:
		how = producer.StartContinue
	}
	return c.command(ctx, "start", map[string]any{"how": how})
}

type producerSuspend struct {
	client `embed:""`
	Keep   bool `help:"Stay suspended when the process restarts."`
}

// Run suspends the producer.
func (c *producerSuspend) Run(ctx context.Context) error {
	return c.command(ctx, "suspend", map[string]any{"keep": c.Keep})
}

type producerResume struct {
	client `embed:""`
}

// Run resumes the producer.
func (c *producerResume) Run(ctx context.Context) error { return c.command(ctx, "resume", nil) }

type producerSkip struct {
	client      `embed:""`
	Transaction int64  `arg:"" help:"The transaction's number, as the status says it."`
	Reason      string `required:"" help:"Why; it is kept with the transaction."`
}

// Run skips a transaction.
func (c *producerSkip) Run(ctx context.Context) error {
	return c.command(ctx, "skip", map[string]any{"transaction": c.Transaction, "reason": c.Reason})
}

func (c *client) command(ctx context.Context, verb string, body map[string]any) error {
	_, err := c.post(ctx, "/api/v1/producer/"+verb, body, nil)
	return err
}
