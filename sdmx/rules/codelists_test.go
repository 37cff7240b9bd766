package rules

import (
	"slices"
	"testing"

	"urncast/sdmx"
)

func identified(m sdmx.Maintainable, id string) sdmx.Maintainable {
	a := m.Common()
	a.Agency, a.ID, a.Version = "A", id, "1.0"
	a.Names = sdmx.Texts{{Lang: "en", Value: id}}
	return m
}

func codeRef(id string) sdmx.Ref { return sdmx.RefToItem(sdmx.ClassCode, "A", "L", "1.0", id) }

// Each structure breaks the rules that are named by path, and no others.
func TestCodelistsAndHierarchies(t *testing.T) {
	geo := func(id, parent, value string) sdmx.GeoFeatureSetCode {
		return sdmx.GeoFeatureSetCode{Code: sdmx.Code{Nameable: sdmx.Nameable{ID: id}, Parent: parent}, Value: value}
	}
	cell := func(id, cell string) sdmx.GeoGridCode {
		return sdmx.GeoGridCode{Code: sdmx.Code{Nameable: sdmx.Nameable{ID: id}}, Cell: cell}
	}
	level := func(id string, f *sdmx.CodingFormat) sdmx.Level {
		return sdmx.Level{Nameable: sdmx.Nameable{ID: id}, Format: f}
	}
	list := sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: "L", Version: "1.0"})
	tree := sdmx.RefTo(sdmx.URN{Class: sdmx.ClassHierarchy, Agency: "A", ID: "H", Version: "1.0"})
	for _, x := range []struct {
		m    sdmx.Maintainable
		want []string
	}{
		{&sdmx.ValueList{Scheme: sdmx.Scheme[sdmx.ValueItem]{Items: []sdmx.ValueItem{{ID: "€"}, {ID: "1.5 %"}}}}, nil},
		{&sdmx.ValueList{Scheme: sdmx.Scheme[sdmx.ValueItem]{Items: []sdmx.ValueItem{{ID: "€"}, {ID: ""}, {ID: "€"}, {ID: "a\nb"}}}},
			[]string{"Items[1].ID", "Items[2].ID", "Items[3].ID"}},
		{&sdmx.GeographicCodelist{Scheme: sdmx.Scheme[sdmx.GeoFeatureSetCode]{Items: []sdmx.GeoFeatureSetCode{geo("A", "", "v"), geo("B", "A", "v")}}}, nil},
		{&sdmx.GeographicCodelist{Scheme: sdmx.Scheme[sdmx.GeoFeatureSetCode]{Items: []sdmx.GeoFeatureSetCode{geo("A", "C", "v"), geo("A", "", "")}},
			Extensions: []sdmx.CodelistExtension{{}}}, []string{"Extensions[0].Codelist", "Items[1].ID", "Items[1].Value"}},
		{&sdmx.GeoGridCodelist{Scheme: sdmx.Scheme[sdmx.GeoGridCode]{Items: []sdmx.GeoGridCode{cell("A", "1,1")}}, Grid: "g"}, nil},
		{&sdmx.GeoGridCodelist{Scheme: sdmx.Scheme[sdmx.GeoGridCode]{Items: []sdmx.GeoGridCode{cell("A", "")}}}, []string{"Grid", "Items[0].Cell"}},
		{&sdmx.Hierarchy{Levels: []sdmx.Level{level("L1", &sdmx.CodingFormat{Type: "Alpha", Interval: "-1", MinLength: "1"})},
			Items: []sdmx.HierarchicalCode{{ID: "X", Code: codeRef("A"), Items: []sdmx.HierarchicalCode{{ID: "X", Code: codeRef("A"), Level: "L1"}}}}}, nil},
		{&sdmx.Hierarchy{Levels: []sdmx.Level{level("L1", &sdmx.CodingFormat{Type: "Text", Interval: "1.5", MaxLength: "0"}), level("L1", nil)},
			Items: []sdmx.HierarchicalCode{{ID: "X", Code: codeRef("A"), Items: []sdmx.HierarchicalCode{{ID: "Y", Level: "L3", ValidFrom: "soon"}, {ID: "Y", Code: list}}}}},
			[]string{"Items[0].Items[0].Code", "Items[0].Items[0].Level", "Items[0].Items[0].ValidFrom", "Items[0].Items[1].Code", "Items[0].Items[1].ID",
				"Levels[0].Format.Interval", "Levels[0].Format.MaxLength", "Levels[0].Format.Type", "Levels[1].ID"}},
		{&sdmx.HierarchicalCodelist{Included: []sdmx.IncludedCodelist{{Codelist: list, Alias: "AL"}},
			Hierarchies: []sdmx.ListedHierarchy{{Nameable: sdmx.Nameable{ID: "H"}, Items: []sdmx.HierarchicalCode{{ID: "X", CodelistAlias: "AL", CodeID: "A", Version: "1.0"}}}}}, nil},
		{&sdmx.HierarchicalCodelist{Included: []sdmx.IncludedCodelist{{Codelist: list, Alias: "AL"}, {Alias: "AL"}},
			Hierarchies: []sdmx.ListedHierarchy{{Nameable: sdmx.Nameable{ID: "H"}}, {Nameable: sdmx.Nameable{ID: "H"}, Items: []sdmx.HierarchicalCode{
				{ID: "V", CodelistAlias: "AL"}, {ID: "W", CodelistAlias: "OTHER", CodeID: "A"}, {ID: "X", Code: codeRef("A"), CodeID: "A"}, {ID: "Y", Code: codeRef("A"), Version: "first"}}}}},
			[]string{"Hierarchies[0].Items", "Hierarchies[1].ID", "Hierarchies[1].Items[0].CodeID", "Hierarchies[1].Items[1].CodelistAlias",
				"Hierarchies[1].Items[2].Code", "Hierarchies[1].Items[3].Version", "Included[1].Alias", "Included[1].Codelist"}},
		{&sdmx.HierarchyAssociation{Hierarchy: tree, Object: list}, nil},
		{&sdmx.HierarchyAssociation{Hierarchy: list}, []string{"Hierarchy", "Object"}},
		{&sdmx.HierarchyAssociation{Artefact: sdmx.Artefact{External: true}}, nil},
	} {
		var got []string
		for _, f := range Check(identified(x.m, "X")) {
			got = append(got, f.Path)
		}
		if slices.Sort(got); !slices.Equal(got, x.want) {
			t.Errorf("%s: faults at %q, want %q: %v", x.m.Class(), got, x.want, Check(x.m))
		}
	}
}
