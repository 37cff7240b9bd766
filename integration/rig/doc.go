// Package rig gives the integration tests real servers: Kafka from its jars,
// plain or with TLS, SASL and access control lists; PostgreSQL and a Kerberos KDC
// from the machine; a certificate authority; a token endpoint; a proxy between
// client and broker that loses or holds back chosen requests; and the product's
// own binary, which can be killed.
//
// Everything listens on loopback, on free ports, and ends with the test.
package rig
