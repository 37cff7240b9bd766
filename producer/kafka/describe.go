package kafka

import (
	"context"
	"errors"
	"strings"
	"time"

	"urncast/producer/diagnosis"

	"github.com/twmb/franz-go/pkg/kerr"

	"urncast/internal/panics"
	"urncast/producer"
	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/faults"
)

const (
	// missingPause is how long after a broker said that it does not know a topic the
	// brokers are asked once more: the news of a topic takes a moment to come to each.
	missingPause = time.Second
	// appearLimit is how long the brokers are given to show a topic that was made.
	appearLimit = 3 * time.Second
)

// Describe implements producer.Broker.
func (b *Broker) Describe(ctx context.Context, topics []string) (all []producer.Topic, err error) {
	err = b.ask(ctx, 2*requestTimeout, askingFor(topics), func(ctx context.Context, c *admin.Cluster) error {
		described, err := b.find(ctx, c, topics)
		if err != nil {
			return err
		}
		limits := b.sizes.limits(ctx, c, described)
		all = make([]producer.Topic, len(topics))
		for i := range described {
			d := &described[i]
			all[i] = producer.Topic{Cluster: c.ID, ID: d.IDText(), Partitions: d.Partitions, Limits: limits[i]}
			b.ids.Store(d.Name, all[i].ID)
		}
		return nil
	})
	return all, err
}

// askingFor names, in faults, the asking for topics.
func askingFor(topics []string) string {
	return "asking the brokers for topic " + strings.Join(topics, ", ")
}

// find describes topics. Those that are not there are made, if that is allowed; else all
// brokers are asked once more, for each learns of a topic when the news comes to it.
func (b *Broker) find(ctx context.Context, c *admin.Cluster, topics []string) ([]admin.Topic, error) {
	for again := false; ; again = true {
		all, err := c.Topics(ctx, topics...)
		if err != nil {
			return nil, err
		}
		var missing []admin.Topic
		for _, d := range all {
			switch {
			case d.Err == nil:
			case !errors.Is(d.Err, kerr.UnknownTopicOrPartition) || again:
				return nil, askFault(askingFor([]string{d.Name}), d.Err)
			default:
				missing = append(missing, d)
			}
		}
		if len(missing) == 0 {
			return all, nil
		}
		if b.cluster.CreateTopic {
			for _, d := range missing {
				if err := b.create(ctx, c, d.Name); err != nil {
					return nil, err
				}
			}
			continue
		}
		if err := admin.Pause(ctx, missingPause); err != nil {
			return nil, err
		}
		for _, d := range missing {
			if !b.anyKnows(ctx, d.Name) {
				return nil, &producer.Fault{Kind: producer.Permanent, Text: "Topic " + d.Name + " does not exist; the brokers were asked twice",
					Err: faults.Coded(clientError(d.Err)), Cure: "create the topic, or allow the program to" + faults.ThenStart}
			}
		}
	}
}

// anyKnows asks every broker that can be reached for a topic, and reports whether one has
// it. Where none answers, one may.
func (b *Broker) anyKnows(ctx context.Context, topic string) bool {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	servers := b.brokers.Servers()
	answered, has := make([]bool, len(servers)), make([]bool, len(servers))
	var asked panics.Group
	for i, server := range servers {
		asked.Go(func() {
			one := admin.New(b.dial, []string{server})
			defer one.Close()
			if found, err := one.Topics(ctx, topic); err == nil {
				answered[i], has[i] = true, !errors.Is(found[0].Err, kerr.UnknownTopicOrPartition)
			}
		})
	}
	asked.Wait()
	silent := true
	for i := range servers {
		if has[i] {
			return true
		}
		silent = silent && !answered[i]
	}
	return silent
}

// create makes a topic and waits until the brokers know it.
func (b *Broker) create(ctx context.Context, c *admin.Cluster, topic string) error {
	_, err := c.Create(ctx, &diagnosis.MadeTopic{Topic: topic, Partitions: 1, ReplicationFactor: b.cluster.Replication,
		Settings: admin.StateSettings(b.cluster.Retention)}, false)
	switch {
	case err == nil, errors.Is(err, kerr.TopicAlreadyExists):
	case admin.Unauthorized(err):
		return &producer.Fault{Kind: producer.Permanent, Text: "Topic " + topic + " does not exist, and the program may not create it",
			Err: faults.Coded(clientError(err)), Cure: "create the topic, or grant CREATE on it" + faults.ThenStart}
	default:
		return askFault("creating topic "+topic, err)
	}
	within, cancel := context.WithTimeout(ctx, appearLimit)
	defer cancel()
	err = c.Appears(within, topic)
	if ctx.Err() == nil && within.Err() != nil {
		return &producer.Fault{Kind: producer.Transitory, Text: "Topic " + topic + " was created, but the brokers do not show it yet"}
	}
	return askFault("creating topic "+topic, err)
}

// idOf gives the id that a topic had when it was described; nothing if it was not.
func (b *Broker) idOf(topic string) string {
	id, _ := b.ids.Load(topic)
	s, _ := id.(string)
	return s
}
