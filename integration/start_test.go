package integration

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/integration/topiccheck"
)

// What becomes of a producer at a start or restart, row by row as the design has
// it. Each row has its own registry and topic.
func TestStartAndRestart(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	for _, row := range []struct {
		name string
		is   func(*world)
	}{
		{"never started", neverStarted},
		{"idle start", idleStart},
		{"baseline start", baselineStart},
		{"restarted with pending", restartedWithPending},
		{"restarted, having never sent", restartedHavingNeverSent},
		{"changed topic", changedTopic},
		{"changed format", changedFormat},
		{"changed filter", changedFilter},
		{"changed cluster", changedCluster},
		{"suspended by hand, then restarted", func(w *world) { w.suspendedThenRestarted(false) }},
		{"kept suspended", func(w *world) { w.suspendedThenRestarted(true) }},
		{"failed, then restarted", failedThenRestarted},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel() // much of it is to wait
			row.is(newStoppedWorld(t, k, s, k.Bootstrap()))
		})
	}
}

// numbers are those of the topic's structure transactions, and how many messages
// are of jobs.
func (w *world) numbers() (of []int64, jobs int) {
	w.t.Helper()
	l, err := topiccheck.Read(w.t.Context(), w.kafka.Bootstrap(), w.topic)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, tx := range l.Transactions() {
		if tx.Job != "" {
			jobs += len(tx.Messages)
		} else {
			of = append(of, tx.Number)
		}
	}
	return of, jobs
}

// sent asserts which transactions stand on the topic, and how many messages of jobs.
func (w *world) sent(jobs int, want ...int64) {
	w.t.Helper()
	w.settle()
	if got, j := w.numbers(); !slices.Equal(got, want) || j != jobs {
		w.t.Errorf("on the topic are transactions %v and %d messages of jobs, want %v and %d", got, j, want, jobs)
	}
}

func (w *world) restarted() {
	w.t.Helper()
	w.product.Kill()
	w.start()
}

// quiet asserts that a producer stays in a state with what is pending, and sends
// nothing.
func (w *world) quiet(state string, pending int64) {
	w.t.Helper()
	before := w.topicEnd()
	w.await(func(p producerStatus) bool { return p.State == state && p.Pending == pending && p.Holder != "" })
	time.Sleep(time.Second)
	if p, err := w.status(); err != nil || p.State != state || w.topicEnd() != before {
		w.t.Errorf("a second later it is %+v, %v, and the topic went from %d to %d messages", p, err, before, w.topicEnd())
	}
}

func neverStarted(w *world) {
	w.change(2)
	w.quiet("STOPPED", 0)
	w.restarted()
	w.change(1)
	w.quiet("STOPPED", 0)
}

func idleStart(w *world) {
	w.change(2)
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.State == "IDLE" && p.Started && p.Sent == 2 })
	w.change(2)
	w.sent(0, 3, 4)
}

func baselineStart(w *world) {
	w.change(2)
	w.command("start", "baseline")
	w.await(func(p producerStatus) bool { return p.State == "IDLE" && p.Started })
	w.change(1)
	w.sent(2, 3)
	w.check()
}

func restartedWithPending(w *world) {
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started })
	w.change(1)
	w.sent(0, 1)
	w.suspend(false)
	w.change(3)
	w.quiet("SUSPENDED", 3)
	w.restarted()
	w.sent(0, 1, 2, 3, 4)
	w.check()
}

// restartedHavingNeverSent: what came between an idle start and the restart is
// pending, though nothing was ever sent.
func restartedHavingNeverSent(w *world) {
	w.change(2)
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.State == "IDLE" && p.Started })
	w.suspend(false)
	w.change(2)
	w.quiet("SUSPENDED", 2)
	w.restarted()
	w.sent(0, 3, 4)
}

// begun starts a producer idle, and publishes two transactions.
func (w *world) begun() {
	w.t.Helper()
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started })
	w.change(2)
	w.sent(0, 1, 2)
}

// changed restarts the product with other settings, and answers what it asks with
// a baseline: before the answer nothing is published.
func (w *world) changed(s rig.Settings, asks string) {
	w.t.Helper()
	if err := w.product.Stop(); err != nil {
		w.t.Fatal(err)
	}
	w.settings, w.product = s, rig.NewProduct(w.t, s)
	w.start()
	w.change(1)
	if q := w.awaitQuestion(); !strings.Contains(q.Reason, asks) {
		w.t.Errorf("the question does not say %q: %s", asks, q.Reason)
	}
	w.quiet("STOPPED", 1)
	before, err := w.status()
	if err != nil {
		w.t.Fatal(err)
	}
	w.restarted() // a restart answers nothing: it recovers, and asks again
	w.await(func(p producerStatus) bool { return p.State == "STOPPED" && p.Since.After(before.Since) })
	w.quiet("STOPPED", 1)
}

func changedTopic(w *world) {
	w.begun()
	s, former := w.settings, w.topic
	w.topic = former + ".other"
	w.kafka.CreateTopic(w.t, w.topic, "cleanup.policy=compact")
	s.Topic = w.topic
	w.changed(s, w.topic)
	w.command("start", "baseline")
	w.sent(2)
	w.change(1)
	w.sent(2, 4)
	w.checkReplica()
	w.topic = former
	w.sent(0, 1, 2) // the former topic is left as it was
}

func changedFormat(w *world) {
	w.begun()
	s := w.settings
	s.Format = "sdmx-ml-2.1"
	w.changed(s, "sdmx-ml-2.1")
	w.command("start", "continue")
	w.sent(0, 1, 2, 3)
	l, err := topiccheck.Read(w.t.Context(), w.kafka.Bootstrap(), w.topic)
	if err != nil {
		w.t.Fatal(err)
	}
	for i, want := range []string{"json", "json", "xml"} {
		if got := l.Messages[i].Headers["content-type"]; !strings.Contains(got, want) {
			w.t.Errorf("message %d has content-type %s, want one of %s", i, got, want)
		}
	}
}

// changedFilter: what the new filter does not take leaves the topic by a tombstone,
// and what it takes again comes with a baseline.
func changedFilter(w *world) {
	w.begun()
	s := w.settings
	s.Env = append(slices.Clone(s.Env), "URNCAST_URNS=*:CL_1(*")
	w.changed(s, "filter")
	w.command("start", "continue")
	w.sent(1, 1, 2)
	w.live("CL_1")
	w.change(2) // of CL_0, which is passed over, and of CL_1
	w.sent(1, 1, 2, 5)
	if out, err := w.product.Run(w.t.Context(), "verify", "--bootstrap", w.kafka.Bootstrap()); err != nil {
		w.t.Errorf("urncast verify: %v\n%s", err, out)
	}
	s.Env = s.Env[:len(s.Env)-1]
	w.changed(s, "filter")
	w.command("start", "baseline")
	w.settle()
	w.live("CL_0", "CL_1")
	w.checkReplica()
}

// live asserts which codelists the topic holds.
func (w *world) live(want ...string) {
	w.t.Helper()
	l, err := topiccheck.Read(w.t.Context(), w.kafka.Bootstrap(), w.topic)
	if err != nil {
		w.t.Fatal(err)
	}
	held := map[string]bool{}
	for _, m := range l.Messages {
		_, id, _ := strings.Cut(strings.TrimSuffix(m.Key, "(1.0)"), ":CL_")
		if held["CL_"+id] = m.Value != nil; m.Value == nil {
			delete(held, "CL_"+id)
		}
	}
	if got := slices.Sorted(maps.Keys(held)); !slices.Equal(got, want) {
		w.t.Errorf("the topic holds %v, want %v", got, want)
	}
}

func changedCluster(w *world) {
	w.begun()
	s, former := w.settings, w.kafka
	w.kafka = rig.StartKafka(w.t)
	w.kafka.CreateTopic(w.t, w.topic, "cleanup.policy=compact")
	s.Bootstrap = w.kafka.Bootstrap()
	w.changed(s, "cluster")
	w.command("start", "baseline")
	w.sent(2)
	w.checkReplica()
	w.kafka = former
	w.sent(0, 1, 2)
}

func (w *world) suspend(keep bool) {
	w.t.Helper()
	body := []byte(`{"keep": false}`)
	if keep {
		body = []byte(`{"keep": true}`)
	}
	if status, answer, err := w.product.Do(http.MethodPost, "/api/v1/producers/default/suspend", "application/json", body); err != nil || status >= 300 {
		w.t.Fatalf("suspending: %d %s %v", status, answer, err)
	}
	w.await(func(p producerStatus) bool { return p.State == "SUSPENDED" })
}

func (w *world) suspendedThenRestarted(keep bool) {
	w.begun()
	w.suspend(keep)
	w.change(2)
	w.quiet("SUSPENDED", 2)
	w.restarted()
	if keep {
		w.quiet("SUSPENDED", 2)
		w.command("resume", "")
	}
	w.sent(0, 1, 2, 3, 4)
	w.check()
}

func failedThenRestarted(w *world) {
	w.begun()
	w.setTopic("max.message.bytes", "20000")
	large := rig.Message(rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 1000})
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure", large); err != nil {
		w.t.Fatal(err)
	}
	first := w.await(func(p producerStatus) bool { return p.State == "FAILED" })
	w.change(1)
	w.quiet("FAILED", 2)
	w.restarted() // it tries again, and fails again
	w.await(func(p producerStatus) bool { return p.State == "FAILED" && p.Since.After(first.Since) })
	w.setTopic("max.message.bytes", "1000000")
	w.quiet("FAILED", 2) // cured, and nobody has said so
	w.restarted()
	w.sent(0, 1, 2, 3, 4)
	w.check()
}
