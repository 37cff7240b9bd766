// Package probe opens connections to Kafka brokers by hand, one step at a time:
// resolve, connect, TLS, ApiVersions, SASL. The client library does all of that at
// once, tries again on every failure and tells of a timeout; here each step fails
// by itself, at once, and says what was met and what to do about it.
package probe
