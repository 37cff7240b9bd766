// Package rig gives the integration tests real servers: Kafka from its jars,
// PostgreSQL from the machine, a proxy between client and broker that loses or
// holds back chosen requests, and the product's own binary, which can be killed.
//
// Everything listens on loopback, on free ports, and ends with the test.
package rig
