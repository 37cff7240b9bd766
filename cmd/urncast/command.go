package main

import (
	"context"
	"fmt"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/web/rest"
)

type producerStart struct {
	client   `embed:""`
	which    `embed:""`
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
	return c.command(ctx, &c.client, "start", rest.Command{How: how})
}

type producerSuspend struct {
	client `embed:""`
	which  `embed:""`
	Keep   bool `help:"Stay suspended when the process restarts."`
}

// Run suspends the producer, and waits until it is.
func (c *producerSuspend) Run(ctx context.Context) error {
	if err := c.command(ctx, &c.client, "suspend", rest.Command{Keep: c.Keep}); err != nil {
		return err
	}
	return c.await(ctx, &c.client, suspendPatience)
}

// suspendPatience is how long a suspension is waited for: most transactions take less.
const suspendPatience = 10 * time.Second

// await waits until the producer is suspended. One that is not by then has been asked to all the
// same, and ends what is under way first.
func (c *producerSuspend) await(ctx context.Context, from *client, patience time.Duration) error {
	for deadline := time.Now().Add(patience); ; {
		s, err := c.find(ctx, from)
		switch {
		case err != nil:
			return err
		case s.State == producer.Suspended:
			fmt.Printf("producer %s is suspended\n", s.Name)
			return nil
		case time.Now().After(deadline):
			fmt.Printf("producer %s is %s still: it is suspended after what is under way; \"urncast status\" shows it\n", s.Name, s.State)
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

type producerResume struct {
	client `embed:""`
	which  `embed:""`
}

// Run resumes the producer.
func (c *producerResume) Run(ctx context.Context) error {
	return c.command(ctx, &c.client, "resume", rest.Command{})
}

type producerSkip struct {
	client      `embed:""`
	which       `embed:""`
	Transaction int64  `arg:"" help:"The transaction's number, as the status says it."`
	Reason      string `required:"" help:"Why; it is kept with the transaction."`
}

// Run skips a transaction.
func (c *producerSkip) Run(ctx context.Context) error {
	return c.command(ctx, &c.client, "skip", rest.Command{Skip: control.Skip{Transaction: registry.Number(c.Transaction), Reason: c.Reason}})
}

func (w *which) command(ctx context.Context, c *client, verb string, body rest.Command) error {
	s, err := w.find(ctx, c)
	if err != nil {
		return err
	}
	_, err = c.post(ctx, producerPath(s.Name, verb), body, nil)
	return err
}
