package main

import (
	"context"
	"fmt"

	"urncast/internal/output"
	"urncast/producer/kafka"
	"urncast/producer/verify"
	"urncast/web/rest/manage"
)

type verifyCommand struct {
	registryFlags `embed:""`
	topicFlags    `embed:""`
	JSON          bool `help:"As JSON: a list with a report for each topic."`
	FromBaseline  bool `help:"Judge the topic from its last baseline on, after a restore that lost transactions: what stands before tells of them."`
}

// Run verifies each topic of the producer, or the named one. It ends with status 1 if a promise
// differs.
func (c *verifyCommand) Run(ctx context.Context) error {
	cluster, err := c.direct()
	if err != nil {
		return err
	}
	s, err := c.find(ctx, &c.registryFlags)
	if err != nil {
		return err
	}
	topics, err := c.topics(s)
	if err != nil {
		return err
	}
	differs := false
	reports := []*manage.Verified{}
	for i, topic := range topics {
		v, err := c.verify(ctx, cluster, s.Name, topic)
		if err != nil {
			return err
		}
		reports = append(reports, v)
		for _, p := range v.Proofs {
			differs = differs || len(p.Differs) > 0
		}
		if c.JSON {
			continue
		}
		if i > 0 {
			fmt.Println()
		}
		for i := range v.Proofs {
			printProof(&v.Proofs[i])
		}
		fmt.Printf("topic %s: %d messages; registry: %d transactions\n", topic, v.Messages, v.Transactions)
	}
	if c.JSON {
		if err := output.JSON(reports); err != nil {
			return err
		}
	}
	if differs {
		return errDiffers
	}
	return nil
}

// verify lets the registry compare, or compares here with what cluster gives.
func (c *verifyCommand) verify(ctx context.Context, cluster *kafka.Cluster, name, topic string) (*manage.Verified, error) {
	if cluster == nil {
		return c.Client.Verify(ctx, name, topic, manage.VerifyOrder{FromBaseline: c.FromBaseline})
	}
	return c.VerifyDirectly(ctx, name, verify.Topic{Reader: cluster, Name: topic, FromBaseline: c.FromBaseline, Told: func(string) {}})
}

func printProof(f *verify.Proof) {
	switch {
	case len(f.Differs) > 0:
		fmt.Printf("differs       %s\n", f.Promise)
	case len(f.Open) > 0:
		fmt.Printf("not provable  %s\n", f.Promise)
	default:
		fmt.Printf("proven        %s\n", f.Promise)
	}
	for _, text := range append(f.Differs, f.Open...) {
		fmt.Printf("              %s\n", text)
	}
	if more := f.Differing - len(f.Differs); more > 0 {
		fmt.Printf("              and %d more that differ\n", more)
	}
	if more := f.Unproven - len(f.Open); more > 0 {
		fmt.Printf("              and %d more\n", more)
	}
}
