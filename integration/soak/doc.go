// Package soak injects faults into a whole cluster for as long as it is told to, in an order that a
// seed repeats, and then checks that no message was lost, duplicated, reordered or incomplete.
// docs/reliability.md says what that proves.
package soak
