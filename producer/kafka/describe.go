package kafka

import (
	"context"
	"encoding/base64"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kerr"

	"urncast/internal/panics"
	"urncast/producer"
)

// missingPause is how long after a broker said that it does not know a topic the brokers
// are asked once more: the news of a topic takes a moment to come to each of them.
const missingPause = time.Second

// Describe implements producer.Broker.
func (b *Broker) Describe(ctx context.Context, topic string) (t producer.Topic, err error) {
	err = b.ask(ctx, 2*requestTimeout, "asking the brokers for topic "+topic, nil, func(ctx context.Context, a *asker) error {
		t = producer.Topic{}
		cluster, err := a.DescribeCluster(ctx, ck.SetAdminRequestTimeout(requestTimeout))
		if err != nil {
			return fault("asking the brokers for their cluster", err)
		}
		b.described(cluster.Nodes)
		if cluster.ClusterID != nil {
			t.Cluster = *cluster.ClusterID
		}
		d, err := b.find(ctx, a, topic)
		if err != nil {
			return err
		}
		t.ID, t.Partitions = d.TopicID.String(), len(d.Partitions)
		b.ids.Store(topic, t.ID)
		t.Limits = b.limits(ctx, a, d)
		return nil
	})
	return t, err
}

// find describes a topic. One that is not there is made, if that is allowed; else all
// brokers are asked once more, for each learns of a topic when the news comes to it.
func (b *Broker) find(ctx context.Context, a *asker, topic string) (*ck.TopicDescription, error) {
	doing := "asking the brokers for topic " + topic
	for again := false; ; again = true {
		all, err := a.describe(ctx, []string{topic}, requestTimeout)
		if err != nil {
			return nil, fault(doing, err)
		}
		d := &all[0]
		switch code := d.Error.Code(); {
		case code == ck.ErrNoError:
			return d, nil
		case code != ck.ErrUnknownTopicOrPart || again && b.cluster.CreateTopic:
			return nil, fault(doing, d.Error)
		case b.cluster.CreateTopic:
			if err := b.create(ctx, a, topic); err != nil {
				return nil, err
			}
			continue
		case again: // some broker knew it, and this one does not yet
			return nil, fault(doing, d.Error)
		}
		if err := pause(ctx, missingPause); err != nil {
			return nil, fault(doing, err)
		}
		if !b.anyKnows(ctx, topic) {
			const cure = "create the topic, or allow the program to, then start the producer"
			return nil, &producer.Fault{Kind: producer.Permanent, Cure: cure, Err: coded(d.Error),
				Text: "Topic " + topic + " does not exist: the brokers were asked twice (" + cure + ")"}
		}
	}
}

// anyKnows asks every broker that can be reached for a topic, and reports whether one has
// it. Where none answers, one may.
func (b *Broker) anyKnows(ctx context.Context, topic string) bool {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	servers := b.servers()
	heard, has := make([]bool, len(servers)), make([]bool, len(servers))
	var asked panics.Group
	for i, server := range servers {
		asked.Go(func() {
			peer, _ := b.open(ctx, server)
			if peer == nil {
				return
			}
			defer peer.Close()
			answer, err := metadata(ctx, peer, []string{topic})
			if err == nil && len(answer.Topics) == 1 {
				heard[i], has[i] = true, answer.Topics[0].ErrorCode != kerr.UnknownTopicOrPartition.Code
			}
		})
	}
	asked.Wait()
	answers := false
	for i := range servers {
		if has[i] {
			return true
		}
		answers = answers || heard[i]
	}
	return !answers
}

// pause waits, but not past the context.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// describe asks for topics, and gives them in their order.
func (a *asker) describe(ctx context.Context, topics []string, limit time.Duration) ([]ck.TopicDescription, error) {
	r, err := a.DescribeTopics(ctx, ck.NewTopicCollectionOfTopicNames(topics), ck.SetAdminRequestTimeout(limit))
	if err != nil {
		return nil, err
	}
	byName := map[string]ck.TopicDescription{}
	for _, d := range r.TopicDescriptions {
		byName[d.Name] = d
	}
	all := make([]ck.TopicDescription, len(topics))
	for i, topic := range topics {
		d, there := byName[topic]
		if !there {
			d.Name, d.Error = topic, ck.NewError(ck.ErrUnknown, "no answer for topic "+topic, false)
		}
		all[i] = d
	}
	return all, nil
}

// create makes the topic and waits until the brokers know it.
func (b *Broker) create(ctx context.Context, a *asker, topic string) error {
	replication := b.cluster.Replication
	if replication == 0 {
		replication = -1
	}
	r, err := a.CreateTopics(ctx, []ck.TopicSpecification{{
		Topic: topic, NumPartitions: 1, ReplicationFactor: replication,
		Config: stateSettings(b.cluster.Retention),
	}}, ck.SetAdminOperationTimeout(requestTimeout), ck.SetAdminRequestTimeout(requestTimeout))
	if err != nil {
		return fault("creating topic "+topic, err)
	}
	if e := r[0].Error; e.Code() == ck.ErrTopicAuthorizationFailed || e.Code() == ck.ErrClusterAuthorizationFailed {
		cure := "create the topic, or grant CREATE on it, then start the producer"
		return &producer.Fault{Kind: producer.Permanent, Cure: cure, Err: coded(e),
			Text: "Topic " + topic + " does not exist, and the program may not create it (" + cure + ")"}
	} else if e.Code() != ck.ErrNoError && e.Code() != ck.ErrTopicAlreadyExists {
		return fault("creating topic "+topic, e)
	}
	for range 50 {
		if d, err := a.describe(ctx, []string{topic}, requestTimeout); err == nil && d[0].Error.Code() == ck.ErrNoError {
			return nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return fault("creating topic "+topic, err)
		}
	}
	return &producer.Fault{Kind: producer.Transitory, Text: "Topic " + topic + " was created, but the brokers do not show it yet"}
}

// idOf gives the id that a topic had when it was described; nothing if it was not.
func (b *Broker) idOf(topic string) string {
	id, _ := b.ids.Load(topic)
	s, _ := id.(string)
	return s
}

// topicID writes an id as the client library does; nothing for none.
func topicID(id [16]byte) string {
	if id == [16]byte{} {
		return ""
	}
	return base64.RawStdEncoding.EncodeToString(id[:])
}
