// Package integration tests urncast from outside: it runs the built binary against a real
// Kafka and a real PostgreSQL, and checks the topics with readers that share no code with
// urncast.
package integration
