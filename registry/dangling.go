package registry

import (
	"context"
	"slices"

	"urncast/sdmx"
)

// Dangling returns the references that do not resolve, ordered by the referring URN. Each
// target is resolved once per kind of referrer (sdmx.Referrers), since the meaning of a
// wildcard depends on it; referrers are read only for targets that do not resolve for one kind.
func (r *Registry) Dangling(ctx context.Context) ([]Dangling, error) {
	targets, err := r.store.DoubtfulTargets(ctx)
	if err != nil {
		return nil, err
	}
	var lost map[sdmx.Ref]bool
	var keys map[Key]bool
	err = ask(ctx, r.store, func(v *view) {
		lost, keys = map[sdmx.Ref]bool{}, map[Key]bool{}
		for _, t := range targets {
			for _, by := range sdmx.Referrers {
				if !v.resolves(sdmx.URN{Version: by}, t, after) {
					lost[t], keys[KeyOf(t.URN)] = true, true
				}
			}
		}
	})
	if err != nil || len(lost) == 0 {
		return nil, err
	}
	all, err := r.store.Referring(ctx, keysOf(keys))
	if err != nil {
		return nil, err
	}
	var out []Dangling
	err = ask(ctx, r.store, func(v *view) {
		out = slices.DeleteFunc(slices.Clone(all), func(d Dangling) bool { return !lost[d.To] || v.resolves(d.From, d.To, after) })
	})
	return out, err
}
