package sdmx

import (
	"slices"
	"strings"
)

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

// include adds the codelists of codes and of those below them. there are those that are included.
func (l *HierarchicalCodelist) include(codes []HierarchicalCode, there map[Ref]bool) {
	for i := range codes {
		if of := RefTo(codes[i].Code.URN); !of.IsZero() && !there[of] {
			there[of] = true
			l.Included = append(l.Included, IncludedCodelist{Codelist: of})
		}
		l.include(codes[i].Items, there)
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
	aliases := map[string]Ref{}
	for _, x := range slices.Backward(l.Included) { // of two with one alias the first counts
		if x.Alias != "" {
			aliases[x.Alias] = x.Codelist
		}
	}
	return &Hierarchy{Artefact: l.Artefact, FormalLevels: in.FormalLevels, Levels: in.Levels, Items: withoutAliases(in.Items, aliases)}
}

// withoutAliases returns codes that name the codelist by a reference in the place of its alias.
func withoutAliases(codes []HierarchicalCode, aliases map[string]Ref) []HierarchicalCode {
	codes = slices.Clone(codes)
	for i := range codes {
		x := &codes[i]
		if of, known := aliases[x.CodelistAlias]; known {
			x.Code, x.CodelistAlias, x.CodeID = RefToItem(ClassCode, of.Agency, of.ID, of.Version, x.CodeID), "", ""
		}
		x.Items = withoutAliases(x.Items, aliases)
	}
	return codes
}

// isInHierarchy reports whether a reference names a code or a level of a hierarchy, whose path in 2.x
// begins with the id of the hierarchy, and in 3.0 does not.
func (r Ref) isInHierarchy() bool {
	return r.Item != "" && (r.ItemClass == ClassHierarchicalCode || r.ItemClass == ClassLevel) && !r.Loose()
}

// Meant returns the reference that a message of a version of SDMX means by r. If the path begins in V2
// with a hierarchy of the same id as its list, as As makes of a Hierarchy, it is the path without that;
// with another one, Class is ClassHierarchicalCodelist.
func (r Ref) Meant(v Generation) Ref {
	if hierarchy, path, ok := strings.Cut(r.Item, "."); ok && v == V2 && r.isInHierarchy() {
		if r.Class = ClassHierarchicalCodelist; hierarchy == r.ID {
			r.Class, r.Item = ClassHierarchy, path
		}
	}
	return r
}

// As returns r as a version of SDMX has it: what it leads to there has the path of that version, if it
// is sent as Maintainable As has it. A hierarchy inside a hierarchical codelist is, in V3, the whole.
func (r Ref) As(v Generation) Ref {
	switch {
	case v == V3 && r.ItemClass == ClassHierarchy && r.Item != "":
		return RefTo(URN{ClassHierarchy, r.Agency, r.ID, r.Version})
	case !r.isInHierarchy():
	case v == V3 && r.Class == ClassHierarchicalCodelist:
		_, r.Item, _ = strings.Cut(r.Item, ".")
		r.Class = ClassHierarchy
	case v == V2 && r.Class == ClassHierarchy:
		r.Class, r.Item = ClassHierarchicalCodelist, below(r.ID, r.Item)
	}
	return r
}

// canonical returns the text of a reference in the canonical form: its URN, and before it the class
// that Meant has given it.
func (r Ref) canonical() string {
	if r.isInHierarchy() && r.Class == ClassHierarchicalCodelist {
		return r.Class.String() + " " + r.String()
	}
	return r.String()
}

// parseCanonicalRef parses what canonical returns.
func parseCanonicalRef(s string) (Ref, error) {
	urn, isListed := strings.CutPrefix(s, ClassHierarchicalCodelist.String()+" ")
	r, err := ParseRef(urn)
	if isListed && err == nil {
		r.Class = ClassHierarchicalCodelist
	}
	return r, err
}
