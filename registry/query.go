package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"urncast/sdmx"
)

// A Query asks for structures. Empty lists ask for all.
type Query struct {
	Classes       []sdmx.Class
	Agencies, IDs []string
	// Versions is a version expression of SDMX REST 2.x; empty means "~", the
	// latest of each.
	Versions string
	// AsOf asks for what was current after a transaction; 0 for what is now.
	AsOf Number
}

// findBatch bounds the documents in memory while a query is answered.
const findBatch = 64

// Find yields what a query asks for, with canonical forms, by class in the order
// given (nil: that of sdmx) and then by URN.
func (r *Registry) Find(ctx context.Context, q Query, order func(sdmx.Class) int, yield func(u sdmx.URN, body []byte) error) error {
	expression := q.Versions
	if expression == "" {
		expression = "~"
	}
	versions, err := sdmx.ParseVersionQuery(expression)
	if err != nil {
		return &InvalidError{err.Error()}
	}
	if q.AsOf != 0 {
		last, err := r.store.Last(ctx)
		if err != nil {
			return err
		}
		if q.AsOf < 0 || q.AsOf > last {
			return &InvalidError{fmt.Sprintf("There is no transaction %d; the last is %d.", q.AsOf, last)}
		}
	}
	all := map[Key][]Stored{}
	if err := r.store.Find(ctx, q, func(s Stored) error {
		all[KeyOf(s.URN)] = append(all[KeyOf(s.URN)], s)
		return nil
	}); err != nil {
		return err
	}
	if q.AsOf != 0 { // afterwards: the horizon may have moved meanwhile, and never back
		if err := r.checkAsOf(ctx, q.AsOf); err != nil {
			return err
		}
	}
	found := selectVersions(all, versions)
	slices.SortFunc(found, func(a, b Stored) int { return compare(order, a.URN, b.URN) })
	err = r.bodies(ctx, found, yield)
	if errors.Is(err, errWent) && q.AsOf != 0 {
		return errors.Join(r.checkAsOf(ctx, q.AsOf), err)
	}
	return err
}

// compare puts structures into the order of an answer.
func compare(order func(sdmx.Class) int, a, b sdmx.URN) int {
	if order != nil && a.Class != b.Class {
		return order(a.Class) - order(b.Class)
	}
	return a.Compare(b)
}

// errWent is for an answer that was overtaken: what was asked for is there, or was
// when the answer began.
var errWent = errors.New("content was removed while it was read; ask again")

// bodies yields documents with their content, a batch in memory at a time.
func (r *Registry) bodies(ctx context.Context, found []Stored, yield func(u sdmx.URN, body []byte) error) error {
	for batch := range slices.Chunk(found, findBatch) {
		ids := make([]int64, len(batch))
		for i := range batch {
			ids[i] = batch[i].Document
		}
		bodies, err := r.store.Bodies(ctx, ids)
		if errors.Is(err, ErrNotFound) {
			return fmt.Errorf("%w: %s", errWent, err)
		}
		if err != nil {
			return err
		}
		for i, b := range bodies {
			if err := yield(batch[i].URN, b); err != nil {
				return err
			}
		}
	}
	return nil
}

func selectVersions(all map[Key][]Stored, q sdmx.VersionQuery) []Stored {
	var found []Stored
	for _, stored := range all {
		versions := make([]sdmx.Version, len(stored))
		for i := range stored {
			versions[i] = stored[i].URN.Version
		}
		for _, i := range q.Select(versions) {
			found = append(found, stored[i])
		}
	}
	return found
}
