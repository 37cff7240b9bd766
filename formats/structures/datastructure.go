package structures

import (
	"cmp"
	"strconv"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// Ids that SDMX 2.1 fixes.
const (
	dimensionListID = "DimensionDescriptor"
	attributeListID = "AttributeDescriptor"
	measureListID   = "MeasureDescriptor"
	timeDimensionID = "TIME_PERIOD"
	yearStartDayID  = "REPORTING_YEAR_START_DAY"
)

func dataStructure(c *codec.C, d *sdmx.DataStructure) {
	maintainable(c, d)
	names(c, &d.Nameable)
	switch c.Dialect {
	case codec.Fusion:
		fusionDataStructure(c, d)
		return
	case codec.JSON20:
		dataStructure20(c, d)
		return
	}
	c.In("str:DataStructureComponents", "", len(d.Dimensions)+len(d.Measures) > 0, func() {
		componentList(c, d, "str:DimensionList", "", dimensionListID, true, func() { dimensions(c, d) })
		codec.List(c, "str:Group", "", &d.Groups, func(c *codec.C, g *sdmx.Group) { group(c, d, g) })
		componentList(c, d, "str:AttributeList", "", attributeListID, len(d.Attributes) > 0, func() { attributes(c, d) })
		componentList(c, d, "str:MeasureList", "", measureListID, len(d.Measures) > 0, func() {
			codec.List(c, "str:PrimaryMeasure", "", &d.Measures, func(c *codec.C, m *sdmx.Measure) {
				component(c, d, &m.Component, sdmx.ClassPrimaryMeasure, "")
			})
		})
	})
	if codec.Ended(c) {
		completeIDs(d)
	}
}

// completeIDs sets the ids of components that were sent without one: a component has the id of
// its concept, the time dimension and the primary measure have fixed ids.
func completeIDs(d *sdmx.DataStructure) {
	for i := range d.Dimensions {
		fallback := d.Dimensions[i].Concept.Item
		if d.Dimensions[i].Kind == sdmx.DimensionTime {
			fallback = timeDimensionID
		}
		d.Dimensions[i].ID = cmp.Or(d.Dimensions[i].ID, fallback)
	}
	for i := range d.Attributes {
		d.Attributes[i].ID = cmp.Or(d.Attributes[i].ID, d.Attributes[i].Concept.Item)
	}
	for i := range d.Measures {
		d.Measures[i].ID = cmp.Or(d.Measures[i].ID, sdmx.MeasureIDPrimary)
	}
}

// componentList describes a component list, with its fixed id and its annotations.
func componentList(c *codec.C, d *sdmx.DataStructure, xml, json, id string, present bool, fn func()) {
	c.In(xml, json, present, func() {
		if c.Reading {
			c.Expect("id", "id", id)
			class, _ := sdmx.ClassByName(id)
			o := ownerOf(d, class)
			o.urn(c, id)
			c.Dropped("uri", "", "")
			if c.Dialect == codec.JSON20 {
				o.listLinks20(c, id)
			}
		} else {
			c.Attr("id", "id", &id)
		}
		listAnnotations(c, d, id)
		fn()
	})
}

// listAnnotations describes the annotations of the component list with an id.
func listAnnotations(c *codec.C, d *sdmx.DataStructure, id string) {
	for i := range d.ListAnnotations {
		if d.ListAnnotations[i].List == id {
			annotations(c, &d.ListAnnotations[i].Annotations)
			return
		}
	}
	a := sdmx.ListAnnotations{List: id}
	if annotations(c, &a.Annotations); len(a.Annotations) > 0 {
		d.ListAnnotations = append(d.ListAnnotations, a)
	}
}

// component describes the properties that dimensions, attributes and measures share. kind is
// the value of the type attribute.
func component(c *codec.C, d *sdmx.DataStructure, x *sdmx.Component, class sdmx.Class, kind string) {
	c.ID("id", "id", &x.ID)
	ownerOf(d, class).identity(c, x.ID, &x.URI, &x.Links)
	if c.Reading { // it is not written: the element says it, no office writes it, and pysdmx cannot read it
		c.Expect("type", c.By("type", ""), kind)
	}
	annotations(c, &x.Annotations)
	c.Ref("str:ConceptIdentity", c.By("conceptIdentity", "concept"), sdmx.ClassConcept, &x.Concept)
	representation(c, "str:LocalRepresentation", &x.Representation, class)
	if c.Dialect == codec.JSON20 && class == sdmx.ClassTimeDimension || c.XML() && (class == sdmx.ClassTimeDimension || class == sdmx.ClassPrimaryMeasure || class == sdmx.ClassReportingYearStartDay) {
		c.LeaveOut("str:ConceptRole", "conceptRoles")
		return
	}
	roles := &x.Roles
	if !c.Reading && c.Dialect == codec.JSON20 {
		once := distinct(x.Roles)
		roles = &once
	}
	c.Refs("str:ConceptRole", "conceptRoles", sdmx.ClassConcept, roles)
}

// dimensionElements are the elements of dimensions, by their kind.
var dimensionElements = [...]string{
	sdmx.DimensionPlain:   "str:Dimension",
	sdmx.DimensionMeasure: "str:MeasureDimension",
	sdmx.DimensionTime:    "str:TimeDimension",
}

var dimensionClasses = [...]sdmx.Class{
	sdmx.DimensionPlain:   sdmx.ClassDimension,
	sdmx.DimensionMeasure: sdmx.ClassMeasureDimension,
	sdmx.DimensionTime:    sdmx.ClassTimeDimension,
}

func dimensions(c *codec.C, d *sdmx.DataStructure) {
	which := func(x *sdmx.Dimension) int { return int(x.Kind) }
	start := func(kind int) sdmx.Dimension { return sdmx.Dimension{Kind: sdmx.DimensionKind(kind)} }
	codec.Choices(c, dimensionElements[:], &d.Dimensions, which, start, func(c *codec.C, x *sdmx.Dimension) {
		component(c, d, &x.Component, dimensionClasses[x.Kind], dimensionElements[x.Kind][len("str:"):])
		position(c, len(d.Dimensions))
	})
}

// position reads the position of the nth dimension. The order in the message counts and is
// stored (SDMX 2.1, section 3); a position that disagrees is remarked on, whether it counts
// from 0 or 1.
func position(c *codec.C, n int) {
	if stated, at, ok := c.Stated("position", "position"); ok && stated != strconv.Itoa(n) && stated != strconv.Itoa(n-1) {
		c.Remark(at, "position %q was left out: this is dimension number %d of the list, and the order in the list counts", codec.Clip(stated, 20), n)
	}
}

// attributeElements are the elements of attributes: the second is that of YearStartDay.
var attributeElements = [...]string{"str:Attribute", "str:ReportingYearStartDay"}

func attributes(c *codec.C, d *sdmx.DataStructure) {
	which := func(a *sdmx.Attribute) int {
		if a.YearStartDay {
			return 1
		}
		return 0
	}
	start := func(name int) sdmx.Attribute { return sdmx.Attribute{YearStartDay: name == 1} }
	codec.Choices(c, attributeElements[:], &d.Attributes, which, start, func(c *codec.C, a *sdmx.Attribute) { attribute(c, d, a) })
}

func attribute(c *codec.C, d *sdmx.DataStructure, a *sdmx.Attribute) {
	status := "Conditional"
	if a.Mandatory {
		status = "Mandatory"
	}
	if c.Reading {
		status = ""
	}
	class := sdmx.ClassDataAttribute
	if a.YearStartDay {
		class = sdmx.ClassReportingYearStartDay
		if a.ID == "" {
			a.ID = yearStartDayID
		}
	}
	c.Attr("assignmentStatus", "", &status)
	a.Mandatory = status == "Mandatory"
	if !a.Mandatory && status != "Conditional" {
		c.Fail("assignmentStatus must be Mandatory or Conditional, not %q", codec.Clip(status, 60))
	}
	component(c, d, &a.Component, class, "")
	c.In("str:AttributeRelationship", "", true, func() { relationship(c, &a.Relationship) })
	if codec.Ended(c) && !c.Has("str:AttributeRelationship", "") {
		c.Fail("the attribute has no AttributeRelationship, which says what it is attached to")
	}
}

// relationships are the elements of AttributeRelationship. The schema requires one of them;
// AttachmentGroup may follow Dimension.
var relationships = [...]struct {
	xml  string
	kind sdmx.AttachmentKind
}{
	{"str:None", sdmx.AttachDataflow}, {"str:Dimension", sdmx.AttachDimensions}, {"str:AttachmentGroup", sdmx.AttachDimensions},
	{"str:Group", sdmx.AttachGroup}, {"str:PrimaryMeasure", sdmx.AttachObservation},
}

// relationship describes the one element of AttributeRelationship that says the kind, and when
// reading all of them.
func relationship(c *codec.C, r *sdmx.Relationship) {
	is := func(kind sdmx.AttachmentKind) bool { return c.Reading || r.Kind == kind }
	c.In("str:None", "", is(sdmx.AttachDataflow), func() {})
	if is(sdmx.AttachDimensions) {
		c.Locals("str:Dimension", "", &r.Dimensions)
		c.Locals("str:AttachmentGroup", "", &r.Groups)
	}
	if is(sdmx.AttachGroup) {
		c.Locals("str:Group", "", &r.Groups)
	}
	if is(sdmx.AttachObservation) {
		id := sdmx.MeasureIDPrimary
		c.Local("str:PrimaryMeasure", "", &id)
		if id != sdmx.MeasureIDPrimary {
			c.Fail("PrimaryMeasure refers to %q; the primary measure of SDMX 2.1 has the id %s", codec.Clip(id, 60), sdmx.MeasureIDPrimary)
		}
	}
	if codec.Ended(c) {
		readKind(c, r)
	}
}

// readKind sets the kind of a relationship by the elements that were there.
func readKind(c *codec.C, r *sdmx.Relationship) {
	found := ""
	for _, x := range relationships {
		if !c.Has(x.xml, "") {
			continue
		}
		if found != "" && r.Kind != x.kind {
			c.Fail("the attribute relationship says both %s and %s; an attribute is attached in one way", found[len("str:"):], x.xml[len("str:"):])
		}
		found, r.Kind = x.xml, x.kind
	}
	if found == "" {
		c.Fail("the attribute relationship is empty, and must say None, Dimension, Group or PrimaryMeasure")
	}
}

func group(c *codec.C, d *sdmx.DataStructure, g *sdmx.Group) {
	c.Attr("id", "", &g.ID)
	ownerOf(d, sdmx.ClassGroupDimensionDescriptor).urn(c, g.ID)
	c.Attr("uri", "", &g.URI)
	annotations(c, &g.Annotations)
	codec.List(c, "str:GroupDimension", "", &g.Dimensions, func(c *codec.C, id *string) {
		c.Local("str:DimensionReference", "", id)
	})
	c.Ref("str:AttachmentConstraint", "", sdmx.ClassAttachmentConstraint, &g.AttachmentConstraint)
}
