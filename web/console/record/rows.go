// Package record is what was recorded, what became of it, and what a submission would make of it:
// read for the rooms of the console, and drawn by them.
package record

import (
	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
)

// A TransactionRow is one transaction in a list.
type TransactionRow struct {
	registry.Transaction
	First    sdmx.URN // its first structure
	Statuses []string // one for each producer of the list; "" if it is not known
}

// Worst is the status that needs most, of all producers.
func (r *TransactionRow) Worst() string {
	rank := []string{producer.StatusFailed, producer.StatusPending, producer.StatusSkipped, producer.StatusCovered, producer.StatusSent}
	for _, s := range rank {
		for _, have := range r.Statuses {
			if have == s {
				return s
			}
		}
	}
	return ""
}
