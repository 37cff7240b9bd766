package registry

import (
	"context"
	"slices"
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
	// Heads gives the first changes of each transaction in a range, both ends included: at
	// most so many of each, with number, position, URN and kind.
	Heads(ctx context.Context, from, to Number, limit int) (map[Number][]Change, error)
	// Pairs gives what a transaction did, from a position on, with what was before.
	Pairs(ctx context.Context, n Number, from, limit int) ([]Pair, error)
	// History gives what was done to a structure, newest first and older than a
	// transaction.
	History(ctx context.Context, u sdmx.URN, before Number, limit int) ([]Revision, error)
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

// A Pair is a change and the content that it replaced or deleted.
type Pair struct {
	Change
	// BeforeDocument is 0 if the structure was not there.
	BeforeDocument int64
	BeforeBytes    int
	// BeforeRemoved says that housekeeping has removed what was before.
	BeforeRemoved bool
}

// A Revision is a change of one structure, and the transaction that made it.
type Revision struct {
	Pair
	Transaction Transaction
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

// Heads gives the first changes of each transaction in a range, both ends included: at most
// so many of each, with number, position, URN and kind.
func (r *Registry) Heads(ctx context.Context, from, to Number, limit int) (map[Number][]Change, error) {
	return r.store.Heads(ctx, from, to, limit)
}

// Volume counts what was recorded since a time, by steps from then on.
func (r *Registry) Volume(ctx context.Context, since time.Time, step time.Duration) (map[int]Recorded, error) {
	return r.store.Volume(ctx, since, step)
}

// Pairs gives what a transaction did, from a position on, with what was before.
func (r *Registry) Pairs(ctx context.Context, n Number, from, limit int) ([]Pair, error) {
	return r.store.Pairs(ctx, n, from, limit)
}

// History gives what was done to a structure, newest first, older than a transaction
// or from the newest on if that is 0.
func (r *Registry) History(ctx context.Context, u sdmx.URN, before Number, limit int) ([]Revision, error) {
	return r.store.History(ctx, u, before, limit)
}

// Document reads one, and says how large it is as it is stored. The error is
// ErrNotFound if housekeeping has removed it.
func (r *Registry) Document(ctx context.Context, c sdmx.Class, document int64) (m sdmx.Maintainable, bytes int, err error) {
	bodies, err := r.store.Bodies(ctx, []int64{document})
	if err != nil {
		return nil, 0, err
	}
	m, err = sdmx.ParseCanonical(c, bodies[0])
	return m, len(bodies[0]), err
}

// Documents reads several in their canonical form, in the order asked for.
func (r *Registry) Documents(ctx context.Context, documents []int64) ([][]byte, error) {
	if len(documents) == 0 {
		return nil, nil
	}
	return r.store.Bodies(ctx, documents)
}

// Referring lists the current structures that refer to a structure, each once.
func (r *Registry) Referring(ctx context.Context, u sdmx.URN) ([]sdmx.URN, error) {
	var out []sdmx.URN
	err := ask(ctx, r.store, func(v *view) {
		out = nil
		seen := map[sdmx.URN]bool{u: true}
		for _, d := range v.referringTo(KeyOf(u)) {
			if t, found := v.target(d.From.Version, d.To, after); found && t == u && !seen[d.From] {
				seen[d.From] = true
				out = append(out, d.From)
			}
		}
	})
	slices.SortFunc(out, sdmx.URN.Compare)
	return out, err
}

// Versions lists the current versions of a structure.
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

// AgencyThere says whether an agency, or one below it, maintains something, or an agency
// scheme holds it.
func (r *Registry) AgencyThere(ctx context.Context, agency string) (bool, error) {
	if owns, err := r.store.Maintains(ctx, agency); err != nil || owns {
		return owns, err
	}
	known := false
	err := ask(ctx, r.store, func(v *view) { known = v.agencyKnown(agency) })
	return known, err
}
