// Package connection tests the connection test, and the trying of servers at a save, on real
// brokers: which set-ups pass, which fail and with what message, and what a reader of the topic
// sees of a test.
package connection
