// Package rig starts real servers for the integration tests.
//
// It starts Kafka brokers from Kafka's jars, plain or with TLS, SASL and access control lists;
// PostgreSQL servers and Kerberos KDCs that are installed on the machine; certificate
// authorities, token endpoints and mail servers; proxies that lose or delay chosen requests
// between client and broker; and urncast's own binary, which tests can kill.
//
// Everything listens on loopback, on free ports, and ends with the test.
package rig
