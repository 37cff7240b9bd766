package web

import (
	"context"
	"testing"

	"urncast/registry/workspace"
	"urncast/web/console/task"
)

// TestPanicsEndTheirPageAlone checks that a panic in work beside a request ends that
// work's page, and nothing waits for it any more.
func TestPanicsEndTheirPageAlone(t *testing.T) {
	t.Run("task", func(t *testing.T) {
		s := newServer(complete(Options{}))
		begun, err := s.tasks.Begin(t.Context(), task.Work{Task: workspace.Task{User: "anna", Address: "/x"}, Do: func(context.Context, *task.Task) []byte { panic("boom") }})
		if err != nil {
			t.Fatal(err)
		}
		s.tasks.Wait(t.Context())
		if answer, err := s.tasks.Store.Answer(t.Context(), begun.ID); err != nil || len(answer) > 0 {
			t.Errorf("it has the answer %q, %v", answer, err)
		}
	})
	t.Run("topic", func(t *testing.T) {
		stub, server := newTopicDoor(t)
		stub.bad = true
		getPage(t, server.URL+"/live/topics/structures?from=0", 200) // it had begun, and ends
	})
}
