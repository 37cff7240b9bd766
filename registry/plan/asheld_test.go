package plan

import (
	"strings"
	"testing"

	"urncast/registry"
	"urncast/sdmx"
)

// A hierarchy that was sent as 3.0 has it comes back as 2.1 has it, and is the same structure.
func TestHierarchyIsTakenAsItIsHeld(t *testing.T) {
	replace, remove := registry.Submission{Mode: registry.ModeReplace}, registry.Submission{Mode: registry.ModeDelete}
	node := func(id string) sdmx.HierarchicalCode {
		return sdmx.HierarchicalCode{ID: id, Code: sdmx.RefToItem(sdmx.ClassCode, "A", "A", "1.0", "a")}
	}
	hierarchy := func(ids ...string) *sdmx.Hierarchy {
		h := named(&sdmx.Hierarchy{}, "H", "1.0")
		for _, id := range ids {
			h.Items = append(h.Items, node(id))
		}
		return h
	}
	as21 := func(h *sdmx.Hierarchy) *sdmx.HierarchicalCodelist {
		return sdmx.As(h, sdmx.V2).(*sdmx.HierarchicalCodelist)
	}
	renamed, two := as21(hierarchy("N1", "N2")), as21(hierarchy("N1"))
	renamed.Hierarchies[0].ID = "INNER"
	two.Hierarchies = append(two.Hierarchies, sdmx.ListedHierarchy{Nameable: sdmx.Nameable{ID: "H2"}, Items: []sdmx.HierarchicalCode{node("N1")}})

	s := holding()
	for _, step := range []struct {
		what string
		in   registry.Submission
		ms   []sdmx.Maintainable
		want string
	}{
		{"of 3.0", replace, []sdmx.Maintainable{list("A", "1.0", "a"), hierarchy("N1")}, "created; created"},
		{"the same of 2.1", replace, []sdmx.Maintainable{as21(hierarchy("N1"))}, "unchanged"},
		{"changed in 2.1", replace, []sdmx.Maintainable{as21(hierarchy("N1", "N2"))}, "updated"},
		{"the change of 3.0", replace, []sdmx.Maintainable{hierarchy("N1", "N2")}, "unchanged"},
		{"with an id of its own", replace, []sdmx.Maintainable{renamed}, "is held as urn:sdmx:org.sdmx.infomodel.codelist.Hierarchy=A:H(1.0)"},
		{"with two hierarchies", replace, []sdmx.Maintainable{two}, "cannot stand beside"},
		{"both at once", replace, []sdmx.Maintainable{hierarchy("N1"), as21(hierarchy("N1"))}, "cannot stand beside"},
		{"for information", registry.Submission{Mode: registry.ModeInformation}, []sdmx.Maintainable{as21(hierarchy("N3"))}, "unchanged"},
		{"a full replace", registry.Submission{Mode: registry.ModeFullReplace}, []sdmx.Maintainable{list("A", "1.0", "a"), as21(hierarchy("N1", "N2"))}, "unchanged; unchanged"},
		{"deleted as 2.1", remove, []sdmx.Maintainable{as21(hierarchy("N1"))}, "deleted"},
		{"deleted twice", remove, []sdmx.Maintainable{as21(hierarchy("N1"))}, "is not in the registry"},
	} {
		if got := s.try(t, step.in, step.ms...); !strings.Contains(got, step.want) {
			t.Errorf("%s: %s, want %s", step.what, got, step.want)
		}
	}
}
