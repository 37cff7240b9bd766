package integration

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// sql runs one statement on the world's database.
func (w *world) sql(statement string, args ...any) {
	w.t.Helper()
	c, err := pgx.Connect(w.t.Context(), w.settings.Database)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close(w.t.Context())
	if _, err := c.Exec(w.t.Context(), statement, args...); err != nil {
		w.t.Fatal(err)
	}
}

// aMonthLater makes all recorded transactions 30 days older.
func (w *world) aMonthLater() {
	w.t.Helper()
	w.sql(`UPDATE transactions SET recorded_at = recorded_at - interval '30 days'`)
}

// A dump that was taken during submissions is consistent. Restored on another server it is a
// copy that lacks the newest transactions: the producer asks before it sends anything, and a
// baseline makes the topic equal to the registry again.
func TestDumpWhileSubmitting(t *testing.T) {
	t.Parallel()
	k, s, other := rig.SharedKafka(t), pg.Shared(t), pg.Start(t)
	w := newWorld(t, k, s, k.Bootstrap())
	var dump string
	w.loadFor(func() {
		time.Sleep(300 * time.Millisecond)
		dump = s.Dump(t, w.database)
		time.Sleep(300 * time.Millisecond)
	})
	w.settle()
	w.check()
	last, err := w.status()
	if err != nil {
		t.Fatal(err)
	}
	w.product.Kill()
	before := w.topicEnd()

	w.settings.Database = other.Database(t, w.database)
	other.Restore(t, w.database, dump)
	w.acknowledged.Store(0) // transactions after the dump are lost: a restore loses them
	w.product = rig.NewProduct(t, w.settings)
	w.start()
	asked := w.awaitQuestion()
	if !strings.Contains(asked.Reason, "The database is a copy, or was moved") || asked.Last > last.Last {
		t.Errorf("the producer asks at transaction %d of %d: %s", asked.Last, last.Last, asked.Reason)
	}
	for range 5 { // the registry accepts submissions while the producer asks
		if err := w.step(w.random); err != nil {
			t.Fatal(err)
		}
	}
	if end := w.topicEnd(); end != before {
		t.Errorf("the topic grew from %d to %d messages before an admin decided", before, end)
	}
	// The first answer only confirms that this database is the one to publish from. That it
	// lost transactions is a question of its own.
	w.command("start", "continue")
	lost := w.await(func(p producerStatus) bool { return p.State == "STOPPED" && len(p.Ask) > 0 && p.Reason != asked.Reason })
	if !strings.Contains(lost.Reason, "the database has lost transactions") {
		t.Errorf("the next question is: %s", lost.Reason)
	}
	if end := w.topicEnd(); end != before {
		t.Errorf("the topic grew from %d to %d messages before an admin decided", before, end)
	}
	w.command("start", "baseline")
	w.settle()
	w.loadFor(func() { time.Sleep(300 * time.Millisecond) })
	w.settle()
	w.checkReplica()
	// The topic has lost transactions before the baseline, and verify reports them; from the
	// baseline on every promise holds.
	if out, err := w.product.Run(t.Context(), "verify", "--bootstrap", k.Bootstrap()); err == nil || !strings.Contains(out, "differs       R1, R3") {
		t.Errorf("urncast verify does not report the lost transactions: %v\n%s", err, out)
	}
	if out, err := w.product.Run(t.Context(), "verify", "--bootstrap", k.Bootstrap(), "--from-baseline"); err != nil {
		t.Errorf("urncast verify --from-baseline: %v\n%s", err, out)
	}
}

// housekeep runs housekeeping and returns the response.
func (w *world) housekeep() (done struct{ Horizon, Documents int64 }) {
	w.t.Helper()
	status, body, err := w.product.Do(http.MethodPost, "/api/v1/housekeeping", "application/json", nil)
	if err != nil || status != http.StatusOK {
		w.t.Fatalf("housekeeping: %d %s %v", status, body, err)
	}
	if err := json.Unmarshal(body, &done); err != nil {
		w.t.Fatal(err)
	}
	return done
}

// Housekeeping is killed at each of its steps, while submissions and publishing continue.
// Topic, feed and registry still agree, and transactions that wait for a suspended producer
// keep their content.
func TestHousekeepingKilled(t *testing.T) {
	t.Parallel()
	k := rig.SharedKafka(t)
	w := newWorld(t, k, pg.Shared(t), k.Bootstrap())
	status, body, err := w.product.Do(http.MethodPut, "/api/v1/settings", "application/json",
		[]byte(`{"allowDangling":false,"requireAgencies":false,"housekeeping":{"keepTransactions":2,"keepDays":7}}`))
	if err != nil || status != http.StatusOK {
		t.Fatalf("saving the settings: %d %s %v", status, body, err)
	}
	for _, step := range []string{"horizon-moved", "swept"} {
		if err := w.product.Stop(); err != nil {
			t.Fatal(err)
		}
		w.start("URNCAST_CRASH_AT=" + step)
		w.loadFor(func() { time.Sleep(500 * time.Millisecond) })
		w.settle()
		w.aMonthLater()
		w.loadFor(func() {
			time.Sleep(100 * time.Millisecond)
			if status, body, err := w.product.Do(http.MethodPost, "/api/v1/housekeeping", "application/json", nil); err == nil {
				t.Errorf("urncast did not kill itself at step %s; housekeeping gave %d %s", step, status, body)
			}
		})
		w.start()
		if done := w.housekeep(); done.Horizon == 0 {
			t.Errorf("housekeeping after the kill at %s did not move the horizon: %+v", step, done)
		}
		w.settle()
		w.check()
	}
	w.command("suspend", "")
	suspended := w.await(func(p producerStatus) bool { return p.State == "SUSPENDED" })
	w.loadFor(func() { time.Sleep(300 * time.Millisecond) })
	w.aMonthLater()
	if done := w.housekeep(); done.Horizon > suspended.Sent || done.Documents == 0 {
		t.Errorf("housekeeping removed transactions that are pending, after %d: %+v", suspended.Sent, done)
	}
	w.command("resume", "")
	w.settle()
	w.check()
	out, err := w.product.Run(t.Context(), "housekeeping", "--dry-run")
	if err != nil || !strings.Contains(out, "all records stay") {
		t.Errorf("urncast housekeeping --dry-run: %v\n%s", err, out)
	}
	t.Log(out)
}
