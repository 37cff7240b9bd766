// Package soak treats a whole cluster badly for as long as it is told to, by a plan
// that a seed repeats, and then asks whether anything was lost, doubled, reordered or
// torn. docs/reliability.md says what that proves.
package soak
