// Command go builds a replica of a registry from its topic, one whole transaction at a time, and
// prints a line for each transaction.
//
//	go run ./examples/consumers/go -bootstrap localhost:9092 -topic sdmx.structures
//
// With -once it stops at the end of the topic and prints the size and URN of each structure.
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
		"group.id":             "urncast-example", // required by the client, but not used: the offset is stored with the replica
		"enable.auto.commit":   false,
		"isolation.level":      "read_committed", // do not read messages of aborted or open Kafka transactions
		"enable.partition.eof": true,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer consumer.Close()
	// A replica in memory reads the topic from its beginning. A replica in a database stores
	// the next offset in the same database transaction as the structures, and continues there.
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
			// A Kafka transaction is committed as a whole, so no more messages of the
			// pending one can follow at the end of the log.
			r.apply()
			if *once {
				r.print()
				return
			}
		case kafka.Error:
			if e.IsFatal() || e.Code() == kafka.ErrUnknownTopicOrPart {
				log.Fatal(e)
			}
			log.Print(e) // the client recovers by itself
		}
	}
}

// A replica has the newest message of each structure, by URN.
type replica struct {
	structures map[string][]byte
	pending    []*kafka.Message // of one transaction, not yet applied
}

// take collects messages and applies them when their transaction is complete: when the position
// equals the count, or a message of the next transaction arrives.
func (r *replica) take(m *kafka.Message) {
	if len(r.pending) > 0 && transaction(m) != transaction(r.pending[0]) {
		r.apply()
	}
	r.pending = append(r.pending, m)
	if header(m, "urncast-txn-position") == header(m, "urncast-txn-count") {
		r.apply()
	}
}

// apply applies a whole transaction to the replica; with a database, in one database
// transaction.
func (r *replica) apply() {
	if len(r.pending) == 0 {
		return
	}
	for _, m := range r.pending {
		if m.Value == nil {
			delete(r.structures, string(m.Key)) // the structure may be unknown here
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

// transaction identifies the structure transaction of a message.
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
