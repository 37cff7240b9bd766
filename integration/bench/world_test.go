//go:build bench

package bench

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// A world is one registry, with a topic and a database of its own.
type world struct {
	t        *testing.T
	kafka    *rig.Kafka
	database string
	topic    string
	producer string // "default" if empty
	product  *rig.Product
}

func newWorld(t *testing.T, k *rig.Kafka, s *pg.Server, name string) *world {
	t.Helper()
	return newWorldAt(t, k, s, name, k.Bootstrap())
}

// newWorldAt creates a world that reaches the broker at an address, with additional properties of
// the connection.
func newWorldAt(t *testing.T, k *rig.Kafka, s *pg.Server, name, bootstrap string, properties ...string) *world {
	t.Helper()
	w := &world{t: t, kafka: k, database: s.Database(t, name), topic: "bench." + name}
	k.CreateTopic(t, w.topic, "max.message.bytes=200000000") // a million codes are 180 MB
	w.product = rig.NewProduct(t, rig.Settings{Database: w.database, Bootstrap: bootstrap, Topic: w.topic, Kafka: properties,
		Env: []string{"URNCAST_LOG_LEVEL=warn"}, Patience: 10 * time.Minute})
	if err := w.product.Start(); err != nil {
		t.Fatal(err)
	}
	w.command("start", "idle")
	w.await(func(s status) bool { return s.State == "IDLE" })
	return w
}

type status struct {
	State   string    `json:"state"`
	Since   time.Time `json:"since"`
	Sent    int64     `json:"sent"`
	Last    int64     `json:"last"`
	Pending int64     `json:"pending"`
	Job     *struct {
		ID string `json:"id"`
	} `json:"job"`
}

func (w *world) command(verb, how string) {
	w.t.Helper()
	code, body, err := w.product.Do(http.MethodPost, "/api/v1/producers/"+cmp.Or(w.producer, "default")+"/"+verb, "application/json", fmt.Appendf(nil, `{"how":%q}`, how))
	if err != nil || code >= 300 {
		w.t.Fatalf("producer %s: %d %s %v", verb, code, body, err)
	}
}

func (w *world) await(wanted func(status) bool) {
	w.t.Helper()
	var s status
	var err error
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		s = status{}
		if err = w.product.JSON("/api/v1/producers/"+cmp.Or(w.producer, "default"), &s); err == nil && wanted(s) {
			return
		}
	}
	w.t.Fatalf("the producer did not reach the state that the test waits for: %+v, %v", s, err)
}

func (s status) settled() bool {
	return s.State == "IDLE" && s.Job == nil && s.Pending == 0 && s.Sent == s.Last
}

func (w *world) submit(message []byte) {
	w.t.Helper()
	code, body, err := w.product.Do(http.MethodPost, "/sdmx/v2/structure", "application/xml", message)
	if err != nil || code >= 300 {
		w.t.Errorf("submitting: %d %s %v", code, body[:min(len(body), 500)], err)
	}
}

// submitEach sends n codelists, one submission each, from a number of clients.
func (w *world) submitEach(prefix string, clients, n, codes int) time.Duration {
	messages := make(chan []byte, n)
	for i := range n {
		messages <- rig.Message(list(prefix, i, codes))
	}
	close(messages)
	began := time.Now()
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for m := range messages {
				w.submit(m)
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

func list(prefix string, i, codes int) rig.Codelist {
	return rig.Codelist{ID: fmt.Sprintf("%s_%d", prefix, i), Name: fmt.Sprintf("List %d", i), Codes: codes}
}

// valueSize returns the size of the topic's newest message.
func (w *world) valueSize() int {
	c := w.kafka.Client(w.t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{w.topic: {0: kgo.NewOffset().AtStart()}}), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	size := 0
	for size == 0 && ctx.Err() == nil {
		c.PollFetches(ctx).EachRecord(func(r *kgo.Record) { size = len(r.Value) })
	}
	return size
}

// resident returns the process's resident memory in MB.
func (w *world) resident() float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.product.Process().PID()))
	if err != nil {
		w.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(b), "VmRSS:")
	var kb float64
	if _, err := fmt.Sscan(after, &kb); err != nil {
		w.t.Fatal(err)
	}
	return kb / 1024
}

// arrivals reads a topic as a read_committed consumer, and calls each with every record and the
// time of its arrival.
func (w *world) arrivals(ctx context.Context, topic string, each func(r *kgo.Record, at time.Time)) {
	c := w.kafka.Client(w.t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.FetchMaxWait(500*time.Millisecond), kgo.FetchMinBytes(1))
	go func() {
		for ctx.Err() == nil {
			fetches := c.PollFetches(ctx)
			now := time.Now()
			fetches.EachRecord(func(r *kgo.Record) { each(r, now) })
		}
	}()
}

func values(n, size int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = bytes.Repeat([]byte("a 4 KiB structure "), size/18+1)[:size]
	}
	return out
}
