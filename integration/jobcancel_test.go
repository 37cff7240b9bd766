package integration

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/integration/topiccheck"
)

// cancelCommand matches the command in the reason of a failed job by which an admin can cancel
// it.
var cancelCommand = regexp.MustCompile(`urncast (producer cancel (\S+) --producer default)`)

// stuckJob requests a job that fails because a message is larger than the topic's
// max.message.bytes. It returns the command that the reason names, and the job's id.
func (w *world) stuckJob(args ...string) (command []string, id string) {
	w.t.Helper()
	w.run(append([]string{"producer", "publish", "--yes"}, args...)...)
	p := w.wantFailed("CL_LARGE(1.0)", "max.message.bytes", "Nothing of it is on the topics")
	found := cancelCommand.FindStringSubmatch(p.Reason)
	if found == nil {
		w.t.Fatalf("the reason of the failure names no command: %s", p.Reason)
	}
	return append(strings.Fields(found[1]), "--yes"), found[2]
}

// A baseline or a re-publication that the topic rejects can be cancelled: by the command that
// the reason names, through the API, with the console's form, and when the process is killed
// right after. Pending transactions are then sent, each once. If the structure that is too
// large is shortened instead, a start sends that change first and then the job.
func TestJobThatCannotBeSent(t *testing.T) {
	t.Parallel()
	k := rig.StartKafka(t)
	w := newFleet(t, k, pg.Shared(t))
	const topic = "j.refused"
	w.run("producer", "create", "default", "--topic", topic)
	w.run("producer", "start", "--idle")
	w.awaitIdle("default")
	w.replaceLists("CL_A")
	w.replace(rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 2000})
	w.awaitIdle("default")
	want := []string{"1 replace CL_A(1.0) 1/1", "2 replace CL_LARGE(1.0) 1/1"}
	sent := func(lines ...string) {
		t.Helper()
		w.awaitIdle("default")
		want = append(want, lines...)
		w.wantMessagesOn(topic, want...)
	}
	sent()
	k.SetTopic(t, topic, "max.message.bytes", "20000")

	command, id := w.stuckJob()
	w.replaceLists("CL_A")
	if out := w.run("status"); !strings.Contains(out, "urncast producer cancel "+id) {
		t.Errorf("urncast status does not name the command to cancel the job:\n%s", out)
	}
	if out := w.run(command...); !strings.Contains(out, "Nothing of it is on the topics. The topics may lack current structures") {
		t.Errorf("urncast producer cancel prints\n%s", out)
	}
	sent("3 replace CL_A(1.0) 1/1")
	if out := w.run("producer", "jobs"); !strings.Contains(out, "cancelled") || !strings.Contains(out, id+" left this: Nothing of it is on the topics.") {
		t.Errorf("urncast producer jobs prints\n%s", out)
	}

	_, id = w.stuckJob("--urns", "*:CL_LARGE(*")
	w.replaceLists("CL_B")
	var j struct {
		Cancelling bool
		Leaves     string
	}
	w.call(http.StatusAccepted, http.MethodDelete, "/api/v1/producers/default/jobs/"+id, "", &j)
	if !j.Cancelling || !strings.HasPrefix(j.Leaves, "Nothing of it is on the topics.") {
		t.Errorf("the response to the cancellation is %+v", j)
	}
	sent("4 replace CL_B(1.0) 1/1")
	w.call(http.StatusNotFound, http.MethodDelete, "/api/v1/producers/default/jobs/"+id, "", nil)

	_, id = w.stuckJob("--classes", "Codelist")
	w.replaceLists("CL_B")
	w.cancelByForm(id)
	sent("5 replace CL_B(1.0) 1/1")

	for _, n := range []string{"6", "7", "8"} {
		command, _ = w.stuckJob()
		w.replaceLists("CL_B")
		w.run(command...)
		w.product.Kill()
		w.start()
		sent(n + " replace CL_B(1.0) 1/1")
	}

	w.stuckJob("--urns", "*:CL_LARGE(*")
	w.replaceLists("CL_LARGE") // with a name and codes that fit
	w.replaceLists("CL_B")
	w.run("producer", "start")
	sent("9 replace CL_LARGE(1.0) 1/1", "10 replace CL_B(1.0) 1/1", "10 replace CL_LARGE(1.0) 1/1 republish")
	k.SetTopic(t, topic, "max.message.bytes", "1000000")
	w.run("verify", "--bootstrap", k.Bootstrap())
}

// cancelByForm cancels a job with the console's form.
func (w *world) cancelByForm(job string) {
	w.t.Helper()
	status, answer, err := w.product.Do(http.MethodPost, "/producers/default/cancel", "application/x-www-form-urlencoded", []byte(url.Values{"job": {job}}.Encode()))
	if err != nil || status != http.StatusOK || !strings.Contains(string(answer), "The end of the job is asked for.") {
		w.t.Errorf("the console answers %d, %v: %s", status, err, answer)
	}
}

// With the settings for it, a baseline is published first when an admin starts the producer,
// after its process was killed, and when its connection leads to another cluster; but not when
// the producer is resumed, or when other settings change.
func TestBaselinesBySetting(t *testing.T) {
	t.Parallel()
	one, two := rig.StartKafka(t), rig.StartKafka(t)
	w := newFleet(t, one, pg.Shared(t))
	const topic = "b.setting"
	w.run("producer", "create", "default", "--topic", topic, "--baseline-at-every-start", "--baseline-when-connection-changes")
	w.run("producer", "start", "--idle")
	w.awaitIdle("default")
	w.replaceLists("CL_A")
	w.awaitIdle("default")
	want := []string{"1 replace CL_A(1.0) 1/1"}
	sent := func(lines ...string) {
		t.Helper()
		w.awaitIdle("default")
		want = append(want, lines...)
		w.wantMessagesOn(topic, want...)
	}
	sent()
	w.product.Kill()
	w.start()
	w.awaitJobs(1)
	sent("1 replace CL_A(1.0) 1/1 baseline")
	w.run("producer", "start")
	w.awaitJobs(2)
	sent("1 replace CL_A(1.0) 1/1 baseline")
	w.run("producer", "suspend", "--keep")
	w.awaitReason("default", "Suspended by hand")
	w.replaceLists("CL_B")
	w.run("producer", "resume")
	sent("2 replace CL_B(1.0) 1/1")

	var settings map[string]any
	if err := json.Unmarshal([]byte(w.run("producer", "show", "--json")), &settings); err != nil {
		t.Fatal(err)
	}
	w.run("connection", "set", "other", "bootstrap.servers="+two.Bootstrap())
	settings["connection"] = "other"
	body, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	w.call(http.StatusOK, http.MethodPut, "/api/v1/producers/default", string(body), nil)
	w.awaitJobs(3)
	w.wantMessagesOn(topic, want...) // on the first cluster, to which nothing more is sent
	w.kafka, want = two, nil
	sent("2 replace CL_A(1.0) 1/2 baseline", "2 replace CL_B(1.0) 2/2 baseline")
	if l, err := topiccheck.Read(t.Context(), two.Bootstrap(), topic); err != nil || len(l.Messages) != 2 {
		t.Errorf("the topic on the second cluster is %v, %v, want two messages", l, err)
	}
	if audit := w.call(http.StatusOK, http.MethodGet, "/api/v1/audit", "", nil); strings.Count(audit, "baseline begun by a setting") != 3 ||
		!strings.Contains(audit, "baseline when the connection changes") {
		t.Errorf("the audit log is %s", audit)
	}
}

// awaitJobs waits until the producer has n jobs that are done.
func (w *world) awaitJobs(n int) {
	w.t.Helper()
	var jobs []struct{ Phase string }
	w.await(func(producerStatus) bool {
		jobs = nil
		err := w.product.JSON("/api/v1/producers/default/jobs", &jobs)
		return err == nil && strings.Count(phases(jobs), "done") == n
	})
}

func phases(jobs []struct{ Phase string }) (all string) {
	for _, j := range jobs {
		all += " " + j.Phase
	}
	return all
}
