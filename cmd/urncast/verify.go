package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"urncast/producer/control"
	"urncast/producer/kafka"
	"urncast/producer/verify"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/rest"
)

type verifyCommand struct {
	client     `embed:""`
	topicFlags `embed:""`
	// FromBaseline is for a topic whose older part tells of a lost past.
	FromBaseline bool `help:"Judge the topic from its last baseline on: what stands before tells of what the registry lost in a restore."`
}

// Run verifies each topic of the producer, or the one that is named.
func (c *verifyCommand) Run(ctx context.Context) error {
	cluster, err := c.direct()
	if err != nil {
		return err
	}
	s, err := c.find(ctx, &c.client)
	if err != nil {
		return err
	}
	topics, err := c.topics(s)
	if err != nil {
		return err
	}
	differs := false
	for i, topic := range topics {
		if i > 0 {
			fmt.Println()
		}
		var v *rest.Verified
		if cluster != nil {
			v, err = c.compare(ctx, cluster, s.Name, topic)
		} else {
			v, err = c.ask(ctx, s.Name, topic)
		}
		if err != nil {
			return err
		}
		for _, p := range v.Proofs {
			differs = differs || len(p.Differs) > 0
			printProof(&p)
		}
		fmt.Printf("topic %s: %d messages; registry: %d transactions\n", topic, v.Messages, v.Transactions)
	}
	if differs {
		return errQuiet
	}
	return nil
}

// ask lets the registry compare.
func (c *verifyCommand) ask(ctx context.Context, name, topic string) (*rest.Verified, error) {
	var last rest.VerifyLine
	err := c.stream(ctx, http.MethodPost, topicPath(name, topic, "verify"), rest.VerifyOrder{FromBaseline: c.FromBaseline}, func(b []byte) error {
		last = rest.VerifyLine{}
		return json.Unmarshal(b, &last)
	})
	switch {
	case err != nil:
		return nil, err
	case last.Error != "":
		return nil, errors.New(last.Error)
	case last.Report == nil:
		return nil, fmt.Errorf("the registry at %s broke the comparison off", c.URL)
	}
	return last.Report, nil
}

// compare compares here: the topic past the registry, and what the registry says of
// itself.
func (c *verifyCommand) compare(ctx context.Context, cluster *kafka.Cluster, name, topic string) (*rest.Verified, error) {
	v, err := verify.Compare(ctx, &outside{client: &c.client, producer: name,
		topic: verify.Topic{Reader: cluster, Name: topic, FromBaseline: c.FromBaseline, Told: func(string) {}}})
	if errors.Is(err, verify.ErrNoBaseline) {
		err = fmt.Errorf("topic %s holds no baseline; verify it without --from-baseline, or publish one with: urncast producer start --baseline", topic)
	}
	if err != nil {
		return nil, err
	}
	return rest.VerifiedOf(topic, v), nil
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

// entry is one transaction of the feed.
type entry struct {
	Number       int64              `json:"number"`
	ID           string             `json:"id"`
	Kind         string             `json:"kind"`
	Structures   int                `json:"structures"`
	Publications []rest.Publication `json:"publications"`
}

// of gives what became of it for one producer.
func (e *entry) of(producer string) verify.Entry {
	out := verify.Entry{Number: e.Number, ID: e.ID, Kind: registry.Replace, Structures: e.Structures}
	if e.Kind == registry.Delete.String() {
		out.Kind = registry.Delete
	}
	for _, p := range e.Publications {
		if p.Producer == producer {
			out.Status, out.Reason, out.User = p.Status, p.Reason, p.User
		}
	}
	return out
}

// outside implements verify.Sides by the registry's own API.
type outside struct {
	*client
	producer string
	topic    verify.Topic
}

// ReadTopic implements verify.Sides.
func (c *outside) ReadTopic(ctx context.Context, v *verify.Comparison) error {
	return c.topic.Read(ctx, v)
}

// ReadLog implements verify.Sides.
func (c *outside) ReadLog(ctx context.Context, v *verify.Comparison) error {
	var s control.Status
	if _, err := c.get(ctx, producerPath(c.producer), &s); err != nil {
		return err
	}
	v.About(&s, c.topic.Name)
	for {
		var page struct {
			Transactions []entry `json:"transactions"`
		}
		if _, err := c.get(ctx, fmt.Sprintf("/api/v1/transactions?after=%d", len(v.Feed)), &page); err != nil {
			return err
		}
		if len(page.Transactions) == 0 {
			return nil
		}
		for _, e := range page.Transactions {
			v.Feed = append(v.Feed, e.of(c.producer))
		}
	}
}

// ReadChanges implements verify.Sides.
func (c *outside) ReadChanges(ctx context.Context, number int64) (deletes bool, urns []sdmx.URN, err error) {
	var tx rest.Transaction
	if _, err := c.get(ctx, fmt.Sprintf("/api/v1/transactions/%d", number), &tx); err != nil {
		return false, nil, err
	}
	for _, change := range tx.Changes {
		if u, err := sdmx.ParseURN(change.URN); err == nil {
			urns = append(urns, u)
		}
	}
	return tx.Kind == registry.Delete.String(), urns, nil
}
