package rules

import (
	"slices"
	"strings"
	"testing"

	"urncast/sdmx"
)

func mapRef(c sdmx.Class) sdmx.Ref {
	return sdmx.RefTo(sdmx.URN{Class: c, Agency: "AG", ID: "X", Version: "1.0"})
}

// A plantedFault is a fault that plant makes, its path, and words of what is said of it.
type plantedFault[T any] struct {
	path, words string
	plant       func(T)
}

// findsEach checks that a structure has no fault, and with each that is planted that one alone.
func findsEach[T sdmx.Maintainable](t *testing.T, build func() T, faults []plantedFault[T]) {
	t.Helper()
	whole := build()
	a := whole.Common()
	a.Agency, a.ID, a.Version = "AG", "M", "1.0"
	if found := Check(whole); len(found) > 0 {
		t.Fatal(found)
	}
	for _, p := range faults {
		m := build()
		*m.Common() = *a
		p.plant(m)
		var paths []string
		for _, f := range Check(m) {
			if paths = append(paths, f.Path); !strings.Contains(f.Text, p.words) {
				t.Errorf("%s: %q does not say %q", f.Path, f.Text, p.words)
			}
		}
		if !slices.Equal(paths, []string{p.path}) {
			t.Errorf("faults at %q, not %q", paths, p.path)
		}
	}
}

func TestStructureMapRules(t *testing.T) {
	build := func() *sdmx.StructureMap {
		dates := func(id string) sdmx.DateMap {
			return sdmx.DateMap{ID: id, Mapped: []sdmx.ComponentPair{{Source: "A", Target: "TIME_PERIOD"}}, TargetFrequency: "M", Resolve: "midPeriod"}
		}
		return &sdmx.StructureMap{Source: mapRef(sdmx.ClassDataflow), Target: mapRef(sdmx.ClassDataStructure),
			Epochs:           []sdmx.EpochMap{{DateMap: dates("D"), Base: "1970", Unit: "second"}},
			DatePatterns:     []sdmx.DatePatternMap{{DateMap: dates("D"), Pattern: "MMyy", Locale: "en"}}, // of another class
			FrequencyFormats: []sdmx.FrequencyFormat{{ID: "F", Frequency: "M", Pattern: "yyyy"}},
			Components:       []sdmx.ComponentMap{{Sources: []string{"A", "CONTACT.NAME"}, Targets: []string{"B"}, Representation: mapRef(sdmx.ClassRepresentationMap)}},
			FixedSources:     []sdmx.FixedValue{{Component: "A"}}, FixedTargets: []sdmx.FixedValue{{Component: "A", Values: []string{"1"}}}}
	}
	type m = *sdmx.StructureMap
	findsEach(t, build, []plantedFault[m]{
		{"Source", "has no source", func(m m) { m.Source = sdmx.Ref{} }},
		{"Target", "must point to", func(m m) { m.Target = mapRef(sdmx.ClassCodelist) }},
		{"Components[0].Representation", "must point to a RepresentationMap", func(m m) { m.Components[0].Representation = mapRef(sdmx.ClassCodelist) }},
		{"Components[0].Targets", "no component on this side", func(m m) { m.Components[0].Targets = nil }},
		{"Components[0].Sources[1]", "may not stand in an id", func(m m) { m.Components[0].Sources[1] = "A.B C" }},
		{"Epochs[1].ID", "twice", func(m m) { m.Epochs = append(m.Epochs, m.Epochs[0]) }},
		{"Epochs[0].Unit", "must be nanosecond", func(m m) { m.Epochs[0].Unit = "Second" }},
		{"Epochs[0].Base", "basePeriod", func(m m) { m.Epochs[0].Base = "" }},
		{"Epochs[0].Mapped", "no component", func(m m) { m.Epochs[0].Mapped = nil }},
		{"Epochs[0].Resolve", "must be startOfPeriod", func(m m) { m.Epochs[0].Resolve = "MID_PERIOD" }},
		{"DatePatterns[0].TargetFrequency", "one of the two", func(m m) { m.DatePatterns[0].FrequencyDimension = "FREQ" }},
		{"DatePatterns[0].TargetFrequency", "one of the two", func(m m) { m.DatePatterns[0].TargetFrequency = "" }},
		{"DatePatterns[0].Pattern", "no pattern", func(m m) { m.DatePatterns[0].Pattern = "" }},
		{"DatePatterns[0].Locale", "no locale", func(m m) { m.DatePatterns[0].Locale = "" }},
		{"FrequencyFormats[0].ID", "empty", func(m m) { m.FrequencyFormats[0].ID = "" }},
		{"FixedTargets[1].Component", "twice", func(m m) { m.FixedTargets = append(m.FixedTargets, m.FixedTargets[0]) }},
	})
}

func TestRepresentationMapRules(t *testing.T) {
	build := func() *sdmx.RepresentationMap {
		return &sdmx.RepresentationMap{Sources: []sdmx.MappedList{{List: mapRef(sdmx.ClassCodelist)}, {Type: "String"}}, Targets: []sdmx.MappedList{{List: mapRef(sdmx.ClassValueList)}},
			Mappings: []sdmx.ValueMapping{{Sources: []sdmx.MappedValue{{Value: "A"}, {Value: "(?<!a)[b", Start: "2", End: "2"}}, Targets: []string{"B"}, ValidFrom: "2020"},
				{Sources: []sdmx.MappedValue{{Value: "(?=a)[", RegEx: true}, {Value: "a(.*)", RegEx: true}}}}}
	}
	type m = *sdmx.RepresentationMap
	source := func(m m) *sdmx.MappedValue { return &m.Mappings[0].Sources[1] }
	findsEach(t, build, []plantedFault[m]{
		{"Sources[1].Type", "none of SDMX 3.0", func(m m) { m.Sources[1].Type = "string" }},
		{"Sources[0]", "one of the two", func(m m) { m.Sources[0].Type = "String" }},
		{"Targets[0]", "one of the two", func(m m) { m.Targets[0].List = sdmx.Ref{} }},
		{"Targets[0].List", "must point to", func(m m) { m.Targets[0].List = mapRef(sdmx.ClassConceptScheme) }},
		{"Mappings[0].Sources", "1 source values, but the map has 2 sources", func(m m) { m.Mappings[0].Sources = m.Mappings[0].Sources[:1] }},
		{"Mappings[0].Targets", "2 target values", func(m m) { m.Mappings[0].Targets = []string{"A", "B"} }},
		{"Mappings[0].ValidFrom", "no date", func(m m) { m.Mappings[0].ValidFrom = "soon" }},
		{"Mappings[0].Sources[1].Start", "startIndex", func(m m) { source(m).Start = "-1" }},
		{"Mappings[0].Sources[1].End", "whole number", func(m m) { source(m).End = "2147483648" }},
		{"Mappings[0].Sources[1].End", "before it begins", func(m m) { source(m).End = "1" }},
		{"Mappings[1].Sources[1].Value", "a ( has no )", func(m m) { m.Mappings[1].Sources[1].Value = "a(.*" }},
		{"Mappings[1].Sources[1].Value", "a range of characters", func(m m) { m.Mappings[1].Sources[1].Value = "[z-a]" }},
		{"Mappings[1].Sources[1].Value", "nothing stands before", func(m m) { m.Mappings[1].Sources[1].Value = "*a" }},
	})
}

func TestSchemeMapRules(t *testing.T) {
	build := func() *sdmx.OrganisationSchemeMap {
		return &sdmx.OrganisationSchemeMap{SchemeMap: sdmx.SchemeMap{Source: mapRef(sdmx.ClassAgencyScheme), Target: mapRef(sdmx.ClassOrganisationUnitScheme),
			Maps: []sdmx.ItemMapping{{Source: sdmx.MappedValue{Value: "A"}}}}}
	}
	type m = *sdmx.OrganisationSchemeMap
	findsEach(t, build, []plantedFault[m]{
		{"Source", "must point to", func(m m) { m.Source = mapRef(sdmx.ClassConceptScheme) }},
		{"Target", "organisation scheme map has no target", func(m m) { m.Target = sdmx.Ref{} }},
		{"Maps[0].Source.Value", "has no source", func(m m) { m.Maps[0].Source.Value = "" }},
		{"Maps[0].ValidTo", "no date", func(m m) { m.Maps[0].ValidTo = "never" }},
	})
}

func TestStructureSetRules(t *testing.T) {
	build := func() *sdmx.StructureSet {
		dimension := sdmx.MappedID{ID: "A", Class: "Dimension", List: "DimensionDescriptor"}
		format := &sdmx.MappedByValue{Format: &sdmx.TextFormat{Type: "String"}, FormatOf: "Name"}
		listed := func(kind sdmx.MapKind, class sdmx.Class, items ...sdmx.MappedItem) sdmx.ListedMap {
			return sdmx.ListedMap{Nameable: sdmx.Nameable{ID: "M"}, Kind: kind, Source: mapRef(class), Target: mapRef(class), Items: items}
		}
		return &sdmx.StructureSet{Related: []sdmx.Ref{mapRef(sdmx.ClassDataflow)}, Maps: []sdmx.ListedMap{
			listed(sdmx.MapStructures, sdmx.ClassDataStructure, sdmx.MappedItem{Source: dimension, Target: dimension, Values: &sdmx.MappedByValue{CodelistMap: "M"}}, sdmx.MappedItem{Source: dimension, Target: dimension, Values: format}),
			listed(sdmx.MapCodelists, sdmx.ClassCodelist, sdmx.MappedItem{Source: sdmx.MappedID{ID: "A"}, Target: sdmx.MappedID{ID: "B", Class: "Code"}}),
		}}
	}
	type m = *sdmx.StructureSet
	findsEach(t, build, []plantedFault[m]{
		{"Related[0]", "must point to", func(m m) { m.Related[0] = mapRef(sdmx.ClassCodelist) }},
		{"Maps[1].Source", "must point to a Codelist", func(m m) { m.Maps[1].Source = mapRef(sdmx.ClassDataStructure) }},
		{"Maps[0].Target", "has no target", func(m m) { m.Maps[0].Target = sdmx.Ref{} }},
		{"Maps[2].ID", "twice", func(m m) { m.Maps = append(m.Maps, m.Maps[1]) }},
		{"Maps[1].Items", "nothing is mapped", func(m m) { m.Maps[1].Items = nil }},
		{"Maps[1].Items[0].Source.ID", "empty", func(m m) { m.Maps[1].Items[0].Source.ID = "" }},
		{"Maps[1].Items[0].Target.Class", "cannot stand in a codelist map", func(m m) { m.Maps[1].Items[0].Target.Class = "Concept" }},
		{"Maps[0].Items[0].Source.Class", "wants the class of a component", func(m m) { m.Maps[0].Items[0].Source.Class = "" }},
		{"Maps[0].Items[0].Target.List", "empty", func(m m) { m.Maps[0].Items[0].Target.List = "" }},
		{"Maps[0].Items[0].Values.CodelistMap", "There is no codelist map Q", func(m m) { m.Maps[0].Items[0].Values.CodelistMap = "Q" }},
		{"Maps[0].Items[0].Values", "these are 2", func(m m) { m.Maps[0].Items[0].Values.Pairs = []sdmx.ValuePair{{Source: "A"}} }},
		{"Maps[0].Items[1].Values.FormatOf", "come together", func(m m) { m.Maps[0].Items[1].Values.FormatOf = "" }},
		{"Maps[0].Items[1].Values.FormatOf", "must be Value", func(m m) { m.Maps[0].Items[1].Values.FormatOf = "Id" }},
		{"Maps[0].Items[1].Values.Format.Type", "none of SDMX", func(m m) { m.Maps[0].Items[1].Values.Format.Type = "Text" }},
	})
}
