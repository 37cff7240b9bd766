// Package faults makes producer.Faults of Kafka's errors: what kind of fault each is, what it means,
// and what an admin can do. docs/faults.md is generated from its table.
package faults
