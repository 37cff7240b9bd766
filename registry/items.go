package registry

import "urncast/sdmx"

// applyItems takes single items out of their schemes.
func (p *planner) applyItems() {
	var schemes []*entry
	left := map[sdmx.URN]sdmx.Maintainable{}
	of := map[sdmx.URN]*entry{}
	for _, it := range p.items {
		if p.gone[it.URN] {
			continue // it goes with its scheme
		}
		e := of[it.URN]
		if e == nil {
			e = newEntry(it.URN, "deletion of items of "+it.URN.Short())
			of[it.URN] = e
			schemes = append(schemes, e)
			if e.before = p.current(it.URN); e.before == nil {
				e.refuse(ReasonMissing, nil, "%s is not in the registry.", it.URN)
				continue
			}
			left[it.URN] = p.read(e.before)
		}
		m := left[it.URN]
		if scheme, ok := m.(sdmx.ItemScheme); m != nil && (!ok || !scheme.RemoveItem(it.Item)) {
			e.refuse(ReasonMissing, nil, "%s holds no %s, so that cannot be deleted.", it.URN, it.Item)
		}
	}
	for _, e := range schemes {
		p.decision.entries = append(p.decision.entries, e)
		m := left[e.urn]
		if m == nil {
			continue
		}
		if e.described = describe(e.urn, m); !p.same(e) {
			p.put(e, Updated)
		}
	}
}
