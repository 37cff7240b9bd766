package plan

import (
	"testing"

	"urncast/registry"
	"urncast/sdmx"
)

// A rename of a codelist is followed by the hierarchies of its codes, at any depth, and one of a
// hierarchy by its associations.
func TestRenameReachesHierarchies(t *testing.T) {
	code := sdmx.RefToItem(sdmx.ClassCode, "A", "L", "1.0", "a")
	named := func(m sdmx.Maintainable, id string) sdmx.Maintainable {
		a := m.Common()
		a.Agency, a.ID, a.Version, a.Names = "A", id, "1.0", sdmx.Texts{{Lang: "en", Value: id}}
		return m
	}
	codes := []sdmx.HierarchicalCode{{ID: "X", Code: code, Items: []sdmx.HierarchicalCode{{ID: "Y", Code: code}}}}
	urn := func(c sdmx.Class, id string) sdmx.URN { return sdmx.URN{Class: c, Agency: "A", ID: id, Version: "1.0"} }
	s := holding(list("L", "1.0", "a"), named(&sdmx.Hierarchy{Items: codes}, "H"),
		named(&sdmx.HierarchicalCodelist{Included: []sdmx.IncludedCodelist{{Codelist: sdmx.RefTo(urn(sdmx.ClassCodelist, "L")), Alias: "AL"}},
			Hierarchies: []sdmx.ListedHierarchy{{Nameable: sdmx.Nameable{ID: "I", Names: sdmx.Texts{{Lang: "en", Value: "I"}}}, Items: codes}}}, "HCL"),
		named(&sdmx.HierarchyAssociation{Hierarchy: sdmx.RefTo(urn(sdmx.ClassHierarchy, "H")), Object: sdmx.RefTo(urn(sdmx.ClassCodelist, "L"))}, "HA"))
	rename := func(c sdmx.Class, from, to string) {
		n := registry.Rename{Structure: urn(c, from), NewID: to}
		n.Force = "wrong name"
		s.answer(t, newProposal(registry.Submission{Mode: registry.ModeReplace, Request: n.Request}, "rename", &n))
	}
	rename(sdmx.ClassCodelist, "L", "M")
	rename(sdmx.ClassHierarchy, "H", "K")
	refs := 0
	for u, m := range s.now {
		sdmx.EachRef(m, func(path string, r *sdmx.Ref) {
			refs++
			if r.ID != "M" && r.ID != "K" {
				t.Errorf("%s of %s still names %s", path, u, r)
			}
		})
	}
	if refs != 7 {
		t.Errorf("%d references, want 7", refs)
	}
}
