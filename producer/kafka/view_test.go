package kafka

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/producer/connection"
	"urncast/producer/topicview"
)

// Who looks into a topic sees whole records of what is committed, from any offset, and
// nothing of what was aborted; he may stop at any record, and waits at the end.
func TestViewOfATopic(t *testing.T) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	servers := strings.Join(fake.ListenAddrs(), ",")
	write(t, servers, kgo.TryCommit, "first", "second")
	write(t, servers, kgo.TryAbort, "aborted")
	write(t, servers, kgo.TryCommit, "") // a tombstone
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := &Cluster{Connection: func(context.Context, string) (*connection.Connection, error) {
		return &connection.Connection{Name: "c", Properties: map[string]string{"bootstrap.servers": servers}}, nil
	}}
	v, err := c.OpenTopic(ctx, "c", "s")
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	start, end, err := v.Ends(ctx)
	if err != nil || start != 0 || end < 4 {
		t.Fatalf("the topic goes from %d to %d, %v", start, end, err)
	}
	read := func(ctx context.Context, from, to int64, most int) (all []topicview.Committed, err error) {
		enough := errors.New("enough")
		err = v.Read(ctx, from, to, func(c *topicview.Committed) error {
			if all = append(all, *c); len(all) == most {
				return enough
			}
			return nil
		})
		if err != nil && !errors.Is(err, enough) && ctx.Err() == nil {
			t.Error(err)
		}
		return all, err
	}
	all, _ := read(ctx, start, end, 0)
	if len(all) != 3 || string(all[0].Value) != "first" || string(all[1].Value) != "second" || all[2].Value != nil || all[0].Get("h") != "first" || string(all[0].Key) != "k" || all[0].At.IsZero() {
		t.Fatalf("read was %+v", all)
	}
	if one, err := read(ctx, all[1].Offset, end, 1); len(one) != 1 || string(one[0].Value) != "second" || err == nil {
		t.Errorf("from offset %d on stand %+v, %v", all[1].Offset, one, err)
	}
	if none, err := read(ctx, end, end, 0); len(none) != 0 || err != nil {
		t.Errorf("behind the end stand %+v, %v", none, err)
	}
	short, stop := context.WithTimeout(ctx, time.Second)
	defer stop()
	if late, err := read(short, all[2].Offset, end+100, 0); len(late) != 1 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("who waits at the end has %+v, %v", late, err)
	}
}

// write writes values in one transaction; an empty one is null.
func write(t *testing.T, servers string, how kgo.TransactionEndTry, values ...string) {
	t.Helper()
	k, err := kgo.NewClient(kgo.SeedBrokers(servers), kgo.TransactionalID("x"), kgo.DefaultProduceTopic("s"))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if err := k.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	for _, value := range values {
		r := &kgo.Record{Key: []byte("k"), Headers: []kgo.RecordHeader{{Key: "h", Value: []byte(value)}}}
		if value != "" {
			r.Value = []byte(value)
		}
		if err := k.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.EndTransaction(t.Context(), how); err != nil {
		t.Fatal(err)
	}
}

// Few readers are kept, the same ones serve again, and each is closed when its time is up
// or its connection is saved anew.
func TestKeptReaders(t *testing.T) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	var revision atomic.Int64
	c := &Cluster{Connection: func(context.Context, string) (*connection.Connection, error) {
		return &connection.Connection{Name: "c", Revision: revision.Load(), Properties: map[string]string{"bootstrap.servers": strings.Join(fake.ListenAddrs(), ",")}}, nil
	}}
	open := func() *view {
		v, err := c.OpenTopic(t.Context(), "c", "s")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := v.Ends(t.Context()); err != nil {
			t.Fatal(err)
		}
		return v.(*view)
	}
	kept := func() []*reader {
		c.readers.mu.Lock()
		defer c.readers.mu.Unlock()
		return slices.Clone(c.readers.all)
	}
	all := make([]*view, readersKept+2)
	for i := range all {
		all[i] = open()
	}
	for _, v := range all {
		v.Close()
	}
	if n := len(kept()); n != readersKept {
		t.Fatalf("%d readers are kept, want %d", n, readersKept)
	}
	last := all[len(all)-1].reader
	v := open()
	if v.reader != last || len(kept()) != readersKept-1 {
		t.Error("the reader used last does not serve again")
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := v.Read(ended, 0, 1, func(*topicview.Committed) error { return nil }); err == nil {
		t.Error("a look whose time is up says nothing")
	}
	v.Close()
	if slices.Contains(kept(), last) {
		t.Error("a reader is kept after an error")
	}
	v = open()
	c.readers.keep(v.reader, time.Millisecond)
	within := time.Now().Add(5 * time.Second)
	for slices.Contains(kept(), v.reader) && time.Now().Before(within) {
		time.Sleep(5 * time.Millisecond)
	}
	if !time.Now().Before(within) {
		t.Error("a reader is kept longer than it should be")
	}
	revision.Add(1)
	for within = time.Now().Add(watchEvery + 10*time.Second); len(kept()) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(within) {
			t.Fatalf("%d readers are kept whose connection was saved anew", len(kept()))
		}
	}
	v = open()
	if v.broker.revision != 1 {
		t.Error("a reader of the connection as it was serves on")
	}
	v.close()
}

// With the cluster its readers are closed, those that somebody has when he is done.
func TestReadersEndWithTheCluster(t *testing.T) {
	c := &Cluster{Connection: func(context.Context, string) (*connection.Connection, error) {
		return &connection.Connection{Name: "c", Properties: map[string]string{"bootstrap.servers": "127.0.0.1:1"}}, nil
	}}
	var views [2]*view
	for i := range views {
		v, err := c.OpenTopic(t.Context(), "c", "s")
		if err != nil {
			t.Fatal(err)
		}
		views[i] = v.(*view)
	}
	views[0].Close()
	c.Close()
	views[1].Close()
	if n := len(c.readers.all); n != 0 {
		t.Errorf("%d readers are kept after the end", n)
	}
	for _, v := range views {
		if v.broker.life.Err() == nil {
			t.Error("a reader is left open")
		}
	}
}
