package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"urncast/sdmx"
)

// A Query selects structures. Empty lists select all.
type Query struct {
	Classes       []sdmx.Class
	Agencies, IDs []string
	// Versions is a version expression as in the path of SDMX REST 2.x
	// (ParseVersionQuery); empty means "~", the latest version of each.
	Versions string
	// AsOf asks for the structures that were current after a transaction; 0 for those that
	// are current now.
	AsOf Number
}

// findBatch bounds the documents that a query keeps in memory at a time.
const findBatch = 64

// Find yields the structures that a query selects, in canonical form, ordered by class as
// order returns it (nil: as package sdmx orders classes) and then by URN. The error is an
// *InvalidError for a bad version expression or a transaction that does not exist, and a
// *GoneError where housekeeping has removed the contents as of Query.AsOf.
func (r *Registry) Find(ctx context.Context, q Query, order func(sdmx.Class) int, yield func(u sdmx.URN, body []byte) error) error {
	expression := q.Versions
	if expression == "" {
		expression = "~"
	}
	versions, err := ParseVersionQuery(expression)
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
	if q.AsOf != 0 { // checked after the query, because the horizon may have moved during it
		if err := r.checkAsOf(ctx, q.AsOf); err != nil {
			return err
		}
	}
	found := selectVersions(all, versions)
	slices.SortFunc(found, func(a, b Stored) int { return compare(order, a.URN, b.URN) })
	err = r.bodies(ctx, found, yield)
	if errors.Is(err, errContentRemoved) && q.AsOf != 0 {
		return errors.Join(r.checkAsOf(ctx, q.AsOf), err)
	}
	return err
}

// compare orders structures by class, as order gives it, and then by URN.
func compare(order func(sdmx.Class) int, a, b sdmx.URN) int {
	if order != nil && a.Class != b.Class {
		return order(a.Class) - order(b.Class)
	}
	return a.Compare(b)
}

// errContentRemoved is returned if housekeeping, or a change, has removed a document between
// the search for it and its reading.
var errContentRemoved = errors.New("content was removed while it was read; ask again")

// bodies reads documents in batches of findBatch, and yields each with its canonical form.
func (r *Registry) bodies(ctx context.Context, found []Stored, yield func(u sdmx.URN, body []byte) error) error {
	for batch := range slices.Chunk(found, findBatch) {
		ids := make([]int64, len(batch))
		for i := range batch {
			ids[i] = batch[i].Document
		}
		bodies, err := r.store.Bodies(ctx, ids)
		if errors.Is(err, ErrNotFound) {
			return fmt.Errorf("%w: %s", errContentRemoved, err)
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

// selectVersions applies a version expression to the versions of each key.
func selectVersions(all map[Key][]Stored, q VersionQuery) []Stored {
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
