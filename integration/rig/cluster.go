package rig

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/errgroup"
)

// A Cluster is three brokers and a separate controller, so that the cluster can elect leaders
// while only one broker runs. Each topic has a replica on all three and requires two in sync.
type Cluster struct {
	Brokers []*Kafka

	controller *Kafka
}

// controllerNode is the node id of the controller; the brokers have 1 to 3.
const controllerNode = 100

// StartCluster starts a cluster that ends with the test.
func StartCluster(tb testing.TB) *Cluster {
	tb.Helper()
	jars := Jars(tb)
	archive := classes(tb, jars)
	c := &Cluster{controller: &Kafka{node: controllerNode, heap: "128m"}}
	for n := range 3 {
		c.Brokers = append(c.Brokers, &Kafka{node: int32(n + 1), heap: "256m"})
	}
	for _, k := range c.nodes() {
		k.jars, k.archive, k.dir, k.fast = jars, archive, tb.TempDir(), true
		k.endWith(tb)
	}
	if err := c.prepare(); err != nil {
		tb.Fatalf("preparing a Kafka cluster: %v", err)
	}
	if err := c.start(); err != nil {
		tb.Fatalf("starting a Kafka cluster: %v", err)
	}
	return c
}

func (c *Cluster) nodes() []*Kafka { return append([]*Kafka{c.controller}, c.Brokers...) }

func (c *Cluster) prepare() error {
	if err := c.controller.open(controller); err != nil {
		return err
	}
	quorum := fmt.Sprintf("controller.quorum.voters=%d@127.0.0.1:%d\n", controllerNode, c.controller.port(controller))
	id := newClusterID()
	var g errgroup.Group
	for _, k := range c.Brokers {
		if err := k.open(plainText, viaProxy); err != nil {
			return err
		}
	}
	for _, k := range c.nodes() {
		text := "process.roles=broker\ninter.broker.listener.name=PLAIN\n"
		if k == c.controller {
			text = "process.roles=controller\n"
		}
		text += quorum + fmt.Sprintf("node.id=%d\n", k.node) + properties + replicated
		g.Go(func() error { return k.write(text, id) })
	}
	return g.Wait()
}

// replicated has the properties of all nodes. A broker that is gone is noticed within seconds;
// leaders change only on failure or when a test moves them.
const replicated = `controller.listener.names=CTRL
listener.security.protocol.map=PLAIN:PLAINTEXT,VIA:PLAINTEXT,CTRL:PLAINTEXT
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
controlled.shutdown.enable=true
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
auto.leader.rebalance.enable=false
num.network.threads=1
`

func (c *Cluster) start() error {
	p, err := Launch(c.controller.LogFile(), nil, "java", append(c.controller.jvm(), "kafka.Kafka", c.controller.config())...)
	if err != nil {
		return err
	}
	c.controller.process = p
	var g errgroup.Group
	for _, k := range c.Brokers {
		g.Go(k.Start)
	}
	return g.Wait()
}

// Bootstrap returns the brokers' addresses. A client that starts there never uses a proxy.
func (c *Cluster) Bootstrap() string {
	return c.addresses((*Kafka).Bootstrap)
}

// Proxied returns the addresses of the brokers' proxies. A client that starts there uses only
// proxies.
func (c *Cluster) Proxied() string {
	return c.addresses(func(k *Kafka) string { return k.Proxy.Address() })
}

func (c *Cluster) addresses(of func(*Kafka) string) string {
	var all []string
	for _, k := range c.Brokers {
		all = append(all, of(k))
	}
	return strings.Join(all, ",")
}

// Rule sets the rule that decides what happens to each request to any broker.
func (c *Cluster) Rule(f func(Request) Ruling) {
	for _, k := range c.Brokers {
		k.Proxy.Rule(f)
	}
}

// Client returns a franz-go client for the test's own requests.
func (c *Cluster) Client(tb testing.TB) *kgo.Client {
	tb.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(c.Bootstrap(), ",")...), kgo.MetadataMinAge(10*time.Millisecond))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(client.Close)
	return client
}

// broker returns the broker with a node id; nil if there is none.
func (c *Cluster) broker(node int32) *Kafka {
	for _, k := range c.Brokers {
		if k.node == node {
			return k
		}
	}
	return nil
}

// Others returns all brokers but those given.
func (c *Cluster) Others(than ...*Kafka) []*Kafka {
	return slices.DeleteFunc(slices.Clone(c.Brokers), func(k *Kafka) bool { return slices.Contains(than, k) })
}

// partitions returns the metadata of a topic's partitions.
func (c *Cluster) partitions(tb testing.TB, client *kgo.Client, topic string) []kmsg.MetadataResponseTopicPartition {
	tb.Helper()
	r := kmsg.NewPtrMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = &topic
	r.Topics = append(r.Topics, t)
	answer, err := r.RequestWith(tb.Context(), client)
	if err != nil {
		tb.Fatalf("asking for topic %s: %v", topic, err)
	}
	if len(answer.Topics) != 1 {
		tb.Fatalf("asking for topic %s: %+v", topic, answer)
	}
	return answer.Topics[0].Partitions
}

// Leader returns the broker that leads partition 0 of a topic. It waits for one that runs: the
// metadata names a killed broker as leader until the cluster has noticed.
func (c *Cluster) Leader(tb testing.TB, topic string) *Kafka {
	tb.Helper()
	client := c.Client(tb)
	var leader *Kafka
	c.until(tb, "topic "+topic+" has a leader", func() bool {
		if all := c.partitions(tb, client, topic); len(all) > 0 {
			leader = c.broker(all[0].Leader)
		}
		return leader != nil && leader.Running()
	})
	return leader
}

// Coordinator returns the broker that coordinates the transactions of a transactional id. It
// waits for one that runs.
func (c *Cluster) Coordinator(tb testing.TB, id string) *Kafka {
	tb.Helper()
	client := c.Client(tb)
	var coordinator *Kafka
	c.until(tb, id+" has a coordinator", func() bool {
		r := kmsg.NewPtrFindCoordinatorRequest()
		r.CoordinatorType, r.CoordinatorKey, r.CoordinatorKeys = 1, id, []string{id}
		answer, err := r.RequestWith(tb.Context(), client)
		if err != nil {
			return false
		}
		node := answer.NodeID
		if len(answer.Coordinators) == 1 {
			node = answer.Coordinators[0].NodeID
		}
		coordinator = c.broker(node)
		return coordinator != nil && coordinator.Running()
	})
	return coordinator
}

// AwaitInSync waits until all replicas of the topics are in sync, as an admin does before
// stopping the next broker.
func (c *Cluster) AwaitInSync(tb testing.TB, topics ...string) {
	tb.Helper()
	client := c.Client(tb)
	for _, topic := range topics {
		c.until(tb, "topic "+topic+" is in sync", func() bool {
			all := c.partitions(tb, client, topic)
			return len(all) > 0 && !slices.ContainsFunc(all, func(p kmsg.MetadataResponseTopicPartition) bool { return len(p.ISR) < len(c.Brokers) })
		})
	}
}

func (c *Cluster) until(tb testing.TB, what string, true func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(60 * time.Second); !true(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("after a minute it is not true that %s", what)
		}
	}
}

// MoveLeader makes a broker the leader of every partition of a topic, as an admin does: it
// makes the broker the preferred leader, by naming it first among the replicas, and starts an
// election.
func (c *Cluster) MoveLeader(tb testing.TB, topic string, to *Kafka) {
	tb.Helper()
	client := c.Client(tb)
	assign, elect := kmsg.NewPtrAlterPartitionAssignmentsRequest(), kmsg.NewPtrElectLeadersRequest()
	at, et := kmsg.NewAlterPartitionAssignmentsRequestTopic(), kmsg.NewElectLeadersRequestTopic()
	at.Topic, et.Topic = topic, topic
	for _, p := range c.partitions(tb, client, topic) {
		ap := kmsg.NewAlterPartitionAssignmentsRequestTopicPartition()
		ap.Partition, ap.Replicas = p.Partition, slices.Clone(p.Replicas)
		slices.SortFunc(ap.Replicas, func(a, b int32) int { return cmp.Compare(distance(a, to.node), distance(b, to.node)) })
		at.Partitions, et.Partitions = append(at.Partitions, ap), append(et.Partitions, p.Partition)
	}
	assign.Topics, elect.Topics = append(assign.Topics, at), append(elect.Topics, et)
	if answer, err := assign.RequestWith(tb.Context(), client); err != nil || answer.ErrorCode != 0 {
		tb.Fatalf("making broker %d the preferred leader of topic %s: %v, %+v", to.node, topic, err, answer)
	}
	c.until(tb, fmt.Sprintf("broker %d leads topic %s", to.node, topic), func() bool {
		if _, err := elect.RequestWith(tb.Context(), client); err != nil {
			return false
		}
		return !slices.ContainsFunc(c.partitions(tb, client, topic), func(p kmsg.MetadataResponseTopicPartition) bool { return p.Leader != to.node })
	})
}

// distance sorts node ids so that from comes first.
func distance(node, from int32) int32 { return max(node-from, from-node) }
