package rig

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/integration/rig/pg"
)

// A broker that was killed and started again has the records that it acknowledged, and a
// client of its proxy still uses only the proxy.
func TestKafkaSurvivesKill(t *testing.T) {
	k := StartKafka(t)
	k.CreateTopic(t, "kept", "cleanup.policy=compact")
	seen := make(chan int16, 1000)
	k.Proxy.Rule(func(r Request) Ruling {
		select {
		case seen <- r.Key:
		default:
		}
		return Ruling{}
	})
	c, err := kgo.NewClient(kgo.SeedBrokers(k.Proxy.Address()), kgo.DefaultProduceTopic("kept"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	send := func(value string) error {
		return c.ProduceSync(t.Context(), &kgo.Record{Key: []byte("k"), Value: []byte(value)}).FirstErr()
	}
	if err := send("before"); err != nil {
		t.Fatal(err)
	}
	k.Kill()
	if err := k.Start(); err != nil {
		t.Fatal(err)
	}
	if err := send("after"); err != nil {
		t.Fatal(err)
	}
	produced := 0
	for len(seen) > 0 {
		if <-seen == Produce {
			produced++
		}
	}
	if produced < 2 {
		t.Errorf("the proxy saw %d Produce requests, want one before and one after the kill", produced)
	}
	reader := k.Client(t, kgo.ConsumeTopics("kept"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	var values []string
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for len(values) < 2 && ctx.Err() == nil {
		reader.PollFetches(ctx).EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	if len(values) != 2 || values[0] != "before" || values[1] != "after" {
		t.Errorf("the topic has the values %q, want before and after", values)
	}
}

// The proxy can lose the response to a commit that the broker carries out.
func TestProxyLosesAnswer(t *testing.T) {
	k := StartKafka(t)
	k.CreateTopic(t, "uncertain")
	lost := make(chan string, 1)
	k.Proxy.Rule(func(r Request) Ruling {
		if r.Key != EndTxn || len(lost) > 0 {
			return Ruling{}
		}
		lost <- r.TransactionalID
		return Ruling{LoseAnswer: true}
	})
	c, err := kgo.NewClient(kgo.SeedBrokers(k.Proxy.Address()), kgo.DefaultProduceTopic("uncertain"), kgo.TransactionalID("mine"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := c.ProduceSync(t.Context(), &kgo.Record{Value: []byte("x")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	_ = c.EndTransaction(t.Context(), kgo.TryCommit) // how the client handles the lost response is not tested here
	if id := <-lost; id != "mine" {
		t.Errorf("the lost EndTxn was for transactional id %q, want mine", id)
	}
	reader := k.Client(t, kgo.ConsumeTopics("uncertain"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if n := reader.PollFetches(ctx).NumRecords(); n != 1 {
		t.Errorf("a read_committed reader sees %d records, want the one whose commit was carried out", n)
	}
}

// A PostgreSQL server that was killed and started again has what was committed, and a restored
// dump has what the database contained when it was made.
func TestPostgresKillAndRestore(t *testing.T) {
	s := pg.Start(t)
	url := s.Database(t, "kept")
	do := func(sql string) (n int) {
		t.Helper()
		c, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(t.Context())
		if err := c.QueryRow(t.Context(), sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	create(t, url)
	dump := s.Dump(t, "kept")
	do("INSERT INTO n VALUES (2) RETURNING v")
	s.Kill()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if n := do("SELECT count(*) FROM n"); n != 2 {
		t.Errorf("after the kill: %d rows, want 2", n)
	}
	s.Restore(t, "kept", dump)
	if n := do("SELECT count(*) FROM n"); n != 1 {
		t.Errorf("after the restore: %d rows, want 1", n)
	}
}

func create(t *testing.T, url string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if _, err := c.Exec(t.Context(), "CREATE TABLE n (v int); INSERT INTO n VALUES (1)"); err != nil {
		t.Fatal(err)
	}
}
