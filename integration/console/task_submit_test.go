package console

import (
	"archive/zip"
	"bytes"
	"testing"
	"time"

	"urncast/integration/rig"
)

// zipped returns a zip archive of files.
func zipped(t *testing.T, all map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range all {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// started starts a product with the producer "public", which sends to a topic of its own.
func (s *servers) started(t *testing.T, name string, settings ...string) (*rig.Product, string) {
	t.Helper()
	product, topic := s.product(t, name), "sdmx."+name
	s.kafka.CreateTopic(t, topic, append([]string{"cleanup.policy=compact", "min.compaction.lag.ms=604800000"}, settings...)...)
	prepare(t, product, s.connection(),
		[3]string{"POST", "/api/v1/producers", `{"name": "public", "connection": "main", "routes": [{"topic": "` + topic + `", "format": "sdmx-ml-2.1"}]}`},
		[3]string{"POST", "/api/v1/producers/public/start", `{"how": "idle"}`})
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		var status struct{ State string }
		if err := product.JSON("/api/v1/producers/public", &status); err != nil {
			t.Fatal(err)
		}
		if status.State == "IDLE" { // transactions from now on are sent
			return product, topic
		}
		if time.Now().After(deadline) {
			t.Fatalf("the producer is %s", status.State)
		}
	}
}

// Files are dropped or chosen, zipped or not, and checked before anything is written. What is
// submitted appears at once on the dashboard, in the log and on the topic, and the log says what
// the changes mean.
func submitting(t *testing.T, s *servers, at size) {
	product, topic := s.started(t, at.of("submit"))
	p, desk := admin(t, product, at), admin(t, product, at)
	desk.sees("Nothing has failed.", "nothing pending")

	broken := bytes.Replace(rig.Message(rig.Codelist{ID: "CL_BROKEN", Name: "Broken", Codes: 3}), []byte(`<str:Code id="C1">`), []byte(`<str:Cod id="C1">`), 1)
	p.side("Submit")
	p.drops("[data-drop]", files(t, map[string][]byte{"broken.xml": broken})...)
	p.sees("broken.xml")
	p.press("Check")
	p.sees("The files cannot be read, so nothing would be written", "broken.xml", "line 7")
	p.look("1-mistake")
	p.press("Discard")

	first, second := rig.Codelist{ID: "CL_AREA", Name: "Areas", Codes: 3}, rig.Codelist{ID: "CL_UNIT", Name: "Units", Codes: 2}
	p.chooses("Files", files(t, map[string][]byte{"lists.zip": zipped(t, map[string][]byte{"areas.xml": rig.Message(first), "units.xml": rig.Message(second)})})...)
	p.sees("lists.zip")
	p.look("2-chosen")
	p.press("Check")
	p.sees("2 structures would be written", "areas.xml", "CL_AREA", "new, 3 codes", "Where it would be published", topic, "Yes")
	p.look("3-checked")
	p.press("Submit 2 structures")
	p.heading("Transaction\n1")
	p.sees("Sent", "after it was recorded")
	p.look("4-sent")
	desk.sees("CL_AREA", "+ 1 more", "Sent")
	desk.look("5-dashboard-live")

	changed := bytes.Replace(rig.Message(rig.Codelist{ID: "CL_AREA", Name: "Reference areas", Codes: 4}), []byte("Code number 1 of CL_AREA"), []byte("Code number one of CL_AREA"), 1)
	p.side("Submit")
	p.chooses("Files", files(t, map[string][]byte{"areas.xml": changed})...)
	p.press("Check")
	p.sees("1 structure would be written")
	p.press("Submit 1 structure")
	p.sees("What changed in", "Text", "Added", "Reference")
	p.look("6-changed")

	p.side("Structures")
	p.press("RIG:CL_UNIT(1.0)")
	p.press("Delete…")
	p.sees("A tombstone goes to", topic)
	p.press("Delete RIG:CL_UNIT(1.0)")
	p.heading("Transaction\n3")
	p.sees("Sent")
	p.side("Topics")
	p.press(topic)
	p.sees("Transaction 1", "Transaction 2", "Transaction 3", "Tombstone", "CL_UNIT")
	p.look("7-topic")
	p.press("Verify")
	p.sees("Every promise is proven")
	p.look("8-verified")
	if log := s.read(t, topic); len(log.Messages) != 4 || len(log.Replica()) != 1 {
		t.Errorf("the topic has %d messages, which leave %d structures", len(log.Messages), len(log.Replica()))
	}
}
