package main

import (
	"context"
	"fmt"
	"time"

	"urncast/internal/client"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/web/rest/manage"
)

type producerStart struct {
	yesFlag       `embed:""`
	registryFlags `embed:""`
	which         `embed:""`
	Idle          bool `xor:"how" help:"First start: publish only the transactions recorded from now on."`
	Baseline      bool `xor:"how" help:"Publish every current structure first, then the transactions after."`
	Continue      bool `xor:"how" help:"Accept what the producer asked about, and go on."`
}

// Run starts the producer.
func (c *producerStart) Run(ctx context.Context) error {
	how := ""
	switch {
	case c.Idle:
		how = producer.StartIdle
	case c.Baseline:
		how = producer.StartBaseline
		if err := c.confirm("publish every current structure anew (a baseline)"); err != nil {
			return err
		}
	case c.Continue:
		how = producer.StartContinue
	}
	return c.order(ctx, &c.registryFlags, "start", manage.Command{How: how})
}

type producerSuspend struct {
	registryFlags `embed:""`
	which         `embed:""`
	Keep          bool `help:"Stay suspended when the process restarts."`
}

// Run suspends the producer, and waits until it is suspended.
func (c *producerSuspend) Run(ctx context.Context) error {
	if err := c.command(ctx, &c.registryFlags, "suspend", manage.Command{Keep: c.Keep}); err != nil {
		return err
	}
	return c.await(ctx, &c.registryFlags, suspendPatience)
}

// suspendPatience is the time to wait for a suspension: most transactions take less.
const suspendPatience = 10 * time.Second

// await waits until the producer is suspended, at most patience. A producer that is not suspended
// by then still suspends after the transaction under way.
func (c *producerSuspend) await(ctx context.Context, from *registryFlags, patience time.Duration) error {
	for deadline := time.Now().Add(patience); ; {
		s, err := c.find(ctx, from)
		switch {
		case err != nil:
			return err
		case s.State == producer.Suspended:
			fmt.Printf("producer %s is suspended\n", s.Name)
			return nil
		case time.Now().After(deadline):
			fmt.Printf("producer %s is still %s: it suspends after what is under way; \"urncast status\" shows when\n", s.Name, s.State)
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
	registryFlags `embed:""`
	which         `embed:""`
}

// Run resumes the producer.
func (c *producerResume) Run(ctx context.Context) error {
	return c.order(ctx, &c.registryFlags, "resume", manage.Command{})
}

type producerSkip struct {
	yesFlag       `embed:""`
	registryFlags `embed:""`
	which         `embed:""`
	Transaction   int64  `arg:"" help:"The transaction's number, as urncast status shows it."`
	Reason        string `required:"" help:"Why; the registry keeps it with the transaction."`
}

// Run skips a transaction.
func (c *producerSkip) Run(ctx context.Context) error {
	if err := c.confirm("leave transaction %d off the topics for good", c.Transaction); err != nil {
		return err
	}
	return c.command(ctx, &c.registryFlags, "skip", manage.Command{Skip: control.Skip{Transaction: registry.Number(c.Transaction), Reason: c.Reason}})
}

// order posts a command to the producer, and prints that it was taken: the publisher follows it
// afterwards, and status shows how far it is.
func (w *which) order(ctx context.Context, c *registryFlags, verb string, body manage.Command) error {
	if err := w.command(ctx, c, verb, body); err != nil {
		return err
	}
	fmt.Printf("the order to %s is recorded; \"urncast status\" shows what becomes of it\n", verb)
	return nil
}

// command posts a command to the producer.
func (w *which) command(ctx context.Context, c *registryFlags, verb string, body manage.Command) error {
	s, err := w.find(ctx, c)
	if err != nil {
		return err
	}
	_, err = c.Post(ctx, client.ProducerPath(s.Name, verb), body, nil)
	return err
}
