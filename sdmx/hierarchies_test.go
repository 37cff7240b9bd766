package sdmx

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// What references can name in a structure has the path that URNs have, and its own id is the end of
// that: codes one below the other, levels side by side, in a hierarchical codelist both below their
// hierarchy.
func TestItemsOfHierarchies(t *testing.T) {
	levels := []Level{{Nameable: Nameable{ID: "L1"}}, {Nameable: Nameable{ID: "L2"}}}
	codes := []HierarchicalCode{{ID: "X", Items: []HierarchicalCode{{ID: "Y"}}}, {ID: "Y"}}
	for _, x := range []struct {
		m    Maintainable
		want []string
	}{
		{&Hierarchy{Levels: levels, Items: codes}, []string{"Level L1", "Level L2", "HierarchicalCode X", "HierarchicalCode X.Y", "HierarchicalCode Y"}},
		{&HierarchicalCodelist{Hierarchies: []ListedHierarchy{{Nameable: Nameable{ID: "H"}, Levels: levels, Items: codes}, {Nameable: Nameable{ID: "I"}}}},
			[]string{"Hierarchy H", "Level H.L1", "Level H.L2", "HierarchicalCode H.X", "HierarchicalCode H.X.Y", "HierarchicalCode H.Y", "Hierarchy I"}},
		{&MetadataStructure{Targets: []MetadataTarget{{ID: "T", Objects: []TargetObject{{ID: "O"}}}},
			Lists: []MetadataAttributeList{{ID: "R", Attributes: []MetadataAttribute{{ID: "A", Attributes: []MetadataAttribute{{ID: "B"}}}}}, {ID: "S"}}},
			[]string{"MetadataTarget T", "IdentifiableObjectTarget T.O", "ReportStructure R", "MetadataAttribute R.A", "MetadataAttribute R.A.B", "ReportStructure S"}},
		{&Process{Items: []ProcessStep{{Nameable: Nameable{ID: "S"}, Transitions: []Transition{{ID: "T"}}}}}, []string{"ProcessStep S", "Transition S.T"}},
	} {
		var got []string
		EachItem(x.m, func(it Item) {
			got = append(got, it.Class.String()+" "+it.Path)
			r := RefToItem(it.Class, "A", "H", "1.0", it.Path)
			if back, err := ParseRef(r.String()); err != nil || back != r {
				t.Errorf("%s is read as %v (%v)", r, back, err)
			}
			if !slices.Contains(r.Class.Relatives(), x.m.Class()) && r.Class != x.m.Class() {
				t.Errorf("%s is not looked for in a %s", r, x.m.Class())
			}
			if strings.Contains(it.ID(), ".") || it.Parent != "" && it.Path != it.Parent+"."+it.ID() {
				t.Errorf("%s: id %q, parent %q", it.Path, it.ID(), it.Parent)
			}
		})
		if !slices.Equal(got, x.want) {
			t.Errorf("%s has %q, want %q", x.m.Class(), got, x.want)
		}
	}
}

// Values merge by their text, whatever characters it has.
func TestMergeOfValues(t *testing.T) {
	list := func(ids ...string) *ValueList {
		l := &ValueList{}
		for _, id := range ids {
			l.Items = append(l.Items, ValueItem{ID: id})
		}
		return l
	}
	into, from := list("a.b", "€"), list("$", "€")
	from.Items[1].Names = Texts{{"en", "Euro"}}
	if remarks := Merge(into, from, true); len(remarks) > 0 {
		t.Error(remarks)
	}
	if got := ItemIDs(into); !slices.Equal(got, []string{"a.b", "$", "€"}) || into.Items[2].Names.In("en") != "Euro" {
		t.Errorf("the result has %q, the last with names %v", got, into.Items[2].Names)
	}
	if !into.HasItem("a.b") || into.HasItem("a") || !into.RemoveItem("a.b") || into.Len() != 2 {
		t.Error("a value with a dot is not found by its text")
	}
}

// The grid of a list is merged like a property, its extensions by the codelist they are of.
func TestMergeOfGrids(t *testing.T) {
	of := func(id string) CodelistExtension {
		return CodelistExtension{Codelist: RefTo(URN{ClassCodelist, "A", id, "1.0"})}
	}
	into := &GeoGridCodelist{Grid: "old", Extensions: []CodelistExtension{of("L")}}
	if remarks := Merge(into, &GeoGridCodelist{Grid: "new"}, false); len(remarks) != 1 || remarks[0].Path != "Grid" || into.Grid != "old" {
		t.Errorf("append: %v, grid %q", remarks, into.Grid)
	}
	Merge(into, &GeoGridCodelist{Grid: "new", Extensions: []CodelistExtension{of("M"), of("L")}}, true)
	if into.Grid != "new" || len(into.Extensions) != 2 {
		t.Errorf("merge: grid %q, extensions %v", into.Grid, into.Extensions)
	}
}

// What a hierarchy becomes in the other version takes time in proportion to its codes, however many
// codelists they are of.
func TestHierarchiesOfManyCodelists(t *testing.T) {
	const lists = 100_000
	h, l := &Hierarchy{}, &HierarchicalCodelist{Hierarchies: []ListedHierarchy{{}}}
	for i := range lists {
		list, alias := fmt.Sprintf("CL%d", i), fmt.Sprintf("A%d", i)
		h.Items = append(h.Items, HierarchicalCode{ID: "C", Code: RefToItem(ClassCode, "A", list, "1.0", "X")})
		l.Included = append(l.Included, IncludedCodelist{RefTo(URN{ClassCodelist, "A", list, "1.0"}), alias})
		l.Hierarchies[0].Items = append(l.Hierarchies[0].Items, HierarchicalCode{ID: "C", CodelistAlias: alias, CodeID: "X"})
	}
	began := time.Now()
	down, up := As(h, V2).(*HierarchicalCodelist), As(l, V3).(*Hierarchy)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it takes %s", took)
	}
	if len(down.Included) != lists || down.Included[lists-1].Codelist != l.Included[lists-1].Codelist {
		t.Errorf("%d codelists are included", len(down.Included))
	}
	if !slices.EqualFunc(up.Items, h.Items, func(a, b HierarchicalCode) bool { return a.Code == b.Code }) {
		t.Error("codes that are named by an alias are not those that are named by a reference")
	}
}

// A reference to a code or level of a hierarchy has in each version of SDMX the path of that version,
// whichever it was sent in, and comes back from the canonical form as it was.
func TestReferencesIntoHierarchiesInBothVersions(t *testing.T) {
	const at = "urn:sdmx:org.sdmx.infomodel.codelist."
	for _, x := range []struct {
		sent   Generation
		urn    string
		v2, v3 string
	}{
		{V2, "HierarchicalCode=A:H(1.0).H.N1.N2", "HierarchicalCode=A:H(1.0).H.N1.N2", "HierarchicalCode=A:H(1.0).N1.N2"},
		{V2, "HierarchicalCode=A:H(1.0).I.N1.N2", "HierarchicalCode=A:H(1.0).I.N1.N2", "HierarchicalCode=A:H(1.0).N1.N2"},
		{V3, "HierarchicalCode=A:H(1.0).N1.N2", "HierarchicalCode=A:H(1.0).H.N1.N2", "HierarchicalCode=A:H(1.0).N1.N2"},
		{V3, "HierarchicalCode=A:H(1.0).H.N2", "HierarchicalCode=A:H(1.0).H.H.N2", "HierarchicalCode=A:H(1.0).H.N2"},
		{V3, "HierarchicalCode=A:H(1.0).N1", "HierarchicalCode=A:H(1.0).H.N1", "HierarchicalCode=A:H(1.0).N1"},
		{V2, "Level=A:H(1.0).I.L1", "Level=A:H(1.0).I.L1", "Level=A:H(1.0).L1"},
		{V3, "Level=A:H(1.0).L1", "Level=A:H(1.0).H.L1", "Level=A:H(1.0).L1"},
		{V2, "Hierarchy=A:H(1.0).I", "Hierarchy=A:H(1.0).I", "Hierarchy=A:H(1.0)"},
		{V2, "HierarchicalCodelist=A:H(1.0)", "HierarchicalCodelist=A:H(1.0)", "Hierarchy=A:H(1.0)"},
		{V2, "Code=A:H(1.0).A", "Code=A:H(1.0).A", "Code=A:H(1.0).A"},
		{V3, "HierarchicalCode=*:*(*).*", "HierarchicalCode=*:*(*).*", "HierarchicalCode=*:*(*).*"},
	} {
		r, err := ParseRef(at + x.urn)
		if err != nil {
			t.Fatal(err)
		}
		r = r.Meant(x.sent)
		if v2, v3 := r.As(V2).Spell(V2), r.As(V3).Spell(V3); v2 != at+x.v2 || v3 != at+x.v3 {
			t.Errorf("%s is %s in 2.1 and %s in 3.0, want %s and %s", x.urn, v2, v3, x.v2, x.v3)
		}
		if back, err := parseCanonicalRef(r.canonical()); err != nil || back != r {
			t.Errorf("%s comes back as %+v, %v", x.urn, back, err)
		}
		if again, err := ParseRef(r.As(V2).Spell(V2)); err != nil || again.Meant(V2) != r && r.As(V2).Spell(V2) != r.As(V3).Spell(V3) && r.ItemClass != ClassHierarchy {
			t.Errorf("%s written in 2.1 means %+v there, want %+v (%v)", x.urn, again.Meant(V2), r, err)
		}
	}
}
