// Package guard reads what topics hold of a producer, compares it with the registry's log,
// and says what an admin must decide where they disagree: when a session recovers, and
// every few seconds for as long as it lives.
package guard
