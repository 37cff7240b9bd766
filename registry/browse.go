package registry

import (
	"context"
	"time"

	"urncast/sdmx"
)

// A Browser answers the console's questions about the log, a page at a time. Every Store is one.
type Browser interface {
	// Log lists transactions, newest first.
	Log(ctx context.Context, q LogQuery) ([]Transaction, error)
	// Firsts returns the structure at position 1 of each transaction in [from, to].
	Firsts(ctx context.Context, from, to Number) (map[Number]sdmx.URN, error)
	// Heads returns the first limit changes of each transaction in [from, to]; only Number,
	// Position, URN and Kind of them are set.
	Heads(ctx context.Context, from, to Number, limit int) (map[Number][]Change, error)
	// Transitions returns at most limit changes of transaction n with the contents that they
	// replaced or deleted, beginning at position from.
	Transitions(ctx context.Context, n Number, from, limit int) ([]Transition, error)
	// History returns at most limit changes of a structure, newest first, all older than
	// transaction before; 0 begins at the newest.
	History(ctx context.Context, u sdmx.URN, before Number, limit int) ([]Revision, error)
	// Volume counts what was recorded since a time, by intervals of length step: the key is
	// the number of the interval, from 0.
	Volume(ctx context.Context, since time.Time, step time.Duration) (map[int]Recorded, error)
}

// A LogQuery selects transactions of the log. A zero field selects all.
type LogQuery struct {
	Before Number   // only transactions older than this one
	Above  Number   // only transactions newer than this one
	Only   []Number // only these; nil for all
	Kind   Kind
	User   string
	Since  time.Time
	// Of names a structure that the transaction changed: by agency, by id, or by URN in full
	// or short ("AGENCY:ID(VERSION)").
	Of    string
	Limit int
}

// A Transition is a change together with the content that it replaced or deleted.
type Transition struct {
	Change
	// BeforeDocument is 0 if the structure was not there.
	BeforeDocument int64
	BeforeBytes    int
	// BeforeRemoved means that housekeeping has removed the content before.
	BeforeRemoved bool
}

// A Revision is a change of one structure, and the transaction that made it.
type Revision struct {
	Transition
	Transaction Transaction
}

// Recorded counts the transactions of an interval, and the bytes of their documents.
type Recorded struct {
	Transactions int
	Bytes        int64
}

// Log lists transactions, newest first.
func (r *Registry) Log(ctx context.Context, q LogQuery) ([]Transaction, error) {
	return r.store.Log(ctx, q)
}

// Firsts returns the structure at position 1 of each transaction in [from, to].
func (r *Registry) Firsts(ctx context.Context, from, to Number) (map[Number]sdmx.URN, error) {
	return r.store.Firsts(ctx, from, to)
}

// Heads returns the first limit changes of each transaction in [from, to]; only Number,
// Position, URN and Kind of them are set.
func (r *Registry) Heads(ctx context.Context, from, to Number, limit int) (map[Number][]Change, error) {
	return r.store.Heads(ctx, from, to, limit)
}

// Volume counts what was recorded since a time, by intervals of length step: the key is the
// number of the interval, from 0.
func (r *Registry) Volume(ctx context.Context, since time.Time, step time.Duration) (map[int]Recorded, error) {
	return r.store.Volume(ctx, since, step)
}

// Transitions returns at most limit changes of transaction n with the contents that they replaced
// or deleted, beginning at position from.
func (r *Registry) Transitions(ctx context.Context, n Number, from, limit int) ([]Transition, error) {
	return r.store.Transitions(ctx, n, from, limit)
}

// History returns at most limit changes of a structure, newest first, all older than
// transaction before; 0 begins at the newest.
func (r *Registry) History(ctx context.Context, u sdmx.URN, before Number, limit int) ([]Revision, error) {
	return r.store.History(ctx, u, before, limit)
}

// Document reads a stored document of class c, and returns the structure and the size of its
// canonical form in bytes. The error is ErrNotFound if housekeeping has removed it.
func (r *Registry) Document(ctx context.Context, c sdmx.Class, document int64) (m sdmx.Maintainable, bytes int, err error) {
	bodies, err := r.store.Bodies(ctx, []int64{document})
	if err != nil {
		return nil, 0, err
	}
	m, err = sdmx.ParseCanonical(c, bodies[0])
	return m, len(bodies[0]), err
}

// Documents returns the canonical forms of stored documents, in the order asked for.
func (r *Registry) Documents(ctx context.Context, documents []int64) ([][]byte, error) {
	if len(documents) == 0 {
		return nil, nil
	}
	return r.store.Bodies(ctx, documents)
}

// Versions returns the current versions of a structure, whatever version u names.
func (r *Registry) Versions(ctx context.Context, u sdmx.URN) ([]sdmx.URN, error) {
	found, err := r.store.Versions(ctx, []Key{KeyOf(u)})
	if err != nil {
		return nil, err
	}
	var out []sdmx.URN
	for _, st := range found[KeyOf(u)] {
		if !st.Withdrawn() {
			out = append(out, st.URN)
		}
	}
	return out, nil
}
