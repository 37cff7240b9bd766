// Package probe opens connections to Kafka brokers by hand, one step at a time:
// resolve, connect, TLS, ApiVersions, SASL. The client library does all of them at once, tries
// again after every failure and then returns a timeout. Here each step fails by itself, at once,
// and its error says what is wrong and what to do.
package probe
