package rules

import (
	"fmt"

	"urncast/sdmx"
)

// mapped has the classes that a map of a structure set may be between, by its kind.
var mapped = [...]target{
	sdmx.MapStructures:          structuresOrUsages,
	sdmx.MapCodelists:           {sdmx.ClassCodelist},
	sdmx.MapHybridCodelists:     {sdmx.ClassCodelist, sdmx.ClassHierarchicalCodelist},
	sdmx.MapConcepts:            {sdmx.ClassConceptScheme},
	sdmx.MapCategories:          {sdmx.ClassCategoryScheme},
	sdmx.MapOrganisations:       organisationSchemes[:4], // without that of metadata providers, of 3.0
	sdmx.MapReportingTaxonomies: {sdmx.ClassReportingTaxonomy},
}

// The classes that a reference of 2.1 to a component, or to an item of several classes, may state.
var (
	componentNames = setOf("Attribute ConstraintTarget DataSetTarget Dimension IdentifiableObjectTarget DimensionDescriptorValuesTarget MeasureDimension " +
		"MetadataAttribute PrimaryMeasure ReportingYearStartDay ReportPeriodTarget TimeDimension")
	itemNames = map[sdmx.MapKind]map[string]bool{
		sdmx.MapCodelists:           setOf("Code"),
		sdmx.MapHybridCodelists:     setOf("Code HierarchicalCode"),
		sdmx.MapConcepts:            setOf("Concept"),
		sdmx.MapCategories:          setOf("Category"),
		sdmx.MapOrganisations:       setOf("Agency DataConsumer DataProvider OrganisationUnit"),
		sdmx.MapReportingTaxonomies: setOf("ReportingCategory"),
	}
)

// structureSetRefs returns the classes that a map may be between.
func structureSetRefs(s *sdmx.StructureSet, place, path string) target {
	if place == "Maps.Source" || place == "Maps.Target" {
		return mapped[s.Maps[indexIn(path, "Maps[")].Kind]
	}
	return nil
}

func structureSet(c *checker, s *sdmx.StructureSet) {
	seen := map[sdmx.MapKind]map[string]int{}
	codelistMaps := map[string]bool{}
	for i := range s.Maps {
		x := &s.Maps[i]
		if seen[x.Kind] == nil {
			seen[x.Kind] = map[string]int{}
		}
		c.checkUnique(seen[x.Kind], i, "Maps", x.ID, "")
		if x.Kind == sdmx.MapCodelists {
			codelistMaps[x.ID] = true
		}
	}
	for i := range s.Maps {
		x, at := &s.Maps[i], fmt.Sprintf("Maps[%d]", i)
		of := x.Kind.Class().Word() + " " + sdmx.Clip(x.ID)
		needs21(c, !x.Source.IsZero(), at+".Source", of, "source")
		needs21(c, !x.Target.IsZero(), at+".Target", of, "target")
		needs21(c, len(x.Items) > 0, at+".Items", of, "content: nothing is mapped in it")
		for j := range x.Items {
			y, at := &x.Items[j], fmt.Sprintf("%s.Items[%d]", at, j)
			mappedID(c, at+".Source", x.Kind, &y.Source)
			mappedID(c, at+".Target", x.Kind, &y.Target)
			if y.Values != nil {
				mappedByValue(c, at+".Values", y.Values, codelistMaps)
			}
		}
	}
}

func needs21(c *checker, there bool, path, whose, what string) {
	if !there {
		c.add(path, "The %s has no %s, and the schema of SDMX 2.1 requires one. Add it, or leave the map out.", whose, what)
	}
}

func mappedID(c *checker, at string, kind sdmx.MapKind, x *sdmx.MappedID) {
	idPath(c, at+".ID", x.ID)
	if kind != sdmx.MapStructures {
		if x.Class != "" && !itemNames[kind][x.Class] {
			c.add(at+".Class", "The reference to %s says that it is a %q, which cannot stand in a %s. Leave the class out.", sdmx.Clip(x.ID), sdmx.Clip(x.Class), kind.Class().Word())
		}
		return
	}
	if !componentNames[x.Class] {
		c.add(at+".Class", "The reference to component %s says that it is a %q, but the schema of SDMX 2.1 wants the class of a component there. Name one, such as Dimension or Attribute.", sdmx.Clip(x.ID), sdmx.Clip(x.Class))
	}
	c.id(at+".List", x.List)
}

// mappedByValue checks that values are mapped in one way.
func mappedByValue(c *checker, at string, x *sdmx.MappedByValue, codelistMaps map[string]bool) {
	ways := 0
	for _, is := range []bool{x.CodelistMap != "", x.Format != nil || x.FormatOf != "", len(x.Pairs) > 0} {
		if is {
			ways++
		}
	}
	if ways != 1 {
		c.add(at, "The values of a component are mapped by a codelist map, or become values of a text format, or are mapped one by one (RepresentationMapping of SDMX 2.1): one of the three, and these are %d. Send one.", ways)
	}
	if x.CodelistMap != "" && !codelistMaps[x.CodelistMap] {
		c.add(at+".CodelistMap", "There is no codelist map %s in this structure set. Send it too, or name another one.", sdmx.Clip(x.CodelistMap))
	}
	if (x.Format != nil) != (x.FormatOf != "") {
		c.add(at+".FormatOf", "A text format (ToTextFormat) and what becomes its value (ToValueType) come together. Send both, or none.")
	}
	oneOf(c, at+".FormatOf", "part of a code that becomes the value (ToValueType)", x.FormatOf, "Value", "Name", "Description")
	if x.Format != nil {
		c.format(at+".Format", x.Format)
	}
}
