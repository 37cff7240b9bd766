package structures

import (
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

func hierarchy(c *codec.C, h *sdmx.Hierarchy) {
	maintainable(c, h)
	names(c, &h.Nameable)
	formal := sdmx.Bool(h.FormalLevels)
	c.OptBool("", c.By("hasFormalLevels", "formalLevels"), &formal)
	h.FormalLevels = formal == sdmx.True
	hierarchyLevels(c, ownerOf(h, sdmx.ClassLevel), &h.Levels)
	hierarchicalCodes(c, ownerOf(h, sdmx.ClassHierarchicalCode), &h.Items)
}

func hierarchicalCodelist(c *codec.C, l *sdmx.HierarchicalCodelist) {
	maintainable(c, l)
	names(c, &l.Nameable)
	codec.List(c, "str:IncludedCodelist", "", &l.Included, func(c *codec.C, x *sdmx.IncludedCodelist) {
		c.Attr("alias", "", &x.Alias)
		c.RefHere(sdmx.ClassCodelist, &x.Codelist)
	})
	o := ownerOf(l, sdmx.ClassHierarchy)
	codec.List(c, "str:Hierarchy", "", &l.Hierarchies, func(c *codec.C, h *sdmx.ListedHierarchy) {
		c.ID("id", "", &h.ID)
		o.identity(c, h.ID, &h.URI, &h.Links)
		c.Bool("leveled", "", &h.FormalLevels)
		names(c, &h.Nameable)
		hierarchicalCodes(c, ownerOf(l, sdmx.ClassHierarchicalCode).below(h.ID), &h.Items)
		hierarchyLevels(c, ownerOf(l, sdmx.ClassLevel).below(h.ID), &h.Levels)
	})
}

// hierarchyLevels describes levels: a list in Fusion-JSON, elsewhere each one inside the one
// above it.
func hierarchyLevels(c *codec.C, o *owner, levels *[]sdmx.Level) {
	if c.Dialect != codec.Fusion {
		nestedLevels(c, o, levels, 0)
		return
	}
	codec.List(c, "", "levels", levels, func(c *codec.C, x *sdmx.Level) { item(c, &x.Nameable, o) })
}

// nestedLevels describes the levels from depth on. They are a list in the model, which grows, so
// that no pointer to one of them may be kept.
func nestedLevels(c *codec.C, o *owner, levels *[]sdmx.Level, depth int) {
	c.In("str:Level", "level", depth < len(*levels), func() {
		if depth == len(*levels) {
			*levels = append(*levels, sdmx.Level{})
		}
		item(c, &(*levels)[depth].Nameable, o)
		codingFormat(c, &(*levels)[depth].Format)
		nestedLevels(c, o, levels, depth+1)
	})
}

func codingFormat(c *codec.C, p **sdmx.CodingFormat) {
	c.In("str:CodingFormat", "codingFormat", *p != nil, func() {
		if *p == nil {
			*p = &sdmx.CodingFormat{}
		}
		f := *p
		c.Attr("textType", "dataType", &f.Type)
		c.OptBool("isSequence", "isSequence", &f.IsSequence)
		c.Number("interval", "interval", &f.Interval)
		c.Number("startValue", "startValue", &f.StartValue)
		c.Number("endValue", "endValue", &f.EndValue)
		c.Number("minLength", "minLength", &f.MinLength)
		c.Number("maxLength", "maxLength", &f.MaxLength)
		c.Number("minValue", "minValue", &f.MinValue)
		c.Number("maxValue", "maxValue", &f.MaxValue)
		c.Attr("pattern", "pattern", &f.Pattern)
	})
}

func hierarchicalCodes(c *codec.C, o *owner, codes *[]sdmx.HierarchicalCode) {
	codec.List(c, "str:HierarchicalCode", c.By("hierarchicalCodes", "codes"), codes, func(c *codec.C, x *sdmx.HierarchicalCode) {
		c.ID("id", "id", &x.ID)
		o.identity(c, x.ID, &x.URI, &x.Links)
		c.Attr("version", "", &x.Version)
		validity(c, "validFrom", "validFrom", &x.ValidFrom, false)
		validity(c, "validTo", "validTo", &x.ValidTo, true)
		annotations(c, &x.Annotations)
		codec.List(c, "", c.By("", "links"), &x.Links, fusionLink)
		c.Ref("str:Code", "code", sdmx.ClassCode, &x.Code)
		c.Elem("str:CodelistAliasRef", "", &x.CodelistAlias)
		c.Local("str:CodeID", "", &x.CodeID)
		hierarchicalCodes(c, o.below(x.ID), &x.Items)
		c.Local("str:Level", "level", &x.Level)
		parentByURN(c, &x.Level)
		x.Level = x.Level[strings.LastIndexByte(x.Level, '.')+1:] // a URN of 2.1 has the hierarchy before it
	})
}

func hierarchyAssociation(c *codec.C, x *sdmx.HierarchyAssociation) {
	maintainable(c, x)
	names(c, &x.Nameable)
	c.Ref("", c.By("linkedHierarchy", "hierarchyRef"), sdmx.ClassHierarchy, &x.Hierarchy)
	c.Ref("", c.By("linkedObject", "linkedStructureRef"), sdmx.ClassUnknown, &x.Object)
	c.Ref("", c.By("contextObject", "contextRef"), sdmx.ClassUnknown, &x.Context)
}
