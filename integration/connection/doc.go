// Package connection proves the connection test and the trying of servers on real
// brokers: what passes, what fails with which words, and what a reader of the topic
// sees of it.
package connection
