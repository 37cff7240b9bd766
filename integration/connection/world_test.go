package connection

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/producer/kafka/trial"

	"urncast/integration/rig"
	"urncast/producer/connection"
)

// A testRun is one connection test, as its reports told it.
type testRun struct {
	order   []string // of the steps, "id" or "id server"
	last    map[string]connection.Step
	reports []connection.Step
	err     error
}

// test runs a connection test to its end.
func test(ctx context.Context, c *trial.Client, properties map[string]string, asked connection.Test,
	see func(connection.Step)) *testRun {
	t := &testRun{last: map[string]connection.Step{}}
	var mu sync.Mutex
	t.err = c.Test(ctx, reached(properties), asked, func(s connection.Step) {
		mu.Lock()
		defer mu.Unlock()
		key := strings.TrimSpace(s.ID + " " + s.Server)
		if _, known := t.last[key]; !known {
			t.order = append(t.order, key)
		}
		t.last[key] = s
		t.reports = append(t.reports, s)
		if see != nil {
			see(s)
		}
	})
	return t
}

func reached(properties map[string]string) *connection.Connection {
	return &connection.Connection{Name: "test", Properties: properties}
}

// step returns a step by its id; the first one if several servers have it.
func (tr *testRun) step(id string) connection.Step {
	for _, key := range tr.order {
		if s := tr.last[key]; s.ID == id {
			return s
		}
	}
	return connection.Step{}
}

func (tr *testRun) String() string {
	var b strings.Builder
	for _, key := range tr.order {
		s := tr.last[key]
		fmt.Fprintf(&b, "%-34s %-8s %6s %s %s %s\n", key, s.State, s.Took.Round(time.Millisecond), s.Finding, s.Cure,
			s.Needs)
	}
	return b.String()
}

// expect asserts that every step passes, except those in others, which must have the given state
// and text ("state: text").
func (tr *testRun) expect(t *testing.T, others map[string]string) {
	t.Helper()
	for _, key := range tr.order {
		s := tr.last[key]
		want, words, named := strings.Cut(others[s.ID], ": ")
		if others[s.ID] == "" {
			want = string(connection.StepPassed)
		}
		all := s.Finding + " " + s.Cure + " " + s.Needs
		if string(s.State) != want || named && !strings.Contains(all, words) {
			t.Errorf("step %s is %s, want %s with %q: %s", key, s.State, want, words, all)
		}
		if (s.State == connection.StepFailed || s.State == connection.StepWarning) && s.Cure == "" {
			t.Errorf("step %s has no cure", key)
		}
		if strings.Contains(all, "{") {
			t.Errorf("step %s has a placeholder that was not filled in: %s", key, all)
		}
	}
	for id := range others {
		if tr.step(id).ID == "" {
			t.Errorf("there is no step %s", id)
		}
	}
	if t.Failed() {
		t.Logf("\n%s", tr)
	}
}

// structures creates a topic as the producer would.
func structures(t *testing.T, k *rig.Kafka, name string, more ...string) string {
	t.Helper()
	k.CreateTopic(t, name, append([]string{"cleanup.policy=compact", "min.compaction.lag.ms=604800000"}, more...)...)
	return name
}
