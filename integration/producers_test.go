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

// newFleet makes a world whose producers are made through the API.
func newFleet(t *testing.T, k *rig.Kafka, s *pg.Server) *world {
	t.Helper()
	name := fmt.Sprintf("w%d", worlds.Add(1))
	w := &world{t: t, kafka: k, postgres: s, database: name, random: rand.New(rand.NewPCG(seed(t), 0))}
	w.settings = rig.Settings{Database: s.Database(t, name), Bootstrap: k.Bootstrap(), Tags: "crashpoints"}
	w.product = rig.NewProduct(t, w.settings)
	w.start()
	return w
}

// call asks the API, and reads its answer unless into is nil.
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

// running says whether the process is there still.
func (w *world) running() bool {
	select {
	case <-w.product.Process().Done():
		return false
	default:
		return true
	}
}

// idle waits until a producer has handled everything and has no job.
func (w *world) idle(name string) {
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
	w.t.Fatalf("producer %s does not get idle: %+v, %v", name, s, err)
}

func (w *world) asks(name, want string) {
	w.t.Helper()
	var s producerStatus
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err := w.product.JSON("/api/v1/producers/"+name, &s); err == nil && strings.Contains(s.Reason, want) {
			return
		}
	}
	w.t.Fatalf("producer %s does not say %q; it is %+v", name, want, s)
}

func (w *world) wantOn(topic string, want ...string) {
	w.t.Helper()
	if got := w.toldOn(topic); !slices.Equal(got, want) {
		w.t.Errorf("topic %s says\n%s\nwant\n%s", topic, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// wantPart asserts that topics hold what their ids let pass of another one.
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

// One Kafka transaction goes over all routes: killed at each step of publishing, and
// again and again under load, what one topic shows to be committed is on all, once.
func TestRoutesCommitTogether(t *testing.T) {
	t.Parallel()
	w := newFleet(t, rig.StartKafka(t), pg.Shared(t))
	w.call(201, http.MethodPost, "/api/v1/producers", `{"name": "default", "routes": [{"topic": "r.all", "format": "fusion-json"},
		{"topic": "r.xml", "format": "sdmx-ml-2.1", "filter": {"urns": ["*:CL_A(*", "*:CL_B(*"]}}, {"topic": "r.c", "format": "fusion-json", "filter": {"urns": ["*:CL_C(*"]}}]}`, nil)
	w.call(204, http.MethodPost, "/api/v1/producers/default/start", `{"how": "idle"}`, nil)
	w.idle("default")
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
			_ = w.submit(http.MethodPost, "/sdmx/v2/structure", rig.Message(lists...)) // whether it was taken, the feed says
		}
		w.start()
		w.idle("default")
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

// Routes are added, changed and removed while the producer runs; each change asks, or
// is answered with it, and concerns the topics that it is about alone.
func TestRoutesAreChanged(t *testing.T) {
	t.Parallel()
	w := newFleet(t, rig.StartKafka(t), pg.Shared(t))
	w.run("producer", "create", "public", "--topic", "c.one")
	w.run("producer", "start", "--idle")
	w.idle("public")
	w.replaceLists("CL_A", "CL_B")
	w.idle("public")

	w.run("producer", "route", "set", "c.two", "--urns", "*:CL_A(*")
	w.asks("public", "Topic c.two was added.")
	w.replaceLists("CL_B")
	w.run("producer", "start", "--baseline", "--yes")
	w.idle("public")
	w.replaceLists("CL_A")
	w.idle("public")
	one := []string{"1 replace CL_A(1.0) 1/2", "1 replace CL_B(1.0) 2/2", "2 replace CL_B(1.0) 1/1", "3 replace CL_A(1.0) 1/1"}
	two := []string{"1 replace CL_A(1.0) 1/1 baseline", "3 replace CL_A(1.0) 1/1"}
	w.wantOn("c.one", one...)
	w.wantOn("c.two", two...)

	w.run("producer", "route", "set", "c.two", "--urns", "*:CL_B(*", "--then", "continue")
	w.idle("public")
	w.replaceLists("CL_A", "CL_B")
	w.idle("public")
	two = append(two, "3 delete CL_A(1.0) 1/1 filter", "4 replace CL_B(1.0) 1/1")
	w.wantOn("c.one", append(one, "4 replace CL_A(1.0) 1/2", "4 replace CL_B(1.0) 2/2")...)
	w.wantOn("c.two", two...)

	// A route whose topic is gone keeps nobody from removing it.
	w.kafka.DeleteTopic(t, "c.one")
	w.run("producer", "route", "remove", "c.one", "--then", "continue", "--yes")
	w.idle("public")
	w.replaceLists("CL_B")
	w.idle("public")
	w.wantOn("c.two", append(two, "5 replace CL_B(1.0) 1/1")...)
	w.run("verify", "--bootstrap", w.kafka.Bootstrap())
}

// A job is sent once, whole, in its turn, wherever the process is killed in it; what
// it finds on the topic and is gone gets tombstones.
func TestRepublications(t *testing.T) {
	t.Parallel()
	w := newFleet(t, rig.StartKafka(t), pg.Shared(t))
	w.run("producer", "create", "default", "--topic", "j.one")
	w.run("producer", "start", "--idle")
	w.idle("default")
	w.replaceLists("CL_A", "CL_B")
	w.replaceLists("CL_C")
	w.replaceLists("CL_B")
	w.idle("default")
	want := []string{"1 replace CL_A(1.0) 1/2", "1 replace CL_B(1.0) 2/2", "2 replace CL_C(1.0) 1/1", "3 replace CL_B(1.0) 1/1"}
	job := func(args []string, lines ...string) {
		t.Helper()
		w.run(append([]string{"producer", "publish", "--yes"}, args...)...)
		w.idle("default")
		want = append(want, lines...)
		w.wantOn("j.one", want...)
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
				t.Fatalf("%s was not reached", step)
			}
		}
		w.start()
		w.idle("default")
		want = append(want, "3 replace CL_C(1.0) 1/1 republish")
		w.wantOn("j.one", want...)
	}
	// A job that is asked for while the producer is suspended waits, and can be cancelled.
	w.run("producer", "suspend")
	w.asks("default", "Suspended by hand")
	var j struct{ ID string }
	w.call(202, http.MethodPost, "/api/v1/producers/default/jobs", `{"filter": {"urns": ["*:CL_A(*"]}}`, &j)
	w.call(202, http.MethodPost, "/api/v1/producers/default/jobs", `{"filter": {"urns": ["*:CL_B(*"]}}`, nil)
	w.run("producer", "cancel", j.ID, "--yes")
	w.run("producer", "resume")
	w.idle("default")
	w.wantOn("j.one", append(want, "3 replace CL_B(1.0) 1/1 republish")...)
	w.run("verify", "--bootstrap", w.kafka.Bootstrap())
}

// Producers fail apart from each other. One that is deleted and made again is another
// one, which takes the topic over; a topic of one that there is still is refused.
func TestProducersApart(t *testing.T) {
	t.Parallel()
	k := rig.StartKafka(t)
	w := newFleet(t, k, pg.Shared(t))
	k.CreateTopic(t, "a.small", "cleanup.policy=compact", "max.message.bytes=2000")
	w.run("producer", "create", "wide", "--topic", "a.wide")
	w.run("producer", "create", "small", "--topic", "a.small")
	if out, err := w.product.Run(t.Context(), "producer", "create", "third", "--topic", "a.wide"); err == nil || !strings.Contains(out, "Topic a.wide belongs to producer wide") {
		t.Errorf("a topic twice: %v %s", err, out)
	}
	for _, name := range []string{"wide", "small"} {
		w.run("producer", "start", "--producer", name, "--idle")
		w.idle(name)
	}
	w.replaceLists("CL_A")
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure", rig.Message(rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 1000})); err != nil {
		t.Fatal(err)
	}
	w.asks("small", "CL_LARGE(1.0)")
	w.replaceLists("CL_A")
	w.idle("wide")
	w.wantOn("a.wide", "1 replace CL_A(1.0) 1/1", "2 replace CL_LARGE(1.0) 1/1", "3 replace CL_A(1.0) 1/1")
	w.wantOn("a.small", "1 replace CL_A(1.0) 1/1")
	if out := w.call(200, http.MethodGet, "/api/v1/transactions/2", "", nil); !strings.Contains(out, `"producer":"small","status":"FAILED"`) || !strings.Contains(out, `"producer":"wide","status":"SENT"`) {
		t.Errorf("transaction 2 is %s", out)
	}

	w.run("producer", "delete", "wide", "--yes")
	w.run("producer", "create", "anew", "--topic", "a.wide")
	w.run("producer", "start", "--producer", "anew", "--baseline", "--yes")
	w.idle("anew")
	w.replaceLists("CL_A")
	w.idle("anew")
	w.wantOn("a.wide", "1 replace CL_A(1.0) 1/1", "2 replace CL_LARGE(1.0) 1/1", "3 replace CL_A(1.0) 1/1",
		"3 replace CL_A(1.0) 1/2 baseline", "3 replace CL_LARGE(1.0) 2/2 baseline", "4 replace CL_A(1.0) 1/1")
	w.run("producer", "delete", "anew", "--yes")
	w.run("producer", "create", "again", "--topic", "a.wide")
	w.run("producer", "start", "--producer", "again", "--idle")
	w.idle("again")
	if err := w.product.Stop(); err != nil { // and it is remembered
		t.Fatal(err)
	}
	w.start()
	w.replaceLists("CL_A")
	w.idle("again")
	told := w.toldOn("a.wide")
	if last := told[len(told)-1]; last != "5 replace CL_A(1.0) 1/1" || len(told) != 7 {
		t.Errorf("the topic says\n%s", strings.Join(told, "\n"))
	}
}
