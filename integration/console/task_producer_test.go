package console

import (
	"testing"

	"urncast/integration/rig"
)

// A producer and its topic are created with the guided form, which counts the structures that the
// filter matches. Its first start is a baseline, whose size the page shows beforehand. The topic
// then has what the page announced.
func newProducer(t *testing.T, s *servers, at size) {
	name := at.of("producer")
	product, topic := s.product(t, name), "sdmx."+name
	prepare(t, product, s.connection(),
		lists(rig.Codelist{ID: "CL_ONE", Name: "One", Codes: 3}, rig.Codelist{ID: "CL_TWO", Name: "Two", Codes: 40}),
		lists(rig.Codelist{ID: "CL_THREE", Name: "Three", Codes: 2}, rig.Codelist{ID: "OTHER", Name: "Other", Codes: 2}))
	p := admin(t, product, at)
	p.side("Producers")
	p.sees("No producers")
	p.press("New producer…")
	p.write("Name", "public")
	p.pick("Connection", "main")
	p.write("Topic", topic)
	p.tick("Make the topic")
	p.tick("sdmx-ml-2.1")
	p.sees("4 structures match")
	p.tick("Codelists")
	p.write("Agencies", "NOBODY")
	p.sees("Nothing that is current matches.")
	p.write("Agencies", "RIG")
	p.write("URN patterns", "*=RIG:CL_*(*)")
	p.sees("3 structures match", "All of them can be said in this format.")
	p.write("Mail on failure", "sdmx-ops@example.org")
	p.look("1-form")
	p.press("Make the producer")

	p.heading("Start public?")
	p.sees("Sends nothing now. What is recorded after 2 is sent. Readers never get the 3 structures that are there already.")
	p.sees("3 messages, ", " as stored, in one Kafka transaction", topic)
	p.look("2-start")
	p.pressRefused(400, "Start public")
	p.sees("Choose how it should begin")
	p.tick("With a baseline")
	p.press("Start public")
	p.sees("Idle", "Sent to 2 of 2. Nothing is pending.", "Done 3 of 3", "sdmx-ops@example.org")
	p.sees("checks are fine")
	p.missing("nothing sent", "known when sent")
	p.look("3-idle")

	log := s.read(t, topic)
	if len(log.Messages) != 3 {
		t.Errorf("the topic has %d messages", len(log.Messages))
	}
	for _, id := range []string{"CL_ONE", "CL_TWO", "CL_THREE"} {
		if log.Replica()[rig.Codelist{ID: id}.URN()] == nil {
			t.Errorf("the topic has no %s", id)
		}
	}
	p.side("Dashboard")
	p.sees("Nothing has failed.", "nothing pending")
	p.look("4-dashboard")
	p.press("public")
	p.heading("public\nIdle")
}
