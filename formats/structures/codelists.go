package structures

import (
	"urncast/formats/codec"
	"urncast/sdmx"
)

func valueList(c *codec.C, l *sdmx.ValueList) {
	o := scheme(c, l, sdmx.ClassValueItem)
	codec.List(c, "", c.By("valueItems", "items"), &l.Items, func(c *codec.C, x *sdmx.ValueItem) {
		c.ID("", "id", &x.ID)
		if c.Dialect == codec.Fusion {
			if c.Reading {
				o.urn(c, x.ID) // values have none, but other items of Fusion-JSON do
			}
			c.Attr("", "uri", &x.URI)
			codec.List(c, "", "links", &x.Links, fusionLink)
		}
		annotations(c, &x.Annotations)
		c.Texts("", "names", &x.Names)
		c.Texts("", "descriptions", &x.Descriptions)
	})
}

func geographicCodelist(c *codec.C, l *sdmx.GeographicCodelist) {
	o := scheme(c, l, sdmx.ClassGeoFeatureSetCode)
	geoType(c, l)
	codec.List(c, "", c.By("geoFeatureSetCodes", "items"), &l.Items, func(c *codec.C, x *sdmx.GeoFeatureSetCode) {
		code(c, &x.Code, o)
		c.Attr("", "value", &x.Value)
	})
	codec.List(c, "", "codelistExtensions", &l.Extensions, codelistExtension)
}

func geoGridCodelist(c *codec.C, l *sdmx.GeoGridCodelist) {
	o := scheme(c, l, sdmx.ClassGeoGridCode)
	geoType(c, l)
	c.Attr("", "gridDefinition", &l.Grid)
	codec.List(c, "", c.By("geoGridCodes", "items"), &l.Items, func(c *codec.C, x *sdmx.GeoGridCode) {
		code(c, &x.Code, o)
		c.Attr("", "geoCell", &x.Cell)
	})
	codec.List(c, "", "codelistExtensions", &l.Extensions, codelistExtension)
}

// geoType describes the kind of a geographic list, which follows from its class.
func geoType(c *codec.C, m sdmx.Maintainable) {
	if c.Reading {
		c.Expect("", "geoType", m.Class().String())
	} else {
		c.Written("", c.By("geoType", ""), m.Class().String())
	}
}
