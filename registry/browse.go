package registry

import (
	"context"
	"time"

	"urncast/sdmx"
)

// A Browser answers what people look for, page by page. Store has it.
type Browser interface {
	// Log lists transactions, newest first.
	Log(ctx context.Context, q LogQuery) ([]Transaction, error)
	// Firsts gives the first structure of each transaction in a range, both ends
	// included.
	Firsts(ctx context.Context, from, to Number) (map[Number]sdmx.URN, error)
	// Volume counts what was recorded since a time, by steps from then on.
	Volume(ctx context.Context, since time.Time, step time.Duration) (map[int]Recorded, error)
}

// A LogQuery asks for transactions; what is zero asks for all.
type LogQuery struct {
	Before Number // older ones alone
	Above  Number // newer ones alone
	Only   []Number
	Kind   Kind
	User   string
	Since  time.Time
	// Of is an agency, an id or a URN, in full or short: of a structure that the
	// transaction changed.
	Of    string
	Limit int
}

// Recorded is how much was recorded.
type Recorded struct {
	Transactions int
	Bytes        int64
}

// Log lists transactions, newest first.
func (r *Registry) Log(ctx context.Context, q LogQuery) ([]Transaction, error) {
	return r.store.Log(ctx, q)
}

// Firsts gives the first structure of each transaction in a range, both ends included.
func (r *Registry) Firsts(ctx context.Context, from, to Number) (map[Number]sdmx.URN, error) {
	return r.store.Firsts(ctx, from, to)
}

// Volume counts what was recorded since a time, by steps from then on.
func (r *Registry) Volume(ctx context.Context, since time.Time, step time.Duration) (map[int]Recorded, error) {
	return r.store.Volume(ctx, since, step)
}
