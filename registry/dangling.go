package registry

import (
	"context"
	"slices"

	"urncast/sdmx"
)

// Dangling lists the references that resolve to nothing, by the referring URN. It judges
// each target once, and reads those that are asked for items many at a time.
func (r *Registry) Dangling(ctx context.Context) ([]Dangling, error) {
	targets, err := r.store.DoubtfulTargets(ctx)
	if err != nil {
		return nil, err
	}
	w := newWorld(r.store)
	if err := w.loadItems(ctx, targets); err != nil {
		return nil, err
	}
	lost, keys := map[sdmx.Ref]bool{}, map[Key]bool{}
	for _, t := range targets {
		ok, err := w.resolves(ctx, t)
		if err != nil {
			return nil, err
		}
		if !ok {
			lost[t], keys[KeyOf(t.URN)] = true, true
		}
	}
	if len(lost) == 0 {
		return nil, nil
	}
	var asked []Key
	for k := range keys {
		asked = append(asked, k)
	}
	all, err := r.store.Referring(ctx, asked)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(d Dangling) bool { return !lost[d.To] }), nil
}

// loadItems reads the ids inside of what references to items may resolve to, many
// structures in one round trip.
func (w *world) loadItems(ctx context.Context, refs []sdmx.Ref) error {
	seen := map[Key]bool{}
	var keys []Key
	for _, r := range refs {
		if k := KeyOf(r.URN); !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	if err := w.load(ctx, keys); err != nil {
		return err
	}
	asked := map[sdmx.URN]bool{}
	var structures []Stored
	for _, r := range refs {
		if r.Item == "" {
			continue
		}
		for _, s := range w.stored[KeyOf(r.URN)] {
			if r.Version.Matches(s.URN.Version) && !asked[s.URN] {
				asked[s.URN] = true
				structures = append(structures, s)
			}
		}
	}
	return w.readEach(ctx, structures, func(i int, m sdmx.Maintainable) error {
		w.items[structures[i].URN] = itemsIn(m)
		return nil
	})
}
