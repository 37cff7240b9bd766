// Package record reads and draws, for the rooms of the console, transactions, their status
// on producers, and what a submission would change.
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

// Worst is the status that most needs attention, of all producers.
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
