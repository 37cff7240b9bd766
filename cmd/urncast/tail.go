package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/producer"
)

// topicFlags say which topic to read; what is left out, the registry is asked for.
type topicFlags struct {
	which     `embed:""`
	Bootstrap string `help:"Kafka's bootstrap servers; by default those that the registry publishes to."`
	Topic     string `help:"The topic; by default the producer's, if it has one only."`
}

func (f *topicFlags) fill(ctx context.Context, c *client) error {
	if f.Bootstrap != "" && f.Topic != "" {
		return nil
	}
	s, err := f.find(ctx, c)
	if err != nil {
		return err
	}
	if f.Bootstrap == "" {
		f.Bootstrap = s.Bootstrap
	}
	if topics := s.Topics(); f.Topic == "" && len(topics) > 1 {
		return fmt.Errorf("producer %s has several topics; say which with --topic: %s", s.Name, strings.Join(topics, ", "))
	} else if f.Topic == "" {
		f.Topic = topics[0]
	}
	return nil
}

// reader makes a client that reads what is committed, from a place on.
func (f *topicFlags) reader(from kgo.Offset, more ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(f.Bootstrap), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxWait(100 * time.Millisecond), kgo.FetchMaxBytes(100 << 20), kgo.FetchMaxPartitionBytes(50 << 20),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{f.Topic: {0: from}})}, more...)...)
}

type tailCommand struct {
	client     `embed:""`
	topicFlags `embed:""`
	FromStart  bool `help:"Begin at the topic's start, not at its end." negatable:"" default:"true"`
	JSON       bool `help:"A JSON object for each message."`
}

// message is a line of tail.
type message struct {
	Offset      int64  `json:"offset"`
	Transaction string `json:"transaction"`
	Position    string `json:"position"`
	Count       string `json:"count"`
	Action      string `json:"action"`
	URN         string `json:"urn"`
	Bytes       int    `json:"bytes"`
	Job         string `json:"job,omitempty"`
	Skipped     string `json:"skipped,omitempty"`
}

// Run follows the topic until a signal ends it.
func (c *tailCommand) Run(ctx context.Context) error {
	if err := c.fill(ctx, &c.client); err != nil {
		return err
	}
	from := kgo.NewOffset().AtEnd()
	if c.FromStart {
		from = kgo.NewOffset().AtStart()
	}
	k, err := c.reader(from)
	if err != nil {
		return err
	}
	defer k.Close()
	out := json.NewEncoder(os.Stdout)
	for {
		fetches := k.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetches.Err(); err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("reading topic %s at %s: %w", c.Topic, c.Bootstrap, err)
		}
		var failed error
		fetches.EachRecord(func(r *kgo.Record) {
			m := messageOf(r)
			if c.JSON {
				failed = errors.Join(failed, out.Encode(m))
				return
			}
			fmt.Printf("%6s  %4s/%-4s  %-7s  %10d  %s  %s\n", m.Transaction, m.Position, m.Count, m.Action, m.Bytes, m.URN, m.Job)
		})
		if failed != nil {
			return failed
		}
	}
}

func messageOf(r *kgo.Record) message {
	h := func(name string) string { return header(r, name) }
	return message{
		Offset: r.Offset, Transaction: h(producer.HeaderTransaction), Position: h(producer.HeaderPosition), Count: h(producer.HeaderCount),
		Action: h(producer.HeaderAction), URN: string(r.Key), Bytes: len(r.Value), Job: h(producer.HeaderJob), Skipped: h(producer.HeaderSkipped),
	}
}

func header(r *kgo.Record, name string) string {
	for _, h := range r.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}
