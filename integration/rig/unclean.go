package rig

import "testing"

// LoseAcknowledged makes a topic lose acknowledged records by an unclean leader election. It
// kills the two followers, runs meanwhile with the leader alone, and kills the leader. A
// follower is started and becomes leader with what it has; then all brokers are started.
//
// The topic must have unclean.leader.election.enable=true and min.insync.replicas=1. For
// transactions to continue on one broker, __transaction_state must have min.insync.replicas=1
// too.
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
		tb.Fatalf("broker %d leads topic %s, want the follower that lacks records", now.node, topic)
	}
	start(leader)
	start(followers[1])
	c.AwaitInSync(tb, topic)
}
