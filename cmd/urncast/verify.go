package main

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer"
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
	s, err := c.find(ctx, &c.client)
	if err != nil {
		return err
	}
	topics := s.Topics()
	if c.Topic != "" {
		topics = []string{c.Topic}
	}
	c.Producer = s.Name
	differs := false
	for i, topic := range topics {
		if i > 0 {
			fmt.Println()
		}
		c.Topic = topic
		one, err := c.verify(ctx)
		if err != nil {
			return err
		}
		differs = differs || one
	}
	if differs {
		return errQuiet
	}
	return nil
}

// verify reads topic and registry to the end, compares, and says what differs.
func (c *verifyCommand) verify(ctx context.Context) (differs bool, err error) {
	if err := c.fill(ctx, &c.client); err != nil {
		return false, err
	}
	v, err := verify.Compare(ctx, c)
	if err != nil {
		return false, err
	}
	for _, f := range v.Findings() {
		differs = differs || len(f.Differs) > 0
		printPromise(&f)
	}
	fmt.Printf("topic %s: %d messages; registry: %d transactions\n", c.Topic, len(v.Messages), len(v.Feed))
	return differs, nil
}

func printPromise(f *verify.Finding) {
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

// ReadTopic implements verify.Sides: it reads what is committed, up to the high watermark
// of now.
func (c *verifyCommand) ReadTopic(ctx context.Context, v *verify.Comparison) error {
	k, err := c.reader(kgo.NewOffset().AtStart(), kgo.KeepControlRecords())
	if err != nil {
		return err
	}
	defer k.Close()
	start, err := offsetOf(ctx, k, c.Topic, -2)
	if err != nil {
		return err
	}
	end, err := offsetOf(ctx, k, c.Topic, -1)
	if err != nil {
		return err
	}
	v.Start = start
	for at := start; at < end; {
		fetches := k.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("reading topic %s at offset %d of %d: %w", c.Topic, at, end, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			at = r.Offset + 1
			if !r.Attrs.IsControl() {
				v.Messages = append(v.Messages, verify.MessageOf(seenOf(r), r.ProducerID))
			}
		})
	}
	if c.FromBaseline && !v.CutToBaseline() {
		return fmt.Errorf("topic %s holds no baseline; verify it without --from-baseline, or publish one with: urncast producer start --baseline", c.Topic)
	}
	return nil
}

// seenOf is what a record says of itself.
func seenOf(r *kgo.Record) *producer.Seen {
	s := &producer.Seen{Offset: r.Offset, Key: string(r.Key), Tombstone: r.Value == nil}
	for i := range r.Headers {
		s.Take(r.Headers[i].Key, r.Headers[i].Value)
	}
	return s
}

// offsetOf asks for a topic's end: -1 is the high watermark, -2 the start.
func offsetOf(ctx context.Context, k *kgo.Client, topic string, which int64) (int64, error) {
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Timestamp = which
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic, t.Partitions = topic, append(t.Partitions, p)
	r := kmsg.NewPtrListOffsetsRequest()
	r.ReplicaID, r.Topics = -1, append(r.Topics, t)
	shards := k.RequestSharded(ctx, r)
	for _, s := range shards {
		if s.Err != nil {
			return 0, fmt.Errorf("asking for the ends of topic %s: %w", topic, s.Err)
		}
		answer := s.Resp.(*kmsg.ListOffsetsResponse)
		if code := answer.Topics[0].Partitions[0].ErrorCode; code != 0 {
			return 0, fmt.Errorf("asking for the ends of topic %s: Kafka error %d", topic, code)
		}
		return answer.Topics[0].Partitions[0].Offset, nil
	}
	return 0, fmt.Errorf("the brokers said nothing of topic %s", topic)
}

// ReadLog implements verify.Sides.
func (c *verifyCommand) ReadLog(ctx context.Context, v *verify.Comparison) error {
	var s producer.Status
	if _, err := c.get(ctx, producerPath(c.Producer), &s); err != nil {
		return err
	}
	v.About(&s, c.Topic)
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
			v.Feed = append(v.Feed, e.of(c.Producer))
		}
	}
}

// ReadChanges implements verify.Sides.
func (c *verifyCommand) ReadChanges(ctx context.Context, number int64) (deletes bool, urns []sdmx.URN, err error) {
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
