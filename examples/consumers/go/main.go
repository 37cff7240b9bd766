// Command go keeps a replica of a registry from its topic, a whole transaction
// at a time, and prints a line for each.
//
//	go run ./examples/consumers/go -bootstrap localhost:9092 -topic sdmx.structures
//
// With -once it ends at the end of the topic and prints what it holds.
package main

import (
	"flag"
	"fmt"
	"log"
	"maps"
	"slices"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func main() {
	bootstrap := flag.String("bootstrap", "localhost:9092", "the brokers")
	topic := flag.String("topic", "sdmx.structures", "the topic")
	once := flag.Bool("once", false, "end at the end of the topic")
	flag.Parse()

	consumer, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers":    *bootstrap,
		"group.id":             "urncast-example", // needed by the client, not used: offsets live with the replica
		"enable.auto.commit":   false,
		"isolation.level":      "read_committed", // never see what was aborted, nor what is not yet committed
		"enable.partition.eof": true,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer consumer.Close()
	// A replica kept in memory begins at the beginning. One kept in a database
	// stores the next offset in the same database transaction as the structures,
	// and goes on from there.
	start := kafka.TopicPartition{Topic: topic, Partition: 0, Offset: kafka.OffsetBeginning}
	if err := consumer.Assign([]kafka.TopicPartition{start}); err != nil {
		log.Fatal(err)
	}
	r := &replica{structures: map[string][]byte{}}
	for {
		switch e := consumer.Poll(1000).(type) {
		case *kafka.Message:
			r.take(e)
		case kafka.PartitionEOF:
			// What is committed is committed whole: at the end of the log
			// nothing more of this transaction can come.
			r.apply()
			if *once {
				r.print()
				return
			}
		case kafka.Error:
			if e.IsFatal() || e.Code() == kafka.ErrUnknownTopicOrPart {
				log.Fatal(e)
			}
			log.Print(e) // the client goes on by itself
		}
	}
}

// A replica holds the newest message of each structure, by URN.
type replica struct {
	structures map[string][]byte
	pending    []*kafka.Message // of one transaction, not yet applied
}

// take collects messages until their transaction is whole: position = count, or
// a message of the next one.
func (r *replica) take(m *kafka.Message) {
	if len(r.pending) > 0 && transaction(m) != transaction(r.pending[0]) {
		r.apply()
	}
	r.pending = append(r.pending, m)
	if header(m, "urncast-txn-position") == header(m, "urncast-txn-count") {
		r.apply()
	}
}

// apply puts a whole transaction into the replica. With a database this is one
// database transaction.
func (r *replica) apply() {
	if len(r.pending) == 0 {
		return
	}
	for _, m := range r.pending {
		if m.Value == nil {
			delete(r.structures, string(m.Key)) // it may never have been there
		} else {
			r.structures[string(m.Key)] = m.Value
		}
	}
	first := r.pending[0]
	fmt.Printf("transaction %s: %s %d, %d structures\n", header(first, "urncast-txn"), header(first, "urncast-action"), len(r.pending), len(r.structures))
	r.pending = nil
}

func (r *replica) print() {
	for _, urn := range slices.Sorted(maps.Keys(r.structures)) {
		fmt.Printf("%d\t%s\n", len(r.structures[urn]), urn)
	}
}

// transaction tells one Kafka transaction from the next.
func transaction(m *kafka.Message) string {
	return header(m, "urncast-txn") + " " + header(m, "urncast-txn-id") + " " + header(m, "urncast-action")
}

func header(m *kafka.Message, name string) string {
	for _, h := range m.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}
