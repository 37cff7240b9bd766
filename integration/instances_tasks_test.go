package integration

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
)

// newPublishingDeployment starts a deployment that publishes to a topic of a broker.
func newPublishingDeployment(t *testing.T, k *rig.Kafka, topic string) *deployment {
	k.CreateTopic(t, topic, topicConfig...)
	return newDeploymentWith(t, rig.Settings{Bootstrap: k.Bootstrap(), Topic: topic})
}

// submit sends instance i a codelist with one code and the given name.
func (d *deployment) submit(i int, name string) {
	d.t.Helper()
	status, text, _ := d.at(i).ask("POST", "/sdmx/v2/structure", "application/json", rig.Message(rig.Codelist{ID: "CL", Name: name, Codes: 1}))
	if status >= 300 {
		d.t.Fatalf("submitting: %d %s", status, text)
	}
}

// awaitBrokenOff waits until the task at an address counts as broken off: its instance has not
// renewed it for 10 s.
func (d *deployment) awaitBrokenOff(address string) {
	d.t.Helper()
	for deadline := time.Now().Add(time.Minute); d.count(`SELECT count(*) FROM tasks WHERE address = '`+address+`' AND beat_at < clock_timestamp() - interval '10 seconds'`) == 0; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatal("the task still counts as running after a minute")
		}
	}
}

// A user's comparison of a topic with the registry is the same task on three instances. Each
// instance shows it and none starts it twice; when its instance is killed it is shown as
// broken off; and each instance shows the result.
func TestVerifyOverThreeInstances(t *testing.T) {
	t.Parallel()
	k := rig.StartKafka(t)
	d := newPublishingDeployment(t, k, "structures.deployment")
	const address = "/topics/structures.deployment/verify?producer=default"
	d.submit(0, "one")
	if status, text, _ := d.ask("POST", "/api/v1/producers/default/start", "application/json", []byte(`{"how":"idle"}`)); status >= 300 {
		t.Fatalf("starting the producer: %d %s", status, text)
	}
	d.submit(1, "two")
	d.awaitPage("/transactions/2", "Sent")

	k.Pause()
	d.at(0).click(address, "producer=default")
	for deadline := time.Now().Add(20 * time.Second); d.count(`SELECT count(*) FROM tasks WHERE kind = 'verify'`) == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the comparison did not start within 20 s")
		}
	}
	id := func() (n int) { return d.count(`SELECT hashtext(id::text) FROM tasks WHERE kind = 'verify'`) }
	first := id()
	if text := d.at(1).partialPage(address); !strings.Contains(text, "Verifying") || !strings.Contains(text, "The registry has 2 transactions.") {
		t.Errorf("the page of another instance about the comparison is %.3000s", text)
	}
	d.at(2).click(address, "producer=default")
	time.Sleep(time.Second)
	if id() != first {
		t.Error("a second click started it again")
	}
	d.instances[0].Kill()
	k.Continue()
	d.awaitBrokenOff(address)
	d.awaitPage(address, "It broke off: the instance that did it has ended")

	d.at(1).ask("POST", address, formMedia, []byte("producer=default"))
	for i := range 2 {
		d.at(1 + i)
		if text, _ := d.awaitPage(address, "Compared "); !strings.Contains(text, "2 transactions in the registry") || strings.Contains(text, "Differs") {
			t.Errorf("the page of instance %d about the comparison is %s", 1+i, text[strings.Index(text, "<main"):])
		}
	}
}

// Housekeeping that a user starts is the same task on three instances. When its instance is
// killed in the middle, every instance shows it as broken off, and the next run removes what
// is left.
func TestHousekeepingOverThreeInstances(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	for i := range 6 {
		d.submit(i, fmt.Sprint("name ", i))
	}
	if _, err := d.pool.Exec(t.Context(), `UPDATE transactions SET recorded_at = recorded_at - interval '10 days'`); err != nil {
		t.Fatal(err)
	}
	if status, text, _ := d.ask("PUT", "/api/v1/settings", "application/json", []byte(`{"allowDangling":false,"requireAgencies":false,"housekeeping":{"keepTransactions":2,"keepDays":0}}`)); status != http.StatusOK {
		t.Fatalf("saving the settings: %d %s", status, text)
	}
	const question, run = "/settings/housekeeping", "/settings/housekeeping/run"
	form := func() string {
		text, _ := d.awaitPage(question, "Remove old content now?")
		field := func(name string) string {
			_, rest, _ := strings.Cut(text, `name="`+name+`" value="`)
			value, _, _ := strings.Cut(rest, `"`)
			return name + "=" + value
		}
		return field("revision") + "&" + field("horizon")
	}
	asked := form()
	tx, err := d.pool.Begin(t.Context()) // stops the run in the middle: the horizon has moved, and nothing can be removed
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `LOCK TABLE refs IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	d.at(0).click(question, asked)
	d.awaitLockWaiters(1)
	if text := d.at(1).partialPage(run); !strings.Contains(text, "Removing old content") || !strings.Contains(text, "3 documents") {
		t.Errorf("the page of another instance about the run is %.3000s", text)
	}
	begun := d.count(`SELECT hashtext(id::text) FROM tasks WHERE kind = 'housekeeping'`)
	d.at(2).click(question, asked)
	d.awaitPage("/settings", "it is under way")
	time.Sleep(time.Second)
	if d.count(`SELECT hashtext(id::text) FROM tasks WHERE kind = 'housekeeping'`) != begun {
		t.Error("a second click started it again")
	}
	d.instances[0].Kill()
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.awaitBrokenOff(run)
	d.awaitPage(run, "Housekeeping: It broke off: the instance that did it has ended")
	if n := d.count(`SELECT count(*) FROM documents`); n != 6 {
		t.Errorf("the database has %d documents, want all 6, because the run broke off", n)
	}

	d.at(1).ask("POST", question, formMedia, []byte(asked)) // the same form starts a run that removes the rest
	for i := range 4 {
		d.at(1 + i)
		if text, _ := d.awaitPage(run, "Old content was removed"); !strings.Contains(text, "3 documents") {
			t.Errorf("the page of the run is %.5000s", text)
		}
		d.ask("POST", question, formMedia, []byte(asked))
	}
	if n := d.count(`SELECT count(*) FROM documents`); n != 3 {
		t.Errorf("the database has %d documents, want 3", n)
	}
	if n := d.count(`SELECT count(*) FROM audit WHERE action = 'housekeeping run'`); n > 1 {
		t.Errorf("the audit log has %d runs of housekeeping, want at most 1", n)
	}
}
