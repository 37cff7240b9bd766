package structures

import (
	"urncast/formats/codec"
	"urncast/sdmx"
)

// A setMap is how SDMX-ML 2.1 names a kind of map inside a structure set.
type setMap struct {
	element, item string
	between       sdmx.Class // of what a Ref names that states no class
}

var setMaps = [...]setMap{
	sdmx.MapStructures:          {"str:StructureMap", "str:ComponentMap", sdmx.ClassUnknown},
	sdmx.MapCodelists:           {"str:CodelistMap", "str:CodeMap", sdmx.ClassCodelist},
	sdmx.MapHybridCodelists:     {"str:HybridCodelistMap", "str:HybridCodeMap", sdmx.ClassUnknown},
	sdmx.MapConcepts:            {"str:ConceptSchemeMap", "str:ConceptMap", sdmx.ClassConceptScheme},
	sdmx.MapCategories:          {"str:CategorySchemeMap", "str:CategoryMap", sdmx.ClassCategoryScheme},
	sdmx.MapOrganisations:       {"str:OrganisationSchemeMap", "str:OrganisationMap", sdmx.ClassUnknown},
	sdmx.MapReportingTaxonomies: {"str:ReportingTaxonomyMap", "str:ReportingCategoryMap", sdmx.ClassReportingTaxonomy},
}

func structureSet(c *codec.C, s *sdmx.StructureSet) {
	maintainable(c, s)
	names(c, &s.Nameable)
	c.Refs("str:RelatedStructure", "", sdmx.ClassUnknown, &s.Related)
	var elements []string
	for _, m := range setMaps {
		elements = append(elements, m.element)
	}
	codec.Choices(c, elements, &s.Maps, func(x *sdmx.ListedMap) int { return int(x.Kind) },
		func(kind int) sdmx.ListedMap { return sdmx.ListedMap{Kind: sdmx.MapKind(kind)} },
		func(c *codec.C, x *sdmx.ListedMap) {
			of := &setMaps[x.Kind]
			if x.Kind == sdmx.MapStructures {
				c.Bool("isExtension", "", &x.Extension)
			}
			item(c, &x.Nameable, ownerOf(s, x.Kind.Class()))
			c.Ref("str:Source", "", of.between, &x.Source)
			c.Ref("str:Target", "", of.between, &x.Target)
			codec.List(c, of.item, "", &x.Items, func(c *codec.C, i *sdmx.MappedItem) {
				annotations(c, &i.Annotations)
				c.In("str:Source", "", true, func() { mappedID(c, &i.Source) })
				c.In("str:Target", "", true, func() { mappedID(c, &i.Target) })
				if x.Kind == sdmx.MapStructures {
					c.In("str:RepresentationMapping", "", i.Values != nil, func() { mappedByValue(c, i) })
				}
			})
		})
}

// mappedID describes a reference to an item of the source or target of the map. Its package
// follows from the class.
func mappedID(c *codec.C, x *sdmx.MappedID) {
	pkg := ""
	if class, ok := sdmx.ClassByName(x.Class); ok {
		pkg = class.Package()
	}
	c.LocalRef(&x.ID, &x.List, &x.Class, pkg)
}

// mappedByValue describes how values of components are mapped.
func mappedByValue(c *codec.C, i *sdmx.MappedItem) {
	if i.Values == nil {
		i.Values = &sdmx.MappedByValue{}
	}
	x := i.Values
	c.Local("str:CodelistMap", "", &x.CodelistMap)
	r := &sdmx.Representation{Format: x.Format}
	if !c.Reading && x.Format != nil {
		r, _ = representation21(r, sdmx.ClassConcept)
	}
	textFormat(c, "str:ToTextFormat", "", r)
	if c.Reading {
		x.Format = r.Format
	}
	c.Elem("str:ToValueType", "", &x.FormatOf)
	c.In("str:ValueMap", "", len(x.Pairs) > 0, func() {
		codec.List(c, "str:ValueMapping", "", &x.Pairs, func(c *codec.C, p *sdmx.ValuePair) {
			c.Required("source", "", &p.Source)
			c.Required("target", "", &p.Target)
		})
	})
}

func init() {
	declare([]fieldLoss{},
		phrases(ml21, told, reduced, func(_ codec.Dialect, x *sdmx.MappedByValue) []string {
			_, lost := representation21(&sdmx.Representation{Format: x.Format}, sdmx.ClassConcept)
			return lost
		}),
		when(ml21, told, "of maps that are not of structures, that they extend one, and how they map values", func(x *sdmx.ListedMap) bool {
			if x.Kind == sdmx.MapStructures {
				return false
			}
			for i := range x.Items {
				if x.Items[i].Values != nil {
					return true
				}
			}
			return x.Extension
		}),
	)
}
