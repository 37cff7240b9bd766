//go:build bench

package bench

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// fourKiB is how many codes make a codelist whose message is about 4 KiB.
const fourKiB = 26

// productRows measures the product on a real broker and database.
func productRows(t *testing.T, out *table) {
	k, s := rig.StartKafkaForBench(t), pg.StartIn(t, "")
	var start figure
	w := newWorld(t, k, s, "main")
	idle := w.resident()
	latencyRows(w, out)
	submitRows(w, out)
	drainRow(w, out)
	baselineRow(newWorld(t, k, s, "small"), out, "baseline of 10,000 structures of 4 KiB", 10_000, fourKiB)
	baselineRow(newWorld(t, k, s, "large"), out, "baseline of 100 structures of 2 MiB", 100, 14_500)
	full := w.resident()
	for range rounds {
		if err := w.product.Stop(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := w.product.Start(); err != nil {
			t.Fatal(err)
		}
		start = append(start, time.Since(began).Seconds()*1000)
	}
	w.await(status.settled)
	out.rows = append(out.rows,
		row{what: "start to ready, existing database", unit: "ms", ours: start, aim: "< 1000"},
		row{what: "resident memory, idle and empty", unit: "MiB", ours: figure{idle}, aim: "< 100"},
		row{what: "resident memory, restarted on 10,000 structures and more", unit: "MiB", ours: figure{w.resident()}, aim: "< 100"},
		row{what: "resident memory after the load of this table", unit: "MiB", ours: figure{full}})
}

// latencyRows measures how long it takes until a read_committed reader has a submission, at 20
// submissions a second.
func latencyRows(w *world, out *table) {
	const n = 200
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	arrived := make(chan time.Duration, 2*n)
	w.arrivals(ctx, w.topic, func(r *kgo.Record, at time.Time) {
		for _, h := range r.Headers {
			if h.Key == "urncast-recorded-at" {
				if recorded, err := time.Parse(time.RFC3339Nano, string(h.Value)); err == nil {
					arrived <- at.Sub(recorded)
				}
			}
		}
	})
	ours := paced(n, arrived, func(i int) { w.submit(rig.Message(list("LAT", i, fourKiB))) })
	topic := w.topic + ".bare"
	w.kafka.CreateTopic(w.t, topic)
	size := w.valueSize()
	sent := make([]time.Time, n)
	began := make(chan time.Duration, 2*n)
	w.arrivals(ctx, topic, func(r *kgo.Record, at time.Time) {
		var i int
		if _, err := fmt.Sscanf(string(r.Key), "%d-", &i); err == nil {
			began <- at.Sub(sent[i])
		}
	})
	lanes := []*lane{newLane(w.t, w.kafka.Bootstrap(), topic+"-0"), newLane(w.t, w.kafka.Bootstrap(), topic+"-1")}
	value := values(1, size)
	bare := paced(n, began, func(i int) {
		sent[i] = time.Now()
		if err := lanes[i%2].produce(topic, fmt.Sprint(i), value); err != nil {
			w.t.Error(err)
		}
		if err := lanes[i%2].commit(); err != nil {
			w.t.Error(err)
		}
	})
	for _, p := range []struct {
		name string
		at   float64
		aim  string
	}{{"p50", 0.5, "≤ 1.3×"}, {"p99", 0.99, "≤ 10 ms"}} {
		out.rows = append(out.rows, row{what: "registry commit to visible, 4 KiB, 20/s, " + p.name, unit: "ms", aim: p.aim,
			ours: figure{percentile(ours, p.at)}, bare: figure{percentile(bare, p.at)}, bareName: "bare transaction to visible"})
	}
}

// paced calls f 20 times a second and returns the durations that arrived in the meantime, without
// the first ones, which are slow because everything is still warming up.
func paced(n int, arrived <-chan time.Duration, f func(i int)) []time.Duration {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := range n {
		<-tick.C
		f(i)
	}
	var all []time.Duration
	for len(all) < n {
		select {
		case d := <-arrived:
			all = append(all, d)
		case <-time.After(10 * time.Second):
			return all
		}
	}
	return all[n/10:]
}

// submitRows measures single submissions, beside bare pipelined database commits of as many bytes
// that lock the same kind of counter row. Nothing is published in the meantime in either case.
func submitRows(w *world, out *table) {
	const n = 1000
	value := values(1, w.valueSize())[0]
	w.command("suspend", "")
	w.await(func(s status) bool { return s.State == "SUSPENDED" })
	for _, clients := range []int{1, 8} {
		var ours, bare figure
		for round := range rounds {
			took := w.submitEach(fmt.Sprintf("S%d_%d", clients, round), clients, n, fourKiB)
			ours = append(ours, n/took.Seconds())
			bare = append(bare, n/bareCommits(w.t, w.database, clients, n/clients, value).Seconds())
		}
		aim := "≥ 0.7×"
		out.rows = append(out.rows, row{what: fmt.Sprintf("1,000 single submissions over HTTP, %d clients", clients), unit: "/s", ours: ours, bare: bare,
			bareName: "pipelined Postgres commits", aim: aim})
	}
	w.command("resume", "")
	w.await(status.settled)
}

// drainRow measures how fast 10,000 pending transactions of one structure each are published.
func drainRow(w *world, out *table) {
	const n = 10_000
	w.command("suspend", "")
	w.await(func(s status) bool { return s.State == "SUSPENDED" })
	w.submitEach("D", 8, n, fourKiB)
	began := time.Now()
	w.command("resume", "")
	w.await(func(s status) bool { return s.Pending == 0 && s.State != "SUSPENDED" })
	ours := n / time.Since(began).Seconds()
	topic := w.topic + ".drain"
	w.kafka.CreateTopic(w.t, topic)
	bare := n / bareDrain(w.t, w.kafka.Bootstrap(), topic, n, values(1, w.valueSize())[0]).Seconds()
	out.rows = append(out.rows, row{what: "drain of 10,000 pending, one Kafka transaction each", unit: "/s", ours: figure{ours}, bare: figure{bare},
		bareName: "bare, two ids overlapped", aim: "≥ 0.85×"})
}

// baselineRow measures a baseline, which sends all current structures in one Kafka transaction, and
// the submission that brings them into the registry.
func baselineRow(w *world, out *table, what string, n, codes int) {
	lists := make([]rig.Codelist, n)
	for i := range lists {
		lists[i] = list("B", i, codes)
	}
	message := rig.Message(lists...)
	began := time.Now()
	w.submit(message)
	submitted, peak := time.Since(began).Seconds(), w.peak()
	w.await(status.settled)
	size := w.valueSize()
	body := values(n, size)
	stored := bareCopy(w.t, w.database, body).Seconds()
	out.rows = append(out.rows, row{what: fmt.Sprintf("submit %d structures in one message, %d MB", n, len(message)/1_000_000), unit: "structures/s",
		ours: figure{float64(n) / submitted}, bare: figure{float64(n) / stored}, bareName: "one pipelined Postgres commit", aim: "≥ 0.5×"},
		row{what: "peak resident memory of it", unit: "MiB", ours: figure{peak}, bare: figure{float64(len(message)) / (1 << 20)}, bareName: "the message"})
	var first, again, bare, reading figure
	megabytes := float64(n*size) / 1e6
	for round := range rounds {
		first = append(first, megabytes/w.firstBaseline(round).Seconds())
		began := time.Now()
		w.command("start", "baseline")
		time.Sleep(20 * time.Millisecond)
		w.await(func(s status) bool { return s.settled() && w.baselines("default") == round+1 })
		again = append(again, megabytes/time.Since(began).Seconds())
		topic := fmt.Sprintf("%s.bare%d", w.topic, round)
		w.kafka.CreateTopic(w.t, topic, "max.message.bytes=104857600")
		sent := bareTransaction(w.t, w.kafka.Bootstrap(), topic, body).Seconds()
		bare = append(bare, megabytes/sent)
		reading = append(reading, megabytes/(sent+w.bareReading().Seconds()))
	}
	out.rows = append(out.rows, row{what: what + ", first", unit: "MB/s", ours: first, bare: bare, bareName: "bare, one transaction", aim: "≥ 0.4×"},
		row{what: "  again, with the topic's keys read back", unit: "MB/s", ours: again, bare: reading, bareName: "bare, then the topic read"})
}

// firstBaseline creates a producer with a topic of its own and returns how long its first baseline
// takes.
func (w *world) firstBaseline(round int) time.Duration {
	w.t.Helper()
	name := fmt.Sprintf("first%d", round)
	topic := w.topic + "." + name
	w.kafka.CreateTopic(w.t, topic, "max.message.bytes=104857600")
	body := fmt.Appendf(nil, `{"name":%q,"routes":[{"topic":%q,"format":"fusion-json"}]}`, name, topic)
	if code, answer, err := w.product.Do(http.MethodPost, "/api/v1/producers", "application/json", body); err != nil || code != http.StatusCreated {
		w.t.Fatalf("creating the producer: %d %s %v", code, answer, err)
	}
	other := *w
	other.producer = name
	began := time.Now()
	other.command("start", "baseline")
	time.Sleep(20 * time.Millisecond)
	other.await(func(s status) bool { return s.settled() && w.baselines(name) == 1 })
	took := time.Since(began)
	other.command("suspend", "")
	return took
}

// bareReading returns how long a bare consumer takes to read the topic.
func (w *world) bareReading() time.Duration {
	w.t.Helper()
	c, err := ck.NewConsumer(&ck.ConfigMap{"bootstrap.servers": w.kafka.Bootstrap(), "group.id": "bare", "isolation.level": "read_committed", "enable.partition.eof": true})
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	began := time.Now()
	if err := c.Assign([]ck.TopicPartition{{Topic: &w.topic, Partition: 0, Offset: ck.OffsetBeginning}}); err != nil {
		w.t.Fatal(err)
	}
	for {
		switch e := c.Poll(60_000).(type) {
		case ck.PartitionEOF:
			return time.Since(began)
		case ck.Error, nil:
			w.t.Fatalf("reading the topic: %v", e)
		}
	}
}

// baselines counts the baselines of a producer that the database has recorded as ended.
func (w *world) baselines(producer string) (n int) {
	w.t.Helper()
	c, err := pgx.Connect(w.t.Context(), w.database)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close(w.t.Context())
	if err := c.QueryRow(w.t.Context(), "SELECT count(*) FROM jobs j JOIN producers p ON p.id = j.producer WHERE j.ended_at IS NOT NULL AND p.name = $1", producer).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}
