// Package guard reads a producer's records back from its topics and compares them with the
// registry's log. Where they disagree it returns a question, which an admin must decide. It
// does so when a session recovers, and every few seconds while the session lives.
package guard
