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

// registryID returns the id of the world's registry, which every record has in a header.
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

// behindLink makes a world that reaches its database through a Link. The Link can be moved to
// another server while the address in the configuration stays the same.
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

// failover kills the primary, promotes the standby and moves the link to it. It returns how
// many transactions were lost because the standby did not have them.
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
	w.t.Logf("%d transactions are lost with the primary, the last of them is %d", lost, last)
	return lost
}

// failoverWithLoss fails over to a standby that does not have the last published transactions.
func (w *world) failoverWithLoss(standby *pg.Server, link *rig.Link) {
	w.t.Helper()
	if w.failover(standby, link) <= 0 {
		w.t.Fatal("the standby had every transaction: nothing was lost, so nothing was tested")
	}
	w.acknowledged.Store(0) // acknowledged transactions are lost: such a failover loses them
}

// lastNumber returns the number of the newest transaction in the database.
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

// lastCommon returns the highest number that has the same transaction on the topic and in the
// registry.
func (w *world) lastCommon() (n int64) {
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

// The primary is killed under load and a standby that lags behind is promoted, so that the
// registry assigns numbers again that it had assigned before. The producer stops and says so,
// before it sends any transaction of the new history.
func TestStandbyPromoted(t *testing.T) {
	t.Parallel()
	k := rig.SharedKafka(t)
	for _, how := range []string{"baseline", "continue"} {
		t.Run("behind, "+how, func(t *testing.T) {
			w, link := behindLink(t, k, pg.Start(t))
			standby := w.postgres.Standby(t)
			c := &change{w: w, words: []string{"database", "lost"}}
			s := c.causeAndAwaitQuestion(func() int64 {
				standby.Detach(t)
				w.awaitPublished(time.Now())
				w.awaitPublished(time.Now())
				w.failoverWithLoss(standby, link)
				return k.End(t, w.topic)
			})
			c.answer(s, how, w.lastCommon())
			w.product.Kill()
		})
	}
	t.Run("behind, while idle", func(t *testing.T) {
		w, link := behindLink(t, k, pg.Start(t))
		standby := w.postgres.Standby(t)
		c := &change{w: w, words: []string{"database", "lost"}, quiet: true}
		s := c.causeAndAwaitQuestion(func() int64 {
			standby.Detach(t)
			if err := w.step(w.random); err != nil {
				t.Fatal(err)
			}
			w.settle()
			w.failoverWithLoss(standby, link)
			return k.End(t, w.topic)
		})
		c.answer(s, "baseline", 0)
		w.product.Kill()
	})
	t.Run("not behind", func(t *testing.T) {
		w, link := behindLink(t, k, pg.Start(t))
		standby := w.postgres.Standby(t)
		w.underLoad(func() { w.awaitPublished(time.Now()) })
		w.postgres.AwaitStandby(t, standby)
		w.failover(standby, link)
		w.underLoad(func() { w.awaitPublished(time.Now()) })
		w.check()
	})
}

// Statements that time out, are cancelled or wait for a lock are temporary faults: the
// producer continues without help, and nothing is lost.
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
				t.Error("no statement was cancelled: nothing was tested")
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
			time.Sleep(13 * time.Second) // a lease lasts 10 s
			release()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // the test spends most of its time waiting
			w := newWorld(t, k, s, k.Bootstrap())
			w.underLoad(func() {
				w.awaitPublished(time.Now())
				c.do(t, w)
				w.awaitPublished(time.Now())
			})
			w.check()
			w.product.Kill()
		})
	}
}

// Statement timeouts do not stop a producer that has nothing to send either, when only the
// queries by which it looks for work fail.
func TestStatementTimeoutsWhileIdle(t *testing.T) {
	t.Parallel()
	s := pg.Shared(t)
	k := rig.SharedKafka(t)
	w := newWorld(t, k, s, k.Bootstrap())
	s.Set(t, w.database, "statement_timeout", "500ms")
	for i := 0; ; i++ { // until the pool has a session that was opened with the new timeout
		if err := w.step(w.random); err == nil {
			break
		}
		if time.Sleep(100 * time.Millisecond); i > 100 {
			t.Fatal("no submission succeeded in 10 s")
		}
	}
	w.settle()
	release := s.Lock(t, w.database, "jobs")
	for end := time.Now().Add(8 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		_, _ = w.status() // reads the jobs too, as every open page does
	}
	release()
	s.Set(t, w.database, "statement_timeout", "")
	if p := w.await(func(producerStatus) bool { return true }); p.State == "FAILED" || p.State == "STOPPED" {
		t.Fatalf("after statement timeouts the producer is %s: %s", p.State, p.Reason)
	}
	w.underLoad(func() { w.awaitPublished(time.Now()) })
	w.check()
}

// Two registries, each with its own database, have their producers started idle on the same
// empty topic. They must not go on publishing to it side by side: at least one stops, and
// names the other.
func TestSecondRegistry(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	a := newWorld(t, k, s, k.Bootstrap())
	b := onTopicOf(t, a)
	otherID := map[*world]string{a: b.registryID(), b: a.registryID()}
	a.loadFor(func() {
		b.loadFor(func() {
			// It is enough if one stops, provided that only one has written to the topic.
			for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(50 * time.Millisecond) {
				stopped := 0
				for w := range otherID {
					if s, err := w.status(); err == nil && s.State == "STOPPED" {
						stopped++
					}
				}
				if stopped == 2 || stopped == 1 && len(a.log().Registries()) < 2 {
					return
				}
				if time.Now().After(deadline) {
					as, _ := a.status() // only for the message
					bs, _ := b.status()
					t.Fatalf("after 60 s registries %v wrote to one topic and neither stopped: %+v, %+v", a.log().Registries(), as, bs)
				}
			}
		})
	})
	for w, other := range otherID {
		if s, err := w.status(); err != nil || s.State == "STOPPED" {
			w.wantReason(s, w.topic, other)
		}
	}
	// An admin stops the second registry; the first continues after a baseline.
	if err := b.product.Stop(); err != nil {
		t.Fatal(err)
	}
	a.command("start", "baseline")
	a.awaitBaseline(0)
	a.loadFor(func() { a.awaitPublished(time.Now()) })
	a.settle()
	a.checkSinceBaseline()
}

// onTopicOf makes another registry and starts its producer idle on the topic of world a.
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
