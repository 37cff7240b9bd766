package registry

import (
	"context"
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
	all := map[Key][]Stored{}
	if err := r.store.Find(ctx, q, func(s Stored) error {
		all[KeyOf(s.URN)] = append(all[KeyOf(s.URN)], s)
		return nil
	}); err != nil {
		return err
	}
	found := selectVersions(all, versions)
	slices.SortFunc(found, func(a, b Stored) int {
		if order != nil && a.URN.Class != b.URN.Class {
			return order(a.URN.Class) - order(b.URN.Class)
		}
		return a.URN.Compare(b.URN)
	})
	for batch := range slices.Chunk(found, findBatch) {
		ids := make([]int64, len(batch))
		for i := range batch {
			ids[i] = batch[i].Document
		}
		bodies, err := r.store.Bodies(ctx, ids)
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
