package plan

import (
	"urncast/registry"
	"urncast/sdmx"
)

// applyItems deletes single items from their schemes.
func (p *planner) applyItems() {
	var schemes []*entry
	remaining := map[sdmx.URN]sdmx.Maintainable{} // the schemes without the deleted items
	byURN := map[sdmx.URN]*entry{}
	for _, it := range p.items {
		if p.deleted[it.URN] {
			continue // the whole scheme is deleted
		}
		e := byURN[it.URN]
		if e == nil {
			e = newEntry(it.URN, "deletion of items of "+it.URN.Short())
			e.result.Mode = registry.ModeDelete
			byURN[it.URN] = e
			schemes = append(schemes, e)
			if e.before = p.current(it.URN); e.before == nil {
				e.refuse(registry.ReasonMissing, nil, "%s is not in the registry.", it.URN)
				continue
			}
			remaining[it.URN] = p.read(e.before)
		}
		m := remaining[it.URN]
		if scheme, ok := m.(sdmx.ItemScheme); m != nil && (!ok || !scheme.RemoveItem(it.Item)) {
			e.refuse(registry.ReasonMissing, nil, "%s holds no %s, so that cannot be deleted.", it.URN, it.Item)
		}
	}
	for _, e := range schemes {
		p.decision.entries = append(p.decision.entries, e)
		m := remaining[e.urn]
		if m == nil {
			continue
		}
		if e.described = describe(e.urn, m); !p.isUnchanged(e) { // unchanged if it had none of the items
			p.put(e, registry.Updated)
		}
	}
}
