package integration

import (
	"encoding/binary"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// Three instances run under load. When the one that holds the lease is killed, another
// publishes within 5 s. When it is stopped with SIGTERM, another has the lease within 1 s.
func TestTakeover(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	c := newCluster(t, k, s, k.Bootstrap(), 2)
	for range runs(t, 4) {
		for _, end := range []struct {
			name string
			of   func(*rig.Product)
			most time.Duration
		}{
			{"killed", (*rig.Product).Kill, 5 * time.Second},
			{"stopped", func(p *rig.Product) { go p.Stop() }, time.Second}, // in the background, so that the time counts from the signal
		} {
			holder, others := c.holder()
			c.sendTo(others[0])
			c.loadFor(func() {
				time.Sleep(time.Duration(200+c.random.IntN(400)) * time.Millisecond)
				began := time.Now()
				end.of(holder)
				c.wantTakeover(end.most, 5*time.Second, end.name, began, holder)
			})
			<-holder.Process().Done()
			c.settle()
			c.check()
			if err := holder.Start(); err != nil { // now as a standby
				t.Fatal(err)
			}
		}
	}
	var status struct {
		Term    int64  `json:"term"`
		Page    string `json:"holderPage"`
		Standby []struct {
			ID string `json:"id"`
		} `json:"standby"`
	}
	holder, _ := c.holder()
	for _, m := range c.members {
		for deadline := time.Now().Add(25 * time.Second); ; time.Sleep(100 * time.Millisecond) { // killed instances are listed until they count as gone
			if err := m.JSON("/api/v1/producers/default", &status); err != nil {
				t.Fatal(err)
			}
			if len(status.Standby) == 2 && status.Page == holder.URL+"/" && status.Term == int64(1+2*runs(t, 4)) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s reports term %d, the holder's page at %s and the standbys %v", m.URL, status.Term, status.Page, status.Standby)
			}
		}
	}
}

// An instance that holds the lease and loses the network to the database stops publishing by
// itself, and another publishes within 20 s. Once the network is back, the first is a standby,
// and takes over when the second is killed.
func TestTakeoverAfterPartition(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	c := newCluster(t, k, s, k.Bootstrap(), 0)
	first := c.product
	settings, pipe := c.settingsBehindPipe()
	cutOff := c.join(settings)
	c.sendTo(cutOff)
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	c.await(func(p producerStatus) bool { return isHolder(p.Holder, cutOff) && p.State == "IDLE" })
	other := c.join(c.settings)
	c.sendTo(other)
	c.loadFor(func() {
		time.Sleep(500 * time.Millisecond)
		began := time.Now()
		pipe.Cut()
		c.wantTakeover(20*time.Second, 20*time.Second, "cut off", began, cutOff)
	})
	c.settle()
	c.check()
	if log := read(t, cutOff.Log); !strings.Contains(log, "stands down") || !strings.Contains(log, "could not be renewed for 7s") {
		t.Errorf("the former holder did not log that it stopped publishing when the lease could not be renewed:\n%s", log)
	}
	pipe.Mend()
	c.sendTo(cutOff)
	c.await(func(p producerStatus) bool { return isHolder(p.Holder, other) })
	c.loadFor(func() {
		time.Sleep(500 * time.Millisecond)
		began := time.Now()
		other.Kill()
		c.wantTakeover(5*time.Second, 5*time.Second, "the other killed after the network was mended", began, other)
	})
	c.settle()
	c.check()
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The process of the lease's holder is paused (SIGSTOP) with a transaction open and its EndTxn
// request on the way. Another instance takes over within 20 s. When the first continues, the
// broker rejects its commit, and none of its records stand behind those of its successor.
func TestStoppedHolderIsFenced(t *testing.T) {
	t.Parallel()
	k, s := rig.StartKafka(t), pg.Shared(t)
	for range runs(t, 2) {
		c := newCluster(t, k, s, k.Proxy.Address(), 0)
		stale := c.product
		direct := c.settings
		direct.Bootstrap = k.Bootstrap() // so that only the stale holder's requests pass the proxy
		other := c.join(direct)
		c.join(direct)
		c.loadFor(func() { time.Sleep(300 * time.Millisecond) })
		c.settle()

		release, answered := make(chan struct{}), make(chan int16, 1)
		var held atomic.Int64
		k.Proxy.Rule(func(r rig.Request) rig.Ruling {
			if r.Key != rig.EndTxn || held.Add(1) != 1 {
				return rig.Ruling{}
			}
			return rig.Ruling{Hold: release, Answered: func(frame []byte) { answered <- int16(binary.BigEndian.Uint16(frame[len(frame)-2:])) }}
		})
		if err := c.step(c.random); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(10 * time.Second); held.Load() == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("no EndTxn request came within 10 s")
			}
		}
		began := time.Now()
		stale.Pause()
		c.sendTo(other)
		c.loadFor(func() { c.wantTakeover(20*time.Second, 20*time.Second, "stopped in its tracks", began, stale) })
		c.settle()
		before := c.stamps()
		close(release)
		select {
		case code := <-answered:
			if code != invalidProducerEpoch && code != producerFenced {
				t.Errorf("the broker answered the stale commit with error %d, want INVALID_PRODUCER_EPOCH or PRODUCER_FENCED", code)
			}
			t.Logf("the broker answered the stale commit with error %d", code)
		case <-time.After(20 * time.Second):
			t.Fatal("the broker never answered the stale commit")
		}
		c.loadFor(func() {
			time.Sleep(300 * time.Millisecond)
			stale.Continue()
			time.Sleep(2 * time.Second)
		})
		c.settle()
		c.wantOnlyNewerSessions(before)
		if log := read(t, stale.Log); !strings.Contains(log, "stands down") {
			t.Errorf("the stale holder did not log that it stands down:\n%s", log)
		}
		c.check()
		k.Proxy.Rule(nil)
		for _, m := range c.members {
			m.Kill()
		}
	}
}

// wantOnlyNewerSessions checks that each record written since before was taken is from the
// newest session of that time or a later one.
func (c *cluster) wantOnlyNewerSessions(before []stamp) {
	c.t.Helper()
	newest := map[int64]int16{}
	for _, s := range before {
		newest[s.id] = max(newest[s.id], s.epoch)
	}
	after := c.stamps()[len(before):]
	if len(after) == 0 {
		c.t.Error("no record was written since: nothing was tested")
	}
	for _, s := range after {
		if known, ok := newest[s.id]; !ok || s.epoch < known {
			c.t.Errorf("offset %d was written by producer id %d in epoch %d, older than epoch %d", s.offset, s.id, s.epoch, known)
		}
	}
}

// A takeover does not count as a restart. It neither ends a suspension nor tries again what
// failed, even if the instance that takes over was started later than that; a restart does
// both.
func TestTakeoverIsNoRestart(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	t.Run("suspended", func(t *testing.T) {
		c := newCluster(t, k, s, k.Bootstrap(), 0)
		c.command("suspend", "")
		c.await(func(p producerStatus) bool { return p.State == "SUSPENDED" })
		c.wantStateKept("SUSPENDED")
		c.settle()
		c.check()
	})
	t.Run("failed", func(t *testing.T) {
		c := newCluster(t, k, s, k.Bootstrap(), 0)
		c.setTopic("max.message.bytes", "20000")
		large := rig.Message(rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 1000})
		if err := c.submit(http.MethodPost, "/sdmx/v2/structure", large); err != nil {
			t.Fatal(err)
		}
		c.await(func(p producerStatus) bool { return p.State == "FAILED" })
		c.setTopic("max.message.bytes", "1000000") // the cause is gone, but no admin has started the producer
		c.wantStateKept("FAILED")
		c.settle()
		c.check()
	})
}

// wantStateKept kills the holder after another instance has started, and checks that the
// producer keeps its state through the takeover. Then it restarts the instance that is left.
func (c *cluster) wantStateKept(state string) {
	c.t.Helper()
	other := c.join(c.settings)
	holder := c.product
	c.sendTo(other)
	if err := c.step(c.random); err != nil {
		c.t.Fatal(err)
	}
	end := c.topicEnd()
	time.Sleep(500 * time.Millisecond) // until it is a standby
	holder.Kill()
	c.await(func(p producerStatus) bool { return isHolder(p.Holder, other) })
	time.Sleep(3 * time.Second)
	if p, err := c.status(); err != nil || p.State != state || p.Pending == 0 || c.topicEnd() != end {
		c.t.Errorf("after the takeover the producer is %+v, %v, and the topic went from %d to %d messages; want state %s with transactions pending and no new messages", p, err, end, c.topicEnd(), state)
	}
	other.Kill()
	c.start()
}

// The previous version of urncast knows only an advisory lock and no lease. While it holds the
// lock, the new version publishes nothing; while the new version holds the lease, the previous
// version waits for the lock.
func TestRollingUpgrade(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	c := newCluster(t, k, s, k.Bootstrap(), 0)
	c.loadFor(func() { time.Sleep(300 * time.Millisecond) })
	c.settle()
	old, err := pgx.Connect(t.Context(), s.URL(c.database))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close(t.Context())
	const key = `hashtextextended('urncast producer ' || (SELECT id::text FROM producers) || current_schema(), 0)`
	locked := make(chan error, 1)
	go func() {
		_, err := old.Exec(t.Context(), `SELECT pg_advisory_lock(`+key+`)`)
		locked <- err
	}()
	select {
	case err := <-locked:
		t.Fatalf("the previous version got the lock while the new version holds the lease: %v", err)
	case <-time.After(12 * time.Second): // longer than a lease lasts
	}
	if err := c.product.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := <-locked; err != nil {
		t.Fatal(err)
	}
	c.sql(`UPDATE producers SET holder = 'old:1'`)
	c.start()
	end := c.topicEnd()
	c.loadFor(func() { time.Sleep(12 * time.Second) }) // the former lease has expired by then
	if p, err := c.status(); err != nil || p.Holder != "old:1" || p.Pending == 0 {
		t.Errorf("while the previous version holds the lock, the producer is %+v, %v", p, err)
	}
	if now := c.topicEnd(); now != end {
		t.Errorf("the new version published while the previous version holds the lock: the topic went from %d to %d messages", end, now)
	}
	if err := old.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.settle()
	c.check()
}

// A program that ignores the lease and initialises the producer's transactional ids again and
// again is reported in the reason, and what is published stays correct.
func TestForeignProgramIsNamed(t *testing.T) {
	t.Parallel()
	k := rig.SharedKafka(t)
	c := newCluster(t, k, pg.Shared(t), k.Bootstrap(), 0)
	c.loadFor(func() {
		for p := (producerStatus{}); p.State != "DEGRADED"; { // the broker does not report every fencing as such
			c.fence()
			sent := c.await(func(producerStatus) bool { return true }).Sent
			p = c.await(func(p producerStatus) bool { return p.Sent > sent+20 })
		}
	})
	p := c.await(func(p producerStatus) bool { return p.State == "DEGRADED" && p.Sent == p.Last })
	if !strings.Contains(p.Reason, "Another program uses the transactional ids of this producer, tx-") {
		t.Errorf("the reason does not say that another program uses the transactional ids: %q", p.Reason)
	}
	t.Log(p.Reason)
	c.check()
}
