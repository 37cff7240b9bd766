package sdmxtest

import (
	"fmt"

	"urncast/sdmx"
)

// structureSet makes a map of each kind out of the two that were filled. Those of structures map
// values, in another way for each seed.
func structureSet(s *sdmx.StructureSet, seed int) {
	filled := s.Maps
	s.Maps = nil
	for k := sdmx.MapStructures; k <= sdmx.MapReportingTaxonomies; k++ {
		x := filled[k%2]
		x.Kind, x.ID, x.Extension = k, fmt.Sprintf("M%d", k), k == sdmx.MapStructures
		items := x.Items
		x.Items = nil
		for i, y := range items {
			y.Source, y.Target = sdmx.MappedID{ID: y.Source.ID}, sdmx.MappedID{ID: y.Target.ID}
			way := (i + seed) % 3
			switch {
			case k == sdmx.MapOrganisations:
				y.Target.Class, y.Values = "Agency", nil
			case k != sdmx.MapStructures:
				y.Values = nil
			default:
				y.Source.Class, y.Source.List = "Dimension", sdmx.ClassDimensionDescriptor.String()
				y.Target.Class, y.Target.List = "Attribute", sdmx.ClassAttributeDescriptor.String()
				y.Values = []*sdmx.MappedByValue{{CodelistMap: "M1"}, {Format: y.Values.Format, FormatOf: y.Values.FormatOf}, {Pairs: y.Values.Pairs}}[way]
			}
			x.Items = append(x.Items, y)
		}
		s.Maps = append(s.Maps, x)
	}
}

// structureMap makes dates have the frequency that the data has, or one that is stated.
func structureMap(m *sdmx.StructureMap, seed int) {
	for i := range m.Epochs {
		oneFrequency(&m.Epochs[i].DateMap, i+seed)
	}
	for i := range m.DatePatterns {
		oneFrequency(&m.DatePatterns[i].DateMap, i+seed)
	}
}

func oneFrequency(x *sdmx.DateMap, i int) {
	if i%2 == 0 {
		x.FrequencyDimension = ""
	} else {
		x.TargetFrequency = ""
	}
}

// suitStructureMap leaves Fusion-JSON one pair of components and one fixed value in each place.
func suitStructureMap(m *sdmx.StructureMap, format string) {
	if format != "fusion-json" {
		return
	}
	for i := range m.Epochs {
		m.Epochs[i].Mapped = m.Epochs[i].Mapped[:1]
	}
	for i := range m.DatePatterns {
		m.DatePatterns[i].Mapped = m.DatePatterns[i].Mapped[:1]
	}
	for i := range m.FixedSources {
		m.FixedSources[i].Values, m.FixedTargets[i].Values = m.FixedSources[i].Values[:1], m.FixedTargets[i].Values[:1]
	}
}

// representationMap makes the first source and target a list, and the second a data type.
func representationMap(m *sdmx.RepresentationMap, _ int) {
	for _, lists := range [][]sdmx.MappedList{m.Sources, m.Targets} {
		lists[0].Type, lists[1].List = "", sdmx.Ref{}
	}
}

func suitRepresentationMap(m *sdmx.RepresentationMap, format string) {
	for _, x := range []*sdmx.MappedList{&m.Sources[0], &m.Targets[0]} {
		if format == "sdmx-json-2.0" && x.List.Class != sdmx.ClassValueList {
			x.List.Class = sdmx.ClassCodelist
		}
	}
}
