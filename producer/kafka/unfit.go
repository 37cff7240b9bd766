package kafka

import (
	"context"
	"fmt"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer/kafka/probe"
)

// unfit says why one of the topics takes nothing at the moment; nil if all do, or nobody
// knows. The client would try for as long as a transaction may last, and keep to itself
// what the brokers answer meanwhile.
func (b *Broker) unfit(ctx context.Context, topics []string) *probe.Trouble {
	a, err := b.admin()
	if err != nil {
		return nil
	}
	defer a.Close()
	for _, topic := range topics {
		d, err := describeTopic(ctx, a, topic)
		if err != nil {
			continue
		}
		if t := unfitTopic(d, func() int64 { return leastInSync(ctx, a, topic) }); t != nil {
			return t
		}
	}
	return nil
}

// unfitTopic judges what the brokers say of one topic. How many replicas must be in
// sync is asked only when some are not.
func unfitTopic(d *ck.TopicDescription, least func() int64) *probe.Trouble {
	if d.Error.Code() == ck.ErrUnknownTopicOrPart {
		return &probe.Trouble{Text: "Topic " + d.Name + " does not exist any more."}
	}
	if d.Error.Code() != ck.ErrNoError || len(d.Partitions) == 0 {
		return nil
	}
	const cure = "Start the brokers that are away."
	p := &d.Partitions[0]
	if p.Leader == nil || p.Leader.ID < 0 {
		return &probe.Trouble{Text: fmt.Sprintf("Topic %s has no leader: every broker that has all of it is away.", d.Name), Cure: cure}
	}
	if len(p.Isr) == len(p.Replicas) {
		return nil
	}
	if n := least(); int64(len(p.Isr)) < n {
		return &probe.Trouble{Cure: cure, Text: fmt.Sprintf("Topic %s takes nothing: of its %d replicas %d must be in sync (min.insync.replicas), and %s.",
			d.Name, len(p.Replicas), n, beingInSync(len(p.Isr)))}
	}
	return nil
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
func leastInSync(ctx context.Context, a *asker, topic string) int64 {
	all, err := a.DescribeConfigs(ctx, []ck.ConfigResource{{Type: ck.ResourceTopic, Name: topic}}, ck.SetAdminRequestTimeout(limitsTimeout))
	if err != nil || len(all) != 1 || all[0].Error.Code() != ck.ErrNoError {
		return 0
	}
	return number(all[0].Config["min.insync.replicas"])
}
