package connection

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"urncast/producer/kafka/trial"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/integration/topiccheck"
	"urncast/producer/connection"
)

func TestMain(m *testing.M) {
	os.Exit(rig.Run(m))
}

// Connection tests that run against the topic while a producer publishes, some to their end and
// some cancelled, change nothing: the topic keeps its contract, and the producer does not stop.
func TestProducerIsUndisturbed(t *testing.T) {
	t.Parallel()
	k, s := rig.SharedKafka(t), pg.Shared(t)
	topic := structures(t, k, "published")
	p := rig.NewProduct(t, rig.Settings{Database: s.Database(t, "undisturbed"), Bootstrap: k.Bootstrap(), Topic: topic})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	do := func(method, path, kind string, body []byte) {
		t.Helper()
		if status, answer, err := p.Do(method, path, kind, body); err != nil || status >= 300 {
			t.Fatalf("%s %s: %d %s %v", method, path, status, answer, err)
		}
	}
	do(http.MethodPost, "/api/v1/producers/default/start", "application/json", []byte(`{"how":"idle"}`))
	await(t, p, func(s producing) bool { return s.Started && s.State == "IDLE" })

	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for ; ; n++ {
			select {
			case <-stop:
				stopped <- n
				return
			default:
			}
			list := rig.Codelist{ID: fmt.Sprintf("CL_%d", n%7), Name: fmt.Sprint("Name ", n), Codes: 20}
			if status, answer, err := p.Do(http.MethodPost, "/sdmx/v2/structure", "application/xml",
				rig.Message(list)); err != nil || status >= 300 {
				t.Errorf("submission %d: %d %s %v", n, status, answer, err)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	for round := range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		asked := asked(topic)
		asked.Bytes, asked.Scratch, asked.MakeScratch = 4<<20, "published.scratch", true
		tr := test(ctx, &trial.Client{}, map[string]string{"bootstrap.servers": k.Bootstrap()}, asked,
			func(s connection.Step) {
				if round%2 == 1 && s.ID == "transaction-abort" && s.State == connection.StepRunning {
					time.AfterFunc(150*time.Millisecond, cancel)
				}
			})
		cancel()
		if round%2 == 0 {
			tr.expect(t, nil)
		}
	}
	close(stop)
	submitted := <-stopped
	status := await(t, p, func(s producing) bool { return s.State == "IDLE" && s.Pending == 0 && s.Sent == s.Last })
	if submitted < 50 || status.Last < int64(submitted) {
		t.Errorf("%d submissions and %d transactions are too few for this test", submitted, status.Last)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if out, err := p.Run(ctx, "verify", "--bootstrap", k.Bootstrap()); err != nil {
		t.Errorf("urncast verify: %v\n%s", err, out)
	}
	l, err := topiccheck.Read(ctx, k.Bootstrap(), topic)
	if err != nil {
		t.Fatal(err)
	}
	if problems := l.Problems(1); len(problems) > 0 {
		t.Errorf("the topic:\n%s", strings.Join(problems, "\n"))
	}
	t.Logf("%d transactions while four tests ran", status.Last)
}

// producing is the part of the producer status that the test reads.
type producing struct {
	State               string
	Sent, Last, Pending int64
	Started             bool
}

func await(t *testing.T, p *rig.Product, wanted func(producing) bool) (s producing) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		s = producing{}
		if err := p.JSON("/api/v1/producers/default", &s); err == nil && wanted(s) {
			return s
		}
	}
	t.Fatalf("the producer did not reach the state that the test waits for: %+v", s)
	return s
}
