package structures

import (
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// Of Fusion-JSON, structure maps with component maps, fixed values and date patterns are known, and
// representation maps. The rest has the names that SDMX-JSON gives it.

func structureMap(c *codec.C, m *sdmx.StructureMap) {
	maintainable(c, m)
	names(c, &m.Nameable)
	c.Ref("", "source", sdmx.ClassUnknown, &m.Source)
	c.Ref("", "target", sdmx.ClassUnknown, &m.Target)
	codec.List(c, "", "epochMaps", &m.Epochs, func(c *codec.C, x *sdmx.EpochMap) {
		dateMap(c, ownerOf(m, sdmx.ClassEpochMap), &x.DateMap)
		c.Attr("", "basePeriod", &x.Base)
		c.Attr("", "epochPeriod", &x.Unit)
	})
	codec.List(c, "", c.By("datePatternMaps", "timePatternMaps"), &m.DatePatterns, func(c *codec.C, x *sdmx.DatePatternMap) {
		dateMap(c, ownerOf(m, sdmx.ClassDatePatternMap), &x.DateMap)
		c.Attr("", c.By("sourcePattern", "pattern"), &x.Pattern)
		c.Attr("", "locale", &x.Locale)
	})
	codec.List(c, "", "frequencyFormatMappings", &m.FrequencyFormats, func(c *codec.C, x *sdmx.FrequencyFormat) {
		identified(c, ownerOf(m, sdmx.ClassFrequencyFormatMapping), &x.ID, &x.URI, &x.Annotations, &x.Links)
		c.Attr("", "frequencyId", &x.Frequency)
		c.Attr("", "datePattern", &x.Pattern)
	})
	codec.List(c, "", "componentMaps", &m.Components, func(c *codec.C, x *sdmx.ComponentMap) {
		annotations(c, &x.Annotations)
		c.Strings("", c.By("source", "sources"), &x.Sources)
		c.Strings("", c.By("target", "targets"), &x.Targets)
		c.Ref("", c.By("representationMap", "representationMapRef"), sdmx.ClassRepresentationMap, &x.Representation)
	})
	if c.Dialect == codec.Fusion {
		fusionFixed(c, "fixedInput", &m.FixedSources)
		fusionFixed(c, "fixedOutput", &m.FixedTargets)
	} else {
		fixedValues20(c, m)
	}
}

// identified describes what has an id and no name.
func identified(c *codec.C, o *owner, id, uri *string, notes *[]sdmx.Annotation, links *[]sdmx.Link) {
	c.ID("", "id", id)
	o.identity(c, *id, uri, links)
	annotations(c, notes)
	codec.List(c, "", c.By("", "links"), links, fusionLink)
}

func dateMap(c *codec.C, o *owner, x *sdmx.DateMap) {
	identified(c, o, &x.ID, &x.URI, &x.Annotations, &x.Links)
	if c.Dialect == codec.Fusion {
		var pair sdmx.ComponentPair // it has one
		if len(x.Mapped) > 0 {
			pair = x.Mapped[0]
		}
		c.Attr("", "source", &pair.Source)
		c.Attr("", "target", &pair.Target)
		if c.Reading && pair != (sdmx.ComponentPair{}) {
			x.Mapped = []sdmx.ComponentPair{pair}
		}
	} else {
		codec.List(c, "", "mappedComponents", &x.Mapped, func(c *codec.C, p *sdmx.ComponentPair) {
			c.Attr("", "source", &p.Source)
			c.Attr("", "target", &p.Target)
		})
	}
	c.Attr("", c.By("frequencyDimension", "freqDim"), &x.FrequencyDimension)
	c.Strings("", "mappedFrequencies", &x.Frequencies)
	c.Attr("", c.By("targetFrequencyID", "freqId"), &x.TargetFrequency)
	c.Attr("", "resolvePeriod", &x.Resolve)
}

// A fixedValue20 is a fixed value as SDMX-JSON 2.0 has it: of a component of the source or of the
// target.
type fixedValue20 struct {
	source, target string
	sdmx.FixedValue
}

func fixedValues20(c *codec.C, m *sdmx.StructureMap) {
	var all []fixedValue20
	if !c.Reading {
		for _, x := range m.FixedSources {
			all = append(all, fixedValue20{x.Component, "", x})
		}
		for _, x := range m.FixedTargets {
			all = append(all, fixedValue20{"", x.Component, x})
		}
	}
	codec.List(c, "", "fixedValueMaps", &all, func(c *codec.C, x *fixedValue20) {
		annotations(c, &x.Annotations)
		c.ID("", "source", &x.source)
		c.ID("", "target", &x.target)
		c.Strings("", "values", &x.Values)
		if codec.Ended(c) && (x.source == "") == (x.target == "") {
			c.Fail("a fixed value is that of one component, either of the source or of the target; name one of them")
		}
	})
	if !c.Reading {
		return
	}
	for _, x := range all {
		list := &m.FixedSources
		if x.Component = x.source; x.source == "" {
			x.Component, list = x.target, &m.FixedTargets
		}
		*list = append(*list, x.FixedValue)
	}
}

// fusionFixed describes an object whose keys are components.
func fusionFixed(c *codec.C, name string, list *[]sdmx.FixedValue) {
	type pair struct{ component, value string }
	var pairs []pair
	if !c.Reading {
		for _, x := range *list {
			pairs = append(pairs, pair{x.Component, strings.Join(x.Values, "")}) // it has one
		}
	}
	codec.StringEntries(c, name, &pairs, func(p *pair) (*string, *string) { return &p.component, &p.value })
	if c.Reading {
		for _, p := range pairs {
			*list = append(*list, sdmx.FixedValue{Component: p.component, Values: []string{p.value}})
		}
	}
}

func representationMap(c *codec.C, m *sdmx.RepresentationMap) {
	maintainable(c, m)
	names(c, &m.Nameable)
	mappedLists(c, c.By("source", "sources"), &m.Sources)
	mappedLists(c, c.By("target", "targets"), &m.Targets)
	codec.List(c, "", c.By("representationMappings", "mappedRelationships"), &m.Mappings, func(c *codec.C, x *sdmx.ValueMapping) {
		annotations(c, &x.Annotations)
		c.Attr("", "validFrom", &x.ValidFrom)
		c.Attr("", "validTo", &x.ValidTo)
		codec.List(c, "", c.By("sourceValues", "source"), &x.Sources, mappedValue)
		c.Strings("", c.By("targetValues", "target"), &x.Targets)
	})
}

// mappedLists describes what values are from: in Fusion-JSON a list of URNs and of names of data
// types.
func mappedLists(c *codec.C, name string, lists *[]sdmx.MappedList) {
	if c.Dialect == codec.JSON20 {
		codec.List(c, "", name, lists, func(c *codec.C, x *sdmx.MappedList) {
			c.Ref("", "codelist", sdmx.ClassCodelist, &x.List)
			c.Attr("", "dataType", &x.Type)
		})
		return
	}
	var words []string
	for i := 0; i < len(*lists) && !c.Reading; i++ {
		if x := &(*lists)[i]; x.List.IsZero() {
			words = append(words, x.Type)
		} else {
			words = append(words, x.List.Spell(c.Generation()))
		}
	}
	if c.Strings("", name, &words); !c.Reading {
		return
	}
	for _, w := range words {
		x := sdmx.MappedList{Type: w}
		if strings.HasPrefix(w, "urn:") {
			r, err := sdmx.ParseRef(w)
			if err != nil {
				c.Fail("%s", err)
			}
			x = sdmx.MappedList{List: r}
		}
		*lists = append(*lists, x)
	}
}

func mappedValue(c *codec.C, x *sdmx.MappedValue) {
	c.Required("", "value", &x.Value)
	c.Bool("", c.By("isRegEx", "regEx"), &x.RegEx)
	c.Number("", "startIndex", &x.Start)
	c.Number("", "endIndex", &x.End)
}

// schemeMap describes a map between two schemes of a kind.
func schemeMap(c *codec.C, m sdmx.Maintainable, x *sdmx.SchemeMap) {
	maintainable(c, m)
	names(c, &x.Nameable)
	c.Ref("", "source", sdmx.ClassUnknown, &x.Source)
	c.Ref("", "target", sdmx.ClassUnknown, &x.Target)
	codec.List(c, "", "itemMaps", &x.Maps, func(c *codec.C, x *sdmx.ItemMapping) {
		annotations(c, &x.Annotations)
		c.Attr("", "validFrom", &x.ValidFrom)
		c.Attr("", "validTo", &x.ValidTo)
		c.In("", "sourceValue", true, func() { mappedValue(c, &x.Source) })
		c.Attr("", "targetValue", &x.Target)
	})
}

func conceptSchemeMap(c *codec.C, m *sdmx.ConceptSchemeMap)   { schemeMap(c, m, &m.SchemeMap) }
func categorySchemeMap(c *codec.C, m *sdmx.CategorySchemeMap) { schemeMap(c, m, &m.SchemeMap) }
func organisationSchemeMap(c *codec.C, m *sdmx.OrganisationSchemeMap) {
	schemeMap(c, m, &m.SchemeMap)
}
func reportingTaxonomyMap(c *codec.C, m *sdmx.ReportingTaxonomyMap) { schemeMap(c, m, &m.SchemeMap) }

func init() {
	declare([]fieldLoss{{"FixedValue.Annotations", fusion, told, "annotations of fixed values"}},
		when(fusion, fatal, "fixed values of which a component has several, or none", func(x *sdmx.FixedValue) bool { return len(x.Values) != 1 }),
		when(fusion, fatal, "dates in a form that several components share: it has one source and one target", func(x *sdmx.DateMap) bool { return len(x.Mapped) > 1 }),
		when(fusion, fatal, "representation maps with a list and a data type in one place", func(x *sdmx.MappedList) bool { return !x.List.IsZero() && x.Type != "" }),
		when(json20, fatal, "representation maps of other than codelists and value lists", func(x *sdmx.MappedList) bool {
			return !x.List.IsZero() && x.List.Class != sdmx.ClassCodelist && x.List.Class != sdmx.ClassValueList
		}),
	)
}
