package integration

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/integration/topiccheck"
)

// newFleet makes a world without a configured topic: its producers are created through the
// API.
func newFleet(t *testing.T, k *rig.Kafka, s *pg.Server) *world {
	t.Helper()
	name := fmt.Sprintf("w%d", worlds.Add(1))
	w := &world{t: t, kafka: k, postgres: s, database: name, random: rand.New(rand.NewPCG(seed(t), 0))}
	w.settings = rig.Settings{Database: s.Database(t, name), Bootstrap: k.Bootstrap(), Tags: "crashpoints"}
	w.product = rig.NewProduct(t, w.settings)
	w.start()
	return w
}

// call makes a request to the API, which must be answered with status want. It decodes the
// response into into, if that is not nil.
func (w *world) call(want int, method, path, body string, into any) string {
	w.t.Helper()
	status, answer, err := w.product.Do(method, path, "application/json", []byte(body))
	if err != nil || status != want {
		w.t.Fatalf("%s %s: %d %s %v, want %d", method, path, status, answer, err, want)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			w.t.Fatalf("%s %s: %v\n%s", method, path, err, answer)
		}
	}
	return string(answer)
}

// running reports whether the process still runs.
func (w *world) running() bool {
	select {
	case <-w.product.Process().Done():
		return false
	default:
		return true
	}
}

// awaitIdle waits until a producer is IDLE with nothing pending and no job.
func (w *world) awaitIdle(name string) {
	w.t.Helper()
	var s struct {
		producerStatus
		Job     any `json:"job"`
		Waiting int `json:"jobsWaiting"`
	}
	var err error
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		s.Job, s.Waiting = nil, 0
		if err = w.product.JSON("/api/v1/producers/"+name, &s); err == nil && s.State == "IDLE" && s.Pending == 0 && s.Job == nil && s.Waiting == 0 {
			return
		}
	}
	w.t.Fatalf("producer %s is not idle after 90 s: %+v, %v", name, s, err)
}

// awaitReason waits until the reason of a producer contains a text.
func (w *world) awaitReason(name, want string) {
	w.t.Helper()
	var s producerStatus
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err := w.product.JSON("/api/v1/producers/"+name, &s); err == nil && strings.Contains(s.Reason, want) {
			return
		}
	}
	w.t.Fatalf("the reason of producer %s does not contain %q after 60 s; the producer is %+v", name, want, s)
}

// wantMessagesOn checks the messages of a topic, given as messageLines.
func (w *world) wantMessagesOn(topic string, want ...string) {
	w.t.Helper()
	if got := w.messageLinesOn(topic); !slices.Equal(got, want) {
		w.t.Errorf("topic %s has the messages\n%s\nwant\n%s", topic, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wantPart checks that each topic in parts has those messages of topic whole that concern its
// codelists.
func (w *world) wantPart(whole string, parts map[string][]string) {
	w.t.Helper()
	read := func(topic string) *topiccheck.Log {
		l, err := topiccheck.Read(w.t.Context(), w.kafka.Bootstrap(), topic)
		if err != nil {
			w.t.Fatal(err)
		}
		return l
	}
	all := read(whole)
	for topic, ids := range parts {
		problems := read(topic).ComparePart(all, func(key string) bool {
			return slices.ContainsFunc(ids, func(id string) bool { return strings.Contains(key, ":"+id+"(") })
		})
		if len(problems) > 0 {
			w.t.Errorf("topic %s: %s", topic, strings.Join(problems, "\n"))
		}
	}
}

// One Kafka transaction covers all routes of a producer. urncast is killed at each step of
// publishing, again and again under load; whatever is committed on one topic is on all of
// them, once.
func TestRoutesCommitTogether(t *testing.T) {
	t.Parallel()
	w := newFleet(t, rig.StartKafka(t), pg.Shared(t))
	w.call(201, http.MethodPost, "/api/v1/producers", `{"name": "default", "routes": [{"topic": "r.all", "format": "fusion-json"},
		{"topic": "r.xml", "format": "sdmx-ml-2.1", "filter": {"urns": ["*:CL_A(*", "*:CL_B(*"]}}, {"topic": "r.c", "format": "fusion-json", "filter": {"urns": ["*:CL_C(*"]}}]}`, nil)
	w.call(204, http.MethodPost, "/api/v1/producers/default/start", `{"how": "idle"}`, nil)
	w.awaitIdle("default")
	steps := []string{"publish-begun", "publish-produced", "publish-delivered", "publish-committed", "publish-moved", "recover-fenced", "recover-read"}
	for i := range runs(t, 14) {
		if err := w.product.Stop(); err != nil {
			t.Fatal(err)
		}
		step := steps[i%len(steps)]
		atStart := strings.HasPrefix(step, "recover")
		within := 1
		if !atStart {
			within += w.random.IntN(6)
		}
		if err := w.product.Launch(fmt.Sprintf("URNCAST_CRASH_AT=%s:%d", step, within)); err != nil {
			t.Fatal(err)
		}
		for w.running() {
			id := []string{"CL_A", "CL_B", "CL_C", "CL_D"}[w.random.IntN(4)]
			list := rig.Codelist{ID: id, Name: fmt.Sprintf("Name %d", w.random.Int64()), Codes: 3}
			both := rig.Codelist{ID: "CL_C", Name: fmt.Sprintf("Name %d", w.random.Int64()), Codes: 2}
			lists := []rig.Codelist{list}
			if id != both.ID && w.random.IntN(2) == 0 {
				lists = append(lists, both)
			}
			_ = w.submit(http.MethodPost, "/sdmx/v2/structure", rig.Message(lists...)) // the feed shows whether the submission was recorded
		}
		w.start()
		w.awaitIdle("default")
		if w.wantPart("r.all", map[string][]string{"r.xml": {"CL_A", "CL_B"}, "r.c": {"CL_C"}}); t.Failed() {
			t.Fatalf("after %s", step)
		}
	}
	w.topic = "r.all"
	w.check()
	if out := w.run("verify", "--bootstrap", w.kafka.Bootstrap()); strings.Count(out, "proven        P3, P7") != 3 {
		t.Errorf("verify:\n%s", out)
	}
}

// Routes are added, changed and removed while the producer runs. Each change makes the
// producer ask, unless the answer comes with it, and affects only the topics of the routes
// concerned.
func TestRoutesAreChanged(t *testing.T) {
	t.Parallel()
	w := newFleet(t, rig.StartKafka(t), pg.Shared(t))
	w.run("producer", "create", "public", "--topic", "c.one")
	w.run("producer", "start", "--idle")
	w.awaitIdle("public")
	w.replaceLists("CL_A", "CL_B")
	w.awaitIdle("public")

	w.run("producer", "route", "set", "c.two", "--urns", "*:CL_A(*")
	w.awaitReason("public", "Topic c.two was added.")
	w.replaceLists("CL_B")
	w.run("producer", "start", "--baseline", "--yes")
	w.awaitIdle("public")
	w.replaceLists("CL_A")
	w.awaitIdle("public")
	one := []string{"1 replace CL_A(1.0) 1/2", "1 replace CL_B(1.0) 2/2", "2 replace CL_B(1.0) 1/1", "3 replace CL_A(1.0) 1/1"}
	two := []string{"1 replace CL_A(1.0) 1/1 baseline", "3 replace CL_A(1.0) 1/1"}
	w.wantMessagesOn("c.one", one...)
	w.wantMessagesOn("c.two", two...)

	w.run("producer", "route", "set", "c.two", "--urns", "*:CL_B(*", "--then", "continue")
	two = append(two, "3 delete CL_A(1.0) 1/1 filter")
	w.awaitMessagesOn("c.two", len(two)) // the change is in force; what is idle may be the session before it
	w.awaitIdle("public")
	w.replaceLists("CL_A", "CL_B")
	w.awaitIdle("public")
	two = append(two, "4 replace CL_B(1.0) 1/1")
	w.wantMessagesOn("c.one", append(one, "4 replace CL_A(1.0) 1/2", "4 replace CL_B(1.0) 2/2")...)
	w.wantMessagesOn("c.two", two...)

	// A route can be removed although its topic was deleted.
	w.kafka.DeleteTopic(t, "c.one")
	w.run("producer", "route", "remove", "c.one", "--then", "continue", "--yes")
	w.awaitIdle("public")
	w.replaceLists("CL_B")
	w.awaitIdle("public")
	w.wantMessagesOn("c.two", append(two, "5 replace CL_B(1.0) 1/1")...)
	w.run("verify", "--bootstrap", w.kafka.Bootstrap())
}

// A job is sent once, complete and in its turn, wherever in it the process is killed.
// Structures that no longer exist but are on the topic get tombstones.
func TestRepublications(t *testing.T) {
	t.Parallel()
	w := newFleet(t, rig.StartKafka(t), pg.Shared(t))
	w.run("producer", "create", "default", "--topic", "j.one")
	w.run("producer", "start", "--idle")
	w.awaitIdle("default")
	w.replaceLists("CL_A", "CL_B")
	w.replaceLists("CL_C")
	w.replaceLists("CL_B")
	w.awaitIdle("default")
	want := []string{"1 replace CL_A(1.0) 1/2", "1 replace CL_B(1.0) 2/2", "2 replace CL_C(1.0) 1/1", "3 replace CL_B(1.0) 1/1"}
	job := func(args []string, lines ...string) {
		t.Helper()
		w.run(append([]string{"producer", "publish", "--yes"}, args...)...)
		w.awaitIdle("default")
		want = append(want, lines...)
		w.wantMessagesOn("j.one", want...)
	}
	job([]string{"--urns", "*:CL_B(*"}, "3 replace CL_B(1.0) 1/1 republish")
	job([]string{"--from", "2", "--to", "3"}, "3 replace CL_B(1.0) 1/2 republish", "3 replace CL_C(1.0) 2/2 republish")
	job([]string{"--classes", "DataStructure"})
	job(nil, "3 replace CL_A(1.0) 1/3 baseline", "3 replace CL_B(1.0) 2/3 baseline", "3 replace CL_C(1.0) 3/3 baseline")
	for _, step := range []string{"baseline-begun", "baseline-half", "baseline-sent", "baseline-cleared"} {
		if err := w.product.Stop(); err != nil {
			t.Fatal(err)
		}
		if err := w.product.Launch("URNCAST_CRASH_AT=" + step + ":1"); err != nil {
			t.Fatal(err)
		}
		if err := w.product.Ready(30 * time.Second); err != nil {
			t.Fatal(err)
		}
		w.run("producer", "publish", "--urns", "*:CL_C(*")
		for deadline := time.Now().Add(30 * time.Second); w.running(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("urncast did not end at %s within 30 s", step)
			}
		}
		w.start()
		w.awaitIdle("default")
		want = append(want, "3 replace CL_C(1.0) 1/1 republish")
		w.wantMessagesOn("j.one", want...)
	}
	// A job that is requested while the producer is suspended waits, and can be cancelled.
	w.run("producer", "suspend")
	w.awaitReason("default", "Suspended by hand")
	var j struct{ ID string }
	w.call(202, http.MethodPost, "/api/v1/producers/default/jobs", `{"filter": {"urns": ["*:CL_A(*"]}}`, &j)
	w.call(202, http.MethodPost, "/api/v1/producers/default/jobs", `{"filter": {"urns": ["*:CL_B(*"]}}`, nil)
	w.run("producer", "cancel", j.ID, "--yes")
	w.run("producer", "resume")
	w.awaitIdle("default")
	w.wantMessagesOn("j.one", append(want, "3 replace CL_B(1.0) 1/1 republish")...)
	w.run("verify", "--bootstrap", w.kafka.Bootstrap())
}

// Producers fail independently of each other. A producer that is created after another of its
// topic was deleted takes the topic over; the topic of an existing producer is refused.
func TestProducersApart(t *testing.T) {
	t.Parallel()
	k := rig.StartKafka(t)
	w := newFleet(t, k, pg.Shared(t))
	k.CreateTopic(t, "a.small", "cleanup.policy=compact", "max.message.bytes=2000")
	w.run("producer", "create", "wide", "--topic", "a.wide")
	w.run("producer", "create", "small", "--topic", "a.small")
	if out, err := w.product.Run(t.Context(), "producer", "create", "third", "--topic", "a.wide"); err == nil || !strings.Contains(out, "Topic a.wide belongs to producer wide") {
		t.Errorf("a second producer for one topic: %v %s", err, out)
	}
	for _, name := range []string{"wide", "small"} {
		w.run("producer", "start", "--producer", name, "--idle")
		w.awaitIdle(name)
	}
	w.replaceLists("CL_A")
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure", rig.Message(rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 1000})); err != nil {
		t.Fatal(err)
	}
	w.awaitReason("small", "CL_LARGE(1.0)")
	w.replaceLists("CL_A")
	w.awaitIdle("wide")
	w.wantMessagesOn("a.wide", "1 replace CL_A(1.0) 1/1", "2 replace CL_LARGE(1.0) 1/1", "3 replace CL_A(1.0) 1/1")
	w.wantMessagesOn("a.small", "1 replace CL_A(1.0) 1/1")
	if out := w.call(200, http.MethodGet, "/api/v1/transactions/2", "", nil); !strings.Contains(out, `"producer":"small","status":"FAILED"`) || !strings.Contains(out, `"producer":"wide","status":"SENT"`) {
		t.Errorf("transaction 2 is %s", out)
	}

	w.run("producer", "delete", "wide", "--yes")
	w.run("producer", "create", "anew", "--topic", "a.wide")
	w.run("producer", "start", "--producer", "anew", "--baseline", "--yes")
	w.awaitIdle("anew")
	w.replaceLists("CL_A")
	w.awaitIdle("anew")
	w.wantMessagesOn("a.wide", "1 replace CL_A(1.0) 1/1", "2 replace CL_LARGE(1.0) 1/1", "3 replace CL_A(1.0) 1/1",
		"3 replace CL_A(1.0) 1/2 baseline", "3 replace CL_LARGE(1.0) 2/2 baseline", "4 replace CL_A(1.0) 1/1")
	w.run("producer", "delete", "anew", "--yes")
	w.run("producer", "create", "again", "--topic", "a.wide")
	w.run("producer", "start", "--producer", "again", "--idle")
	w.awaitIdle("again")
	if err := w.product.Stop(); err != nil { // whose topic it is now is recorded, and survives a restart
		t.Fatal(err)
	}
	w.start()
	w.replaceLists("CL_A")
	w.awaitIdle("again")
	lines := w.messageLinesOn("a.wide")
	if last := lines[len(lines)-1]; last != "5 replace CL_A(1.0) 1/1" || len(lines) != 7 {
		t.Errorf("the topic has the messages\n%s", strings.Join(lines, "\n"))
	}
}
