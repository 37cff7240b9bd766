package soak

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

const (
	instances = 3
	topic     = "structures.soak"
	// partTopic is the topic of a second route, which takes the codelists with a one-digit number.
	partTopic = "structures.soak.part"
	database  = "soak"
	// megabytes is the size of the file systems that the disk faults fill.
	megabytes = 3000
)

// topicConfig is the configuration with which the topics are created.
var topicConfig = []string{"cleanup.policy=compact", "min.compaction.lag.ms=604800000"}

// A world is a broker, a database server, and instances that each have their own links to both. A
// part that this machine cannot provide is nil, and the reason is logged.
type world struct {
	t        *testing.T
	kafka    *rig.Kafka
	postgres *pg.Server
	disks    map[string]*rig.Disk // of Kafka and Postgres
	clock    *rig.Clock           // of Postgres; a broker cannot have one, because its threads hang under libfaketime
	members  []*member
	registry string // its id
	ledger   ledger
	journal  journal

	// servers is read-locked by those who need the broker and the database to be up, and
	// write-locked by those who take them down.
	servers sync.RWMutex
}

// A member is one instance.
type member struct {
	product         *rig.Product
	toKafka, toBase *rig.Link
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, disks: map[string]*rig.Disk{}}
	w.journal.began = time.Now()
	for _, server := range []string{"Kafka", "Postgres"} {
		d, err := rig.NewDisk(t, megabytes)
		if err != nil {
			t.Logf("no faults of a full disk of %s: %v", server, err)
			continue
		}
		w.disks[server] = d
	}
	var env []string
	if c, err := rig.NewClock(t); err != nil {
		t.Logf("no faults of the clock of Postgres: %v", err)
	} else {
		w.clock, env = c, c.Env()
	}
	w.kafka, w.postgres = rig.StartWard(t, w.folder("Kafka"), instances), pg.StartIn(t, w.folder("Postgres"), env...)
	for _, name := range []string{topic, partTopic} {
		w.kafka.CreateTopic(t, name, topicConfig...)
	}
	w.postgres.Database(t, database)
	for i := range instances {
		w.members = append(w.members, w.join(i))
	}
	w.call("/api/v1/producers", map[string]any{"name": "default", "routes": []any{map[string]any{"topic": topic, "format": "fusion-json"},
		map[string]any{"topic": partTopic, "format": "sdmx-ml-2.1", "filter": map[string]any{"urns": partPatterns}}}})
	w.query(w.postgres.URL(database), `SELECT id::text FROM registry`, &w.registry)
	w.command("start", "idle")
	w.await("the producer to start", time.Minute, func(s sample) bool { return s.State == "IDLE" })
	return w
}

// folder returns the directory of a server that has a disk of its own, and "" for others.
func (w *world) folder(server string) string {
	if d := w.disks[server]; d != nil {
		return d.Dir
	}
	return ""
}

// join creates an instance with its links, and starts it.
func (w *world) join(i int) *member {
	advertised, listener := w.kafka.Way(i)
	base, err := url.Parse(w.postgres.URL(database))
	if err != nil {
		w.t.Fatal(err)
	}
	m := &member{toKafka: rig.NewLink(w.t, advertised, listener), toBase: rig.NewLink(w.t, "127.0.0.1:0", base.Host)}
	base.Host = m.toBase.Address()
	m.product = rig.NewProduct(w.t, rig.Settings{Database: base.String(), Bootstrap: advertised, Patience: 5 * time.Second})
	if err := m.product.Start(); err != nil {
		w.t.Fatal(err)
	}
	return m
}

// partPatterns are the patterns of the second route; inPart reports whether they match a key.
var partPatterns = func() (patterns []string) {
	for digit := range 10 {
		patterns = append(patterns, fmt.Sprintf("*:CL_%d(*", digit))
	}
	return patterns
}()

func inPart(key string) bool {
	_, id, _ := strings.Cut(key, ":CL_")
	return strings.IndexByte(id, '(') == 1
}

func (w *world) command(verb, how string) {
	w.t.Helper()
	w.call("/api/v1/producers/default/"+verb, map[string]string{"how": how})
}

// call sends a request to one instance after another until one accepts it.
func (w *world) call(path string, in any) {
	w.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		w.t.Fatal(err)
	}
	var status int
	var answer []byte
	for range 20 {
		for _, m := range w.members {
			if status, answer, err = m.product.Do(http.MethodPost, path, "application/json", body); err == nil && status < 300 {
				return
			}
		}
		time.Sleep(500 * time.Millisecond)
	}
	w.t.Fatalf("%s %s: %d %s %v", path, body, status, answer, err)
}

// A sample is the producer's status at one moment, as one instance reports it.
type sample struct {
	at     time.Time
	State  string `json:"state"`
	Reason string `json:"reason"`
	Sent   int64  `json:"sent"`
	Last   int64  `json:"last"`
	Holder string `json:"holder"`
	Ask    []struct {
		Name string `json:"name"`
	} `json:"ask"`
}

// isAsking reports whether the producer has stopped and waits for an answer.
func (s sample) isAsking() bool { return s.State == "STOPPED" && len(s.Ask) > 0 }

// isWorking reports whether the producer publishes, or is idle because everything is sent.
func (s sample) isWorking() bool {
	return s.Holder != "" && (s.State == "IDLE" || s.State == "PUBLISHING")
}

func (s sample) String() string {
	return fmt.Sprintf("%s, sent %d of %d, held by %q: %s", s.State, s.Sent, s.Last, s.Holder, s.Reason)
}

// await waits until an instance reports a status that wanted accepts.
func (w *world) await(what string, patience time.Duration, wanted func(sample) bool) sample {
	w.t.Helper()
	var s sample
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		for _, m := range w.members {
			now := sample{at: time.Now()}
			if err := m.product.JSON("/api/v1/producers/default", &now); err != nil {
				continue
			}
			if s = now; wanted(s) {
				return s
			}
		}
	}
	w.t.Fatalf("waited %s for %s; the last status is %s", patience, what, s)
	return s
}

// watch samples the status through every instance until stop is closed.
func (w *world) watch(stop <-chan struct{}) {
	var all sync.WaitGroup
	for _, m := range w.members {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(200 * time.Millisecond):
				}
				s := sample{at: time.Now()}
				if err := m.product.JSON("/api/v1/producers/default", &s); err == nil {
					w.journal.sampled(s)
				}
			}
		})
	}
	all.Wait()
}
