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

// A change is a fault that the producer cannot decide about: it must stop and ask. do
// makes the change, and gives what it did and words that the question must say.
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

// loseEnd takes the end off a topic's log while the broker is down for a moment. It
// stands for an unclean election, whose effect on a publisher is the same: three brokers
// beside all the rest are too much for two cores.
func (w *world) loseEnd(r *rand.Rand) (string, []string) {
	name, most := eitherTopic(r), 10+r.IntN(20) // more than can be under way, not acknowledged
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

// intrude writes a record to a topic as a registry would that was pointed at it by
// mistake.
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

// failover promotes a standby that is behind and kills the old primary. What was
// published since is gone from the registry, and the writers' ledger learns that.
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

// number is the last transaction of a registry's database.
func (w *world) number(url string) (n int64) {
	w.query(url, `SELECT coalesce(max(number), 0) FROM transactions`, &n)
	return n
}

// query reads one value.
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

// patience with a question, and with what comes of an answer, while instances suffer.
const patience = 3 * time.Minute

// turn makes one change while writers write and the instances suffer, waits for the
// question and answers it as an admin would. What the topic holds after that begins with
// a baseline, from which on it is judged.
func (w *world) turn(r *rand.Rand, c change) {
	how := []string{"baseline", "continue"}[r.IntN(2)]
	over := make(chan struct{})
	suffered := w.suffering(r, func() bool {
		select {
		case <-over:
			return false
		default:
			return true
		}
	}, nil)
	defer suffered() // though a wait ends the test
	defer close(over)
	w.await("the producer to publish", patience, func(s sample) bool { return s.well() && s.Sent > 0 })
	e := event{kind: c.name, begun: time.Now()}
	effect, words := c.do(r)
	e.effect, e.healed = effect+"; answered by "+how, time.Now()
	e = w.journal.add(e)
	w.t.Logf("fault %d at %s: %s, %s", e.number, e.begun.UTC().Format("15:04:05.000"), e.kind, e.effect)
	s := w.await("the question", patience, sample.asks)
	w.t.Logf("asked after %s: %s", time.Since(e.healed).Round(time.Millisecond), s.Reason)
	ends := w.ends() // no baseline is before its question
	w.answer(s, how, words)
	if how != "baseline" {
		ends = w.ends()
		w.command("start", "baseline") // which mends the replicas
	}
	w.awaitBaseline(ends)
	time.Sleep(between(r, time.Second, 4*time.Second)) // more is written
}

// answer answers a question, and again where an instance that was killed asks it anew,
// until the producer goes on.
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
			return s.asks() && time.Since(answered) > 2*time.Second || s.well() && (s.Sent > sent || s.Sent == s.Last)
		})
		if !s.asks() {
			return
		}
	}
	w.t.Errorf("the producer asks again and again: %s", s)
}

// ends are the ends of the topics.
func (w *world) ends() map[string]int64 {
	w.servers.RLock()
	defer w.servers.RUnlock()
	return map[string]int64{topic: w.kafka.End(w.t, topic), partTopic: w.kafka.End(w.t, partTopic)}
}

// awaitBaseline waits until a baseline stands on a topic behind one of the ends.
func (w *world) awaitBaseline(ends map[string]int64) {
	w.t.Helper()
	var last error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		for name, end := range ends {
			l, err := w.read(name, 10*time.Second)
			if last = err; err != nil {
				continue // an open transaction, for one
			}
			if _, asOf := l.Since(end).SinceBaseline(); asOf > 0 {
				return
			}
		}
	}
	w.t.Fatalf("no baseline came within %s of the answer: %v", patience, last)
}

// read reads what this registry wrote to a topic.
func (w *world) read(name string, within time.Duration) (*topiccheck.Log, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), within)
	defer cancel()
	l, err := topiccheck.Read(ctx, w.kafka.Bootstrap(), name)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading topic %s", name), err)
	}
	return l.Of(w.registry), nil
}
