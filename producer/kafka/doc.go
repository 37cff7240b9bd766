// Package kafka is the edge to Apache Kafka: sessions, the fault table, the
// properties, reading back. It is the only import of confluent-kafka-go; every
// error that leaves it is a producer.Fault.
package kafka
