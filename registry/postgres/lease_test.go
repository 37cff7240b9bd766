package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry/postgres"
)

// nobody ignores other holders.
func nobody(string, int64) {}

// A cluster is a database with two instances on it.
type cluster struct {
	t    *testing.T
	url  string
	a, b *postgres.ProducerStore
}

func newCluster(t *testing.T, server *pg.Server, name string) *cluster {
	t.Helper()
	c := &cluster{t: t, url: server.Database(t, name)}
	c.a, c.b = c.join(), c.join()
	return c
}

// join adds an instance.
func (c *cluster) join() *postgres.ProducerStore {
	c.t.Helper()
	store, err := postgres.Open(c.t.Context(), c.url)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(store.Close)
	p, err := producerOf(c.t.Context(), store, producer.Config{}.WithDefaults(), "")
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

func (c *cluster) acquire(p *postgres.ProducerStore) producer.Hold {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	h, err := p.Acquire(ctx, nobody)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(h.Release)
	return h
}

func (c *cluster) load(h producer.Hold) producer.Row {
	c.t.Helper()
	r, err := h.Load(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

func (c *cluster) exec(sql string, args ...any) {
	c.t.Helper()
	if _, err := c.a.Pool().Exec(c.t.Context(), sql, args...); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) status(p *postgres.ProducerStore) control.Status {
	c.t.Helper()
	s, err := p.Status(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// One instance has the lease. The next one gets it, with the next term, when it is released,
// and at once when the session of the holder ends.
func TestLeaseIsOneInstances(t *testing.T) {
	c := newCluster(t, pg.Shared(t), "one")
	first := c.acquire(c.a)
	if r := c.load(first); r.Term != 1 || r.TakenOver {
		t.Errorf("the first term is %d, taken over %t", r.Term, r.TakenOver)
	}
	brief, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := c.b.Acquire(brief, nobody); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a second instance beside the first: %v", err)
	}
	if s := c.status(c.b); s.Holder != c.a.Instance() || s.Term != 1 || s.HeldSince.IsZero() {
		t.Errorf("seen from b the holder is %q, term %d, since %s", s.Holder, s.Term, s.HeldSince)
	}
	first.Release()
	if s := c.status(c.b); s.Holder != "" || s.Term != 0 {
		t.Errorf("after the release the holder is %q, term %d", s.Holder, s.Term)
	}
	began := time.Now()
	second := c.acquire(c.b)
	if took := time.Since(began); took > time.Second {
		t.Errorf("a free lease was taken after %s", took)
	}
	if r := c.load(second); r.Term != 2 || !r.TakenOver {
		t.Errorf("the second term is %d, taken over %t: a was there after b came", r.Term, r.TakenOver)
	}
	c.exec(`SELECT pg_terminate_backend(backend) FROM leases`)
	began = time.Now()
	if r := c.load(c.acquire(c.a)); r.Term != 3 || !r.TakenOver || time.Since(began) > time.Second {
		t.Errorf("the third term is %d, taken over %t, after %s", r.Term, r.TakenOver, time.Since(began))
	}
	if err := second.Move(t.Context(), producer.Cursor{}, nil); !errors.Is(err, producer.ErrLost) {
		t.Errorf("a hold whose session ended says %v", err)
	}
	select {
	case <-second.Lost():
	default:
		t.Error("and does not say that it is lost")
	}
}

// A process that started after the last renewal by the former holder is a restart, not a
// takeover.
func TestRestartIsNoTakeover(t *testing.T) {
	c := newCluster(t, pg.Shared(t), "restart")
	c.acquire(c.a).Release()
	h := c.acquire(c.join())
	if r := c.load(h); r.Term != 2 || r.TakenOver {
		t.Errorf("term %d, taken over %t", r.Term, r.TakenOver)
	}
	h.Release()
	if r := c.load(c.acquire(c.b)); !r.TakenOver {
		t.Error("b was there all the time, and calls it a restart")
	}
}

// Every method of a hold whose term is over fails and writes nothing, even if its session is
// alive and still has the lock.
func TestPassedTermIsRefused(t *testing.T) {
	c := newCluster(t, pg.Shared(t), "passed")
	ctx := t.Context()
	for name, call := range map[string]func(producer.Hold) error{
		"Load": func(h producer.Hold) error { _, err := h.Load(ctx); return err },
		"Show": func(h producer.Hold) error { return h.Show(ctx, producer.Failed, "stale", nil) },
		"Take": func(h producer.Hold) error { return h.Take(ctx, 99) },
		"Adopt": func(h producer.Hold) error {
			return h.Adopt(ctx, producer.Published{}, "stale", producer.Cursor{Number: 99}, 99)
		},
		"Forget":      func(h producer.Hold) error { return h.Forget(ctx, map[string]int64{"t": 0}) },
		"Move":        func(h producer.Hold) error { return h.Move(ctx, producer.Cursor{Number: 99}, nil) },
		"Skip":        func(h producer.Hold) error { return h.Skip(ctx, 99, "stale") },
		"Fail":        func(h producer.Hold) error { return h.Fail(ctx, 99, "stale") },
		"ClearFailed": func(h producer.Hold) error { return h.ClearFailed(ctx) },
		"Leave":       func(h producer.Hold) error { return h.Leave(ctx, 99, []producer.Left{{Reason: "stale"}}) },
		"BeginJob": func(h producer.Hold) error {
			_, err := h.BeginJob(ctx, producer.Job{Kind: "stale", AsOf: 99}, 99)
			return err
		},
		"Progress": func(h producer.Hold) error {
			return h.Progress(ctx, "00000000-0000-0000-0000-000000000000", "stale", 9, 9, 9)
		},
		"EndJob": func(h producer.Hold) error {
			return h.EndJob(ctx, "00000000-0000-0000-0000-000000000000", producer.Cursor{Number: 99})
		},
	} {
		h := c.acquire(c.a)
		if err := h.Adopt(ctx, producer.Published{}, "s", producer.Cursor{Number: 7}, 1); err != nil {
			t.Fatal(err)
		}
		if err := h.Fail(ctx, 8, "mine"); err != nil {
			t.Fatal(err)
		}
		before := c.content()
		c.exec(`UPDATE leases SET term = term + 1, holder = 'other:1/x'`)
		err := call(h)
		if !errors.Is(err, producer.ErrLost) || !strings.Contains(err.Error(), "other:1/x holds the lease since") {
			t.Errorf("%s of a passed term: %v", name, err)
		}
		if err := h.Held(); !errors.Is(err, producer.ErrLost) {
			t.Errorf("after %s was refused, Held says %v", name, err)
		}
		if after := c.content(); after != before {
			t.Errorf("%s of a passed term wrote\n%s\nwhere\n%s\nstood", name, after, before)
		}
		h.Release()
		c.exec(`UPDATE leases SET holder = ''`)
	}
}

// content returns everything that a hold can write.
func (c *cluster) content() (text string) {
	c.t.Helper()
	err := c.a.Pool().QueryRow(c.t.Context(), `SELECT concat_ws(E'\n', (SELECT string_agg((p.*)::text, ' ') FROM producers p), (SELECT string_agg((x.*)::text, ' ') FROM cursors x),
		(SELECT string_agg((m.*)::text, ' ') FROM marks m), (SELECT string_agg((l.*)::text, ' ') FROM left_out l), (SELECT string_agg((j.*)::text, ' ') FROM jobs j), (SELECT string_agg((s.*)::text, ' ') FROM sent_transactions s))`).Scan(&text)
	if err != nil {
		c.t.Fatal(err)
	}
	return text
}

// A takeover waits for a write that has begun, and does not wait for a renewal.
func TestTakeoverWaitsForAWrite(t *testing.T) {
	c := newCluster(t, pg.Shared(t), "waits")
	h := c.acquire(c.a)
	tx, err := c.a.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	if _, err := tx.Exec(t.Context(), `SELECT keep_lease(producer, term, holder) FROM leases`); err != nil {
		t.Fatal(err)
	}
	if _, err := c.b.Pool().Exec(t.Context(), `SET lock_timeout = '300ms'; UPDATE leases SET term = term + 1`); err == nil {
		t.Error("a takeover did not wait for the write")
	}
	if _, err := c.b.Pool().Exec(t.Context(), `SET lock_timeout = '300ms'; UPDATE leases SET valid_until = clock_timestamp()`); err != nil {
		t.Errorf("a renewal waited for the write: %v", err)
	}
	if err := h.Held(); err != nil {
		t.Error(err)
	}
}

// A lease that is not renewed expires although its session is alive, and the next instance
// ends that session. An older version of the program is left alone.
func TestLeaseRunsOut(t *testing.T) {
	t.Parallel()
	c := newCluster(t, pg.Shared(t), "out")
	h := c.acquire(c.a)
	c.exec(`CREATE FUNCTION frozen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF NEW.term = OLD.term THEN RAISE 'frozen'; END IF; RETURN NEW; END $$`)
	c.exec(`CREATE TRIGGER frozen BEFORE UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION frozen()`)
	began := time.Now()
	select {
	case <-h.Lost():
	case <-time.After(15 * time.Second):
		t.Fatal("a holder that cannot renew goes on")
	}
	stopped := time.Since(began)
	second := c.acquire(c.b) // h was not released: its session is open
	if took := time.Since(began); took < stopped || took > 13*time.Second {
		t.Errorf("the holder stopped after %s, the next began after %s", stopped, took)
	}
	if r := c.load(second); r.Term != 2 {
		t.Errorf("term %d", r.Term)
	}
	t.Logf("the holder stopped after %s, the next began after %s", stopped, time.Since(began))
}

// An older version of the program has only the advisory lock. While it does, no instance takes
// the lease, and every instance reports it as the holder.
func TestVersionBefore(t *testing.T) {
	c := newCluster(t, pg.Shared(t), "before")
	c.acquire(c.a).Release() // an expired lease stands there
	old, err := c.a.Pool().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer old.Release()
	const key = `hashtextextended('urncast producer ' || (SELECT id::text FROM producers) || current_schema(), 0)`
	if _, err := old.Exec(t.Context(), `SELECT pg_advisory_lock(`+key+`)`); err != nil {
		t.Fatal(err)
	}
	c.exec(`UPDATE producers SET holder = 'old:1'`)
	brief, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
	defer cancel()
	if _, err := c.b.Acquire(brief, nobody); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the lease beside the version before: %v", err)
	}
	if s := c.status(c.b); s.Holder != "old:1" || s.Term != 0 {
		t.Errorf("the holder is %q, term %d", s.Holder, s.Term)
	}
	if _, err := old.Exec(t.Context(), `SELECT pg_advisory_unlock(`+key+`)`); err != nil {
		t.Fatal(err)
	}
	c.acquire(c.b)
}

// Instances that attend are listed until they leave.
func TestStandby(t *testing.T) {
	c := newCluster(t, pg.Shared(t), "standby")
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() { c.a.Attend(ctx, "http://a", "v1"); close(left) }()
	go c.b.Attend(t.Context(), "http://b", "v2")
	c.acquire(c.a)
	var s control.Status
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if s = c.status(c.b); len(s.Standby) == 1 && s.HolderPage == "http://a" {
			break
		}
	}
	if len(s.Standby) != 1 || s.Standby[0].ID != c.b.Instance() || s.Standby[0].Page != "http://b" || s.Standby[0].Version != "v2" || s.HolderPage != "http://a" {
		t.Errorf("holder at %q, standing by %+v", s.HolderPage, s.Standby)
	}
	leave()
	<-left
	if s := c.status(c.b); s.HolderPage != "" {
		t.Errorf("an instance that left has its page at %q", s.HolderPage)
	}
}
