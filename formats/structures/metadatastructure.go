package structures

import (
	"cmp"
	"reflect"

	"urncast/formats/codec"
	"urncast/sdmx"
	"urncast/sdmx/rules"
)

// metadataStructure describes the lists of metadata attributes and the targets of 2.1. Other
// dialects have one list, which stands in the message without an id.
func metadataStructure(c *codec.C, m *sdmx.MetadataStructure) {
	maintainable(c, m)
	names(c, &m.Nameable)
	if c.XML() {
		metadataStructure21(c, m)
		return
	}
	var list sdmx.MetadataAttributeList
	if !c.Reading && len(m.Lists) > 0 {
		list = m.Lists[0]
	}
	if c.Dialect == codec.Fusion {
		metadataAttributes(c, ownerOf(m, sdmx.ClassMetadataAttribute), &list.Attributes)
	} else {
		c.In("", "metadataStructureComponents", len(m.Lists) > 0, func() {
			c.In("", "metadataAttributeList", true, func() { metadataAttributeList20(c, m, &list) })
		})
	}
	if c.Reading && len(list.Attributes)+len(list.Annotations) > 0 {
		m.Lists = append(m.Lists, list)
	}
}

func metadataAttributeList20(c *codec.C, m *sdmx.MetadataStructure, l *sdmx.MetadataAttributeList) {
	id := sdmx.ClassMetadataAttributeDescriptor.String()
	if c.Reading {
		c.Expect("", "id", id)
		ownerOf(m, sdmx.ClassMetadataAttributeDescriptor).listLinks20(c, id)
	} else {
		c.Attr("", "id", &id)
	}
	annotations(c, &l.Annotations)
	metadataAttributes(c, ownerOf(m, sdmx.ClassMetadataAttribute), &l.Attributes)
}

// metadataAttributes describes attributes and those nested in them.
func metadataAttributes(c *codec.C, o *owner, list *[]sdmx.MetadataAttribute) {
	codec.List(c, "str:MetadataAttribute", "metadataAttributes", list, func(c *codec.C, x *sdmx.MetadataAttribute) {
		c.ID("id", "id", &x.ID)
		o.identity(c, x.ID, &x.URI, &x.Links)
		c.Bool("isPresentational", c.By("isPresentational", "presentational"), &x.Presentational)
		c.Number("minOccurs", "minOccurs", &x.MinOccurs)
		maxOccurs(c, &x.MaxOccurs)
		annotations(c, &x.Annotations)
		c.Ref("str:ConceptIdentity", c.By("conceptIdentity", "concept"), sdmx.ClassConcept, &x.Concept)
		representation(c, "str:LocalRepresentation", &x.Representation, sdmx.ClassMetadataAttribute)
		metadataAttributes(c, o.below(x.ID), &x.Attributes)
		if codec.Ended(c) {
			x.ID = cmp.Or(x.ID, x.Concept.Item)
			once(&x.MinOccurs)
			once(&x.MaxOccurs)
		}
	})
}

// maxOccurs describes how often an attribute can be reported. If a message does not say it, that is
// once, but any number of times in Fusion-JSON.
func maxOccurs(c *codec.C, p *string) {
	said := *p
	if c.Dialect == codec.Fusion {
		if c.Reading && said == "" {
			said = unbounded
		} else if said == "" {
			said = "1"
		}
	}
	c.Number("maxOccurs", "maxOccurs", &said)
	if c.Reading {
		*p = said
	}
}

// once leaves out a number that says what is meant without it.
func once(p *string) {
	if *p == "1" {
		*p = ""
	}
}

// metadataStructure21 describes report structures and metadata targets. A list of 3.0 becomes a
// report structure about any object.
func metadataStructure21(c *codec.C, m *sdmx.MetadataStructure) {
	lists, targets := &m.Lists, &m.Targets
	if !c.Reading && hasPlainList(m) {
		any := sdmx.MetadataTarget{ID: anyTargetID, Objects: []sdmx.TargetObject{{ID: anyTargetID, ObjectType: "Any"}}}
		list := m.Lists[0]
		list.ID, list.Targets = anyReportID, []string{anyTargetID}
		lists, targets = &[]sdmx.MetadataAttributeList{list}, &[]sdmx.MetadataTarget{any}
	}
	c.In("str:MetadataStructureComponents", "", len(*lists) > 0, func() {
		codec.List(c, "str:MetadataTarget", "", targets, func(c *codec.C, t *sdmx.MetadataTarget) { metadataTarget(c, m, t) })
		codec.List(c, "str:ReportStructure", "", lists, func(c *codec.C, l *sdmx.MetadataAttributeList) {
			c.Attr("id", "", &l.ID)
			ownerOf(m, sdmx.ClassReportStructure).urn(c, l.ID)
			c.Attr("uri", "", &l.URI)
			annotations(c, &l.Annotations)
			metadataAttributes(c, ownerOf(m, sdmx.ClassMetadataAttribute).below(l.ID), &l.Attributes)
			c.Locals("str:MetadataTarget", "", &l.Targets)
			if codec.Ended(c) && l.ID == "" {
				c.Fail("the report structure has no id, which SDMX 2.1 requires; give it one")
			}
		})
	})
}

// Ids of what stands in SDMX-ML 2.1 for a metadata structure of 3.0, which has no targets.
const (
	anyReportID = "REPORT"
	anyTargetID = "IDENTIFIABLE"
)

// hasPlainList reports whether a metadata structure has the list of attributes of 3.0.
func hasPlainList(m *sdmx.MetadataStructure) bool { return len(m.Lists) > 0 && m.Lists[0].ID == "" }

// targetElements are the elements of target objects, by their kind.
var targetElements = []string{
	sdmx.TargetObjectIdentifiable: "str:IdentifiableObjectTarget",
	sdmx.TargetObjectKey:          "str:KeyDescriptorValuesTarget",
	sdmx.TargetObjectDataSet:      "str:DataSetTarget",
	sdmx.TargetObjectConstraint:   "str:ConstraintContentTarget",
	sdmx.TargetObjectPeriod:       "str:ReportPeriodTarget",
}

func metadataTarget(c *codec.C, m *sdmx.MetadataStructure, t *sdmx.MetadataTarget) {
	c.Attr("id", "", &t.ID)
	ownerOf(m, sdmx.ClassMetadataTarget).urn(c, t.ID)
	c.Attr("uri", "", &t.URI)
	annotations(c, &t.Annotations)
	which := func(o *sdmx.TargetObject) int { return int(o.Kind) }
	start := func(kind int) sdmx.TargetObject { return sdmx.TargetObject{Kind: sdmx.TargetKind(kind)} }
	codec.Choices(c, targetElements, &t.Objects, which, start, func(c *codec.C, o *sdmx.TargetObject) {
		class := o.Kind.Class()
		c.Attr("id", "", &o.ID)
		ownerOf(m, class).below(t.ID).urn(c, o.ID)
		c.Attr("uri", "", &o.URI)
		if o.Kind == sdmx.TargetObjectIdentifiable {
			c.Attr("objectType", "", &o.ObjectType)
		}
		annotations(c, &o.Annotations)
		representation(c, "str:LocalRepresentation", &o.Representation, class)
		if codec.Ended(c) {
			o.ID = cmp.Or(o.ID, o.Kind.FixedID())
			if isFixed(o.Representation, class) {
				o.Representation = nil
			}
		}
	})
}

// targetTypes are the data types of the formats that 2.1 fixes for target objects, and the default
// of that of a period.
var targetTypes = map[sdmx.Class]string{
	sdmx.ClassIdentifiableObjectTarget:        "IdentifiableReference",
	sdmx.ClassDimensionDescriptorValuesTarget: "KeyValues",
	sdmx.ClassDataSetTarget:                   "DataSetReference",
	sdmx.ClassConstraintTarget:                "AttachmentConstraintReference",
	sdmx.ClassReportPeriodTarget:              "ObservationalTimePeriod",
}

// isFixed reports whether a representation says no more than 2.1 fixes for a class of target
// objects.
func isFixed(r *sdmx.Representation, class sdmx.Class) bool {
	return r != nil && r.Enumeration.IsZero() && r.Format != nil && isTargetFormat(r.Format, class)
}

func isTargetFormat(f *sdmx.TextFormat, class sdmx.Class) bool {
	return reflect.DeepEqual(*f, sdmx.TextFormat{}) || reflect.DeepEqual(*f, sdmx.TextFormat{Type: targetTypes[class]})
}

// target reduces the representation of a target object: 2.1 fixes the format, but for the times of
// a period, and only an identifiable object has a list of values.
func (x *reduction) target(r *sdmx.Representation, class sdmx.Class) {
	const what = "parts of the representation of target objects that SDMX 2.1 fixes"
	if !r.Enumeration.IsZero() && class == sdmx.ClassIdentifiableObjectTarget {
		if x.format != nil {
			x.drop(what)
		}
		return
	}
	kept := sdmx.TextFormat{Type: targetTypes[class]}
	if f := x.format; f != nil && class == sdmx.ClassReportPeriodTarget {
		kept.StartTime, kept.EndTime = f.StartTime, f.EndTime
		if rules.IsTimeType(f.Type) {
			kept.Type = f.Type
		}
	}
	if f := x.format; f != nil && !isTargetFormat(f, class) && !reflect.DeepEqual(*f, kept) || !r.Enumeration.IsZero() {
		x.lost = append(x.lost, what)
	}
	x.format, r.Enumeration = &kept, sdmx.Ref{}
}

func metadataflow(c *codec.C, x *sdmx.Metadataflow) {
	maintainable(c, x)
	names(c, &x.Nameable)
	c.Ref("str:Structure", c.By("structure", "metadataStructureRef"), sdmx.ClassMetadataStructure, &x.Structure)
	targets := &x.Targets
	if !c.Reading && c.Dialect == codec.JSON20 {
		once := distinct(x.Targets)
		targets = &once
	}
	if !c.XML() {
		c.Refs("", "targets", sdmx.ClassUnknown, targets)
	}
}
