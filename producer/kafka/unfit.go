package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"

	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/probe"
)

// unfit says why one of the topics takes nothing at the moment; nil if all do, or nothing
// is known. The client would try for as long as a transaction may last, and keep to itself
// what the brokers answer meanwhile.
func (b *Broker) unfit(ctx context.Context, c *admin.Cluster, topics []string, leader *absence) *probe.Trouble {
	all, err := c.Topics(ctx, topics...)
	if err != nil {
		return nil
	}
	looked := map[int32]bool{}
	for i := range all {
		d := &all[i]
		if t := unfitTopic(d, b.idOf(d.Name), func() int { return leastInSync(ctx, c, d.Name) }); t != nil {
			return t
		}
		at := c.Brokers[d.Leader]
		if !d.Led() || looked[d.Leader] || at == "" || c.First != nil && at == c.First.Server {
			continue
		}
		looked[d.Leader] = true
		if t := b.leaderTrouble(ctx, d.Name, d.Leader, at, leader); t != nil {
			return t
		}
	}
	return nil
}

// unfitTopic judges what a broker says of one topic, whose id was another one before if
// it was made anew. How many replicas must be in sync is asked only when some are not.
func unfitTopic(d *admin.Topic, id string, least func() int) *probe.Trouble {
	switch {
	case errors.Is(d.Err, kerr.UnknownTopicOrPartition):
		return &probe.Trouble{Text: "Topic " + d.Name + " does not exist any more."}
	case d.Err != nil && !errors.Is(d.Err, kerr.LeaderNotAvailable), d.Partitions == 0:
		return nil
	case id != "" && d.ID != [16]byte{} && d.IDText() != id:
		return &probe.Trouble{Text: "Topic " + d.Name + " was deleted and made anew."}
	case d.Leader < 0:
		return &probe.Trouble{Text: withoutLeader(d.Name) + ".", Cure: startBrokers}
	case len(d.InSync) >= len(d.Replicas):
		return nil
	}
	if n := least(); len(d.InSync) < n {
		return &probe.Trouble{Cure: startBrokers, Text: fmt.Sprintf("Topic %s takes nothing: of its %d replicas %d must be in sync (min.insync.replicas), and %s.",
			d.Name, len(d.Replicas), n, beingInSync(len(d.InSync)))}
	}
	return nil
}

const startBrokers = "Start the brokers that are away."

// withoutLeader says that a topic has no leader.
func withoutLeader(topic string) string {
	return "Topic " + topic + " has no leader: every broker that has all of it is away"
}

func beingInSync(n int) string {
	switch n {
	case 0:
		return "none is"
	case 1:
		return "1 is"
	}
	return fmt.Sprintf("%d are", n)
}

// leastInSync asks for a topic's min.insync.replicas; 0 where that may not be read.
func leastInSync(ctx context.Context, c *admin.Cluster, topic string) int {
	const name = "min.insync.replicas"
	settings, _ := c.TopicSettings(ctx, admin.Any, []string{topic}, name) // nothing, with an error
	n, _ := settings[topic].Number(name)
	return n
}
