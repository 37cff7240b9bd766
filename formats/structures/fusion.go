package structures

import (
	"urncast/formats/codec"
	"urncast/sdmx"
)

// fusionDataStructure is the DSD in Fusion-JSON, whose shape follows FMR and not
// the schema of any SDMX format.
func fusionDataStructure(c *codec.C, d *sdmx.DataStructure) {
	c.In("", "dimensionList", true, func() {
		ignoreIdentity(c)
		codec.List(c, "", "dimensions", &d.Dimensions, func(c *codec.C, x *sdmx.Dimension) {
			isTime := x.Kind == sdmx.DimensionTime
			class := dimensionElements[x.Kind].class
			component(c, d, &x.Component, class, "")
			c.Bool("", "isTimeDimension", &isTime)
			if c.Reading {
				readDimensionKind(c, x, isTime)
			}
		})
	})
	codec.List(c, "", "groups", &d.Groups, func(c *codec.C, g *sdmx.Group) {
		c.Attr("", "id", &g.ID)
		c.Ignore("", "urn")
		annotations(c, &g.Annotations)
		c.Strings("", "dimensionReferences", &g.Dimensions)
		c.Ref("", "attachmentConstraintRef", sdmx.ClassAttachmentConstraint, &g.AttachmentConstraint)
	})
	c.In("", "attributeList", len(d.Attributes) > 0, func() {
		ignoreIdentity(c)
		codec.List(c, "", "attributes", &d.Attributes, func(c *codec.C, a *sdmx.Attribute) { fusionAttribute(c, d, a) })
	})
	codec.List(c, "", "measures", &d.Measures, func(c *codec.C, m *sdmx.Measure) {
		component(c, d, &m.Component, sdmx.ClassMeasure, "")
		c.OptBool("", "mandatory", &m.Mandatory)
	})
}

func ignoreIdentity(c *codec.C) {
	c.Ignore("", "id")
	c.Ignore("", "urn")
}

// readDimensionKind finds the kind: a measure dimension is one whose values are
// concepts.
func readDimensionKind(c *codec.C, x *sdmx.Dimension, isTime bool) {
	c.Ignore("", "isMeasureDimension")
	c.Ignore("", "isFrequencyDimension")
	c.Ignore("", "position")
	switch {
	case isTime:
		x.Kind = sdmx.DimensionTime
	case x.Representation != nil && x.Representation.Enumeration.Class == sdmx.ClassConceptScheme:
		x.Kind = sdmx.DimensionMeasure
	}
}

var levels = [...]string{
	sdmx.AttachDataflow:    "DATA_SET",
	sdmx.AttachDimensions:  "DIMENSION_GROUP",
	sdmx.AttachGroup:       "GROUP",
	sdmx.AttachObservation: "OBSERVATION",
}

func fusionAttribute(c *codec.C, d *sdmx.DataStructure, a *sdmx.Attribute) {
	component(c, d, &a.Component, sdmx.ClassDataAttribute, "")
	mandatory := sdmx.Bool(a.Mandatory)
	c.OptBool("", "mandatory", &mandatory)
	a.Mandatory = mandatory == sdmx.True
	r := &a.Relationship
	level := levels[r.Kind]
	c.Attr("", "attachmentLevel", &level)
	if c.Reading {
		found := false
		for k, name := range levels {
			if name == level {
				r.Kind, found = sdmx.AttachmentKind(k), true
			}
		}
		if !found {
			c.Fail("attachmentLevel %q is not one of DATA_SET, GROUP, DIMENSION_GROUP, OBSERVATION", level)
		}
	}
	group := ""
	if len(r.Groups) > 0 {
		group = r.Groups[0]
	}
	c.Attr("", "attachmentGroup", &group)
	if c.Reading && group != "" {
		r.Groups = []string{group}
	}
	c.Strings("", "dimensionReferences", &r.Dimensions)
	c.Strings("", "measureReferences", &a.Measures)
}
