package sdmx

import "slices"

// What 3.0 has as a Hierarchy, 2.1 has as a HierarchicalCodelist of the same id with one hierarchy
// in it; a stub, which has no content, with none.

// as implements As. The hierarchy inside has the id and the names of h.
func (h *Hierarchy) as(v Generation) Maintainable {
	if v != V2 {
		return h
	}
	l := &HierarchicalCodelist{Artefact: h.Artefact}
	if !h.IsEmpty() {
		l.Hierarchies = []ListedHierarchy{{Nameable: Nameable{ID: h.ID, Names: h.Names}, FormalLevels: h.FormalLevels, Levels: h.Levels, Items: h.Items}}
		l.include(h.Items)
	}
	return l
}

// IsEmpty reports whether a hierarchy has no content, as a stub has none.
func (h *Hierarchy) IsEmpty() bool { return len(h.Items) == 0 && len(h.Levels) == 0 && !h.FormalLevels }

// include adds the codelists of codes and of those below them.
func (l *HierarchicalCodelist) include(codes []HierarchicalCode) {
	for i := range codes {
		of := RefTo(codes[i].Code.URN)
		if !of.IsZero() && !slices.ContainsFunc(l.Included, func(x IncludedCodelist) bool { return x.Codelist == of }) {
			l.Included = append(l.Included, IncludedCodelist{Codelist: of})
		}
		l.include(codes[i].Items)
	}
}

// as implements As. Codes that are named by an alias are named by a reference.
func (l *HierarchicalCodelist) as(v Generation) Maintainable {
	switch {
	case v != V3:
		return l
	case len(l.Hierarchies) == 0 && l.External:
		return &Hierarchy{Artefact: l.Artefact}
	case len(l.Hierarchies) != 1:
		return nil
	}
	in := &l.Hierarchies[0]
	return &Hierarchy{Artefact: l.Artefact, FormalLevels: in.FormalLevels, Levels: in.Levels, Items: l.withoutAliases(in.Items)}
}

func (l *HierarchicalCodelist) withoutAliases(codes []HierarchicalCode) []HierarchicalCode {
	codes = slices.Clone(codes)
	for i := range codes {
		x := &codes[i]
		if at := slices.IndexFunc(l.Included, func(in IncludedCodelist) bool { return in.Alias == x.CodelistAlias }); at >= 0 && x.CodelistAlias != "" {
			of := l.Included[at].Codelist
			x.Code, x.CodelistAlias, x.CodeID = RefToItem(ClassCode, of.Agency, of.ID, of.Version, x.CodeID), "", ""
		}
		x.Items = l.withoutAliases(x.Items)
	}
	return codes
}
