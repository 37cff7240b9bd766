package console

import (
	"testing"

	"urncast/integration/rig"
)

// A producer is suspended, stays suspended over a restart of the program, shows what is pending,
// and sends it when it is resumed; some structures are published again, then all; and finally the
// producer's configuration is deleted, by entering its name.
func commanding(t *testing.T, s *servers, at size) {
	product, topic := s.started(t, at.of("command"))
	prepare(t, product, lists(rig.Codelist{ID: "CL_ONE", Name: "One", Codes: 3}, rig.Codelist{ID: "CL_TWO", Name: "Two", Codes: 3}))
	p := admin(t, product, at)
	p.press("public")
	p.sees("Idle", "Sent to 1 of 1.")
	p.press("Suspend…")
	p.sees("Sends nothing until you resume or this process restarts.")
	p.tick("Keep suspended over restarts")
	p.look("1-suspend")
	p.press("Suspend public")
	p.sees("Suspended")
	prepare(t, product, lists(rig.Codelist{ID: "CL_THREE", Name: "Three", Codes: 3}), lists(rig.Codelist{ID: "CL_ONE", Name: "Uno", Codes: 3}))
	p.sees("2 transactions wait")
	product.Kill()
	p.sees("Not live since")
	p.shoot(p.task + "-2-not-live")
	if err := product.Start(); err != nil {
		t.Fatal(err)
	}
	p.missing("Not live since")
	p.complaints() // discards the errors from while the server was down
	p.side("Producers")
	p.sees("Suspended", "until resumed", "2 transactions")
	p.look("3-still-suspended")
	if log := s.read(t, topic); len(log.Messages) != 2 {
		t.Errorf("while it is suspended, the topic has %d messages", len(log.Messages))
	}
	p.press("public")
	p.press("Resume…")
	p.sees("Sends the 2 that wait, in order.")
	p.press("Resume public")
	p.sees("Idle", "Sent to 3 of 3. Nothing is pending.")
	if log := s.read(t, topic); len(log.Messages) != 4 {
		t.Errorf("after it was resumed, the topic has %d messages", len(log.Messages))
	}

	p.press("Publish some again…")
	p.write("URN patterns", "*CL_T*")
	p.sees("2 messages")
	p.look("4-some-again")
	p.press("Publish them")
	p.sees("Some again", "Done 2 of 2")
	p.press("Publish baseline…")
	p.sees("3 messages", "gets tombstones")
	p.press("Publish the baseline")
	p.sees("Baseline", "Done 3 of 3")
	p.look("5-jobs")
	if log := s.read(t, topic); len(log.Messages) != 9 {
		t.Errorf("after the jobs the topic has %d messages", len(log.Messages))
	}

	p.press("Delete configuration…")
	p.write("Type its name: public", "pubic")
	p.pressRefused(400, "Delete public")
	p.sees("That is not its name.")
	p.look("6-delete")
	p.write("Type its name: public", "public")
	p.press("Delete public")
	p.sees("No producers")
	if log := s.read(t, topic); len(log.Messages) != 9 {
		t.Errorf("after the configuration was deleted, the topic has %d messages", len(log.Messages))
	}
}
