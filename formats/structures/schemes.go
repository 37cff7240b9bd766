package structures

import (
	"reflect"

	"urncast/formats/codec"
	"urncast/sdmx"
)

func agencyScheme(c *codec.C, s *sdmx.AgencyScheme) {
	o := scheme(c, s, sdmx.ClassAgency)
	codec.List(c, "str:Agency", c.By("agencies", "items"), &s.Items, func(c *codec.C, a *sdmx.Agency) {
		item(c, &a.Nameable, o)
		codec.List(c, "str:Contact", "contacts", &a.Contacts, contact)
	})
}

func contact(c *codec.C, x *sdmx.Contact) {
	c.Attr("id", "id", &x.ID)
	c.Texts("com:Name", "names", &x.Names)
	c.Texts("str:Department", "departments", &x.Departments)
	c.Texts("str:Role", "roles", &x.Roles)
	c.Strings("str:Telephone", c.By("telephones", "telephone"), &x.Telephones)
	c.Strings("str:Fax", c.By("faxes", "fax"), &x.Faxes)
	c.Strings("str:X400", c.By("x400s", "x400"), &x.X400s)
	c.Strings("str:URI", c.By("uris", "uri"), &x.URIs)
	c.Strings("str:Email", c.By("emails", "email"), &x.Emails)
}

func codelist(c *codec.C, l *sdmx.Codelist) {
	o := scheme(c, l, sdmx.ClassCode)
	codec.List(c, "str:Code", c.By("codes", "items"), &l.Items, func(c *codec.C, x *sdmx.Code) {
		code(c, x, o)
	})
	codec.List(c, "", "codelistExtensions", &l.Extensions, codelistExtension)
}

func code(c *codec.C, x *sdmx.Code, o *owner) {
	item(c, &x.Nameable, o)
	c.Local("str:Parent", c.By("parent", "parentCode"), &x.Parent)
}

func codelistExtension(c *codec.C, x *sdmx.CodelistExtension) {
	c.Ref("", "codelist", sdmx.ClassCodelist, &x.Codelist)
	c.Attr("", "prefix", &x.Prefix)
	selection := func(key string, exclusive bool) {
		if c.Dialect == codec.JSON20 {
			codeSelection20(c, key, x, exclusive)
			return
		}
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
	codec.List(c, "str:Concept", c.By("concepts", "items"), &s.Items, func(c *codec.C, x *sdmx.Concept) {
		item(c, &x.Nameable, o)
		c.Local("str:Parent", c.By("parent", "parentConcept"), &x.Parent)
		parentByURN(c, &x.Parent)
		representation(c, "str:CoreRepresentation", &x.Representation, sdmx.ClassConcept)
		c.In("str:ISOConceptReference", "isoConceptReference", x.ISO != nil, func() {
			if x.ISO == nil {
				x.ISO = &sdmx.ISOConcept{}
			}
			c.Elem("str:ConceptAgency", "conceptAgency", &x.ISO.Agency)
			c.Elem("str:ConceptSchemeID", c.By("conceptSchemeID", "conceptSchemeId"), &x.ISO.Scheme)
			c.Elem("str:ConceptID", c.By("conceptID", "conceptId"), &x.ISO.ID)
		})
	})
}

func categoryScheme(c *codec.C, s *sdmx.CategoryScheme) {
	o := scheme(c, s, sdmx.ClassCategory)
	categories(c, o, &s.Items)
}

func categories(c *codec.C, o *owner, items *[]sdmx.Category) {
	codec.List(c, "str:Category", c.By("categories", "items"), items, func(c *codec.C, x *sdmx.Category) {
		item(c, &x.Nameable, o)
		categories(c, o.below(x.ID), &x.Items)
	})
}

func categorisation(c *codec.C, x *sdmx.Categorisation) {
	maintainable(c, x)
	names(c, &x.Nameable)
	c.Ref("str:Source", c.By("source", "structureReference"), sdmx.ClassUnknown, &x.Source)
	c.Ref("str:Target", c.By("target", "categoryReference"), sdmx.ClassCategory, &x.Target)
}

func dataflow(c *codec.C, x *sdmx.Dataflow) {
	maintainable(c, x)
	names(c, &x.Nameable)
	c.Ref("str:Structure", c.By("structure", "dataStructureRef"), sdmx.ClassDataStructure, &x.Structure)
}

// representation describes the representation of a concept or component of a class.
func representation(c *codec.C, xml string, p **sdmx.Representation, class sdmx.Class) {
	list := sdmx.ClassCodelist // the class of the enumeration, if a Ref does not name it
	if class == sdmx.ClassMeasureDimension {
		list = sdmx.ClassConceptScheme
	}
	if !c.Reading && c.Dialect != codec.Fusion {
		said, _ := representationFor(c.Dialect, *p, class)
		p = &said
	}
	local := "localRepresentation"
	if class == sdmx.ClassConcept {
		local = "coreRepresentation"
	}
	c.In(xml, c.By(local, "representation"), *p != nil, func() {
		if *p == nil {
			*p = &sdmx.Representation{}
		}
		r := *p
		c.Number("", "minOccurs", &r.MinOccurs)
		c.Number("", "maxOccurs", &r.MaxOccurs)
		switch c.Dialect {
		case codec.Fusion:
			textFormat(c, "", "textFormat", r)
			c.Ref("", "representation", list, &r.Enumeration)
			return
		case codec.JSON20:
			representation20(c, r)
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

// facet describes a number that may have decimals: a text in Fusion-JSON, and a number in
// SDMX-JSON.
func facet(c *codec.C, name string, p *string) {
	if c.Dialect == codec.JSON20 {
		c.Number(name, name, p)
	} else {
		c.Attr(name, name, p)
	}
}

func textFormat(c *codec.C, xml, json string, r *sdmx.Representation) {
	c.In(xml, json, r.Format != nil, func() {
		if r.Format == nil {
			r.Format = &sdmx.TextFormat{}
		}
		f := r.Format
		c.Attr("textType", c.By("dataType", "textType"), &f.Type)
		if c.Reading && c.Dialect == codec.JSON20 {
			c.Attr("", "textType", &f.Type) // SDMX-JSON 1.0
		}
		if c.Reading && c.Dialect == codec.Fusion {
			c.OptBool("", "sequence", &f.IsSequence)
			c.OptBool("", "isMultiLingual", &f.IsMultiLingual)
		}
		c.OptBool("isSequence", "isSequence", &f.IsSequence)
		facet(c, "interval", &f.Interval)
		facet(c, "startValue", &f.StartValue)
		facet(c, "endValue", &f.EndValue)
		c.Attr("timeInterval", "timeInterval", &f.TimeInterval)
		c.Attr("startTime", "startTime", &f.StartTime)
		c.Attr("endTime", "endTime", &f.EndTime)
		c.Number("minLength", "minLength", &f.MinLength)
		c.Number("maxLength", "maxLength", &f.MaxLength)
		facet(c, "minValue", &f.MinValue)
		facet(c, "maxValue", &f.MaxValue)
		c.Number("decimals", "decimals", &f.Decimals)
		c.Attr("pattern", "pattern", &f.Pattern)
		c.OptBool("isMultiLingual", c.By("isMultiLingual", "isMultilingual"), &f.IsMultiLingual)
		codec.List(c, "", c.By("sentinelValues", ""), &f.Sentinels, sentinel20)
	})
}
