package kafka

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kerr"

	"urncast/integration/rig"
	"urncast/producer"
	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/faults"
	"urncast/producer/kafka/properties"
)

// Every code of which the table says that the next attempt asks ends the reading, in the
// table's words.
func TestReadFaults(t *testing.T) {
	b := &Broker{cluster: &Cluster{}}
	for code := ck.ErrorCode(-1000); code < 1000; code++ {
		r, known := faults.Ruled(code)
		if !known {
			continue
		}
		err := b.readFault(reading("structures"), ck.NewError(code, "the client's words", false))
		asks := strings.Contains(r.Why, "the next attempt") || strings.Contains(r.Why, "all brokers are asked")
		switch {
		case asks && (err == nil || kindOf(t, err) != producer.Transitory || r.Cure == "" && !strings.Contains(err.Error(), r.Why) ||
			!strings.HasSuffix(err.Error()+".", producer.Remedy(r.Cure))):
			t.Errorf("%d %s: %v", code, code, err)
		case r.Kind == producer.Permanent && code != ck.ErrGroupAuthorizationFailed && (err == nil || kindOf(t, err) != producer.Permanent):
			t.Errorf("%d %s: %v", code, code, err)
		}
	}
	for _, code := range []ck.ErrorCode{ck.ErrTransport, ck.ErrResolve, ck.ErrGroupAuthorizationFailed, ck.ErrNotLeaderForPartition} {
		if err := b.readFault(reading("structures"), ck.NewError(code, "", false)); err != nil {
			t.Errorf("%s ends the reading: %v", code, err)
		}
	}
	// The client may hand an error over as a message, which is no record.
	p := &pursuit{broker: b, topic: "structures", to: 10}
	all := pursuits{broker: b, left: map[string]*pursuit{p.topic: p}}
	yield := func(*ck.Message) error {
		t.Error("an error was taken for a record")
		return nil
	}
	topic := "structures"
	for _, code := range []ck.ErrorCode{ck.ErrOffsetOutOfRange, ck.ErrNotLeaderForPartition} {
		m := &ck.Message{TopicPartition: ck.TopicPartition{Topic: &topic, Offset: 5, Error: ck.NewError(code, "", false)}}
		if _, err := all.take(m, yield); (err != nil) != (code == ck.ErrOffsetOutOfRange) || p.position != 0 {
			t.Errorf("%s as a message: %v, at %d", code, err, p.position)
		}
	}
}

// Why a reader does not get on is told, or ends the reading; nothing is waited for without
// an end.
func TestWhyReadingStandsStill(t *testing.T) {
	b := newBroker(&Cluster{}, "", &properties.Resolved{Bootstrap: []string{"kafka:9092"}})
	sight := func(start, stable, end int64) standing {
		return standing{Sight: producer.Sight{ID: "x", Start: start, End: end}, stable: stable, leader: 2}
	}
	other := sight(0, 9, 9)
	other.ID = "y"
	for name, c := range map[string]struct {
		s          standing
		to         int64
		still      time.Duration
		why, fault string // of what is said
	}{
		"a foreign transaction":          {sight(0, 5, 9), 9, time.Minute, "A transaction of another producer is open on topic s: it hides what was committed after offset 5", ""},
		"it hangs":                       {sight(0, 5, 9), 9, 16 * time.Minute, "more than 15 minutes, longer than brokers let a transaction be by default (transaction.max.timeout.ms), so it hangs", ""},
		"it is found":                    {sight(0, 5, 9), 9, 16 * time.Minute, "kafka-transactions.sh --bootstrap-server kafka:9092 find-hanging --broker-id 2", ""},
		"it is ended":                    {sight(0, 5, 9), 9, 16 * time.Minute, "kafka-transactions.sh --bootstrap-server kafka:9092 abort --topic s --partition 0 --start-offset 5", ""},
		"it is waited for to an end":     {sight(0, 5, 9), 9, 21 * time.Minute, "", "so it hangs"},
		"slowly":                         {sight(0, 9, 9), 9, time.Minute, "Topic s is read slowly: nothing has come for 1m0s after offset 5", ""},
		"too slowly":                     {sight(0, 9, 9), 9, 21 * time.Minute, "", "Topic s is read slowly"},
		"no end any more":                {sight(0, 7, 7), 9, time.Second, "", "lost its end while it was read back: it ends at offset 7 now, and was to be read up to offset 9"},
		"no beginning any more":          {sight(8, 9, 9), 9, time.Second, "", "lost its beginning while it was read back"},
		"made anew":                      {other, 9, time.Second, "", "was deleted and made anew"},
		"at the end of what there is":    {sight(0, 5, 5), endless, time.Hour, "", ""},
		"the end is before what it read": {sight(0, 3, 3), endless, time.Second, "", "lost its end while it was read"},
		"who watches waits":              {sight(0, 5, 9), endless, time.Hour, "A transaction of another producer", ""},
	} {
		p := &pursuit{patience: patient, broker: b, topic: "s", id: "x", position: 5, to: c.to}
		why, err := p.judge(&c.s, c.still)
		if !strings.Contains(why, c.why) || (why == "") != (c.why == "") || strings.HasSuffix(why, ".") {
			t.Errorf("%s: %q, want %q", name, why, c.why)
		}
		if (err == nil) != (c.fault == "") || err != nil && (!strings.Contains(err.Error(), c.fault) || kindOf(t, err) != producer.Transitory) {
			t.Errorf("%s: %v, want %q", name, err, c.fault)
		}
	}
}

// A hearing keeps what a reader is told while it waits.
type hearing struct {
	mu  sync.Mutex
	all []string
}

func (h *hearing) take(why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, why)
}

func (h *hearing) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.all, "\n")
}

// stuck reads back to the end of a topic on which a foreign transaction is open, in front
// of records of ours, while something is done to it.
func stuck(t *testing.T, k *rig.Kafka, topic string, do func()) (heard string, read int, took time.Duration, err error) {
	t.Helper()
	b := brokerAt(t, map[string]string{"bootstrap.servers": k.Bootstrap()})
	if _, err := b.Describe(t.Context(), []string{topic}); err != nil {
		t.Fatal(err)
	}
	lanes, err := b.Open(t.Context(), []string{topic}, []string{topic + "-ours", topic + "-foreign"}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, lanes[0], topic, 2)
	if err := lanes[1].Begin(); err != nil {
		t.Fatal(err)
	}
	if err := lanes[1].Send(t.Context(), &producer.Record{Topic: topic, Key: []byte("foreign")}); err != nil {
		t.Fatal(err)
	}
	if _, err := lanes[1].Delivered(t.Context()); err != nil {
		t.Fatal(err)
	}
	publish(t, lanes[0], topic, 2)
	sights, err := b.Look(t.Context(), []string{topic})
	if err != nil {
		t.Fatal(err)
	}
	var said hearing
	ended := make(chan error, 1)
	go func() {
		ended <- b.ReadBack(t.Context(), nil, map[string]int64{topic: sights[0].End}, said.take, func(*producer.Seen) { read++ })
	}()
	waitFor(t, 15*time.Second, func() bool { return strings.Contains(said.String(), "is open on topic "+topic) })
	// The marker of ours may come after the foreign record.
	if !strings.Contains(said.String(), "after offset 2") && !strings.Contains(said.String(), "after offset 3") {
		t.Errorf("the last stable offset is 2 or 3: %s", &said)
	}
	began := time.Now()
	if do != nil {
		do()
	} else {
		lanes[1].Close()
		lanes = lanes[:1]
	}
	select {
	case err = <-ended:
	case <-time.After(90 * time.Second):
		t.Fatal("the reading does not end")
	}
	took = time.Since(began)
	for _, l := range lanes {
		l.Close()
	}
	t.Logf("%s, then %v after %s", &said, err, took.Round(time.Millisecond))
	return said.String(), read, took, err
}

// A reading that stands still ends, and says why, whatever becomes of the topic.
func TestReadingBackEnds(t *testing.T) {
	k := rig.StartKafka(t)
	for _, topic := range []string{"aborted", "deleted", "remade", "cut", "killed"} {
		k.CreateTopic(t, topic, "cleanup.policy=delete")
	}
	t.Run("the foreign transaction ends", func(t *testing.T) {
		if _, read, _, err := stuck(t, k, "aborted", nil); err != nil || read != 4 {
			t.Errorf("%d records were read back, %v", read, err)
		}
	})
	for topic, c := range map[string]struct {
		do   func()
		want string
	}{
		"deleted": {func() { k.DeleteTopic(t, "deleted") }, "Topic deleted "},
		"remade":  {func() { k.RemakeTopic(t, "remade") }, "opic remade"},
		"cut":     {func() { k.DeleteRecords(t, "cut", -1) }, "opic cut"},
	} {
		t.Run(topic, func(t *testing.T) {
			_, _, took, err := stuck(t, k, topic, c.do)
			if err == nil || kindOf(t, err) != producer.Transitory || took > 10*time.Second {
				t.Errorf("%v after %s", err, took)
			} else if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	t.Run("killed", func(t *testing.T) {
		_, _, took, err := stuck(t, k, "killed", k.Kill)
		if err == nil || kindOf(t, err) != producer.Transitory || took > 45*time.Second {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// One reader reads all topics: one on which a foreign transaction is open holds no other up,
// and what follows the end of one that is read is not yielded.
func TestOneReaderForAllTopics(t *testing.T) {
	k := rig.StartKafka(t)
	topics := []string{"free", "held"}
	for _, topic := range topics {
		k.CreateTopic(t, topic)
	}
	b := brokerAt(t, map[string]string{"bootstrap.servers": k.Bootstrap()})
	lanes, err := b.Open(t.Context(), topics, []string{"ours", "foreign"}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer lanes[0].Close()
	if err := lanes[1].Begin(); err != nil {
		t.Fatal(err)
	}
	if err := lanes[1].Send(t.Context(), &producer.Record{Topic: "held", Key: []byte("foreign")}); err != nil {
		t.Fatal(err)
	}
	if _, err := lanes[1].Delivered(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, topic := range topics {
		publish(t, lanes[0], topic, 5)
	}
	sights, err := b.Look(t.Context(), topics)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, lanes[0], "free", 5) // above the end that is read to
	var said hearing
	var mu sync.Mutex
	read := map[string][]int64{}
	count := func(topic string) int { mu.Lock(); defer mu.Unlock(); return len(read[topic]) }
	ended := make(chan error, 1)
	go func() {
		ended <- b.ReadBack(t.Context(), nil, map[string]int64{"free": sights[0].End, "held": sights[1].End, "empty": 0}, said.take, func(s *producer.Seen) {
			mu.Lock()
			defer mu.Unlock()
			read[s.Topic] = append(read[s.Topic], s.Offset)
		})
	}()
	waitFor(t, 60*time.Second, func() bool { return strings.Contains(said.String(), "is open on topic held") && count("free") == 5 })
	if count("held") != 0 || strings.Contains(said.String(), "free") {
		t.Errorf("%v were read behind an open transaction, and it was said:\n%s", read["held"], &said)
	}
	lanes[1].Close() // aborts
	select {
	case err = <-ended:
	case <-time.After(60 * time.Second):
		t.Fatal("the reading does not end")
	}
	if err != nil || count("free") != 5 || count("held") != 5 || !slices.IsSorted(read["free"]) || !slices.IsSorted(read["held"]) {
		t.Errorf("%v were read, %v", read, err)
	}
}

// Asking where a topic is ends with its context, though the library's call goes on, under
// which the reader is not closed.
func TestLocateIsCancelled(t *testing.T) {
	b := brokerAt(t, map[string]string{"bootstrap.servers": silent(t)})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	began := time.Now()
	if err := b.ReadBack(ctx, nil, map[string]int64{"t": 1}, func(string) {}, func(*producer.Seen) {}); err == nil {
		t.Error("nothing answers, and it was read back")
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %s", took)
	}
	began = time.Now()
	b.Close()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("closing took %s", took)
	}
}

// Brokers that do not say how a topic stands are waited for a while, and what they say
// instead is told: that nobody leads it, or that they are away. What they say for good
// ends the reading.
func TestReadingWaitsForBrokers(t *testing.T) {
	leaderless := ledFault(&admin.Topic{Name: "s", Partitions: 1, Leader: -1})
	missing := ledFault(&admin.Topic{Name: "s", Err: kerr.UnknownTopicOrPartition})
	for name, c := range map[string]struct {
		err  error
		told string
	}{
		"nobody leads":  {leaderless, "Topic s has no leader: every broker that has all of it is away"},
		"brokers away":  {faults.Of("asking", ck.NewError(ck.ErrTransport, "Local: Broker transport failure", false)), "transport failure"},
		"no answer":     {faults.Of("asking", context.DeadlineExceeded), "Kafka did not answer in time while asking"},
		"no right":      {faults.Of("asking", ck.NewError(ck.ErrTopicAuthorizationFailed, "", false)), ""},
		"no topic":      {missing, ""},
		"closed, or so": {context.Canceled, ""},
	} {
		var said hearing
		p := &pursuit{patience: patient, topic: "s", waiting: said.take}
		err := p.unanswered(t.Context(), c.err)
		if (err == nil) != (c.told != "") || !strings.Contains(said.String(), c.told) || strings.HasSuffix(said.String(), ".") {
			t.Errorf("%s: %v, told %q", name, err, said.String())
		}
		if c.told == "" {
			continue
		}
		p.away = time.Now().Add(-patient.silent - time.Second)
		if err := p.unanswered(t.Context(), c.err); err == nil || kindOf(t, err) != producer.Transitory {
			t.Errorf("%s, for too long: %v", name, err)
		}
	}
}
