// Package gateway lets Kafka's client, which cannot do Kerberos in a plain build, reach
// brokers that ask for it. A gateway has a listener on loopback for each broker. The client
// logs in to a listener with a secret of this process. The gateway then connects to the broker,
// with TLS and GSSAPI, and relays frames. It reads the first bytes of each frame, and the three
// kinds of answers that name brokers: in these it replaces the brokers' addresses by those of its
// listeners.
package gateway
