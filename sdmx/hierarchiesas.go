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
		l.include(h.Items, map[Ref]bool{})
	}
	return l
}

// IsEmpty reports whether a hierarchy has no content, as a stub has none.
func (h *Hierarchy) IsEmpty() bool { return len(h.Items) == 0 && len(h.Levels) == 0 && !h.FormalLevels }

// include adds the codelists of codes and of those below them. It marks in seen what is there.
func (l *HierarchicalCodelist) include(codes []HierarchicalCode, seen map[Ref]bool) {
	for i := range codes {
		of := RefTo(codes[i].Code.URN)
		if !of.IsZero() && !seen[of] {
			seen[of] = true
			l.Included = append(l.Included, IncludedCodelist{Codelist: of})
		}
		l.include(codes[i].Items, seen)
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
	return &Hierarchy{Artefact: l.Artefact, FormalLevels: in.FormalLevels, Levels: in.Levels, Items: withoutAliases(in.Items, l.aliases())}
}

// aliases returns the included codelists by their aliases; the first one counts.
func (l *HierarchicalCodelist) aliases() map[string]Ref {
	of := map[string]Ref{}
	for _, in := range slices.Backward(l.Included) {
		of[in.Alias] = in.Codelist
	}
	return of
}

func withoutAliases(codes []HierarchicalCode, aliases map[string]Ref) []HierarchicalCode {
	codes = slices.Clone(codes)
	for i := range codes {
		x := &codes[i]
		if of, ok := aliases[x.CodelistAlias]; ok && x.CodelistAlias != "" {
			x.Code, x.CodelistAlias, x.CodeID = RefToItem(ClassCode, of.Agency, of.ID, of.Version, x.CodeID), "", ""
		}
		x.Items = withoutAliases(x.Items, aliases)
	}
	return codes
}
