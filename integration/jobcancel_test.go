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

// cancelCommand is how the message of a job that failed names the way out.
var cancelCommand = regexp.MustCompile(`urncast (producer cancel (\S+) --producer default)`)

// stuckJob asks for a job that the topic's limit refuses, and gives the command that its
// failure names.
func (w *world) stuckJob(args ...string) (command []string, id string) {
	w.t.Helper()
	w.run(append([]string{"producer", "publish", "--yes"}, args...)...)
	p := w.failed("CL_LARGE(1.0)", "max.message.bytes", "Nothing of it is on the topics")
	found := cancelCommand.FindStringSubmatch(p.Reason)
	if found == nil {
		w.t.Fatalf("the failure names no command: %s", p.Reason)
	}
	return append(strings.Fields(found[1]), "--yes"), found[2]
}

// A baseline or a re-publication that the topic refuses is cancelled, by the command that
// its failure names, through the API, by the console's form, and with the process killed
// right after: what is pending is sent, each once. Or what is too large is shortened, and
// a start sends that and then the job.
func TestJobThatCannotBeSent(t *testing.T) {
	t.Parallel()
	k := rig.StartKafka(t)
	w := newFleet(t, k, pg.Shared(t))
	const topic = "j.refused"
	w.run("producer", "create", "default", "--topic", topic)
	w.run("producer", "start", "--idle")
	w.idle("default")
	w.replaceLists("CL_A")
	w.replace(rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 2000})
	w.idle("default")
	want := []string{"1 replace CL_A(1.0) 1/1", "2 replace CL_LARGE(1.0) 1/1"}
	sent := func(lines ...string) {
		t.Helper()
		w.idle("default")
		want = append(want, lines...)
		w.wantOn(topic, want...)
	}
	sent()
	k.SetTopic(t, topic, "max.message.bytes", "20000")

	command, id := w.stuckJob()
	w.replaceLists("CL_A")
	if out := w.run("status"); !strings.Contains(out, "urncast producer cancel "+id) {
		t.Errorf("the status names no way out:\n%s", out)
	}
	if out := w.run(command...); !strings.Contains(out, "Nothing of it is on the topics. The topics may lack current structures") {
		t.Errorf("cancelling says\n%s", out)
	}
	sent("3 replace CL_A(1.0) 1/1")
	if out := w.run("producer", "jobs"); !strings.Contains(out, "cancelled") || !strings.Contains(out, id+" left this: Nothing of it is on the topics.") {
		t.Errorf("the list of jobs says\n%s", out)
	}

	_, id = w.stuckJob("--urns", "*:CL_LARGE(*")
	w.replaceLists("CL_B")
	var j struct {
		Cancelling bool
		Leaves     string
	}
	w.call(http.StatusAccepted, http.MethodDelete, "/api/v1/producers/default/jobs/"+id, "", &j)
	if !j.Cancelling || !strings.HasPrefix(j.Leaves, "Nothing of it is on the topics.") {
		t.Errorf("%+v", j)
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
	w.replaceLists("CL_LARGE") // shortened
	w.replaceLists("CL_B")
	w.run("producer", "start")
	sent("9 replace CL_LARGE(1.0) 1/1", "10 replace CL_B(1.0) 1/1", "10 replace CL_LARGE(1.0) 1/1 republish")
	k.SetTopic(t, topic, "max.message.bytes", "1000000")
	w.run("verify", "--bootstrap", k.Bootstrap())
}

func (w *world) cancelByForm(job string) {
	w.t.Helper()
	status, answer, err := w.product.Do(http.MethodPost, "/producers/default/cancel", "application/x-www-form-urlencoded", []byte(url.Values{"job": {job}}.Encode()))
	if err != nil || status != http.StatusOK || !strings.Contains(string(answer), "The end of the job is asked for.") {
		w.t.Errorf("the console answers %d, %v: %s", status, err, answer)
	}
}

// With the settings, a baseline comes first when an admin starts the producer, when its
// process was killed, and when its connection leads to another cluster; not when it is
// resumed, or when its settings change.
func TestBaselinesBySetting(t *testing.T) {
	t.Parallel()
	one, two := rig.StartKafka(t), rig.StartKafka(t)
	w := newFleet(t, one, pg.Shared(t))
	const topic = "b.setting"
	w.run("producer", "create", "default", "--topic", topic, "--baseline-at-every-start", "--baseline-when-connection-changes")
	w.run("producer", "start", "--idle")
	w.idle("default")
	w.replaceLists("CL_A")
	w.idle("default")
	want := []string{"1 replace CL_A(1.0) 1/1"}
	sent := func(lines ...string) {
		t.Helper()
		w.idle("default")
		want = append(want, lines...)
		w.wantOn(topic, want...)
	}
	sent()
	w.product.Kill()
	w.start()
	w.jobs(1)
	sent("1 replace CL_A(1.0) 1/1 baseline")
	w.run("producer", "start")
	w.jobs(2)
	sent("1 replace CL_A(1.0) 1/1 baseline")
	w.run("producer", "suspend", "--keep")
	w.asks("default", "Suspended by hand")
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
	w.jobs(3)
	w.wantOn(topic, want...) // on the first cluster, where nothing follows
	w.kafka, want = two, nil
	sent("2 replace CL_A(1.0) 1/2 baseline", "2 replace CL_B(1.0) 2/2 baseline")
	if l, err := topiccheck.Read(t.Context(), two.Bootstrap(), topic); err != nil || len(l.Messages) != 2 {
		t.Errorf("%v, %v", l, err)
	}
	if audit := w.call(http.StatusOK, http.MethodGet, "/api/v1/audit", "", nil); strings.Count(audit, "baseline begun by a setting") != 3 ||
		!strings.Contains(audit, "baseline when the connection changes") {
		t.Errorf("the audit says %s", audit)
	}
}

// jobs waits until so many jobs of the producer are done.
func (w *world) jobs(n int) {
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
