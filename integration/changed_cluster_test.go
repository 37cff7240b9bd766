package integration

import (
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// An unclean leader election under load loses records that were acknowledged. The producer
// stops and says that the topic has lost records, before it publishes anything behind the gap.
func TestUncleanElection(t *testing.T) {
	t.Parallel()
	b := &brokers{Cluster: rig.StartCluster(t), postgres: pg.Shared(t), codes: map[int16]int{}}
	for _, how := range []string{"baseline", "continue"} {
		t.Run(how, func(t *testing.T) {
			w := b.newWorld(t)
			w.setTopic("min.insync.replicas", "1")
			w.setTopic("unclean.leader.election.enable", "true")
			w.loadFor(func() { w.awaitPublished(time.Now()) }) // Kafka creates the topic of transaction state with the first transaction
			b.Brokers[0].SetTopic(t, transactionState, "min.insync.replicas", "1")
			b.AwaitInSync(t, w.topic, transactionState)
			b.MoveLeader(t, transactionState, b.Leader(t, w.topic))
			c := &change{w: w, words: []string{w.topic, "lost"}}
			s := c.causeAndAwaitQuestion(func() int64 {
				b.LoseAcknowledged(t, w.topic, func() {
					w.awaitPublished(time.Now())
					w.awaitPublished(time.Now())
				})
				return b.Brokers[0].End(t, w.topic)
			})
			b.AwaitInSync(t, w.topic, transactionState)
			c.answer(s, how, s.Sent)
			w.product.Kill()
		})
	}
}
