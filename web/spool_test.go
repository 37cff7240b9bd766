package web

import (
	"context"
	"errors"
	"testing"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/registry/workspace"
	"urncast/sdmx"
	"urncast/web/background"
	"urncast/web/console/task"
)

// A panic beside a request ends what it was about, and nobody waits for it any more.
func TestPanicsEndTheirPageAlone(t *testing.T) {
	s := newServer(Options{Password: "correct-horse"})
	t.Run("task", func(t *testing.T) {
		s := newServer(Options{Password: "correct-horse", Workspace: newDesk()})
		begun, err := s.tasks.Begin(t.Context(), task.Work{Task: workspace.Task{User: "anna", Address: "/x"}, Do: func(context.Context, *task.Task) []byte { panic("boom") }})
		if err != nil {
			t.Fatal(err)
		}
		s.tasks.Wait(t.Context())
		if answer, err := s.tasks.Store.Answer(t.Context(), begun.ID); err != nil || len(answer) > 0 {
			t.Errorf("it has the answer %q, %v", answer, err)
		}
	})
	t.Run("items", func(t *testing.T) {
		var c contents
		for range 3 { // the first leaves nothing behind that the next would wait for
			if _, err := c.get(t.Context(), s, sdmx.ClassCodelist, 7, largeDocument+1); !errors.Is(err, background.ErrDefect) {
				t.Errorf("it says %v", err)
			}
		}
	})
	t.Run("doctor", func(t *testing.T) {
		s := newServer(Options{Password: "correct-horse", Doctor: &diagnosis.Doctor{}}) // which has nobody to ask
		status := &control.Status{Settings: producer.Config{Routes: []producer.Route{{Topic: "a"}, {Topic: "b"}}}}
		if _, err := s.examine(t.Context(), status); !errors.Is(err, background.ErrDefect) {
			t.Errorf("it says %v", err)
		}
	})
	t.Run("topic", func(t *testing.T) {
		stub, server := newTopicDoor(t)
		stub.bad = true
		getPage(t, server.URL+"/live/topics/structures?from=0", 200) // it had begun, and ends
	})
}
