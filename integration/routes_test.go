package integration

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/integration/topiccheck"
)

// messageLines returns each message of the topic as "number action id position/count", and the
// kind of its job if it has one.
func (w *world) messageLines() []string { return w.messageLinesOn(w.topic) }

// messageLinesOn is messageLines for another topic.
func (w *world) messageLinesOn(topic string) (lines []string) {
	w.t.Helper()
	l, err := topiccheck.Read(w.t.Context(), w.kafka.Bootstrap(), topic)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range l.Messages {
		m := &l.Messages[i]
		_, id, _ := strings.Cut(m.Key, "=RIG:")
		job, _, _ := strings.Cut(m.Headers["urncast-job"], " ")
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%d %s %s %d/%d %s", m.Number, m.Headers["urncast-action"], id, m.Position, m.Count, job)))
	}
	return lines
}

// replaceLists submits codelists with these ids and random names.
// awaitMessagesOn waits until a topic has n messages.
func (w *world) awaitMessagesOn(topic string, n int) {
	w.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); len(w.messageLinesOn(topic)) < n; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("topic %s has %q, and not %d messages", topic, w.messageLinesOn(topic), n)
		}
	}
}

func (w *world) replaceLists(ids ...string) {
	w.t.Helper()
	var lists []rig.Codelist
	for _, id := range ids {
		lists = append(lists, rig.Codelist{ID: id, Name: fmt.Sprintf("Name %d", w.random.Int64()), Codes: 3})
	}
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure", rig.Message(lists...)); err != nil {
		w.t.Fatal(err)
	}
}

// The filter of a route that has published is narrowed, then removed with a baseline. After
// each step the topic holds what the filter accepts, and urncast verify agrees.
func TestFilter(t *testing.T) {
	t.Parallel()
	k := rig.SharedKafka(t)
	w := newWorld(t, k, pg.Shared(t), k.Bootstrap())
	w.replaceLists("CL_A", "CL_B")
	w.settle()

	s := w.settings
	s.Env = append(slices.Clone(s.Env), "URNCAST_URNS=*:CL_A(*,*:CL_C(*")
	w.restartAsking(s, "The filter was changed from none to", "CL_B", "CL_C")
	w.command("start", "continue")
	w.settle()
	w.replaceLists("CL_B")
	w.replaceLists("CL_A", "CL_B")
	w.settle()
	want := []string{"1 replace CL_A(1.0) 1/2", "1 replace CL_B(1.0) 2/2",
		"1 delete CL_B(1.0) 1/1 filter", "2 replace CL_C(1.0) 1/1", "4 replace CL_A(1.0) 1/1"}
	w.wantMessages(want...)
	out, err := w.product.Run(t.Context(), "verify", "--bootstrap", w.kafka.Bootstrap())
	if err != nil || !strings.Contains(out, "proven        P7 nothing is on the topic that the filter does not take") || !strings.Contains(out, "transaction 3 was skipped; the route has a filter") {
		t.Errorf("urncast verify: %v\n%s", err, out)
	}

	s.Env = slices.DeleteFunc(slices.Clone(s.Env), func(e string) bool { return strings.HasPrefix(e, "URNCAST_URNS") })
	w.restartAsking(s, "to none", "CL_D")
	w.command("start", "baseline")
	w.settle()
	want = append(want, "5 replace CL_A(1.0) 1/4 baseline", "5 replace CL_B(1.0) 2/4 baseline", "5 replace CL_C(1.0) 3/4 baseline", "5 replace CL_D(1.0) 4/4 baseline")
	w.wantMessages(want...)
	w.check()
}

// restartAsking restarts urncast with other settings, submits a change, and waits until the
// producer asks about the settings.
func (w *world) restartAsking(s rig.Settings, asks string, pending ...string) {
	w.t.Helper()
	if err := w.product.Stop(); err != nil {
		w.t.Fatal(err)
	}
	w.settings, w.product = s, rig.NewProduct(w.t, s)
	w.start()
	w.replaceLists(pending...)
	if q := w.awaitQuestion(); !strings.Contains(q.Reason, asks) {
		w.t.Errorf("the question does not contain %q: %s", asks, q.Reason)
	}
}

// wantMessages checks the messages of the world's topic.
func (w *world) wantMessages(want ...string) {
	w.t.Helper()
	if got := w.messageLines(); !slices.Equal(got, want) {
		w.t.Errorf("the topic has the messages\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
