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

// When the holder is killed under load, another of three instances publishes within
// 5 s; when it is stopped in good order, another has the lease within 1 s.
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
			{"stopped", func(p *rig.Product) { go p.Stop() }, time.Second}, // measured from the signal on
		} {
			holder, others := c.holder()
			c.through(others[0])
			c.loadFor(func() {
				time.Sleep(time.Duration(200+c.random.IntN(400)) * time.Millisecond)
				began := time.Now()
				end.of(holder)
				c.within(end.most, 5*time.Second, end.name, began, holder)
			})
			<-holder.Process().Done()
			c.settle()
			c.check()
			if err := holder.Start(); err != nil { // it stands by from now on
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
		for deadline := time.Now().Add(25 * time.Second); ; time.Sleep(100 * time.Millisecond) { // those that were killed are missed in a while
			if err := m.JSON("/api/v1/producers/default", &status); err != nil {
				t.Fatal(err)
			}
			if len(status.Standby) == 2 && status.Page == holder.URL+"/" && status.Term == int64(1+2*runs(t, 4)) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s says term %d, the holder's page is at %s, standing by %v", m.URL, status.Term, status.Page, status.Standby)
			}
		}
	}
}

// A holder that is cut off from the database stops of itself, and another publishes
// within 20 s. When the network is mended it stands by, and takes its turn.
func TestTakeoverAfterPartition(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	c := newCluster(t, k, s, k.Bootstrap(), 0)
	first := c.product
	settings, pipe := c.behind()
	cutOff := c.join(settings)
	c.through(cutOff)
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	c.await(func(p producerStatus) bool { return is(p.Holder, cutOff) && p.State == "IDLE" })
	other := c.join(c.settings)
	c.through(other)
	c.loadFor(func() {
		time.Sleep(500 * time.Millisecond)
		began := time.Now()
		pipe.Cut()
		c.within(20*time.Second, 20*time.Second, "cut off", began, cutOff)
	})
	c.settle()
	c.check()
	if log := read(t, cutOff.Log); !strings.Contains(log, "stands down") || !strings.Contains(log, "could not be renewed for 7s") {
		t.Errorf("the holder that was cut off did not stop of itself:\n%s", log)
	}
	pipe.Mend()
	c.through(cutOff)
	c.await(func(p producerStatus) bool { return is(p.Holder, other) })
	c.loadFor(func() {
		time.Sleep(500 * time.Millisecond)
		began := time.Now()
		other.Kill()
		c.within(5*time.Second, 5*time.Second, "the other killed after the network was mended", began, other)
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

// A holder that is stopped in its tracks, with a transaction open and its commit on
// the way, is followed by another within 20 s. When it goes on, the broker refuses
// the commit, and nothing of it is on the topic behind what its successor wrote.
func TestStoppedHolderIsFenced(t *testing.T) {
	t.Parallel()
	k, s := rig.StartKafka(t), pg.Shared(t)
	for range runs(t, 2) {
		c := newCluster(t, k, s, k.Proxy.Address(), 0)
		stale := c.product
		direct := c.settings
		direct.Bootstrap = k.Bootstrap() // what meets the proxy is the stale holder's
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
				t.Fatal("no commit was asked for")
			}
		}
		began := time.Now()
		stale.Pause()
		c.through(other)
		c.loadFor(func() { c.within(20*time.Second, 20*time.Second, "stopped in its tracks", began, stale) })
		c.settle()
		before := c.stamps()
		close(release)
		select {
		case code := <-answered:
			if code != invalidProducerEpoch && code != producerFenced {
				t.Errorf("the broker answered the stale commit with %d, not that its epoch has passed", code)
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
		c.onlySuccessors(before)
		if log := read(t, stale.Log); !strings.Contains(log, "stands down") {
			t.Errorf("the stale holder did not stand down:\n%s", log)
		}
		c.check()
		k.Proxy.Rule(nil)
		for _, m := range c.members {
			m.Kill()
		}
	}
}

// onlySuccessors asserts that whatever was written since is of the newest session of
// then, or of a later one.
func (c *cluster) onlySuccessors(before []stamp) {
	c.t.Helper()
	newest := map[int64]int16{}
	for _, s := range before {
		newest[s.id] = max(newest[s.id], s.epoch)
	}
	after := c.stamps()[len(before):]
	if len(after) == 0 {
		c.t.Error("nothing was written meanwhile: the test has shown nothing")
	}
	for _, s := range after {
		if known, ok := newest[s.id]; !ok || s.epoch < known {
			c.t.Errorf("offset %d is of producer id %d in epoch %d; the newest epoch was %d", s.offset, s.id, s.epoch, known)
		}
	}
}

// A takeover is no restart: it neither lifts a suspension nor tries again what
// failed, though the instance that takes over came up after both. A restart does.
func TestTakeoverIsNoRestart(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	t.Run("suspended", func(t *testing.T) {
		c := newCluster(t, k, s, k.Bootstrap(), 0)
		c.command("suspend", "")
		c.await(func(p producerStatus) bool { return p.State == "SUSPENDED" })
		c.staysSo("SUSPENDED")
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
		c.setTopic("max.message.bytes", "1000000") // cured, and nobody has said so
		c.staysSo("FAILED")
		c.settle()
		c.check()
	})
}

// staysSo kills the holder while another stands by that came up after the state
// began; then it restarts the only instance that is left.
func (c *cluster) staysSo(state string) {
	c.t.Helper()
	other := c.join(c.settings)
	holder := c.product
	c.through(other)
	if err := c.step(c.random); err != nil {
		c.t.Fatal(err)
	}
	end := c.topicEnd()
	time.Sleep(500 * time.Millisecond) // it stands by now
	holder.Kill()
	c.await(func(p producerStatus) bool { return is(p.Holder, other) })
	time.Sleep(3 * time.Second)
	if p, err := c.status(); err != nil || p.State != state || p.Pending == 0 || c.topicEnd() != end {
		c.t.Errorf("after the takeover it is %+v, %v, and the topic went from %d to %d messages", p, err, end, c.topicEnd())
	}
	other.Kill()
	c.start()
}

// While a program of the version before holds the advisory lock, which is all that
// it knows, the new version publishes nothing; while the new version holds the
// lease, the version before waits for the lock.
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
		t.Fatalf("the version before got the lock beside the new version: %v", err)
	case <-time.After(12 * time.Second): // longer than a lease
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
	c.loadFor(func() { time.Sleep(12 * time.Second) }) // the lease of before has run out by then
	if p, err := c.status(); err != nil || p.Holder != "old:1" || p.Pending == 0 {
		t.Errorf("while the version before holds the lock: %+v, %v", p, err)
	}
	if now := c.topicEnd(); now != end {
		t.Errorf("the new version published beside the version before: %d messages became %d", end, now)
	}
	if err := old.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.settle()
	c.check()
}

// A program that takes the producer's transactional ids again and again, and knows
// nothing of the lease, is named; what is published stays right.
func TestForeignProgramIsNamed(t *testing.T) {
	t.Parallel()
	k := rig.SharedKafka(t)
	c := newCluster(t, k, pg.Shared(t), k.Bootstrap(), 0)
	c.loadFor(func() {
		for p := (producerStatus{}); p.State != "DEGRADED"; { // a broker does not call each time by its name
			c.fence()
			sent := c.await(func(producerStatus) bool { return true }).Sent
			p = c.await(func(p producerStatus) bool { return p.Sent > sent+20 })
		}
	})
	p := c.await(func(p producerStatus) bool { return p.State == "DEGRADED" && p.Sent == p.Last })
	if !strings.Contains(p.Reason, "Another program uses the transactional ids of this producer, tx-") {
		t.Errorf("it says %q", p.Reason)
	}
	t.Log(p.Reason)
	c.check()
}
