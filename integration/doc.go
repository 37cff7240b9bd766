// Package integration proves the product from outside: its binary, a real Kafka,
// a real PostgreSQL, and readers that share no code with it.
package integration
