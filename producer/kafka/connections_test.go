package kafka

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/port"
	"urncast/producer"
)

// counted lets connections pass to a server, and counts them.
type counted struct {
	mu   sync.Mutex
	made int
}

func (c *counted) serve(t *testing.T, listen, server string) {
	t.Helper()
	l, err := net.Listen("tcp", listen)
	if err != nil {
		t.Fatal(err)
	}
	port.Serve(t, l, func(in net.Conn) {
		out, err := net.Dial("tcp", server)
		if err != nil {
			in.Close()
			return
		}
		c.mu.Lock()
		c.made++
		c.mu.Unlock()
		go func() {
			io.Copy(out, in)
			out.Close()
		}()
		io.Copy(in, out)
		in.Close()
	})
}

func (c *counted) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.made
}

// A start asks on one connection to each broker, beside three of each lane and three of the
// one reader for all topics, and so does every heartbeat after it.
func TestConnectionsOfAStart(t *testing.T) {
	k := rig.StartWard(t, "", 1)
	advertised, listener := k.Way(0)
	var c counted
	c.serve(t, advertised, listener)
	topics := []string{"s", "t"}
	for _, topic := range topics {
		k.CreateTopic(t, topic)
	}
	began := time.Now()
	b := brokerAt(t, map[string]string{"bootstrap.servers": advertised})
	if _, err := b.Describe(t.Context(), topics); err != nil {
		t.Fatal(err)
	}
	asked := c.count()
	lanes, err := b.Open(t.Context(), topics, []string{"a", "b"}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer lanes[0].Close()
	defer lanes[1].Close()
	for _, topic := range topics {
		publish(t, lanes[0], topic, 10)
	}
	before := c.count()
	sights, err := b.Look(t.Context(), topics)
	if err != nil {
		t.Fatal(err)
	}
	asked += c.count() - before
	n, from, to := map[string]int{}, map[string]int64{}, map[string]int64{}
	for i, topic := range topics {
		from[topic], to[topic] = sights[i].Start, sights[i].End
	}
	err = b.ReadBack(t.Context(), from, to, func(string) {}, func(s *producer.Seen) { n[s.Topic]++ })
	if err != nil || n["s"] != 10 || n["t"] != 10 {
		t.Fatalf("%v records were read back, %v", n, err)
	}
	made, took := c.count(), time.Since(began)
	t.Logf("a start took %s and made %d connections, %d of them to ask", took, made, asked)
	for range 20 {
		if _, err := b.Look(t.Context(), topics); err != nil {
			t.Fatal(err)
		}
	}
	after := c.count()
	t.Logf("20 heartbeats made %d", after-made)
	if after-made > 1 || (asked > 1 || made > 10) && took < quietFor { // slow brokers are looked at, too
		t.Errorf("%d connections at the start, %d of them to ask, %d for 20 heartbeats", made, asked, after-made)
	}
}

// publish commits records in one transaction.
func publish(t *testing.T, l producer.Lane, topic string, n int) {
	t.Helper()
	if err := l.Begin(); err != nil {
		t.Fatal(err)
	}
	for range n {
		if err := l.Send(t.Context(), &producer.Record{Topic: topic, Key: []byte("k"), Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Delivered(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(); err != nil {
		t.Fatal(err)
	}
}
