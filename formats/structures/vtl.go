package structures

import (
	"urncast/formats/codec"
	"urncast/sdmx"
)

// vtlVersionDefault stands in SDMX-ML 2.1 in the place of a version that was not stated: the
// schema requires one.
const vtlVersionDefault = "2.0"

// vtlScheme describes what all VTL schemes but that of mappings have before their items.
func vtlScheme(c *codec.C, m sdmx.ItemScheme, item sdmx.Class, version *string) *owner {
	if !c.Reading && c.XML() && *version == "" {
		c.Written("vtlVersion", "", vtlVersionDefault)
	}
	c.Attr("vtlVersion", "vtlVersion", version)
	return scheme(c, m, item)
}

func transformationScheme(c *codec.C, s *sdmx.TransformationScheme) {
	o := vtlScheme(c, s, sdmx.ClassTransformation, &s.VTLVersion)
	codec.List(c, "str:Transformation", c.By("transformations", "items"), &s.Items, func(c *codec.C, x *sdmx.Transformation) {
		persistent := sdmx.False // required: written in any case
		if x.Persistent {
			persistent = sdmx.True
		}
		c.OptBool("isPersistent", "isPersistent", &persistent)
		x.Persistent = persistent == sdmx.True
		item(c, &x.Nameable, o)
		c.Elem("str:Expression", "expression", &x.Expression)
		c.Elem("str:Result", "result", &x.Result)
	})
	vtlMappings(c, &s.Mappings)
	c.Ref("str:NamePersonalisationScheme", "namePersonalisationScheme", sdmx.ClassNamePersonalisationScheme, &s.Personalisations)
	c.Ref("str:CustomTypeScheme", "customTypeScheme", sdmx.ClassCustomTypeScheme, &s.CustomTypes)
	vtlRulesets(c, &s.Rulesets)
	c.Refs("str:UserDefinedOperatorScheme", c.By("userDefinedOperatorSchemes", "userDefinedOperatorScheme"), sdmx.ClassUserDefinedOperatorScheme, &s.Operators)
}

func vtlMappings(c *codec.C, r *sdmx.Ref) {
	c.Ref("str:VtlMappingScheme", "vtlMappingScheme", sdmx.ClassVtlMappingScheme, r)
}

func vtlRulesets(c *codec.C, r *[]sdmx.Ref) {
	c.Refs("str:RulesetScheme", "rulesetSchemes", sdmx.ClassRulesetScheme, r)
}

func rulesetScheme(c *codec.C, s *sdmx.RulesetScheme) {
	o := vtlScheme(c, s, sdmx.ClassRuleset, &s.VTLVersion)
	codec.List(c, "str:Ruleset", c.By("rulesets", "items"), &s.Items, func(c *codec.C, x *sdmx.Ruleset) {
		c.Attr("rulesetType", "rulesetType", &x.Type)
		c.Attr("rulesetScope", "rulesetScope", &x.Scope)
		item(c, &x.Nameable, o)
		c.Elem("str:RulesetDefinition", "rulesetDefinition", &x.Definition)
	})
	vtlMappings(c, &s.Mappings)
}

func userDefinedOperatorScheme(c *codec.C, s *sdmx.UserDefinedOperatorScheme) {
	o := vtlScheme(c, s, sdmx.ClassUserDefinedOperator, &s.VTLVersion)
	codec.List(c, "str:UserDefinedOperator", c.By("userDefinedOperators", "items"), &s.Items, func(c *codec.C, x *sdmx.UserDefinedOperator) {
		item(c, &x.Nameable, o)
		c.Elem("str:OperatorDefinition", "operatorDefinition", &x.Definition)
	})
	vtlMappings(c, &s.Mappings)
	vtlRulesets(c, &s.Rulesets)
}

func customTypeScheme(c *codec.C, s *sdmx.CustomTypeScheme) {
	o := vtlScheme(c, s, sdmx.ClassCustomType, &s.VTLVersion)
	codec.List(c, "str:CustomType", c.By("customTypes", "items"), &s.Items, func(c *codec.C, x *sdmx.CustomType) {
		item(c, &x.Nameable, o)
		c.Elem("str:VtlScalarType", "vtlScalarType", &x.ScalarType)
		c.Elem("str:DataType", "dataType", &x.DataType)
		c.Elem("str:VtlLiteralFormat", "vtlLiteralFormat", &x.LiteralFormat)
		c.Elem("str:OutputFormat", "outputFormat", &x.OutputFormat)
		c.Elem("str:NullValue", "nullValue", &x.NullValue)
	})
}

func namePersonalisationScheme(c *codec.C, s *sdmx.NamePersonalisationScheme) {
	o := vtlScheme(c, s, sdmx.ClassNamePersonalisation, &s.VTLVersion)
	codec.List(c, "str:NamePersonalisation", c.By("namePersonalisations", "items"), &s.Items, func(c *codec.C, x *sdmx.NamePersonalisation) {
		c.Attr("vtlArtefact", "vtlArtefact", &x.Artefact)
		item(c, &x.Nameable, o)
		c.Elem("str:VtlDefaultName", "vtlDefaultName", &x.DefaultName)
		c.Elem("str:PersonalisedName", "personalisedName", &x.Personalised)
	})
}

func vtlMappingScheme(c *codec.C, s *sdmx.VtlMappingScheme) {
	o := scheme(c, s, sdmx.ClassVtlDataflowMapping)
	describe := vtlMapped
	if c.Dialect == codec.Fusion {
		describe = fusionVtlMapped
	}
	codec.List(c, "str:VtlMapping", c.By("vtlMappings", "items"), &s.Items, func(c *codec.C, x *sdmx.VtlMapping) {
		c.Attr("alias", "alias", &x.Alias)
		if c.Reading { // first: the class of the mapping, and so its URN, follow from what it maps
			describe(c, x)
		}
		item(c, &x.Nameable, &owner{URN: o.URN, item: x.Class()})
		if !c.Reading {
			describe(c, x)
		}
	})
}

func fusionVtlMapped(c *codec.C, x *sdmx.VtlMapping) {
	c.Ref("", "mapped", sdmx.ClassUnknown, &x.Mapped)
	c.Attr("", "toVtlMethod", &x.ToMethod)
	c.Strings("", "toVtlSubSpace", &x.ToSpace)
	c.Attr("", "fromVtlMethod", &x.FromMethod)
	c.Strings("", "fromVtlSuperSpace", &x.FromSpace)
	if codec.Ended(c) {
		x.Generic = x.Mapped.IsZero() // Fusion-JSON has no other sign of it
	}
}

// vtlMapped describes what a mapping maps, and how. The reference has the name of what it is to.
func vtlMapped(c *codec.C, x *sdmx.VtlMapping) {
	mapped := func(xml, json string, class sdmx.Class) {
		r := x.Mapped
		if !c.Reading && r.Target() != class {
			return
		}
		if c.Reading {
			r = sdmx.Ref{}
		}
		c.Ref(xml, json, class, &r)
		if !c.Reading || r.IsZero() {
			return
		}
		if !x.Mapped.IsZero() && x.Mapped != r {
			c.Fail("a VTL mapping maps one thing, and this one maps %s and %s; make two mappings of it", x.Mapped, r)
		}
		x.Mapped = r
	}
	mapped("str:Dataflow", "dataflow", sdmx.ClassDataflow)
	c.In("str:GenericDataflow", "genericDataflow", x.Generic, func() { x.Generic = true })
	c.In("str:ToVtlMapping", "toVtlMapping", x.ToMethod != "" || len(x.ToSpace) > 0, func() {
		c.Attr("method", "method", &x.ToMethod)
		vtlSpace(c, "str:ToVtlSubSpace", "toVtlSubSpace", &x.ToSpace)
	})
	c.In("str:FromVtlMapping", "fromVtlMapping", x.FromMethod != "" || len(x.FromSpace) > 0, func() {
		c.Attr("method", "method", &x.FromMethod)
		vtlSpace(c, "str:FromVtlSuperSpace", "fromVtlSuperSpace", &x.FromSpace)
	})
	mapped("str:Codelist", "codelist", sdmx.ClassCodelist)
	if c.XML() {
		mapped("str:ConceptScheme", "", sdmx.ClassConceptScheme)
	}
	mapped("str:Concept", "concept", sdmx.ClassConcept)
}

func vtlSpace(c *codec.C, xml, json string, keys *[]string) {
	c.In(xml, json, len(*keys) > 0, func() { c.Strings("str:Key", "keys", keys) })
}

// unstated is the loss of what states no version of VTL, as stubs do.
func unstated[T any](version func(*T) string) valueLoss {
	return when(ml21, told, "that no VTL version is stated: "+vtlVersionDefault+" stands in its place", func(x *T) bool { return version(x) == "" })
}

func init() {
	declare(nil,
		when(json20, fatal, "VTL mappings of concept schemes, which SDMX 3.0 does not have", func(x *sdmx.VtlMapping) bool {
			return x.Mapped.Target() == sdmx.ClassConceptScheme
		}),
		when(fusion, told, "that a VTL mapping maps nothing, or all dataflows and one thing besides", func(x *sdmx.VtlMapping) bool {
			return x.Mapped.IsZero() != x.Generic
		}),
		unstated(func(s *sdmx.TransformationScheme) string { return s.VTLVersion }),
		unstated(func(s *sdmx.RulesetScheme) string { return s.VTLVersion }),
		unstated(func(s *sdmx.UserDefinedOperatorScheme) string { return s.VTLVersion }),
		unstated(func(s *sdmx.CustomTypeScheme) string { return s.VTLVersion }),
		unstated(func(s *sdmx.NamePersonalisationScheme) string { return s.VTLVersion }),
	)
}
