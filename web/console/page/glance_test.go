package page

import (
	"testing"

	"urncast/producer"
	"urncast/producer/control"
)

// The frame says that an instance publishes if a producer whose lease it holds does.
func TestWhoPublishes(t *testing.T) {
	for state, want := range map[producer.State]string{
		producer.Stopped: "", producer.Failed: "", producer.Idle: "host:7", producer.Publishing: "host:7", producer.Degraded: "host:7",
	} {
		if g := glanceAt([]control.Status{{State: state, Holder: "host:7/ab"}}); g.publishing != want {
			t.Errorf("while a producer is %s the frame says that %q publishes, want %q", state, g.publishing, want)
		}
	}
}
