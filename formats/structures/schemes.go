package structures

import (
	"reflect"

	"urncast/formats/codec"
	"urncast/sdmx"
)

func agencyScheme(c *codec.C, s *sdmx.AgencyScheme) {
	o := scheme(c, s, sdmx.ClassAgency)
	codec.List(c, "str:Agency", "items", &s.Items, func(c *codec.C, a *sdmx.Agency) {
		item(c, &a.Nameable, o)
		codec.List(c, "str:Contact", "contacts", &a.Contacts, contact)
	})
}

func contact(c *codec.C, x *sdmx.Contact) {
	c.Attr("id", "id", &x.ID)
	c.Texts("com:Name", "names", &x.Names)
	c.Texts("str:Department", "departments", &x.Departments)
	c.Texts("str:Role", "roles", &x.Roles)
	c.Strings("str:Telephone", "telephone", &x.Telephones)
	c.Strings("str:Fax", "fax", &x.Faxes)
	c.Strings("str:X400", "x400", &x.X400s)
	c.Strings("str:URI", "uri", &x.URIs)
	c.Strings("str:Email", "email", &x.Emails)
}

func codelist(c *codec.C, l *sdmx.Codelist) {
	o := scheme(c, l, sdmx.ClassCode)
	codec.List(c, "str:Code", "items", &l.Items, func(c *codec.C, x *sdmx.Code) {
		item(c, &x.Nameable, o)
		c.Local("str:Parent", "parentCode", &x.Parent)
	})
	codec.List(c, "", "codelistExtensions", &l.Extensions, codelistExtension)
}

func codelistExtension(c *codec.C, x *sdmx.CodelistExtension) {
	c.Ref("", "codelist", sdmx.ClassCodelist, &x.Codelist)
	c.Attr("", "prefix", &x.Prefix)
	selection := func(key string, exclusive bool) {
		c.In("", key, len(x.Selection) > 0 && x.Exclusive == exclusive, func() {
			x.Exclusive = exclusive
			codec.List(c, "", "memberValues", &x.Selection, func(c *codec.C, m *sdmx.MemberValue) {
				c.Attr("", "value", &m.Value)
				c.Attr("", "cascadeValues", &m.Cascade)
			})
		})
	}
	selection("inclusiveCodeSelection", false)
	selection("exclusiveCodeSelection", true)
	if c.Reading && c.Has("", "inclusiveCodeSelection") && c.Has("", "exclusiveCodeSelection") {
		c.Fail("a codelist extension includes codes or excludes codes: it cannot have both inclusiveCodeSelection and exclusiveCodeSelection")
	}
}

func conceptScheme(c *codec.C, s *sdmx.ConceptScheme) {
	o := scheme(c, s, sdmx.ClassConcept)
	codec.List(c, "str:Concept", "items", &s.Items, func(c *codec.C, x *sdmx.Concept) {
		item(c, &x.Nameable, o)
		c.Local("str:Parent", "parentConcept", &x.Parent)
		representation(c, "str:CoreRepresentation", &x.Representation, sdmx.ClassConcept)
		c.In("str:ISOConceptReference", "isoConceptReference", x.ISO != nil, func() {
			if x.ISO == nil {
				x.ISO = &sdmx.ISOConcept{}
			}
			c.Elem("str:ConceptAgency", "conceptAgency", &x.ISO.Agency)
			c.Elem("str:ConceptSchemeID", "conceptSchemeId", &x.ISO.Scheme)
			c.Elem("str:ConceptID", "conceptId", &x.ISO.ID)
		})
	})
}

func categoryScheme(c *codec.C, s *sdmx.CategoryScheme) {
	o := scheme(c, s, sdmx.ClassCategory)
	categories(c, o, &s.Items)
}

func categories(c *codec.C, o *owner, items *[]sdmx.Category) {
	codec.List(c, "str:Category", "items", items, func(c *codec.C, x *sdmx.Category) {
		item(c, &x.Nameable, o)
		categories(c, o.below(x.ID), &x.Items)
	})
}

func categorisation(c *codec.C, x *sdmx.Categorisation) {
	maintainable(c, x)
	names(c, &x.Nameable)
	c.Ref("str:Source", "structureReference", sdmx.ClassUnknown, &x.Source)
	c.Ref("str:Target", "categoryReference", sdmx.ClassCategory, &x.Target)
}

func dataflow(c *codec.C, x *sdmx.Dataflow) {
	maintainable(c, x)
	names(c, &x.Nameable)
	c.Ref("str:Structure", "dataStructureRef", sdmx.ClassDataStructure, &x.Structure)
}

// representation describes the representation of a concept or component of a class.
func representation(c *codec.C, xml string, p **sdmx.Representation, class sdmx.Class) {
	list := sdmx.ClassCodelist // the class of the enumeration, if a Ref does not name it
	if class == sdmx.ClassMeasureDimension {
		list = sdmx.ClassConceptScheme
	}
	if !c.Reading && c.XML() {
		said, _ := representation21(*p, class)
		p = &said
	}
	c.In(xml, "representation", *p != nil, func() {
		if *p == nil {
			*p = &sdmx.Representation{}
		}
		r := *p
		if !c.XML() {
			textFormat(c, "", "textFormat", r)
			c.Ref("", "representation", list, &r.Enumeration)
			c.Number("", "minOccurs", &r.MinOccurs)
			c.Number("", "maxOccurs", &r.MaxOccurs)
			return
		}
		// Either an enumeration, perhaps with a format, or a text format.
		isEnumeration, isText := !r.Enumeration.IsZero(), r.Enumeration.IsZero()
		if c.Reading {
			isEnumeration = !c.Has("str:TextFormat", "")
			isText = !c.Has("str:Enumeration", "") && !c.Has("str:EnumerationFormat", "")
		}
		if isEnumeration {
			c.Ref("str:Enumeration", "", list, &r.Enumeration)
			textFormat(c, "str:EnumerationFormat", "", r)
		}
		if isText {
			textFormat(c, "str:TextFormat", "", r)
		}
		if codec.Ended(c) && c.Has("str:EnumerationFormat", "") && !c.Has("str:Enumeration", "") {
			c.Fail("an EnumerationFormat is there without the Enumeration that it is of")
		}
	})
	if c.Reading && *p != nil && reflect.DeepEqual(**p, sdmx.Representation{}) {
		*p = nil // an empty element means the same as none
	}
}

func textFormat(c *codec.C, xml, json string, r *sdmx.Representation) {
	c.In(xml, json, r.Format != nil, func() {
		if r.Format == nil {
			r.Format = &sdmx.TextFormat{}
		}
		f := r.Format
		c.Attr("textType", "textType", &f.Type)
		if c.Reading && !c.XML() {
			c.OptBool("", "sequence", &f.IsSequence)
			c.OptBool("", "isMultiLingual", &f.IsMultiLingual)
		}
		c.OptBool("isSequence", "isSequence", &f.IsSequence)
		c.Attr("interval", "interval", &f.Interval)
		c.Attr("startValue", "startValue", &f.StartValue)
		c.Attr("endValue", "endValue", &f.EndValue)
		c.Attr("timeInterval", "timeInterval", &f.TimeInterval)
		c.Attr("startTime", "startTime", &f.StartTime)
		c.Attr("endTime", "endTime", &f.EndTime)
		c.Number("minLength", "minLength", &f.MinLength)
		c.Number("maxLength", "maxLength", &f.MaxLength)
		c.Attr("minValue", "minValue", &f.MinValue)
		c.Attr("maxValue", "maxValue", &f.MaxValue)
		c.Number("decimals", "decimals", &f.Decimals)
		c.Attr("pattern", "pattern", &f.Pattern)
		c.OptBool("isMultiLingual", "isMultilingual", &f.IsMultiLingual)
	})
}
