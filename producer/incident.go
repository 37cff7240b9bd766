package producer

import (
	"urncast/registry"
)

// An Incident is a cause for which a producer does not publish. Admins are told
// of it once, however often it is met while it lasts.
type Incident struct {
	State  State  // Failed, Stopped or Degraded
	Reason string // sentences, as the status shows them
	Brief  string // the error's own words
	Cure   string // what to do; empty where the state alone says it
	Ask    []Choice
	Number registry.Number // the transaction that it is about; 0 for none
	// Cause is the same whenever the same thing happens to the same producer.
	Cause string
}
