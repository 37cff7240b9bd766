package integration

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// registryID is the id of the world's registry, which its records bear.
func (w *world) registryID() (id string) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.postgres.URL(w.database))
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(w.t.Context()))
	if err := conn.QueryRow(w.t.Context(), `SELECT id::text FROM registry`).Scan(&id); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// behindLink makes a world whose database is reached over a link, which can lead to
// another server while its address stays.
func behindLink(t *testing.T, k *rig.Kafka, s *pg.Server) (*world, *rig.Link) {
	t.Helper()
	w := newWorld(t, k, s, k.Bootstrap())
	if err := w.product.Stop(); err != nil {
		t.Fatal(err)
	}
	link := rig.NewLink(t, "127.0.0.1:0", s.Address())
	u := w.databaseURL()
	u.Host = link.Address()
	w.settings.Database = u.String()
	w.product = rig.NewProduct(t, w.settings)
	w.start()
	w.settle()
	return w, link
}

// failover kills the primary and promotes a standby, to which the link leads then. It
// gives the number of transactions that are lost by that.
func (w *world) failover(standby *pg.Server, link *rig.Link) int64 {
	w.t.Helper()
	last := w.lastNumber()
	w.postgres.Kill()
	standby.Promote(w.t)
	w.postgres = standby
	lost := last - w.lastNumber()
	if err := link.Move(standby.Address()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Logf("with the primary, %d transactions up to %d are lost", lost, last)
	return lost
}

// behind is a failover to a standby that has not seen what was published last.
func (w *world) behind(standby *pg.Server, link *rig.Link) {
	w.t.Helper()
	if w.failover(standby, link) <= 0 {
		w.t.Fatal("the standby was not behind")
	}
	w.acknowledged.Store(0) // what was promised since is lost: that is what such a failover does
}

// lastNumber is the number of the database's newest transaction.
func (w *world) lastNumber() (n int64) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.postgres.URL(w.database))
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(w.t.Context()))
	if err := conn.QueryRow(w.t.Context(), `SELECT last_number FROM registry`).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// agreed is the highest number under which topic and registry hold the same
// transaction.
func (w *world) agreed() (n int64) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.postgres.URL(w.database))
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(w.t.Context()))
	for _, tx := range w.log().Transactions() {
		var same bool
		if err := conn.QueryRow(w.t.Context(), `SELECT EXISTS (SELECT FROM transactions WHERE number = $1 AND id::text = $2)`, tx.Number, tx.ID).Scan(&same); err != nil {
			w.t.Fatal(err)
		}
		if same {
			n = max(n, tx.Number)
		}
	}
	return n
}

// A standby that is behind is promoted under load, and the old primary is killed: the
// registry gives numbers anew. The producer stops and says so, before it sends anything
// of the new past.
func TestStandbyPromoted(t *testing.T) {
	t.Parallel()
	k := rig.SharedKafka(t)
	for _, how := range []string{"baseline", "continue"} {
		t.Run("behind, "+how, func(t *testing.T) {
			w, link := behindLink(t, k, pg.Start(t))
			standby := w.postgres.Standby(t)
			c := &change{w: w, words: []string{"database", "lost"}}
			s := c.asked(func() int64 {
				standby.Detach(t)
				w.published(time.Now())
				w.published(time.Now())
				w.behind(standby, link)
				return k.End(t, w.topic)
			})
			c.answered(s, how, w.agreed())
			w.product.Kill()
		})
	}
	t.Run("behind, while idle", func(t *testing.T) {
		w, link := behindLink(t, k, pg.Start(t))
		standby := w.postgres.Standby(t)
		c := &change{w: w, words: []string{"database", "lost"}, quiet: true}
		s := c.asked(func() int64 {
			standby.Detach(t)
			if err := w.step(w.random); err != nil {
				t.Fatal(err)
			}
			w.settle()
			w.behind(standby, link)
			return k.End(t, w.topic)
		})
		c.answered(s, "baseline", 0)
		w.product.Kill()
	})
	t.Run("not behind", func(t *testing.T) {
		w, link := behindLink(t, k, pg.Start(t))
		standby := w.postgres.Standby(t)
		w.under(func() { w.published(time.Now()) })
		w.postgres.AwaitStandby(t, standby)
		w.failover(standby, link)
		w.under(func() { w.published(time.Now()) })
		w.check()
	})
}

// A database whose statements run into a timeout, are cancelled or wait for a lock has
// no permanent fault: the producer goes on by itself, and nothing is lost.
func TestStatementTimeouts(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	locked := func(table string) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			s.Set(t, w.database, "statement_timeout", "200ms")
			release := s.Lock(t, w.database, table)
			time.Sleep(4 * time.Second)
			release()
			s.Set(t, w.database, "statement_timeout", "")
		}
	}
	for _, c := range []struct {
		name string
		do   func(*testing.T, *world)
	}{
		{"every statement takes too long", func(t *testing.T, w *world) {
			s.Set(t, w.database, "statement_timeout", "1ms")
			time.Sleep(4 * time.Second)
			s.Set(t, w.database, "statement_timeout", "")
		}},
		{"statements are cancelled", func(t *testing.T, w *world) {
			n := 0
			for end := time.Now().Add(6 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
				n += s.Cancel(t, w.database)
			}
			if n == 0 {
				t.Error("no statement was cancelled: the test has shown nothing")
			}
			t.Logf("%d statements were cancelled", n)
		}},
		{"transactions are locked", locked("transactions")},
		{"producers are locked", locked("producers")},
		{"cursors are locked", locked("cursors")},
		{"leases are locked", locked("leases")},
		{"documents are locked", locked("documents")},
		{"a lock without a timeout", func(t *testing.T, w *world) {
			release := s.Lock(t, w.database, "producers")
			time.Sleep(13 * time.Second) // a lease lives 10
			release()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // much of it is to wait
			w := newWorld(t, k, s, k.Bootstrap())
			w.under(func() {
				w.published(time.Now())
				c.do(t, w)
				w.published(time.Now())
			})
			w.check()
			w.product.Kill()
		})
	}
}

// So it is while there is nothing to send, when the watcher's questions alone fail.
func TestStatementTimeoutsWhileIdle(t *testing.T) {
	t.Parallel()
	s := pg.Shared(t)
	k := rig.SharedKafka(t)
	w := newWorld(t, k, s, k.Bootstrap())
	s.Set(t, w.database, "statement_timeout", "500ms")
	for i := 0; ; i++ { // until a session is there that knows the timeout
		if err := w.step(w.random); err == nil {
			break
		}
		if time.Sleep(100 * time.Millisecond); i > 100 {
			t.Fatal("nothing can be submitted any more")
		}
	}
	w.settle()
	release := s.Lock(t, w.database, "jobs")
	for end := time.Now().Add(8 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		_, _ = w.status() // which wants the jobs, too, as every open page does
	}
	release()
	s.Set(t, w.database, "statement_timeout", "")
	if p := w.await(func(producerStatus) bool { return true }); p.State == "FAILED" || p.State == "STOPPED" {
		t.Fatalf("because statements timed out the producer is %s: %s", p.State, p.Reason)
	}
	w.under(func() { w.published(time.Now()) })
	w.check()
}

// Two registries, each with a database of its own, whose producers were started idle on
// one empty topic: neither interleaves with the other unnoticed.
func TestSecondRegistry(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	a := newWorld(t, k, s, k.Bootstrap())
	b := onTopicOf(t, a)
	ids := map[*world]string{a: b.registryID(), b: a.registryID()} // of the other
	a.loadFor(func() {
		b.loadFor(func() {
			// Who has written nothing when it stops has disturbed nobody.
			for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
				stopped := 0
				for w := range ids {
					if s, err := w.status(); err == nil && s.State == "STOPPED" {
						stopped++
					}
				}
				if stopped == 2 || stopped == 1 && len(a.log().Registries()) < 2 {
					return
				}
				if time.Now().After(deadline) {
					as, _ := a.status() // shown as it is
					bs, _ := b.status()
					t.Fatalf("of %v on one topic neither noticed the other: %+v, %+v", a.log().Registries(), as, bs)
				}
			}
		})
	})
	for w, other := range ids {
		if s, err := w.status(); err != nil || s.State == "STOPPED" {
			w.says(s, w.topic, other)
		}
	}
	// An admin ends one; the other goes on.
	if err := b.product.Stop(); err != nil {
		t.Fatal(err)
	}
	a.command("start", "baseline")
	a.awaitBaseline(0)
	a.loadFor(func() { a.published(time.Now()) })
	a.settle()
	a.checkSinceBaseline()
}

// onTopicOf makes another registry, whose producer is started idle on a world's topic.
func onTopicOf(t *testing.T, a *world) *world {
	t.Helper()
	b := &world{t: t, kafka: a.kafka, postgres: a.postgres, database: a.database + "b", topic: a.topic, random: rand.New(rand.NewPCG(a.random.Uint64(), 0))}
	b.settings = a.settings
	b.settings.Database = a.postgres.Database(t, b.database)
	b.product = rig.NewProduct(t, b.settings)
	b.start()
	b.command("start", "idle")
	b.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
	return b
}
