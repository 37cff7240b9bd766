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

// Each row is one case of how a producer is started or restarted, and what becomes of it. Each
// has its own registry and topic.
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
			t.Parallel() // the rows spend most of their time waiting
			row.is(newStoppedWorld(t, k, s, k.Bootstrap()))
		})
	}
}

// numbers returns the numbers of the structure transactions on the topic, and how many
// messages belong to jobs.
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

// wantSent waits until everything is sent, and checks which structure transactions are on the
// topic and how many messages of jobs.
func (w *world) wantSent(jobs int, want ...int64) {
	w.t.Helper()
	w.settle()
	if got, j := w.numbers(); !slices.Equal(got, want) || j != jobs {
		w.t.Errorf("the topic has transactions %v and %d messages of jobs, want %v and %d", got, j, want, jobs)
	}
}

func (w *world) killAndStart() {
	w.t.Helper()
	w.product.Kill()
	w.start()
}

// wantQuiet checks that the producer stays in a state, with so many transactions pending, and
// sends nothing.
func (w *world) wantQuiet(state string, pending int64) {
	w.t.Helper()
	before := w.topicEnd()
	w.await(func(p producerStatus) bool { return p.State == state && p.Pending == pending && p.Holder != "" })
	time.Sleep(time.Second)
	if p, err := w.status(); err != nil || p.State != state || w.topicEnd() != before {
		w.t.Errorf("a second later the producer is %+v, %v, and the topic went from %d to %d messages; want state %s and no new messages", p, err, before, w.topicEnd(), state)
	}
}

func neverStarted(w *world) {
	w.submitChanges(2)
	w.wantQuiet("STOPPED", 0)
	w.killAndStart()
	w.submitChanges(1)
	w.wantQuiet("STOPPED", 0)
}

func idleStart(w *world) {
	w.submitChanges(2)
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.State == "IDLE" && p.Started && p.Sent == 2 })
	w.submitChanges(2)
	w.wantSent(0, 3, 4)
}

func baselineStart(w *world) {
	w.submitChanges(2)
	w.command("start", "baseline")
	w.await(func(p producerStatus) bool { return p.State == "IDLE" && p.Started })
	w.submitChanges(1)
	w.wantSent(2, 3)
	w.check()
}

func restartedWithPending(w *world) {
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started })
	w.submitChanges(1)
	w.wantSent(0, 1)
	w.suspend(false)
	w.submitChanges(3)
	w.wantQuiet("SUSPENDED", 3)
	w.killAndStart()
	w.wantSent(0, 1, 2, 3, 4)
	w.check()
}

// restartedHavingNeverSent restarts a producer that has not sent anything. What was recorded
// since its idle start is pending, and is sent.
func restartedHavingNeverSent(w *world) {
	w.submitChanges(2)
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.State == "IDLE" && p.Started })
	w.suspend(false)
	w.submitChanges(2)
	w.wantQuiet("SUSPENDED", 2)
	w.killAndStart()
	w.wantSent(0, 3, 4)
}

// startWithTwo starts the producer idle and publishes two transactions.
func (w *world) startWithTwo() {
	w.t.Helper()
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started })
	w.submitChanges(2)
	w.wantSent(0, 1, 2)
}

// restartChanged restarts urncast with other settings, and checks that the producer asks about
// them and publishes nothing, also after one more restart.
func (w *world) restartChanged(s rig.Settings, asks string) {
	w.t.Helper()
	if err := w.product.Stop(); err != nil {
		w.t.Fatal(err)
	}
	w.settings, w.product = s, rig.NewProduct(w.t, s)
	w.start()
	w.submitChanges(1)
	if q := w.awaitQuestion(); !strings.Contains(q.Reason, asks) {
		w.t.Errorf("the question does not contain %q: %s", asks, q.Reason)
	}
	w.wantQuiet("STOPPED", 1)
	before, err := w.status()
	if err != nil {
		w.t.Fatal(err)
	}
	w.killAndStart() // a restart is no answer: the producer asks again
	w.await(func(p producerStatus) bool { return p.State == "STOPPED" && p.Since.After(before.Since) })
	w.wantQuiet("STOPPED", 1)
}

func changedTopic(w *world) {
	w.startWithTwo()
	s, former := w.settings, w.topic
	w.topic = former + ".other"
	w.kafka.CreateTopic(w.t, w.topic, "cleanup.policy=compact")
	s.Topic = w.topic
	w.restartChanged(s, w.topic)
	w.command("start", "baseline")
	w.wantSent(2)
	w.submitChanges(1)
	w.wantSent(2, 4)
	w.checkReplica()
	w.topic = former
	w.wantSent(0, 1, 2) // the former topic is unchanged
}

func changedFormat(w *world) {
	w.startWithTwo()
	s := w.settings
	s.Format = "sdmx-ml-2.1"
	w.restartChanged(s, "sdmx-ml-2.1")
	w.command("start", "continue")
	w.wantSent(0, 1, 2, 3)
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

// changedFilter changes the filter. What the new filter excludes is deleted from the topic
// with tombstones; what it includes again is sent with a baseline.
func changedFilter(w *world) {
	w.startWithTwo()
	s := w.settings
	s.Env = append(slices.Clone(s.Env), "URNCAST_URNS=*:CL_1(*")
	w.restartChanged(s, "filter")
	w.command("start", "continue")
	w.wantSent(1, 1, 2)
	w.wantLive("CL_1")
	w.submitChanges(2) // of CL_0, which the filter excludes, and of CL_1
	w.wantSent(1, 1, 2, 5)
	if out, err := w.product.Run(w.t.Context(), "verify", "--bootstrap", w.kafka.Bootstrap()); err != nil {
		w.t.Errorf("urncast verify: %v\n%s", err, out)
	}
	s.Env = s.Env[:len(s.Env)-1]
	w.restartChanged(s, "filter")
	w.command("start", "baseline")
	w.settle()
	w.wantLive("CL_0", "CL_1")
	w.checkReplica()
}

// wantLive checks which codelists the topic holds.
func (w *world) wantLive(want ...string) {
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
	w.startWithTwo()
	s, former := w.settings, w.kafka
	w.kafka = rig.StartKafka(w.t)
	w.kafka.CreateTopic(w.t, w.topic, "cleanup.policy=compact")
	s.Bootstrap = w.kafka.Bootstrap()
	w.restartChanged(s, "cluster")
	w.command("start", "baseline")
	w.wantSent(2)
	w.checkReplica()
	w.kafka = former
	w.wantSent(0, 1, 2)
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
	w.startWithTwo()
	w.suspend(keep)
	w.submitChanges(2)
	w.wantQuiet("SUSPENDED", 2)
	w.killAndStart()
	if keep {
		w.wantQuiet("SUSPENDED", 2)
		w.command("resume", "")
	}
	w.wantSent(0, 1, 2, 3, 4)
	w.check()
}

func failedThenRestarted(w *world) {
	w.startWithTwo()
	w.setTopic("max.message.bytes", "20000")
	large := rig.Message(rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 1000})
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure", large); err != nil {
		w.t.Fatal(err)
	}
	first := w.await(func(p producerStatus) bool { return p.State == "FAILED" })
	w.submitChanges(1)
	w.wantQuiet("FAILED", 2)
	w.killAndStart() // the producer tries again, and fails again
	w.await(func(p producerStatus) bool { return p.State == "FAILED" && p.Since.After(first.Since) })
	w.setTopic("max.message.bytes", "1000000")
	w.wantQuiet("FAILED", 2) // the cause is gone, but no admin has started the producer
	w.killAndStart()
	w.wantSent(0, 1, 2, 3, 4)
	w.check()
}
