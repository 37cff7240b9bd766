package integration

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// A cluster is a world with several instances of urncast. Submissions and status requests go
// to the world's product; members lists all instances, in the order in which they were
// started.
type cluster struct {
	*world
	members []*rig.Product
}

// newCluster makes a world and starts others more instances beside its first.
func newCluster(t *testing.T, k *rig.Kafka, s *pg.Server, bootstrap string, others int) *cluster {
	t.Helper()
	c := &cluster{world: newWorld(t, k, s, bootstrap)}
	c.members = []*rig.Product{c.product}
	t.Cleanup(c.logLeases)
	for range others {
		c.join(c.settings)
	}
	return c
}

// join starts one more instance.
func (c *cluster) join(s rig.Settings) *rig.Product {
	c.t.Helper()
	p := rig.NewProduct(c.t, s)
	if err := p.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.members = append(c.members, p)
	return p
}

// sendTo makes submissions and status requests go to one instance.
func (c *cluster) sendTo(p *rig.Product) { c.product = p }

// isHolder reports whether holder, the name of the lease's holder, is that of instance p.
func isHolder(holder string, p *rig.Product) bool {
	return strings.Contains(holder, fmt.Sprintf(":%d/", p.Process().PID()))
}

// holder returns the instance that holds the lease, and the others.
func (c *cluster) holder() (holder *rig.Product, others []*rig.Product) {
	c.t.Helper()
	s := c.await(func(p producerStatus) bool { return p.Holder != "" })
	for _, m := range c.members {
		if isHolder(s.Holder, m) {
			holder = m
		} else {
			others = append(others, m)
		}
	}
	if holder == nil {
		c.t.Fatalf("the lease is held by %s, which is not an instance of this test", s.Holder)
	}
	return holder, others
}

// awaitTakeover waits until an instance other than former holds the lease, and then until that
// has published something new. It returns how long after from each happened.
func (c *cluster) awaitTakeover(from time.Time, former *rig.Product) (taken, published time.Duration) {
	c.t.Helper()
	another := func(p producerStatus) bool { return p.Holder != "" && !isHolder(p.Holder, former) }
	c.await(another)
	taken = time.Since(from)
	// Recovery also raises Sent, to what it finds on the topic, before anything is published.
	s := c.await(func(p producerStatus) bool { return another(p) && (p.State == "IDLE" || p.State == "PUBLISHING") })
	c.await(func(p producerStatus) bool { return p.Sent > s.Sent })
	return taken, time.Since(from)
}

// wantTakeover fails the test if a takeover takes longer than takenMost to get the lease, or
// publishedMost to publish.
func (c *cluster) wantTakeover(takenMost, publishedMost time.Duration, what string, from time.Time, former *rig.Product) {
	c.t.Helper()
	taken, published := c.awaitTakeover(from, former)
	c.t.Logf("%s: another instance has the lease after %s, and publishes after %s", what, taken.Round(time.Millisecond), published.Round(time.Millisecond))
	if taken > takenMost || published > publishedMost {
		c.t.Errorf("%s: the takeover took longer than %s to get the lease, or %s to publish", what, takenMost, publishedMost)
	}
}

// logLeases logs what the instances logged about their leases, if the test failed.
func (c *cluster) logLeases() {
	if !c.t.Failed() {
		return
	}
	for _, m := range c.members {
		b, err := os.ReadFile(m.Log)
		if err != nil {
			c.t.Log(err)
			continue
		}
		for line := range strings.Lines(string(b)) {
			if strings.Contains(line, "lease") || strings.Contains(line, "the producer is") || strings.Contains(line, "session ended") {
				c.t.Logf("%s: %s", m.URL, strings.TrimSpace(line))
			}
		}
	}
}

// ids returns the transactional ids of the producer, one for each lane.
func (w *world) ids() []string {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.postgres.URL(w.database))
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(w.t.Context()))
	var prefix string
	if err := conn.QueryRow(w.t.Context(), `SELECT p.prefix || '-' || r.id || '-' || p.id FROM producers p, registry r`).Scan(&prefix); err != nil {
		w.t.Fatal(err)
	}
	return []string{prefix + "-0", prefix + "-1"}
}

// settingsBehindPipe returns the settings of an instance that reaches the database through a
// Pipe, and the pipe.
func (c *cluster) settingsBehindPipe() (rig.Settings, *rig.Pipe) {
	c.t.Helper()
	s := c.settings
	u := c.databaseURL()
	pipe := rig.NewPipe(c.t, u.Host)
	u.Host = pipe.Address()
	s.Database = u.String()
	return s, pipe
}

// databaseURL is the address of the database that the world's instances use.
func (w *world) databaseURL() *url.URL {
	w.t.Helper()
	u, err := url.Parse(w.settings.Database)
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

// A stamp is the producer id and epoch that Kafka keeps with each record: they tell which
// session wrote it.
type stamp struct {
	offset int64
	id     int64
	epoch  int16
}

// stamps reads the whole topic, including records that were not committed.
func (c *cluster) stamps() (all []stamp) {
	c.t.Helper()
	client := c.kafka.Client(c.t, kgo.FetchIsolationLevel(kgo.ReadUncommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{c.topic: {0: kgo.NewOffset().AtStart()}}))
	end, at := c.kafka.End(c.t, c.topic), int64(0)
	for at < end {
		fetches := client.PollFetches(c.t.Context())
		if err := fetches.Err(); err != nil {
			c.t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			at = r.Offset + 1
			if !r.Attrs.IsControl() {
				all = append(all, stamp{r.Offset, r.ProducerID, r.ProducerEpoch})
			}
		})
	}
	return all
}

// fence sends InitProducerId for the producer's transactional ids, as a foreign program would
// that ignores the lease. That fences the session that uses them.
func (c *cluster) fence() {
	c.t.Helper()
	client := c.kafka.Client(c.t)
	for _, id := range c.ids() {
		r := kmsg.NewPtrInitProducerIDRequest()
		r.TransactionalID, r.TransactionTimeoutMillis = &id, 60_000
		answer, err := r.RequestWith(c.t.Context(), client)
		for err == nil && answer.ErrorCode == concurrentTransactions {
			time.Sleep(20 * time.Millisecond)
			answer, err = r.RequestWith(c.t.Context(), client)
		}
		if err != nil || answer.ErrorCode != 0 {
			c.t.Fatalf("initialising %s: %v, %+v", id, err, answer)
		}
	}
}

// Error codes of Kafka that tests compare with.
const (
	invalidProducerEpoch   = 47
	concurrentTransactions = 51
	producerFenced         = 90
)

// setTopic sets one configuration value of the topic.
func (w *world) setTopic(name, value string) {
	w.t.Helper()
	w.kafka.SetTopic(w.t, w.topic, name, value)
}
