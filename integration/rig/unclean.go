package rig

import (
	"testing"
)

// LoseAcknowledged makes a topic lose what was acknowledged, by an unclean election:
// two followers are killed, the leader goes on alone while meanwhile runs, and is
// killed; one of the followers leads then with what it has, and at last all are there
// again. The topic must allow it: unclean.leader.election.enable=true,
// min.insync.replicas=1. So must coordinating go on with one broker: see Alone.
func (c *Cluster) LoseAcknowledged(tb testing.TB, topic string, meanwhile func()) {
	tb.Helper()
	leader := c.Leader(tb, topic)
	followers := c.Others(leader)
	for _, k := range followers {
		k.Kill()
	}
	meanwhile()
	leader.Kill()
	start := func(k *Kafka) {
		tb.Helper()
		if err := k.Start(); err != nil {
			tb.Fatal(err)
		}
	}
	start(followers[0])
	if now := c.Leader(tb, topic); now != followers[0] {
		tb.Fatalf("broker %d leads topic %s, not the one that had less", now.node, topic)
	}
	start(leader)
	start(followers[1])
	c.AwaitInSync(tb, topic)
}

// Alone lets a single broker take what is written to a topic.
func (c *Cluster) Alone(tb testing.TB, topic string) {
	tb.Helper()
	c.Brokers[0].SetTopic(tb, topic, "min.insync.replicas", "1")
}
