package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/integration/topiccheck"
)

// A change is a fault after which the producer cannot decide how to go on: it must stop and ask. do
// makes the change, and returns what it did and the words that the question must contain.
type change struct {
	name string
	do   func(r *rand.Rand) (effect string, words []string)
}

// changes are the faults that must end in a question.
func (w *world) changes() []change {
	return []change{
		{"topic made anew", func(r *rand.Rand) (string, []string) {
			name := eitherTopic(r)
			w.servers.Lock()
			defer w.servers.Unlock()
			w.kafka.RemakeTopic(w.t, name, topicConfig...)
			return name, []string{name, "made anew"}
		}},
		{"end of a topic lost", w.loseEnd},
		{"another registry writes", w.intrude},
		{"standby promoted", w.failover},
	}
}

func eitherTopic(r *rand.Rand) string { return []string{topic, partTopic}[r.IntN(2)] }

// loseEnd removes the end of a topic's log while the broker is down. It stands for an unclean
// leader election, which has the same effect on a publisher: a cluster of three brokers would be
// too much for the two cores of the test machine.
func (w *world) loseEnd(r *rand.Rand) (string, []string) {
	name, most := eitherTopic(r), 10+r.IntN(20) // more than can be in flight and not acknowledged
	w.servers.Lock()
	defer w.servers.Unlock()
	w.kafka.Kill()
	lost, open := w.kafka.LoseEnd(w.t, name, most)
	if err := w.kafka.Start(); err != nil {
		w.t.Fatal(err)
	}
	effect := fmt.Sprintf("%d batches of %s", lost, name)
	if open {
		effect += ", and the marker of a transaction of which records are left"
	}
	return effect, []string{name, "lost"}
}

// intrude writes a record to a topic as another registry would that publishes to it by mistake.
func (w *world) intrude(r *rand.Rand) (string, []string) {
	name, other := eitherTopic(r), uuid.NewString()
	w.servers.RLock()
	defer w.servers.RUnlock()
	record := &kgo.Record{Topic: name, Key: []byte("urn:sdmx:org.sdmx.infomodel.codelist.Codelist=OTHER:CL_X(1.0)")}
	for _, h := range [][2]string{{"urncast-txn", "1"}, {"urncast-txn-id", uuid.NewString()}, {"urncast-txn-position", "1"}, {"urncast-txn-count", "1"},
		{"urncast-action", "delete"}, {"urncast-registry", other}, {"urncast-producer", uuid.NewString()},
		{"urncast-recorded-at", time.Now().UTC().Format(time.RFC3339Nano)}} {
		record.Headers = append(record.Headers, kgo.RecordHeader{Key: h[0], Value: []byte(h[1])})
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	client := w.kafka.Client(w.t)
	if err := client.ProduceSync(ctx, record).FirstErr(); err != nil {
		w.t.Fatalf("writing as another registry: %v", err)
	}
	return fmt.Sprintf("%s to %s", other, name), []string{name, other}
}

// failover promotes a standby that lags behind, and kills the old primary. The registry loses what
// was recorded after the last replicated transaction, and the ledger is told so.
func (w *world) failover(*rand.Rand) (string, []string) {
	w.servers.Lock()
	defer w.servers.Unlock()
	standby, primary := w.postgres.Standby(w.t), w.postgres
	standby.Detach(w.t)
	kept := w.number(standby.URL(database))
	w.await("something to be sent that the standby has not", 3*time.Minute, func(s sample) bool { return s.Sent > kept+2 })
	w.ledger.newEra()
	had := w.number(primary.URL(database))
	primary.Kill()
	standby.Promote(w.t)
	w.postgres = standby
	for _, m := range w.members {
		if err := m.toBase.Move(standby.Address()); err != nil {
			w.t.Fatal(err)
		}
	}
	w.ledger.newEra()
	primary.Remove()
	return fmt.Sprintf("the database lost the transactions %d to %d at least", kept+1, had), []string{"database", "lost"}
}

// number returns the number of the last transaction in a registry's database.
func (w *world) number(url string) (n int64) {
	w.query(url, `SELECT coalesce(max(number), 0) FROM transactions`, &n)
	return n
}

// query reads one value from a database.
func (w *world) query(url, sql string, into any) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), url)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(w.t.Context()))
	if err := conn.QueryRow(w.t.Context(), sql).Scan(into); err != nil {
		w.t.Fatal(err)
	}
}

// patience is how long the test waits for a question, and for the effect of its answer, while
// faults are injected.
const patience = 3 * time.Minute

// applyChange makes one change while the writers write and faults are injected, waits for the
// question and answers it as an admin would. The topic then holds a new baseline, and is compared
// from there on.
func (w *world) applyChange(r *rand.Rand, c change) {
	how := []string{"baseline", "continue"}[r.IntN(2)]
	over := make(chan struct{})
	faultsDone := w.injectWhile(r, func() bool {
		select {
		case <-over:
			return false
		default:
			return true
		}
	}, nil)
	defer faultsDone() // even if a wait fails the test
	defer close(over)
	w.await("the producer to publish", patience, func(s sample) bool { return s.isWorking() && s.Sent > 0 })
	e := event{kind: c.name, begun: time.Now()}
	effect, words := c.do(r)
	e.effect, e.healed = effect+"; answered by "+how, time.Now()
	e = w.journal.add(e)
	w.t.Logf("fault %d at %s: %s, %s", e.number, e.begun.UTC().Format("15:04:05.000"), e.kind, e.effect)
	s := w.await("the question", patience, sample.isAsking)
	w.t.Logf("asked after %s: %s", time.Since(e.healed).Round(time.Millisecond), s.Reason)
	ends := w.ends() // the baseline comes after the question
	w.answer(s, how, words)
	if how != "baseline" {
		ends = w.ends()
		w.command("start", "baseline") // which repairs the replicas
	}
	w.awaitBaseline(ends)
	time.Sleep(between(r, time.Second, 4*time.Second)) // the writers write some more
}

// answer answers a question until the producer goes on: the question is asked again if the instance
// that received the answer is killed.
func (w *world) answer(s sample, how string, words []string) {
	for range 6 {
		for _, word := range words {
			if !strings.Contains(s.Reason, word) {
				w.t.Errorf("the question does not say %q: %s", word, s.Reason)
			}
		}
		sent, answered := s.Sent, time.Now()
		w.command("start", how)
		s = w.await("the answer to be taken", patience, func(s sample) bool {
			return s.isAsking() && time.Since(answered) > 2*time.Second || s.isWorking() && (s.Sent > sent || s.Sent == s.Last)
		})
		if !s.isAsking() {
			return
		}
	}
	w.t.Errorf("the producer keeps asking: %s", s)
}

// ends returns the end offset of each topic.
func (w *world) ends() map[string]int64 {
	w.servers.RLock()
	defer w.servers.RUnlock()
	return map[string]int64{topic: w.kafka.End(w.t, topic), partTopic: w.kafka.End(w.t, partTopic)}
}

// awaitBaseline waits until there is a baseline behind the end of one of the topics.
func (w *world) awaitBaseline(ends map[string]int64) {
	w.t.Helper()
	var last error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		for name, end := range ends {
			l, err := w.read(name, 10*time.Second)
			if last = err; err != nil {
				continue // for example, because of an open transaction
			}
			if _, asOf := l.Since(end).SinceBaseline(); asOf > 0 {
				return
			}
		}
	}
	w.t.Fatalf("no baseline came within %s of the answer: %v", patience, last)
}

// read returns what this registry wrote to a topic.
func (w *world) read(name string, within time.Duration) (*topiccheck.Log, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), within)
	defer cancel()
	l, err := topiccheck.Read(ctx, w.kafka.Bootstrap(), name)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading topic %s", name), err)
	}
	return l.Of(w.registry), nil
}
