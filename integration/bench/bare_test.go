//go:build bench

package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/jackc/pgx/v5"
)

// A lane is a bare transactional producer with the product's settings and none of its code: it
// shows what the client and the broker can do.
type lane struct {
	p       *ck.Producer
	reports chan ck.Event
}

func newLane(b *testing.T, bootstrap, id string) *lane {
	b.Helper()
	p, err := ck.NewProducer(&ck.ConfigMap{
		"bootstrap.servers": bootstrap, "transactional.id": id, "linger.ms": 0, "retry.backoff.ms": 1000, "retry.backoff.max.ms": 1000,
		"message.max.bytes": 100_000_000, "queue.buffering.max.kbytes": 2_000_000, "transaction.timeout.ms": 600_000,
		"go.delivery.report.fields": "none",
	})
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		for range p.Events() {
		}
	}()
	ctx, cancel := context.WithTimeout(b.Context(), 30*time.Second)
	defer cancel()
	if err := p.InitTransactions(ctx); err != nil {
		b.Fatal(err)
	}
	l := &lane{p, make(chan ck.Event, 20_000)}
	b.Cleanup(p.Close)
	return l
}

// produce sends one transaction's messages and waits for their delivery reports.
func (l *lane) produce(topic, key string, values [][]byte) error {
	if err := l.p.BeginTransaction(); err != nil {
		return err
	}
	waiting := 0
	report := func() error {
		waiting--
		return (<-l.reports).(*ck.Message).TopicPartition.Error
	}
	for i, v := range values {
		m := &ck.Message{TopicPartition: ck.TopicPartition{Topic: &topic, Partition: 0}, Key: fmt.Appendf(nil, "%s-%d", key, i), Value: v}
		if err := l.p.Produce(m, l.reports); err != nil {
			return err
		}
		if waiting++; waiting > 10_000 {
			if err := report(); err != nil {
				return err
			}
		}
	}
	for waiting > 0 {
		if err := report(); err != nil {
			return err
		}
	}
	return nil
}

func (l *lane) commit() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return l.p.CommitTransaction(ctx)
}

// bareDrain sends n transactions of one message each over two overlapping transactional ids.
func bareDrain(b *testing.T, bootstrap, topic string, n int, value []byte) time.Duration {
	b.Helper()
	lanes := []*lane{newLane(b, bootstrap, topic+"-0"), newLane(b, bootstrap, topic+"-1")}
	began := time.Now()
	var committing chan error
	for i := range n {
		l := lanes[i%2]
		if err := l.produce(topic, fmt.Sprint(i), [][]byte{value}); err != nil {
			b.Fatal(err)
		}
		if committing != nil {
			if err := <-committing; err != nil {
				b.Fatal(err)
			}
		}
		committing = make(chan error, 1)
		go func() { committing <- l.commit() }()
	}
	if err := <-committing; err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// bareTransaction sends all values in one transaction.
func bareTransaction(b *testing.T, bootstrap, topic string, values [][]byte) time.Duration {
	b.Helper()
	l := newLane(b, bootstrap, topic+"-0")
	began := time.Now()
	if err := l.produce(topic, "k", values); err != nil {
		b.Fatal(err)
	}
	if err := l.commit(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// bareStore creates the table for the bare Postgres figures.
const bareStore = `
CREATE TABLE IF NOT EXISTS bare_counter (n bigint NOT NULL);
CREATE TABLE IF NOT EXISTS bare_documents (n bigint, body bytea NOT NULL);
DELETE FROM bare_counter; INSERT INTO bare_counter VALUES (0);`

// bareCommits stores values over several connections, each value in a database transaction that
// locks the counter row, in one round trip.
func bareCommits(b *testing.T, url string, clients, each int, value []byte) time.Duration {
	b.Helper()
	setup, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer setup.Close(b.Context())
	if _, err := setup.Exec(b.Context(), bareStore); err != nil {
		b.Fatal(err)
	}
	conns := make([]*pgx.Conn, clients)
	for i := range conns {
		if conns[i], err = pgx.Connect(b.Context(), url); err != nil {
			b.Fatal(err)
		}
		defer conns[i].Close(b.Context())
	}
	began := time.Now()
	failures := make(chan error, clients)
	for _, c := range conns {
		go func() {
			var err error
			for i := 0; i < each && err == nil; i++ {
				batch := &pgx.Batch{}
				batch.Queue("BEGIN")
				batch.Queue("WITH taken AS (UPDATE bare_counter SET n = n + 1 RETURNING n) INSERT INTO bare_documents SELECT n, $1 FROM taken", value)
				batch.Queue("COMMIT")
				err = c.SendBatch(b.Context(), batch).Close()
			}
			failures <- err
		}()
	}
	for range conns {
		if err := <-failures; err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(began)
}

// bareCopy stores all values in one database transaction.
func bareCopy(b *testing.T, url string, values [][]byte) time.Duration {
	b.Helper()
	c, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close(b.Context())
	if _, err := c.Exec(b.Context(), bareStore); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	batch.Queue("UPDATE bare_counter SET n = n + 1")
	for _, v := range values {
		batch.Queue("INSERT INTO bare_documents VALUES (1, $1)", v)
	}
	batch.Queue("COMMIT")
	if err := c.SendBatch(b.Context(), batch).Close(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}
