package structures

import (
	"slices"
	"strconv"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// dataStructure20 describes the components of a data structure in SDMX-JSON 2.0. Real messages
// mix the spellings of 1.0 into it, which are read too.
func dataStructure20(c *codec.C, d *sdmx.DataStructure) {
	c.Ref("", "metadata", sdmx.ClassMetadataStructure, &d.Metadata)
	c.In("", "dataStructureComponents", hasComponents(d), func() {
		dimensions20(c, d)
		codec.List(c, "", "groups", &d.Groups, func(c *codec.C, g *sdmx.Group) {
			c.ID("", "id", &g.ID)
			ownerOf(d, sdmx.ClassGroupDimensionDescriptor).links20(c, g.ID, &g.URI, &g.Links)
			annotations(c, &g.Annotations)
			c.Strings("", "groupDimensions", &g.Dimensions)
		})
		componentList(c, d, "", "attributeList", attributeListID, len(d.Attributes)+len(d.MetadataUsages) > 0 || hasListAnnotations(d, attributeListID), func() {
			codec.List(c, "", "attributes", &d.Attributes, func(c *codec.C, a *sdmx.Attribute) { attribute20(c, d, a) })
			codec.List(c, "", "metadataAttributeUsages", &d.MetadataUsages, metadataUsage20)
		})
		componentList(c, d, "", "measureList", measureListID, len(d.Measures) > 0 || hasListAnnotations(d, measureListID), func() {
			measure := func(c *codec.C, m *sdmx.Measure) {
				component(c, d, &m.Component, sdmx.ClassMeasure, "")
				usage20(c, &m.Mandatory)
			}
			codec.List(c, "", "measures", &d.Measures, measure)
			if c.Reading { // SDMX-JSON 1.0
				d.Measures = append(d.Measures, alone(c, "primaryMeasure", measure)...)
			}
		})
	})
	if codec.Ended(c) {
		completeIDs(d)
	}
}

// alone reads an object as a list, empty if there is none.
func alone[T any](c *codec.C, json string, describe func(*codec.C, *T)) (list []T) {
	c.In("", json, false, func() {
		if list == nil {
			list = make([]T, 1)
		}
		describe(c, &list[0])
	})
	return list
}

// hasComponents reports whether a data structure is more than a stub.
func hasComponents(d *sdmx.DataStructure) bool {
	return len(d.Dimensions)+len(d.Groups)+len(d.Attributes)+len(d.Measures)+len(d.MetadataUsages)+len(d.ListAnnotations) > 0
}

func hasListAnnotations(d *sdmx.DataStructure, id string) bool {
	return slices.ContainsFunc(d.ListAnnotations, func(l sdmx.ListAnnotations) bool { return l.List == id })
}

// dimensions20 describes the dimensions. The time dimension is an object of its own beside the
// others; where it stands among them, their positions leave a number out.
func dimensions20(c *codec.C, d *sdmx.DataStructure) {
	if !c.Reading {
		componentList(c, d, "", "dimensionList", dimensionListID, true, func() { writeDimensions20(c, d) })
		return
	}
	var times []sdmx.Dimension
	at := -1
	timeDimension := func(c *codec.C, x *sdmx.Dimension) {
		x.Kind = sdmx.DimensionTime
		component(c, d, &x.Component, sdmx.ClassTimeDimension, "TimeDimension")
		c.Stated("", "position") // the others tell its place
	}
	componentList(c, d, "", "dimensionList", dimensionListID, true, func() {
		codec.List(c, "", "dimensions", &d.Dimensions, func(c *codec.C, x *sdmx.Dimension) {
			component(c, d, &x.Component, sdmx.ClassDimension, "Dimension")
			position20(c, len(d.Dimensions), &at)
		})
		times = append(times, alone(c, "timeDimension", timeDimension)...)
		codec.List(c, "", "timeDimensions", &times, timeDimension) // SDMX-JSON 1.0
	})
	switch {
	case len(times) == 0 && at >= 0:
		c.RemarkHere("the positions of the dimensions leave out %d, and there is no time dimension that could stand there; the order in the list counts", at+1)
	case len(times) > 0 && at >= 0:
		d.Dimensions = slices.Insert(d.Dimensions, at, times...)
	default:
		d.Dimensions = append(d.Dimensions, times...)
	}
}

func writeDimensions20(c *codec.C, d *sdmx.DataStructure) {
	var plain, times []*sdmx.Dimension
	place := map[*sdmx.Dimension]string{}
	for i := range d.Dimensions {
		x := &d.Dimensions[i]
		if x.Kind == sdmx.DimensionTime {
			times = append(times, x)
			continue
		}
		place[x] = strconv.Itoa(i + 1)
		plain = append(plain, x)
	}
	codec.List(c, "", "dimensions", &plain, func(c *codec.C, x **sdmx.Dimension) {
		component(c, d, &(*x).Component, sdmx.ClassDimension, "")
		position := place[*x]
		c.Number("", "position", &position)
	})
	if len(times) > 0 { // rules.Check refuses a second one
		c.In("", "timeDimension", true, func() { component(c, d, &times[0].Component, sdmx.ClassTimeDimension, "") })
	}
}

// position20 reads the position of the nth dimension beside the time dimension. at becomes the
// index at which the time dimension stands, once a position leaves a number out.
func position20(c *codec.C, n int, at *int) {
	if *at >= 0 {
		n++
	} else if stated, _, ok := c.Stated("", "position"); ok && stated == strconv.Itoa(n+1) {
		*at = n - 1
		return
	}
	position(c, n)
}

func attribute20(c *codec.C, d *sdmx.DataStructure, a *sdmx.Attribute) {
	component(c, d, &a.Component, sdmx.ClassDataAttribute, "")
	mandatory := sdmx.Bool(a.Mandatory)
	usage20(c, &mandatory)
	a.Mandatory = mandatory == sdmx.True
	relationship20(c, &a.Relationship)
	c.Strings("", "measureRelationship", &a.Measures)
}

// usage20 describes whether an attribute or measure must be reported.
func usage20(c *codec.C, p *sdmx.OptBool) {
	if !c.Reading {
		c.Written("", "usage", [...]string{sdmx.Unstated: "", sdmx.False: "optional", sdmx.True: "mandatory"}[*p])
		return
	}
	usage := ""
	c.OptBool("", "isMandatory", p)
	c.Attr("", "assignmentStatus", &usage) // SDMX-JSON 1.0
	c.Attr("", "usage", &usage)
	switch usage {
	case "":
	case "mandatory", "Mandatory":
		*p = sdmx.True
	case "optional", "Conditional":
		*p = sdmx.False
	default:
		c.Fail("usage must be mandatory or optional, not %q", codec.Clip(usage, 60))
	}
}

func metadataUsage20(c *codec.C, u *sdmx.MetadataAttributeUsage) {
	c.LeaveOut("", "links")
	annotations(c, &u.Annotations)
	c.Attr("", "metadataAttributeReference", &u.ID)
	relationship20(c, &u.Relationship)
}

// relationship20 describes what an attribute is attached to: one of four members, of which
// SDMX-JSON 1.0 spells two otherwise.
func relationship20(c *codec.C, r *sdmx.Relationship) {
	if !c.Reading {
		c.In("", "attributeRelationship", true, func() { writeRelationship20(c, r) })
		return
	}
	found := ""
	c.In("", "attributeRelationship", true, func() {
		is := func(name string, kind sdmx.AttachmentKind) {
			if found != "" && r.Kind != kind {
				c.Fail("the attribute relationship says both %s and %s; an attribute is attached in one way", found, name)
			}
			found, r.Kind = name, kind
		}
		for _, name := range []string{"dataflow", "none"} {
			c.In("", name, false, func() { is(name, sdmx.AttachDataflow) })
		}
		c.In("", "observation", false, func() { is("observation", sdmx.AttachObservation) })
		if _, _, ok := c.Stated("", "primaryMeasure"); ok {
			is("primaryMeasure", sdmx.AttachObservation)
		}
		if c.Strings("", "dimensions", &r.Dimensions); len(r.Dimensions) > 0 {
			is("dimensions", sdmx.AttachDimensions)
		}
		c.Strings("", "attachmentGroups", &r.Groups)
		c.LeaveOut("", "areDimensionsOptional")
		group := ""
		if c.Attr("", "group", &group); group != "" {
			is("group", sdmx.AttachGroup)
			if !slices.Contains(r.Groups, group) {
				r.Groups = append(r.Groups, group)
			}
		}
		if found == "" && codec.Ended(c) {
			c.Fail("the attribute relationship is empty, and must say dataflow, dimensions, group or observation")
		}
	})
	if codec.Ended(c) && !c.Has("", "attributeRelationship") {
		c.Fail("the attribute has no attributeRelationship, which says what it is attached to")
	}
}

func writeRelationship20(c *codec.C, r *sdmx.Relationship) {
	switch r.Kind {
	case sdmx.AttachDataflow:
		c.In("", "dataflow", true, func() {})
	case sdmx.AttachDimensions:
		c.Strings("", "dimensions", &r.Dimensions)
	case sdmx.AttachGroup:
		if len(r.Groups) > 0 {
			c.Attr("", "group", &r.Groups[0])
		}
	case sdmx.AttachObservation:
		c.In("", "observation", true, func() {})
	}
}
