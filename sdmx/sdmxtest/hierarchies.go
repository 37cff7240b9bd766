package sdmxtest

import "urncast/sdmx"

// onLevel puts codes and those below them on the first of the levels, and names each by a
// reference; by alias and id if there is an alias.
func onLevel(codes []sdmx.HierarchicalCode, levels []sdmx.Level, alias string) {
	for i := range codes {
		x := &codes[i]
		x.Level = levels[0].ID
		if alias == "" {
			x.CodelistAlias, x.CodeID = "", ""
		} else {
			x.Code, x.CodelistAlias = sdmx.Ref{}, alias
		}
		onLevel(x.Items, levels, alias)
	}
}

func hierarchicalCodelist(l *sdmx.HierarchicalCodelist, seed int) {
	alias := l.Included[0].Alias
	if seed%2 == 0 {
		alias = ""
	}
	for i := range l.Hierarchies {
		onLevel(l.Hierarchies[i].Items, l.Hierarchies[i].Levels, alias)
	}
}
