package connection

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/integration/rig"
	"urncast/producer/connection"
	"urncast/producer/kafka"
	"urncast/producer/topicview"
)

// A looker reads topics as the pages do: with readers that are kept open from one read to the next.
type looker struct {
	kafka *rig.Kafka
	kafka.Cluster

	mu         sync.Mutex
	connection connection.Connection
}

func newLooker(k *rig.Kafka, servers string) *looker {
	l := &looker{kafka: k}
	l.save(servers)
	l.Connection = func(context.Context, string) (*connection.Connection, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		c := l.connection
		return &c, nil
	}
	return l
}

func TestReadersAreKept(t *testing.T) {
	t.Parallel()
	k := rig.StartKafka(t)
	l := newLooker(k, k.Bootstrap())
	t.Run("any part", l.anyPart)
	t.Run("an open transaction", l.openTransaction)
	t.Run("the topic created again", l.recreated)
	t.Run("the connection saved again", l.saved)
	t.Run("the broker restarted", l.restarted)
}

// save saves the connection with other bootstrap servers.
func (l *looker) save(servers string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.connection = connection.Connection{Name: "c", Properties: map[string]string{"bootstrap.servers": servers}, Revision: l.connection.Revision + 1}
}

// A writer writes transactions to a topic, and remembers the committed records by their offsets.
type writer struct {
	t     *testing.T
	kafka *kgo.Client
	at    map[int64]string
}

func (l *looker) writer(t *testing.T, topic string) *writer {
	return &writer{t, l.kafka.Client(t, kgo.TransactionalID("of."+topic), kgo.DefaultProduceTopic(topic)), map[int64]string{}}
}

// send sends records in a transaction and leaves the transaction open.
func (w *writer) send(values ...string) (sent []*kgo.Record) {
	w.t.Helper()
	if err := w.kafka.BeginTransaction(); err != nil {
		w.t.Fatal(err)
	}
	for _, v := range values {
		sent = append(sent, &kgo.Record{Key: []byte("k"), Value: []byte(v)})
	}
	if err := w.kafka.ProduceSync(w.t.Context(), sent...).FirstErr(); err != nil {
		w.t.Fatal(err)
	}
	return sent
}

func (w *writer) end(sent []*kgo.Record, how kgo.TransactionEndTry) {
	w.t.Helper()
	if err := w.kafka.EndTransaction(w.t.Context(), how); err != nil {
		w.t.Fatal(err)
	}
	for _, r := range sent {
		if how == kgo.TryCommit {
			w.at[r.Offset] = string(r.Value)
		}
	}
}

func (w *writer) commit(values ...string) { w.end(w.send(values...), kgo.TryCommit) }

// look opens a topic and reads the range of offsets that pick returns, at most most records of it
// unless most is 0.
func (l *looker) look(ctx context.Context, topic string, most int, pick func(start, end int64) (from, to int64)) (got map[int64]string, err error) {
	v, err := l.OpenTopic(ctx, "c", topic)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	start, end, err := v.Ends(ctx)
	if err != nil {
		return nil, err
	}
	from, to := pick(start, end)
	got = map[int64]string{}
	enough := errors.New("enough")
	err = v.Read(ctx, from, to, func(c *topicview.Committed) error {
		if got[c.Offset] = string(c.Value); len(got) == most {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		err = nil
	}
	return got, err
}

func whole(start, end int64) (from, to int64) { return start, end }

// sees waits until everything that w committed is seen, and returns how long that took.
func (l *looker) sees(t *testing.T, topic string, w *writer) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	began := time.Now()
	got, err := l.look(ctx, topic, 0, whole)
	for err != nil && ctx.Err() == nil { // a new or moved leader returns errors for a moment
		time.Sleep(50 * time.Millisecond)
		got, err = l.look(ctx, topic, 0, whole)
	}
	if took := time.Since(began); err == nil && fmt.Sprint(got) == fmt.Sprint(w.at) {
		return took
	}
	t.Fatalf("the read returned %v, %v; committed is %v", got, err, w.at)
	return 0
}

// Each read returns exactly the committed records of its own range, whatever range was read before
// and with whatever limit: nothing of an aborted transaction, and nothing that the kept reader had
// fetched ahead for another request.
func (l *looker) anyPart(t *testing.T) {
	const topics, looks, lookers = 2, 100, 3
	name := func(i int) string { return fmt.Sprintf("part.%d", i) }
	var writers []*writer
	for i := range topics {
		w := l.writer(t, structures(t, l.kafka, name(i), "max.message.bytes=10485760"))
		writers = append(writers, w)
		for n := range 60 {
			var values []string
			for j := range 1 + n%7 {
				values = append(values, fmt.Sprintf("%d of %d in %d %s", j, n, i, strings.Repeat("x", 20_000*(n%3))))
			}
			how := kgo.TryCommit
			if n%4 == 3 {
				how = kgo.TryAbort
			}
			w.end(w.send(values...), how)
		}
	}
	var all sync.WaitGroup
	for seed := range lookers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(seed), 0))
			for range looks {
				i, most := random.IntN(topics), random.IntN(6)
				var from, to int64
				got, err := l.look(t.Context(), name(i), most, func(start, end int64) (int64, int64) {
					from = start + random.Int64N(end-start)
					to = from + random.Int64N(end-from) + 1
					return from, to
				})
				want := map[int64]string{}
				for at := from; at < to && (most == 0 || len(want) < most); at++ {
					if v, ok := writers[i].at[at]; ok {
						want[at] = v
					}
				}
				if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("offsets %d to %d of topic %d, at most %d records: read %d, want %d, %v", from, to, i, most, len(got), len(want), err)
					return
				}
			}
		})
	}
	all.Wait()
}

// A read that an open transaction of another program blocks ends at its deadline, returns the
// records before that transaction, and does not spoil the next read.
func (l *looker) openTransaction(t *testing.T) {
	topic := structures(t, l.kafka, "open")
	w := l.writer(t, topic)
	w.commit("before")
	other := l.kafka.Client(t, kgo.TransactionalID("other"), kgo.DefaultProduceTopic(topic))
	foreign := &writer{t, other, w.at}
	sent := foreign.send("foreign")
	w.commit("behind")
	l.sees(t, structures(t, l.kafka, "open.warm"), &writer{at: map[int64]string{}})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	began := time.Now()
	got, err := l.look(ctx, topic, 0, whole)
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > 3*time.Second || len(got) != 1 || got[0] != "before" {
		t.Errorf("after %s the read returned %v, %v", took, got, err)
	}
	one, err := l.look(t.Context(), topic, 1, whole)
	if err != nil || len(one) != 1 {
		t.Errorf("before the open transaction the read returned %v, %v", one, err)
	}
	foreign.end(sent, kgo.TryAbort)
	l.sees(t, topic, w)
}

// A topic that is deleted and created again is read as the new topic, by a kept reader too.
func (l *looker) recreated(t *testing.T) {
	topic := structures(t, l.kafka, "anew")
	w := l.writer(t, topic)
	w.commit("one", "two", "three", "four")
	l.sees(t, topic, w)
	l.sees(t, topic, w)
	l.kafka.DeleteTopic(t, topic)
	l.kafka.CreateTopic(t, topic)
	w = l.writer(t, topic)
	w.commit("another")
	if took := l.sees(t, topic, w); took > 2*time.Second {
		t.Errorf("the new topic was seen after %s", took)
	}
}

// A saved change of the connection applies from the next read on, even if a reader is kept.
func (l *looker) saved(t *testing.T) {
	topic := structures(t, l.kafka, "saved")
	w := l.writer(t, topic)
	w.commit("one")
	l.sees(t, topic, w)
	l.save("127.0.0.1:1")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if got, err := l.look(ctx, topic, 0, whole); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("with a server that does not exist, the read returned %v, %v", got, err)
	}
	l.save(l.kafka.Bootstrap())
	l.sees(t, topic, w)
}

// After a restart of the broker a read succeeds within seconds.
func (l *looker) restarted(t *testing.T) {
	topic := structures(t, l.kafka, "restarted")
	w := l.writer(t, topic)
	w.commit("one")
	l.sees(t, topic, w)
	for _, met := range []bool{true, false} {
		l.kafka.Kill()
		if met {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			if got, err := l.look(ctx, topic, 0, whole); err == nil {
				t.Errorf("without a broker, the read returned %v", got)
			}
			cancel()
		}
		if err := l.kafka.Start(); err != nil {
			t.Fatal(err)
		}
		if took := l.sees(t, topic, w); took > 3*time.Second {
			t.Errorf("after a restart (with a read in between: %t) the topic was seen after %s", met, took)
		}
	}
}

// A topic whose leader has moved to another broker, or has just died, is read as usual.
func TestReadersFollowTheLeader(t *testing.T) {
	t.Parallel()
	c := rig.StartCluster(t)
	l := newLooker(c.Brokers[0], c.Bootstrap())
	topic := structures(t, l.kafka, "led")
	c.AwaitInSync(t, topic)
	w := l.writer(t, topic)
	w.commit("one")
	l.sees(t, topic, w)
	c.MoveLeader(t, topic, c.Others(c.Leader(t, topic))[0])
	if took := l.sees(t, topic, w); took > 3*time.Second {
		t.Errorf("with a new leader the topic was seen after %s", took)
	}
	was := c.Leader(t, topic)
	was.Kill()
	l.kafka = c.Others(was)[0]
	for deadline := time.Now().Add(30 * time.Second); ; {
		if _, err := l.look(t.Context(), topic, 1, whole); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	l.sees(t, topic, w)
}
