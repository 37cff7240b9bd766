package plan

import (
	"strings"
	"testing"

	"urncast/registry"
	"urncast/sdmx"
)

// A code may stand in lists of three classes, which its reference does not tell apart: it is
// found in whichever is there, and no two of them can have one agency, id and version.
func TestRelatives(t *testing.T) {
	replace, remove := registry.Submission{Mode: registry.ModeReplace}, registry.Submission{Mode: registry.ModeDelete}
	geo := named(&sdmx.GeographicCodelist{}, "L", "1.0")
	geo.Items = []sdmx.GeoFeatureSetCode{{Code: sdmx.Code{Nameable: sdmx.Nameable{ID: "a"}}, Value: "1,2"}}
	set, hierarchy := named(&sdmx.HierarchicalCodelist{}, "H", "1.0"), named(&sdmx.Hierarchy{}, "H", "1.0")
	set.Hierarchies = []sdmx.ListedHierarchy{{Nameable: sdmx.Nameable{ID: "HIER1"}, Items: []sdmx.HierarchicalCode{{ID: "N1", Code: sdmx.RefToItem(sdmx.ClassCode, "A", "A", "1.0", "a")}}}}
	hierarchy.Items = set.Hierarchies[0].Items

	s := holding()
	for _, step := range []struct {
		what string
		in   registry.Submission
		ms   []sdmx.Maintainable
		want string
	}{
		{"no list", replace, []sdmx.Maintainable{to("C", "1.0", "Code=A:L(1.0).a")}, "unresolved"},
		{"a list of another class", replace, []sdmx.Maintainable{geo, to("C", "1.0", "Code=A:L(1.0).a")}, "created; created"},
		{"by the exact class", replace, []sdmx.Maintainable{to("E", "1.0", "GeoFeatureSetCode=A:L(1.0).a")}, "created"},
		{"a code that is not there", replace, []sdmx.Maintainable{to("D", "1.0", "Code=A:L(1.0).b")}, "unresolved"},
		{"a codelist beside it", replace, []sdmx.Maintainable{list("L", "1.0", "a")}, "submitted-twice: urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L(1.0) cannot stand beside"},
		{"of another version", replace, []sdmx.Maintainable{list("L", "2.0", "a")}, "created"},
		{"the list that is referred to", remove, []sdmx.Maintainable{geo}, "referenced"},
		{"the list and its referrers", remove, []sdmx.Maintainable{geo, to("C", "1.0", "Code=A:L(1.0).a"), to("E", "1.0", "Code=A:L(1.0).a")}, "deleted; deleted; deleted"},
		{"a codelist in its place", replace, []sdmx.Maintainable{list("L", "1.0", "a")}, "created"},
		{"two at once", replace, []sdmx.Maintainable{list("A", "1.0", "a"), set, hierarchy}, "submitted-twice"},
		{"a hierarchical codelist", replace, []sdmx.Maintainable{list("A", "1.0", "a"), set}, "created"},
		{"the path of 2.1", replace, []sdmx.Maintainable{to("F", "1.0", "HierarchicalCode=A:H(1.0).HIER1.N1")}, "created"},
		{"the path of 3.0", replace, []sdmx.Maintainable{to("G", "1.0", "HierarchicalCode=A:H(1.0).N1")}, "created"},
		{"a path of neither", replace, []sdmx.Maintainable{to("J", "1.0", "HierarchicalCode=A:H(1.0).H.N1")}, "unresolved"},
		{"a hierarchy beside it", replace, []sdmx.Maintainable{hierarchy}, "cannot stand beside"},
		{"a hierarchy in its place, whose tombstone would follow", registry.Submission{Mode: registry.ModeReplace, WholeRegistry: true}, []sdmx.Maintainable{list("A", "1.0", "a"), hierarchy}, "Delete the other one first, in a submission of its own"},
	} {
		if got := s.try(t, step.in, step.ms...); !strings.Contains(got, step.want) {
			t.Errorf("%s: %s, want %s", step.what, got, step.want)
		}
	}
}
