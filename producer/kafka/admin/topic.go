package admin

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer/kafka/probe"
)

// A Topic is what a broker says of one.
type Topic struct {
	Name       string
	Err        error // that there is none, that it may not be seen; nil if it is described
	ID         [16]byte
	Partitions int
	// Rights are those of the user on the topic.
	Rights Rights

	// What follows is of partition 0. Without a leader, Leader is negative or LeaderErr set.
	Leader           int32
	LeaderErr        error
	Replicas, InSync []int32
	Fewest           []int32 // the replicas of the partition that has the fewest
}

// IDText is the id as the client library writes it.
func (t *Topic) IDText() string { return base64.RawStdEncoding.EncodeToString(t.ID[:]) }

// Led reports whether partition 0 has a leader.
func (t *Topic) Led() bool { return t.Partitions > 0 && t.LeaderErr == nil && t.Leader >= 0 }

// Rights are a set of bits, by number of the operation.
type Rights struct {
	bits int32
	told bool
}

// Has reports whether an operation is granted, and whether that is known.
func (r Rights) Has(operation kmsg.ACLOperation) (granted, known bool) {
	return r.told && r.bits&(1<<int(operation)) != 0, r.told
}

// Known reports whether the broker told the rights.
func (r Rights) Known() bool { return r.told }

// Describe asks who the cluster is.
func (c *Cluster) Describe(ctx context.Context) error {
	kind, err := c.Ask(ctx, kmsg.NewPtrDescribeClusterRequest())
	if err != nil {
		return err
	}
	answer := kind.(*kmsg.DescribeClusterResponse)
	if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
		return probe.Met(probe.KafkaError, err, "doing", "Describing the cluster")
	}
	c.ID, c.Controller = answer.ClusterID, answer.ControllerID
	brokers := map[int32]string{}
	for _, b := range answer.Brokers {
		brokers[b.NodeID] = address(b.Host, b.Port)
	}
	c.learn(brokers)
	return nil
}

// learn takes where the brokers are. A connection to one that moved is of no use.
func (c *Cluster) learn(brokers map[int32]string) {
	for id, p := range c.nodes {
		if brokers[id] != c.Brokers[id] {
			p.Close()
			delete(c.nodes, id)
		}
	}
	c.Brokers = brokers
	servers := slices.Clone(c.bootstrap)
	for _, at := range brokers {
		if !slices.Contains(servers, at) {
			servers = append(servers, at)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.servers = servers
}

// Topics describes topics, in their order, with one question. None is made by it.
func (c *Cluster) Topics(ctx context.Context, names ...string) ([]Topic, error) {
	request := kmsg.NewPtrMetadataRequest()
	request.AllowAutoTopicCreation, request.IncludeTopicAuthorizedOperations = false, true
	request.Topics = []kmsg.MetadataRequestTopic{} // nil would mean all
	for _, name := range names {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = &name
		request.Topics = append(request.Topics, topic)
	}
	kind, err := c.Ask(ctx, request)
	if err != nil {
		return nil, err
	}
	answer := kind.(*kmsg.MetadataResponse)
	brokers := map[int32]string{}
	for _, b := range answer.Brokers {
		brokers[b.NodeID] = address(b.Host, b.Port)
	}
	c.learn(brokers)
	c.Controller = answer.ControllerID
	if answer.ClusterID != nil {
		c.ID = *answer.ClusterID
	}
	all := make([]Topic, len(names))
	for i, name := range names {
		at := slices.IndexFunc(answer.Topics, func(t kmsg.MetadataResponseTopic) bool { return t.Topic != nil && *t.Topic == name })
		if at < 0 {
			return nil, probe.Met(probe.KafkaError, fmt.Errorf("with %d topics, and not with it", len(answer.Topics)), "doing", "Describing the topic "+name)
		}
		all[i] = topicOf(name, &answer.Topics[at])
	}
	return all, nil
}

func topicOf(name string, d *kmsg.MetadataResponseTopic) Topic {
	t := Topic{Name: name, Err: kerr.ErrorForCode(d.ErrorCode), ID: d.TopicID, Partitions: len(d.Partitions), Leader: -1,
		Rights: Rights{d.AuthorizedOperations, d.AuthorizedOperations != -1<<31}} // the smallest number marks that they are not told
	for i := range d.Partitions {
		p := &d.Partitions[i]
		if p.Partition == 0 {
			t.Leader, t.LeaderErr, t.Replicas, t.InSync = p.Leader, kerr.ErrorForCode(p.ErrorCode), p.Replicas, p.ISR
		}
		if i == 0 || len(p.Replicas) < len(t.Fewest) {
			t.Fewest = p.Replicas
		}
	}
	return t
}

// Ends are the offsets of a topic's partition 0.
type Ends struct {
	Start  int64 // of the log
	High   int64 // its high watermark
	Stable int64 // the last stable offset; 0 where it was not asked for
}

// A TopicError is what the leader of one of several topics answered for it, or why that
// leader cannot be asked.
type TopicError struct {
	Topic  string
	Leader int32
	At     string // where the leader is that cannot be asked; empty where it answered
	Err    error
}

// Error implements error.
func (e *TopicError) Error() string { return "topic " + e.Topic + ": " + e.Err.Error() }

// Unwrap gives what was met.
func (e *TopicError) Unwrap() error { return e.Err }

// Ends asks the leaders of topics for their offsets, in the topics' order, each leader for
// all of its topics at once. The topics have leaders.
func (c *Cluster) Ends(ctx context.Context, topics []Topic, stable bool) ([]Ends, error) {
	const earliest, latest = -2, -1
	all := make([]Ends, len(topics))
	for leader, names := range ByLeader(topics) {
		start, err := c.offsets(ctx, leader, names, earliest, false)
		if err != nil {
			return nil, err
		}
		high, err := c.offsets(ctx, leader, names, latest, false)
		if err != nil {
			return nil, err
		}
		settled := map[string]int64{}
		if stable {
			if settled, err = c.offsets(ctx, leader, names, latest, true); err != nil {
				return nil, err
			}
		}
		for i := range topics {
			if name := topics[i].Name; topics[i].Leader == leader {
				all[i] = Ends{start[name], high[name], settled[name]}
			}
		}
	}
	return all, nil
}

// ByLeader sorts the names of topics by the brokers that lead them.
func ByLeader(topics []Topic) map[int32][]string {
	by := map[int32][]string{}
	for i := range topics {
		by[topics[i].Leader] = append(by[topics[i].Leader], topics[i].Name)
	}
	return by
}

// offsets asks a leader for one kind of offset.
func (c *Cluster) offsets(ctx context.Context, leader int32, topics []string, at int64, committed bool) (map[string]int64, error) {
	request := kmsg.NewPtrListOffsetsRequest()
	request.ReplicaID = -1
	if committed {
		request.IsolationLevel = 1
	}
	for _, name := range topics {
		partition := kmsg.NewListOffsetsRequestTopicPartition()
		partition.Timestamp = at
		topic := kmsg.NewListOffsetsRequestTopic()
		topic.Topic, topic.Partitions = name, []kmsg.ListOffsetsRequestTopicPartition{partition}
		request.Topics = append(request.Topics, topic)
	}
	kind, err := c.AskNode(ctx, leader, request)
	if err != nil {
		return nil, &TopicError{topics[0], leader, c.Brokers[leader], err}
	}
	found := map[string]int64{}
	for _, t := range kind.(*kmsg.ListOffsetsResponse).Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return nil, &TopicError{t.Topic, leader, "", err}
			}
			found[t.Topic] = p.Offset
		}
	}
	for _, name := range topics {
		if _, told := found[name]; !told {
			return nil, &TopicError{name, leader, "", kerr.UnknownServerError}
		}
	}
	return found, nil
}
