// Package gateway lets Kafka's client, which cannot do Kerberos in a plain build,
// reach brokers that ask for it. It listens on loopback, once for each real
// broker. The client logs in there with a secret of this process; behind it the
// gateway opens the connection to the broker, does TLS and GSSAPI, and from then
// on relays frames. Of what it relays it reads the first bytes of each frame, and
// the three answers that name brokers: their addresses become ours.
package gateway
