package kafka

import (
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/producer"
)

// flood begins a transaction and sends to a topic until Send says why not; each record
// has 1 MB, so that Send soon waits for room.
func flood(t *testing.T, l producer.Lane, topic string, sent func(n int)) error {
	t.Helper()
	if err := l.Begin(); err != nil {
		return err
	}
	r := &producer.Record{Topic: topic, Key: []byte("k"), Value: make([]byte, 900_000)}
	for n := 0; ; n++ {
		if err := l.Send(t.Context(), r); err != nil {
			return err
		}
		sent(n)
	}
}

func openAt(t *testing.T, b producer.Broker, topic string) producer.Lane {
	t.Helper()
	if _, err := b.Describe(t.Context(), []string{topic}); err != nil {
		t.Fatal(err)
	}
	lanes, err := b.Open(t.Context(), []string{topic}, []string{"lane-" + topic}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return lanes[0]
}

// A lane whose topic is deleted, or whose broker dies, hears of it within seconds, while
// it waits for room as well as while it waits for the last deliveries.
func TestLaneHearsTheWorst(t *testing.T) {
	k := rig.StartKafka(t)
	b := brokerAt(t, map[string]string{"bootstrap.servers": k.Bootstrap()})
	for _, topic := range []string{"send", "deliver", "begin", "killed"} {
		k.CreateTopic(t, topic)
	}
	var at time.Time
	since := func() time.Duration { return time.Since(at) }
	t.Run("topic deleted during Send", func(t *testing.T) {
		l := openAt(t, b, "send")
		defer l.Close()
		endsSoon(t, "sending", 60*time.Second, producer.InDoubt, "", func() error {
			return flood(t, l, "send", func(n int) {
				if n == 50 {
					k.DeleteTopic(t, "send")
					at = time.Now()
				}
			})
		})
		if since() > 8*time.Second {
			t.Errorf("it took %s", since())
		}
	})
	t.Run("topic deleted before Send", func(t *testing.T) {
		l := openAt(t, b, "begin")
		defer l.Close()
		k.DeleteTopic(t, "begin")
		if err := l.Begin(); err != nil {
			t.Fatal(err)
		}
		endsSoon(t, "delivering", 8*time.Second, producer.InDoubt, "does not exist", func() error {
			if err := l.Send(t.Context(), &producer.Record{Topic: "begin", Key: []byte("k")}); err != nil {
				return err
			}
			_, err := l.Delivered(t.Context())
			return err
		})
	})
	t.Run("topic deleted between two", func(t *testing.T) {
		l := openAt(t, b, "deliver")
		defer l.Close()
		publish(t, l, "deliver", 3)
		k.DeleteTopic(t, "deliver")
		if err := l.Begin(); err != nil {
			t.Fatal(err)
		}
		endsSoon(t, "delivering", 8*time.Second, producer.InDoubt, "", func() error {
			if err := l.Send(t.Context(), &producer.Record{Topic: "deliver", Key: []byte("k")}); err != nil {
				return err
			}
			_, err := l.Delivered(t.Context())
			return err
		})
	})
	t.Run("broker killed during Send", func(t *testing.T) {
		l := openAt(t, b, "killed")
		defer l.Close()
		endsSoon(t, "sending", 60*time.Second, producer.InDoubt, "refuses the connection", func() error {
			return flood(t, l, "killed", func(n int) {
				if n == 50 {
					k.Kill()
					at = time.Now()
				}
			})
		})
		if since() > 8*time.Second {
			t.Errorf("it took %s", since())
		}
	})
}

// A bootstrap name that answers does not hide that the leader is away, nor does one that
// is dead fail a delivery whose leader lives.
func TestDeliveryLooksAtTheLeader(t *testing.T) {
	k := rig.StartWard(t, "", 1)
	advertised, listener := k.Way(0)
	link := rig.NewLink(t, advertised, listener)
	k.CreateTopic(t, "s")
	t.Run("the leader is away", func(t *testing.T) {
		b := brokerAt(t, map[string]string{"bootstrap.servers": listener})
		l := openAt(t, b, "s")
		defer l.Close()
		publish(t, l, "s", 1)
		cut := make(chan error, 1)
		go func() { cut <- link.Cut(25 * time.Second) }()
		time.Sleep(200 * time.Millisecond)
		if err := l.Begin(); err != nil {
			t.Fatal(err)
		}
		if err := l.Send(t.Context(), &producer.Record{Topic: "s", Key: []byte("k")}); err != nil {
			t.Fatal(err)
		}
		endsSoon(t, "delivering", 15*time.Second, producer.InDoubt, "is led by broker 1 at "+advertised, func() error {
			_, err := l.Delivered(t.Context())
			return err
		})
		endsSoon(t, "looking", 5*time.Second, producer.Transitory, "is led by broker 1 at "+advertised, func() error {
			_, err := b.Look(t.Context(), []string{"s"})
			return err
		})
		if err := <-cut; err != nil {
			t.Fatal(err)
		}
	})
	t.Run("the bootstrap name is dead", func(t *testing.T) {
		entry := rig.NewLink(t, "127.0.0.1:0", listener)
		b := brokerAt(t, map[string]string{"bootstrap.servers": entry.Address()})
		l := openAt(t, b, "s")
		defer l.Close()
		publish(t, l, "s", 1)
		cut := make(chan error, 1)
		go func() { cut <- entry.Cut(12 * time.Second) }()
		time.Sleep(200 * time.Millisecond)
		held := make(chan error, 1)
		go func() { held <- link.Delay(rig.ToClient, 4*time.Second, 5*time.Second) }()
		time.Sleep(200 * time.Millisecond)
		if err := l.Begin(); err != nil {
			t.Fatal(err)
		}
		if err := l.Send(t.Context(), &producer.Record{Topic: "s", Key: []byte("k")}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := l.Delivered(t.Context()); err != nil {
			t.Errorf("a delivery to a leader that lives, after %s: %v", time.Since(began), err)
		}
		if took := time.Since(began); took < quietFor {
			t.Errorf("the delivery took %s, and was not looked at", took)
		}
		if err := errorsOf(<-cut, <-held); err != "" {
			t.Fatal(err)
		}
	})
}

func errorsOf(all ...error) string {
	var words []string
	for _, err := range all {
		if err != nil {
			words = append(words, err.Error())
		}
	}
	return strings.Join(words, "; ")
}
