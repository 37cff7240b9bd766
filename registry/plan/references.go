package plan

import (
	"context"
	"slices"

	"urncast/registry"
	"urncast/sdmx"
)

// Dangling returns the references that do not resolve, ordered by the referring URN. Each
// target is resolved once per kind of referrer (sdmx.Referrers), since the meaning of a
// wildcard depends on it; referrers are read only for targets that do not resolve for one kind.
func (r *Registry) Dangling(ctx context.Context) ([]registry.Dangling, error) {
	targets, err := r.store.DoubtfulTargets(ctx)
	if err != nil {
		return nil, err
	}
	var lost map[sdmx.Ref]bool
	var keys map[registry.Key]bool
	err = ask(ctx, r.store, func(v *view) {
		lost, keys = map[sdmx.Ref]bool{}, map[registry.Key]bool{}
		for _, t := range targets {
			for _, by := range sdmx.Referrers {
				if !v.resolves(sdmx.URN{Version: by}, t, after) {
					lost[t], keys[registry.KeyOf(t.URN)] = true, true
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
	var out []registry.Dangling
	err = ask(ctx, r.store, func(v *view) {
		out = slices.DeleteFunc(slices.Clone(all), func(d registry.Dangling) bool { return !lost[d.To] || v.resolves(d.From, d.To, after) })
	})
	return out, err
}

// Referring returns the current structures that refer to structure u, also by a wildcard
// version; each once, ordered by URN.
func (r *Registry) Referring(ctx context.Context, u sdmx.URN) ([]sdmx.URN, error) {
	var out []sdmx.URN
	err := ask(ctx, r.store, func(v *view) {
		out = nil
		seen := map[sdmx.URN]bool{u: true}
		for _, d := range v.referringTo(registry.KeyOf(u)) {
			if t, found := v.target(d.From.Version, d.To, after); found && t == u && !seen[d.From] {
				seen[d.From] = true
				out = append(out, d.From)
			}
		}
	})
	slices.SortFunc(out, sdmx.URN.Compare)
	return out, err
}

// AgencyExists reports whether an agency or a sub-agency of it maintains a structure, or an
// agency scheme lists the agency.
func (r *Registry) AgencyExists(ctx context.Context, agency string) (bool, error) {
	if owns, err := r.store.Maintains(ctx, agency); err != nil || owns {
		return owns, err
	}
	known := false
	err := ask(ctx, r.store, func(v *view) { known = v.agencyKnown(agency) })
	return known, err
}
