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

// A cluster is a world of several instances. The world's own product takes the
// submissions and is asked for the status; members are all, in order of coming.
type cluster struct {
	*world
	members []*rig.Product
}

// newCluster makes a world and adds instances to its first.
func newCluster(t *testing.T, k *rig.Kafka, s *pg.Server, bootstrap string, others int) *cluster {
	t.Helper()
	c := &cluster{world: newWorld(t, k, s, bootstrap)}
	c.members = []*rig.Product{c.product}
	t.Cleanup(c.tellLeases)
	for range others {
		c.join(c.settings)
	}
	return c
}

// join adds an instance.
func (c *cluster) join(s rig.Settings) *rig.Product {
	c.t.Helper()
	p := rig.NewProduct(c.t, s)
	if err := p.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.members = append(c.members, p)
	return p
}

// through lets submissions and questions go through one instance.
func (c *cluster) through(p *rig.Product) { c.product = p }

// is says whether a holder's name is an instance's.
func is(holder string, p *rig.Product) bool {
	return strings.Contains(holder, fmt.Sprintf(":%d/", p.Process().PID()))
}

// holder is the instance that publishes, and others the rest.
func (c *cluster) holder() (holder *rig.Product, others []*rig.Product) {
	c.t.Helper()
	s := c.await(func(p producerStatus) bool { return p.Holder != "" })
	for _, m := range c.members {
		if is(s.Holder, m) {
			holder = m
		} else {
			others = append(others, m)
		}
	}
	if holder == nil {
		c.t.Fatalf("the holder %s is none of ours", s.Holder)
	}
	return holder, others
}

// takenOver waits until another instance than a former holder has the lease, and
// then until it has published something new: it says how long each took from a
// moment on.
func (c *cluster) takenOver(from time.Time, former *rig.Product) (taken, published time.Duration) {
	c.t.Helper()
	another := func(p producerStatus) bool { return p.Holder != "" && !is(p.Holder, former) }
	c.await(another)
	taken = time.Since(from)
	// What it finds on the topic moves the number too, before it publishes.
	s := c.await(func(p producerStatus) bool { return another(p) && (p.State == "IDLE" || p.State == "PUBLISHING") })
	c.await(func(p producerStatus) bool { return p.Sent > s.Sent })
	return taken, time.Since(from)
}

// within fails the test if a takeover took too long.
func (c *cluster) within(takenMost, publishedMost time.Duration, what string, from time.Time, former *rig.Product) {
	c.t.Helper()
	taken, published := c.takenOver(from, former)
	c.t.Logf("%s: another has the lease after %s, and publishes after %s", what, taken.Round(time.Millisecond), published.Round(time.Millisecond))
	if taken > takenMost || published > publishedMost {
		c.t.Errorf("%s: that is later than %s and %s", what, takenMost, publishedMost)
	}
}

// tellLeases shows what the instances wrote of their leases, if the test failed.
func (c *cluster) tellLeases() {
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

// ids are the producer's transactional ids, by lane.
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

// behind gives the settings of an instance whose way to the database is a pipe.
func (c *cluster) behind() (rig.Settings, *rig.Pipe) {
	c.t.Helper()
	s := c.settings
	u := c.databaseURL()
	pipe := rig.NewPipe(c.t, u.Host)
	u.Host = pipe.Address()
	s.Database = u.String()
	return s, pipe
}

// databaseURL is where the world's instances find the database.
func (w *world) databaseURL() *url.URL {
	w.t.Helper()
	u, err := url.Parse(w.settings.Database)
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

// A stamp is what Kafka writes of a session beside each of its records.
type stamp struct {
	offset int64
	id     int64
	epoch  int16
}

// stamps reads the whole topic as the broker has it, committed or not.
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

// fence initialises the producer's transactional ids, as a program would that knows
// nothing of the lease.
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

// Kafka's error codes that the tests meet.
const (
	invalidProducerEpoch   = 47
	concurrentTransactions = 51
	producerFenced         = 90
)

// setTopic sets one of the topic's configuration values.
func (w *world) setTopic(name, value string) {
	w.t.Helper()
	w.kafka.SetTopic(w.t, w.topic, name, value)
}
