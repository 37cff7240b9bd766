package kafka

import (
	"context"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer/kafka/probe"
)

// unfit says why one of the topics takes nothing at the moment; nil if all do, or nobody
// knows. The client would try for as long as a transaction may last, and keep to itself
// what the brokers answer meanwhile.
func (b *Broker) unfit(ctx context.Context, peer *probe.Peer, topics []string, leader *absence) *probe.Trouble {
	answer, err := metadata(ctx, peer, topics)
	if err != nil {
		return nil
	}
	brokers, all := known(answer)
	b.nodes.set(all)
	looked := map[int32]bool{}
	for i := range answer.Topics {
		d := &answer.Topics[i]
		if d.Topic == nil {
			continue
		}
		name := *d.Topic
		if t := unfitTopic(d, b.idOf(name), func() int64 { return leastInSync(ctx, peer, name) }); t != nil {
			return t
		}
		id, there := leaderOf(d)
		if !there || looked[id] || brokers[id] == "" || brokers[id] == peer.Server {
			continue
		}
		looked[id] = true
		if t := b.leaderTrouble(ctx, name, id, brokers[id], leader); t != nil {
			return t
		}
	}
	return nil
}

// unfitTopic judges what a broker says of one topic, whose id was another one before if
// it was made anew. How many replicas must be in sync is asked only when some are not.
func unfitTopic(d *kmsg.MetadataResponseTopic, id string, least func() int64) *probe.Trouble {
	if d.ErrorCode == kerr.UnknownTopicOrPartition.Code {
		return &probe.Trouble{Text: "Topic " + *d.Topic + " does not exist any more."}
	}
	if d.ErrorCode != 0 && d.ErrorCode != kerr.LeaderNotAvailable.Code || len(d.Partitions) == 0 {
		return nil
	}
	if now := topicID(d.TopicID); id != "" && now != "" && now != id {
		return &probe.Trouble{Text: "Topic " + *d.Topic + " was deleted and made anew."}
	}
	p := partition(d)
	if p.Leader < 0 {
		return &probe.Trouble{Text: leaderless(*d.Topic) + ".", Cure: startBrokers}
	}
	if len(p.ISR) >= len(p.Replicas) {
		return nil
	}
	if n := least(); int64(len(p.ISR)) < n {
		return &probe.Trouble{Cure: startBrokers, Text: fmt.Sprintf("Topic %s takes nothing: of its %d replicas %d must be in sync (min.insync.replicas), and %s.",
			*d.Topic, len(p.Replicas), n, beingInSync(len(p.ISR)))}
	}
	return nil
}

const startBrokers = "Start the brokers that are away."

// leaderless says that a topic has no leader.
func leaderless(topic string) string {
	return "Topic " + topic + " has no leader: every broker that has all of it is away"
}

// partition is the one that is published to.
func partition(d *kmsg.MetadataResponseTopic) *kmsg.MetadataResponseTopicPartition {
	for i := range d.Partitions {
		if d.Partitions[i].Partition == 0 {
			return &d.Partitions[i]
		}
	}
	return &d.Partitions[0]
}

// leaderOf gives the broker that leads a topic.
func leaderOf(d *kmsg.MetadataResponseTopic) (id int32, there bool) {
	if len(d.Partitions) == 0 {
		return 0, false
	}
	id = partition(d).Leader
	return id, id >= 0
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
func leastInSync(ctx context.Context, peer *probe.Peer, topic string) int64 {
	request := kmsg.NewPtrDescribeConfigsRequest()
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName, resource.ConfigNames = kmsg.ConfigResourceTypeTopic, topic, []string{"min.insync.replicas"}
	request.Resources = append(request.Resources, resource)
	kind, err := peer.Ask(ctx, request)
	if err != nil {
		return 0
	}
	for _, r := range kind.(*kmsg.DescribeConfigsResponse).Resources {
		for _, c := range r.Configs {
			if c.Name == "min.insync.replicas" && c.Value != nil {
				n, _ := strconv.ParseInt(*c.Value, 10, 64) // 0 for what is no number
				return n
			}
		}
	}
	return 0
}
