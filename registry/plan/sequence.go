package plan

import (
	"slices"

	"urncast/registry"
	"urncast/sdmx"
)

// ordered returns the changes in publishing order: referenced structures before referring
// ones, and deletes the other way round.
func (p *planner) ordered() (replaces, removes []registry.WriteChange) {
	changed := func(list []*entry, refs func(*entry) []sdmx.Ref) (out []registry.WriteChange) {
		var nodes []registry.Node
		var entries []*entry // of the nodes
		for _, e := range list {
			if e.changed {
				entries = append(entries, e)
				nodes = append(nodes, registry.Node{URN: e.urn, Refs: refs(e)})
			}
		}
		for _, i := range registry.Order(nodes) {
			c := entries[i].change
			c.URN = entries[i].urn
			out = append(out, c)
		}
		return out
	}
	replaces = changed(p.decision.entries, func(e *entry) (out []sdmx.Ref) {
		for _, r := range e.change.Refs {
			out = append(out, p.pinned(e.urn, r, after))
		}
		return out
	})
	refs := map[sdmx.URN][]sdmx.Ref{} // between structures that are deleted
	seen := map[registry.Key]bool{}
	for u := range p.deleted {
		if k := registry.KeyOf(u); !seen[k] {
			seen[k] = true
			for _, d := range p.referringTo(k) {
				if p.deleted[d.From] {
					refs[d.From] = append(refs[d.From], p.pinned(d.From, d.To, before))
				}
			}
		}
	}
	for _, to := range refs { // so that the order does not depend on the iteration of a map
		slices.SortFunc(to, compareRefs)
	}
	removes = changed(p.decision.deletes, func(e *entry) []sdmx.Ref { return refs[e.urn] })
	slices.Reverse(removes)
	return replaces, removes
}
