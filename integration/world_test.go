package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/integration/topiccheck"
)

func TestMain(m *testing.M) {
	os.Exit(rig.Run(m))
}

// A world is one registry with its producer, its topic and its database. The Kafka and
// PostgreSQL servers may be shared with other worlds.
type world struct {
	t        *testing.T
	kafka    *rig.Kafka
	postgres *pg.Server
	database string
	topic    string
	settings rig.Settings
	product  *rig.Product
	random   *rand.Rand

	// acknowledged is the highest transaction number in a response to a submission.
	acknowledged atomic.Int64
}

var worlds atomic.Int64

// newWorld makes a world and starts its producer idle, so that every transaction is published.
// properties are further properties of the connection, as name=value.
func newWorld(t *testing.T, k *rig.Kafka, s *pg.Server, bootstrap string, properties ...string) *world {
	t.Helper()
	w := newStoppedWorld(t, k, s, bootstrap, properties...)
	w.command("start", "idle")
	w.await(func(p producerStatus) bool { return p.Started && p.State == "IDLE" })
	return w
}

// newStoppedWorld makes a world whose producer was never started.
func newStoppedWorld(t *testing.T, k *rig.Kafka, s *pg.Server, bootstrap string, properties ...string) *world {
	t.Helper()
	name := fmt.Sprintf("w%d", worlds.Add(1))
	w := &world{t: t, kafka: k, postgres: s, database: name, topic: "structures." + name, random: rand.New(rand.NewPCG(seed(t), 0))}
	k.CreateTopic(t, w.topic, topicConfig...)
	w.settings = rig.Settings{Database: s.Database(t, name), Bootstrap: bootstrap, Topic: w.topic, Kafka: properties, Tags: "crashpoints"}
	w.product = rig.NewProduct(t, w.settings)
	w.start()
	return w
}

// seed is the seed of the test's random numbers: taken from URNCAST_SEED, so that a run can be
// repeated, or else made and logged.
func seed(t *testing.T) (n uint64) {
	t.Helper()
	if text := os.Getenv("URNCAST_SEED"); text != "" {
		if _, err := fmt.Sscan(text, &n); err != nil {
			t.Fatalf("URNCAST_SEED must be a number, and is %q: %v", text, err)
		}
		return n
	}
	n = uint64(time.Now().UnixNano())
	t.Logf("URNCAST_SEED=%d", n)
	return n
}

func (w *world) start(env ...string) {
	w.t.Helper()
	if err := w.product.Start(env...); err != nil {
		w.t.Fatal(err)
	}
}

// producerStatus is the part of the API's producer status that the tests use.
type producerStatus struct {
	State   string    `json:"state"`
	Reason  string    `json:"reason"`
	Since   time.Time `json:"since"`
	Sent    int64     `json:"sent"`
	Last    int64     `json:"last"`
	Pending int64     `json:"pending"`
	Started bool      `json:"started"`
	Holder  string    `json:"holder"`
	Ask     []struct {
		Name string `json:"name"`
	} `json:"ask"`
}

func (w *world) status() (s producerStatus, err error) {
	return s, w.product.JSON("/api/v1/producers/default", &s)
}

// command sends the producer a command: start in the way how, suspend or resume.
func (w *world) command(verb, how string) {
	w.t.Helper()
	body, err := json.Marshal(map[string]string{"how": how})
	if err != nil {
		w.t.Fatal(err)
	}
	status, answer, err := w.product.Do(http.MethodPost, "/api/v1/producers/default/"+verb, "application/json", body)
	if err != nil || status >= 300 {
		w.t.Fatalf("producer %s %s: %d %s %v", verb, how, status, answer, err)
	}
}

// await waits until the producer's status is as wanted, for at most 90 s.
func (w *world) await(wanted func(producerStatus) bool) producerStatus {
	w.t.Helper()
	return w.awaitFor(90*time.Second, wanted)
}

func (w *world) awaitFor(patience time.Duration, wanted func(producerStatus) bool) producerStatus {
	w.t.Helper()
	var s producerStatus
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if s, err = w.status(); err == nil && wanted(s) {
			return s
		}
	}
	w.t.Fatalf("after %s the producer is not in the state that the test waits for, but %+v, %v", patience, s, err)
	return s
}

// settle waits until everything is sent. Its time limit begins again with each transaction
// that is sent, because a busy machine may have many to send.
func (w *world) settle() {
	w.t.Helper()
	settled := func(p producerStatus) bool { return p.State == "IDLE" && p.Pending == 0 && p.Sent == p.Last }
	for sent := int64(-1); ; {
		p := w.await(func(p producerStatus) bool { return settled(p) || p.Sent > sent })
		if settled(p) {
			return
		}
		sent = p.Sent
	}
}

// submit makes one submission. A response with a client error fails the test: the submission
// was wrong. Other errors are returned; after one of the connection the submission may have
// been recorded.
func (w *world) submit(method, path string, message []byte) error {
	status, body, err := w.product.Do(method, path, "application/xml", message)
	if err != nil {
		return err
	}
	if status >= 400 && status < 500 {
		w.t.Errorf("%s %s: %d %s", method, path, status, body)
	}
	if status >= 300 && status != http.StatusNotModified {
		return fmt.Errorf("%s %s: %d %s", method, path, status, body)
	}
	var answer struct {
		Transactions []int64 `json:"transactions"`
	}
	if err := json.Unmarshal(body, &answer); err != nil && len(body) > 0 {
		return fmt.Errorf("%s %s: %w\n%s", method, path, err, body)
	}
	for _, n := range answer.Transactions {
		for known := w.acknowledged.Load(); n > known && !w.acknowledged.CompareAndSwap(known, n); known = w.acknowledged.Load() {
		}
	}
	return nil
}

// step makes one random change: it replaces one to three codelists, or deletes one.
func (w *world) step(r *rand.Rand) error {
	if r.IntN(6) == 0 {
		path := fmt.Sprintf("/sdmx/v2/structure/codelist/RIG/CL_%d/1.0", r.IntN(12))
		err := w.remove(path)
		if !errors.Is(err, errNotFound) {
			return err
		}
	}
	var lists []rig.Codelist
	first := r.IntN(12)
	for i := range 1 + r.IntN(3) {
		lists = append(lists, rig.Codelist{ID: fmt.Sprintf("CL_%d", (first+i)%12), Name: fmt.Sprintf("Name %d", r.Int64()), Codes: 1 + r.IntN(40)})
	}
	return w.submit(http.MethodPost, "/sdmx/v2/structure", rig.Message(lists...))
}

var errNotFound = errors.New("the structure to delete does not exist")

func (w *world) remove(path string) error {
	status, body, err := w.product.Do(http.MethodDelete, path, "", nil)
	switch {
	case err != nil:
		return err
	case status == http.StatusNotFound:
		return errNotFound
	case status >= 300:
		return fmt.Errorf("DELETE %s: %d %s", path, status, body)
	}
	return nil
}

// pause is the time between two submissions of a client under load. Without it a few tests
// would keep all cores busy and the others waiting.
const pause = 40 * time.Millisecond

// load submits random changes until stop is closed or the instance has ended.
func (w *world) load(r *rand.Rand, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-w.product.Process().Done():
			return
		default:
		}
		if err := w.step(r); err != nil {
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(pause)
	}
}

// check checks what must hold in every test: urncast verify reports no difference, topiccheck
// finds no problem, and topic, feed, audit log and registry agree.
func (w *world) check() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	if out, err := w.product.Run(ctx, "verify", "--bootstrap", w.kafka.Bootstrap()); err != nil {
		w.t.Errorf("urncast verify: %v\n%s", err, out)
	}
	l, err := topiccheck.Read(ctx, w.kafka.Bootstrap(), w.topic)
	if err != nil {
		w.t.Fatal(err)
	}
	problems := l.Problems(1)
	feed, err := topiccheck.ReadFeed(w.product.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	problems = append(problems, l.CompareFeed(feed)...)
	content, err := topiccheck.ReadStructures(w.product.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	problems = append(problems, l.CompareStructures(content)...)
	problems = append(problems, w.compareAudit(feed)...)
	if n := w.acknowledged.Load(); int64(len(feed)) < n {
		problems = append(problems, fmt.Sprintf("transaction %d was acknowledged, but the feed ends at %d", n, len(feed)))
	}
	if len(problems) > 0 {
		w.t.Errorf("topic %s, %d messages:\n%s", w.topic, len(l.Messages), strings.Join(problems, "\n"))
	}
}

// compareAudit returns the transactions of the feed that the audit log does not have exactly
// once, and the reverse.
func (w *world) compareAudit(feed []topiccheck.FeedEntry) (problems []string) {
	listed := map[int64]int{}
	for after := int64(0); ; {
		var page struct {
			Entries []struct {
				ID     int64 `json:"id"`
				Detail struct {
					Transactions []int64 `json:"transactions"`
				} `json:"detail"`
			} `json:"entries"`
		}
		if err := w.product.JSON(fmt.Sprintf("/api/v1/audit?action=structures+changed&after=%d", after), &page); err != nil {
			w.t.Fatal(err)
		}
		if len(page.Entries) == 0 {
			break
		}
		for _, e := range page.Entries {
			after = e.ID
			for _, n := range e.Detail.Transactions {
				listed[n]++
			}
		}
	}
	for _, e := range feed {
		if listed[e.Number] != 1 {
			problems = append(problems, fmt.Sprintf("the audit log has transaction %d %d times, want once", e.Number, listed[e.Number]))
		}
	}
	if len(listed) != len(feed) {
		problems = append(problems, fmt.Sprintf("the audit log has %d transactions, the feed %d", len(listed), len(feed)))
	}
	return problems
}

// topicEnd returns the number of messages that a read_committed reader sees.
func (w *world) topicEnd() int {
	w.t.Helper()
	l, err := topiccheck.Read(w.t.Context(), w.kafka.Bootstrap(), w.topic)
	if err != nil {
		w.t.Fatal(err)
	}
	return len(l.Messages)
}

// checkReplica checks that a reader's replica equals the registry. It is for topics whose
// history has gaps that the test caused.
func (w *world) checkReplica() {
	w.t.Helper()
	l, err := topiccheck.Read(w.t.Context(), w.kafka.Bootstrap(), w.topic)
	if err != nil {
		w.t.Fatal(err)
	}
	content, err := topiccheck.ReadStructures(w.product.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	if problems := l.CompareStructures(content); len(problems) > 0 {
		w.t.Errorf("topic %s:\n%s", w.topic, strings.Join(problems, "\n"))
	}
}

// withoutProducer returns the settings of an instance that cannot reach the broker, and so
// publishes nothing.
func (w *world) withoutProducer() rig.Settings {
	s := w.settings
	s.Bootstrap = "127.0.0.1:1"
	return s
}
