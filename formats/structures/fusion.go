package structures

import (
	"strconv"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// fusionDataStructure describes a data structure in Fusion-JSON, whose shape is that of Fusion
// Metadata Registry and not of an SDMX schema.
func fusionDataStructure(c *codec.C, d *sdmx.DataStructure) {
	c.In("", "dimensionList", true, func() {
		listIdentity(c, d, dimensionListID)
		codec.List(c, "", "dimensions", &d.Dimensions, func(c *codec.C, x *sdmx.Dimension) {
			isTime := x.Kind == sdmx.DimensionTime
			component(c, d, &x.Component, dimensionClasses[x.Kind], "")
			position(c, len(d.Dimensions))
			c.Bool("", "isTimeDimension", &isTime)
			if codec.Ended(c) {
				readDimensionKind(c, x, isTime)
			}
		})
	})
	codec.List(c, "", "groups", &d.Groups, func(c *codec.C, g *sdmx.Group) {
		c.ID("", "id", &g.ID)
		if c.Reading {
			ownerOf(d, sdmx.ClassGroupDimensionDescriptor).urn(c, g.ID)
		}
		annotations(c, &g.Annotations)
		c.Strings("", "dimensionReferences", &g.Dimensions)
		c.Ref("", "attachmentConstraintRef", sdmx.ClassAttachmentConstraint, &g.AttachmentConstraint)
	})
	c.In("", "attributeList", len(d.Attributes) > 0, func() {
		listIdentity(c, d, attributeListID)
		codec.List(c, "", "attributes", &d.Attributes, func(c *codec.C, a *sdmx.Attribute) { fusionAttribute(c, d, a) })
	})
	codec.List(c, "", "measures", &d.Measures, func(c *codec.C, m *sdmx.Measure) {
		component(c, d, &m.Component, sdmx.ClassMeasure, "")
		c.OptBool("", "mandatory", &m.Mandatory)
	})
}

// listIdentity reads id and URN of a component list, which SDMX fixes.
func listIdentity(c *codec.C, d *sdmx.DataStructure, id string) {
	if c.Reading {
		c.Expect("id", "id", id)
		class, _ := sdmx.ClassByName(id)
		ownerOf(d, class).urn(c, id)
	}
}

// readDimensionKind sets the kind of a dimension. A measure dimension is one whose enumeration
// is a concept scheme.
func readDimensionKind(c *codec.C, x *sdmx.Dimension, isTime bool) {
	switch {
	case isTime:
		x.Kind = sdmx.DimensionTime
	case x.Representation != nil && x.Representation.Enumeration.Class == sdmx.ClassConceptScheme:
		x.Kind = sdmx.DimensionMeasure
	}
	c.Expect("", "isMeasureDimension", strconv.FormatBool(x.Kind == sdmx.DimensionMeasure))
	c.Dropped("", "isFrequencyDimension", "false")
}

// levels are the values of attachmentLevel.
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
	level := ""
	if !c.Reading {
		level = levels[r.Kind]
	}
	c.Attr("", "attachmentLevel", &level)
	if codec.Ended(c) {
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
