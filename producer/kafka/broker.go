package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

// Options say how to reach the brokers and how to make a topic that is missing.
type Options struct {
	// Properties are librdkafka's, by name; bootstrap.servers is among them.
	// What exactly-once rests on cannot be set (see fixed).
	Properties map[string]string
	// CreateTopic makes a missing topic, compacted, with one partition.
	CreateTopic bool
	// Replication of a topic that is made; the broker's default if 0.
	Replication int
	// Retention is how long a consumer may be away and still see every tombstone
	// and every transaction whole: min.compaction.lag.ms and delete.retention.ms.
	Retention time.Duration
}

// A Broker implements producer.Broker.
type Broker struct{ options Options }

// requestTimeout bounds each administrative question to the brokers.
const requestTimeout = 15 * time.Second

// fixed are properties that what this program promises rests on, and why.
var fixed = map[string]string{
	"transactional.id":       "the program names them itself, so that recovery finds its own",
	"enable.idempotence":     "transactions need it",
	"acks":                   "a transaction is acknowledged by all replicas in sync",
	"isolation.level":        "reading back must see committed records only",
	"retry.backoff.ms":       "a late copy of a commit request must not reach the next transaction",
	"retry.backoff.max.ms":   "a late copy of a commit request must not reach the next transaction",
	"transaction.timeout.ms": "it is derived from the size of what is sent",
	"message.timeout.ms":     "it follows the transaction's timeout",
	"linger.ms":              "a transaction is sent when it is complete",
	"enable.partition.eof":   "reading back needs to see the end",
	"enable.auto.commit":     "reading back keeps no group offset",
	"group.id":               "reading back keeps no group offset",
	"auto.offset.reset":      "reading back begins at a known offset",
}

// NewBroker checks the options.
func NewBroker(o Options) (*Broker, error) {
	if o.Properties["bootstrap.servers"] == "" {
		return nil, errors.New("the property bootstrap.servers is missing: name at least one broker as host:port")
	}
	for name := range o.Properties {
		if why, ok := fixed[name]; ok {
			return nil, fmt.Errorf("the property %s cannot be set: %s", name, why)
		}
	}
	b := &Broker{o}
	admin, err := b.admin() // finds unknown names and impossible values; connects to nothing yet
	if err != nil {
		return nil, fmt.Errorf("the Kafka properties are refused: %w", err)
	}
	admin.Close()
	return b, nil
}

// with gives the configured properties and some of ours.
func (b *Broker) with(own map[string]any) *ck.ConfigMap {
	m := ck.ConfigMap{}
	for k, v := range b.options.Properties {
		m[k] = v
	}
	if _, set := m["client.id"]; !set {
		m["client.id"] = "urncast"
	}
	for k, v := range own {
		m[k] = v
	}
	return &m
}

func (b *Broker) admin() (*ck.AdminClient, error) { return ck.NewAdminClient(b.with(nil)) }

// Describe implements producer.Broker.
func (b *Broker) Describe(ctx context.Context, topic string) (producer.Topic, error) {
	a, err := b.admin()
	if err != nil {
		return producer.Topic{}, fault("connecting", err)
	}
	defer a.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*requestTimeout)
	defer cancel()
	limit := ck.SetAdminRequestTimeout(requestTimeout)
	cluster, err := a.DescribeCluster(ctx, limit)
	if err != nil {
		return producer.Topic{}, fault("asking the brokers for their cluster", err)
	}
	t := producer.Topic{}
	if cluster.ClusterID != nil {
		t.Cluster = *cluster.ClusterID
	}
	for made := false; ; made = true {
		d, err := describeTopic(ctx, a, topic)
		if err != nil {
			return t, fault("asking the brokers for topic "+topic, err)
		}
		if code := d.Error.Code(); code == ck.ErrUnknownTopicOrPart && b.options.CreateTopic && !made {
			if err := b.create(ctx, a, topic); err != nil {
				return t, err
			}
			continue
		} else if code != ck.ErrNoError {
			return t, fault("asking the brokers for topic "+topic, d.Error)
		}
		t.ID, t.Partitions = d.TopicID.String(), len(d.Partitions)
		return t, nil
	}
}

func describeTopic(ctx context.Context, a *ck.AdminClient, topic string) (*ck.TopicDescription, error) {
	r, err := a.DescribeTopics(ctx, ck.NewTopicCollectionOfTopicNames([]string{topic}), ck.SetAdminRequestTimeout(requestTimeout))
	if err != nil {
		return nil, err
	}
	return &r.TopicDescriptions[0], nil
}

// create makes the topic and waits until the brokers know it.
func (b *Broker) create(ctx context.Context, a *ck.AdminClient, topic string) error {
	keep := strconv.FormatInt(b.options.Retention.Milliseconds(), 10)
	replication := b.options.Replication
	if replication == 0 {
		replication = -1
	}
	r, err := a.CreateTopics(ctx, []ck.TopicSpecification{{
		Topic: topic, NumPartitions: 1, ReplicationFactor: replication,
		Config: map[string]string{"cleanup.policy": "compact", "min.compaction.lag.ms": keep, "delete.retention.ms": keep},
	}}, ck.SetAdminOperationTimeout(requestTimeout), ck.SetAdminRequestTimeout(requestTimeout))
	if err != nil {
		return fault("creating topic "+topic, err)
	}
	if e := r[0].Error; e.Code() != ck.ErrNoError && e.Code() != ck.ErrTopicAlreadyExists {
		return fault("creating topic "+topic, e)
	}
	for range 50 {
		if d, err := describeTopic(ctx, a, topic); err == nil && d.Error.Code() == ck.ErrNoError {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return &producer.Fault{Kind: producer.Transitory, Text: "Topic " + topic + " was created, but the brokers do not show it yet"}
}

// Ends implements producer.Broker.
func (b *Broker) Ends(ctx context.Context, topic string) (start, high int64, err error) {
	a, err := b.admin()
	if err != nil {
		return 0, 0, fault("connecting", err)
	}
	defer a.Close()
	ask := func(spec ck.OffsetSpec) (int64, error) {
		ctx, cancel := context.WithTimeout(ctx, requestTimeout)
		defer cancel()
		at := ck.TopicPartition{Topic: &topic, Partition: 0}
		r, err := a.ListOffsets(ctx, map[ck.TopicPartition]ck.OffsetSpec{at: spec},
			ck.SetAdminIsolationLevel(ck.IsolationLevelReadUncommitted), ck.SetAdminRequestTimeout(requestTimeout))
		if err != nil {
			return 0, fault("asking for the ends of topic "+topic, err)
		}
		for _, info := range r.ResultInfos {
			if info.Error.Code() != ck.ErrNoError {
				return 0, fault("asking for the ends of topic "+topic, info.Error)
			}
			return int64(info.Offset), nil
		}
		return 0, &producer.Fault{Kind: producer.Transitory, Text: "The brokers did not answer for partition 0 of topic " + topic}
	}
	if start, err = ask(ck.EarliestOffsetSpec); err != nil {
		return 0, 0, err
	}
	high, err = ask(ck.LatestOffsetSpec)
	return start, high, err
}
