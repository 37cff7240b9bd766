package integration

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
)

// newPublishingHouse is a house that publishes to a topic of a broker.
func newPublishingHouse(t *testing.T, k *rig.Kafka, topic string) *house {
	k.CreateTopic(t, topic, topicConfig...)
	return newHouseOf(t, rig.Settings{Bootstrap: k.Bootstrap(), Topic: topic})
}

// submit has an instance take a codelist of one code that is named so.
func (h *house) submit(i int, name string) {
	h.t.Helper()
	status, text, _ := h.at(i).ask("POST", "/sdmx/v2/structure", "application/json", rig.Message(rig.Codelist{ID: "CL", Name: name, Codes: 1}))
	if status >= 300 {
		h.t.Fatalf("submitting: %d %s", status, text)
	}
}

// lost waits until work is taken for broken off.
func (h *house) lost(address string) {
	h.t.Helper()
	for deadline := time.Now().Add(time.Minute); h.count(`SELECT count(*) FROM tasks WHERE address = '`+address+`' AND beat_at < clock_timestamp() - interval '10 seconds'`) == 0; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatal("it gives signs of life")
		}
	}
}

// One person's comparison of a topic goes over three instances: it is seen from each and not
// begun twice, it says so when its instance is killed, and its result is seen from each.
func TestVerifyOverThreeInstances(t *testing.T) {
	t.Parallel()
	k := rig.StartKafka(t)
	h := newPublishingHouse(t, k, "structures.house")
	const address = "/topics/structures.house/verify?producer=default"
	h.submit(0, "one")
	if status, text, _ := h.ask("POST", "/api/v1/producers/default/start", "application/json", []byte(`{"how":"idle"}`)); status >= 300 {
		t.Fatalf("starting the producer: %d %s", status, text)
	}
	h.submit(1, "two")
	h.page("/transactions/2", "Sent")

	k.Pause()
	h.at(0).click(address, "producer=default")
	for deadline := time.Now().Add(20 * time.Second); h.count(`SELECT count(*) FROM tasks WHERE kind = 'verify'`) == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was begun")
		}
	}
	id := func() (n int) { return h.count(`SELECT hashtext(id::text) FROM tasks WHERE kind = 'verify'`) }
	first := id()
	if text := h.at(1).glance(address); !strings.Contains(text, "Verifying") || !strings.Contains(text, "The registry has 2 transactions.") {
		t.Errorf("another instance says of the comparison %.3000s", text)
	}
	h.at(2).click(address, "producer=default")
	time.Sleep(time.Second)
	if id() != first {
		t.Error("a second click began it again")
	}
	h.members[0].Kill()
	k.Continue()
	h.lost(address)
	h.page(address, "It broke off: the instance that did it has ended")

	h.at(1).ask("POST", address, formMedia, []byte("producer=default"))
	for i := range 2 {
		h.at(1 + i)
		if text, _ := h.page(address, "Compared "); !strings.Contains(text, "2 transactions in the registry") || strings.Contains(text, "Differs") {
			t.Errorf("instance %d says of the comparison %s", 1+i, text[strings.Index(text, "<main"):])
		}
	}
}

// One person's housekeeping goes over three instances, one of which is killed in the middle:
// it is seen from each, it says that it broke off, and what is left is removed by the next.
func TestHousekeepingOverThreeInstances(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i := range 6 {
		h.submit(i, fmt.Sprint("name ", i))
	}
	if _, err := h.pool.Exec(t.Context(), `UPDATE transactions SET recorded_at = recorded_at - interval '10 days'`); err != nil {
		t.Fatal(err)
	}
	if status, text, _ := h.ask("PUT", "/api/v1/settings", "application/json", []byte(`{"allowDangling":false,"requireAgencies":false,"housekeeping":{"keepTransactions":2,"keepDays":0}}`)); status != http.StatusOK {
		t.Fatalf("saving the settings: %d %s", status, text)
	}
	const question, run = "/settings/housekeeping", "/settings/housekeeping/run"
	form := func() string {
		text, _ := h.page(question, "Remove old content now?")
		field := func(name string) string {
			_, rest, _ := strings.Cut(text, `name="`+name+`" value="`)
			value, _, _ := strings.Cut(rest, `"`)
			return name + "=" + value
		}
		return field("revision") + "&" + field("horizon")
	}
	asked := form()
	tx, err := h.pool.Begin(t.Context()) // in the middle: the horizon has moved, and nothing can be removed
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `LOCK TABLE refs IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	h.at(0).click(question, asked)
	h.waits(1)
	if text := h.at(1).glance(run); !strings.Contains(text, "Removing old content") || !strings.Contains(text, "3 documents") {
		t.Errorf("another instance says of the run %.3000s", text)
	}
	begun := h.count(`SELECT hashtext(id::text) FROM tasks WHERE kind = 'housekeeping'`)
	h.at(2).click(question, asked)
	h.page("/settings", "it is under way")
	time.Sleep(time.Second)
	if h.count(`SELECT hashtext(id::text) FROM tasks WHERE kind = 'housekeeping'`) != begun {
		t.Error("a second click began it again")
	}
	h.members[0].Kill()
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.lost(run)
	h.page(run, "Housekeeping: It broke off: the instance that did it has ended")
	if n := h.count(`SELECT count(*) FROM documents`); n != 6 {
		t.Errorf("%d documents are there, not 6", n)
	}

	h.at(1).ask("POST", question, formMedia, []byte(asked)) // the same answer does the rest
	for i := range 4 {
		h.at(1 + i)
		if text, _ := h.page(run, "Old content was removed"); !strings.Contains(text, "3 documents") {
			t.Errorf("the run says %.5000s", text)
		}
		h.ask("POST", question, formMedia, []byte(asked))
	}
	if n := h.count(`SELECT count(*) FROM documents`); n != 3 {
		t.Errorf("%d documents are left, not 3", n)
	}
	if n := h.count(`SELECT count(*) FROM audit WHERE action = 'housekeeping run'`); n > 1 {
		t.Errorf("%d runs are in the audit", n)
	}
}
