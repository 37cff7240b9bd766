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

// References into hierarchies resolve as they are meant in the version in which they are sent, also
// where a list has several hierarchies, and after a rename of the list, which leaves the ids inside.
func TestReferencesIntoHierarchiesResolve(t *testing.T) {
	code := sdmx.RefToItem(sdmx.ClassCode, "A", "L", "1.0", "a")
	named := func(m sdmx.Maintainable, id string) sdmx.Maintainable {
		a := m.Common()
		a.Agency, a.ID, a.Version, a.Names = "A", id, "1.0", sdmx.Texts{{Lang: "en", Value: id}}
		return m
	}
	listed := func(ids ...string) *sdmx.HierarchicalCodelist {
		l := &sdmx.HierarchicalCodelist{Included: []sdmx.IncludedCodelist{{Codelist: sdmx.RefTo(code.URN)}}}
		for _, id := range ids {
			l.Hierarchies = append(l.Hierarchies, sdmx.ListedHierarchy{Nameable: sdmx.Nameable{ID: id, Names: sdmx.Texts{{Lang: "en", Value: id}}}, Items: []sdmx.HierarchicalCode{{ID: "X", Code: code}}})
		}
		return l
	}
	meant := func(id, path string, v sdmx.Generation) sdmx.Ref {
		return sdmx.RefToItem(sdmx.ClassHierarchicalCode, "A", id, "1.0", path).Meant(v)
	}
	for _, x := range []struct {
		in   *sdmx.HierarchicalCodelist
		ref  sdmx.Ref
		then string // the path in 2.1 after a rename of the list to K
	}{{listed("H"), meant("H", "H.X", sdmx.V2), "H.X"}, {listed("H"), meant("H", "X", sdmx.V3), "H.X"}, {listed("I"), meant("H", "I.X", sdmx.V2), "I.X"},
		{listed("H", "I"), meant("H", "H.X", sdmx.V2), "H.X"}, {listed("H", "I"), meant("H", "I.X", sdmx.V2), "I.X"}, {listed("K"), meant("H", "K.X", sdmx.V2), "K.X"}} {
		s := holding(list("L", "1.0", "a"), named(x.in, "H"))
		process := &sdmx.Process{Items: []sdmx.ProcessStep{{Nameable: sdmx.Nameable{ID: "S", Names: sdmx.Texts{{Lang: "en", Value: "S"}}}, Inputs: []sdmx.ProcessObject{{Object: x.ref}}}}}
		if got := s.try(t, registry.Submission{Mode: registry.ModeReplace}, named(process, "P")); got != "created" {
			t.Errorf("%+v: %s", x.ref, got)
			continue
		}
		n := registry.Rename{Structure: sdmx.URN{Class: sdmx.ClassHierarchicalCodelist, Agency: "A", ID: "H", Version: "1.0"}, NewID: "K"}
		n.Force = "wrong name"
		s.answer(t, newProposal(registry.Submission{Mode: registry.ModeReplace, Request: n.Request}, "rename", &n))
		for u, m := range s.now {
			if p, ok := m.(*sdmx.Process); ok {
				if r := p.Items[0].Inputs[0].Object.As(sdmx.V2); r.ID != "K" || r.Item != x.then {
					t.Errorf("after the rename %s names %s", u, r)
				}
			}
		}
	}
}
