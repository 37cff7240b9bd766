// Package structures describes each type once, for every dialect of package
// codec: the properties in the order in which SDMX-ML writes them. What a dialect
// cannot say is in losses.go.
package structures

import (
	"urncast/formats/codec"
	"urncast/sdmx"
)

// Describe runs the description of m's type.
func Describe(c *codec.C, m sdmx.Maintainable) {
	switch m := m.(type) {
	case *sdmx.AgencyScheme:
		agencyScheme(c, m)
	case *sdmx.Codelist:
		codelist(c, m)
	case *sdmx.ConceptScheme:
		conceptScheme(c, m)
	case *sdmx.CategoryScheme:
		categoryScheme(c, m)
	case *sdmx.Categorisation:
		categorisation(c, m)
	case *sdmx.DataStructure:
		dataStructure(c, m)
	case *sdmx.Dataflow:
		dataflow(c, m)
	}
}

// owner is what an item needs to write its URN.
type owner struct {
	sdmx.URN
	item sdmx.Class
	path string
}

func (o *owner) below(id string) *owner {
	return &owner{o.URN, o.item, o.join(id)}
}

func (o *owner) join(id string) string {
	if o.path == "" {
		return id
	}
	return o.path + "." + id
}

func (o *owner) urn(id string) func() string {
	return func() string {
		if id == "" {
			return ""
		}
		return sdmx.RefToItem(o.item, o.Agency, o.ID, o.Version, o.join(id)).String()
	}
}

// maintainable is the common part; the names come after the attributes.
func maintainable(c *codec.C, m sdmx.Maintainable) {
	a := m.Common()
	c.Attr("id", "id", &a.ID)
	c.Written("urn", "urn", func() string { return sdmx.URNOf(m).String() })
	c.Attr("uri", "uri", &a.URI)
	c.Attr("agencyID", "agencyId", &a.Agency)
	v := string(a.Version)
	c.Attr("version", "version", &v)
	a.Version = sdmx.Version(v)
	c.Bool("isFinal", "isFinal", &a.Final)
	c.Bool("isExternalReference", "isExternalReference", &a.External)
	c.Millis("validFrom", "startDate", &a.ValidFrom)
	c.Millis("validTo", "endDate", &a.ValidTo)
	c.Attr("serviceURL", "serviceURL", &a.ServiceURL)
	c.Attr("structureURL", "structureURL", &a.StructureURL)
	c.Ignore("", "validityType")
}

// scheme is maintainable for an item scheme.
func scheme(c *codec.C, m sdmx.ItemScheme) *owner {
	maintainable(c, m)
	p := m.IsPartial()
	c.Bool("isPartial", "isPartial", &p)
	m.SetPartial(p)
	names(c, &m.Common().Nameable)
	u := sdmx.URN{}
	if !c.Reading {
		u = sdmx.URNOf(m)
	}
	return &owner{URN: u}
}

// item is the common part of an item.
func item(c *codec.C, n *sdmx.Nameable, o *owner) {
	c.Attr("id", "id", &n.ID)
	c.Written("urn", "urn", o.urn(n.ID))
	c.Attr("uri", "uri", &n.URI)
	names(c, n)
}

func names(c *codec.C, n *sdmx.Nameable) {
	annotations(c, &n.Annotations)
	if !c.Reading && c.XML() && len(n.Names) == 0 {
		fallback := sdmx.Texts{{Lang: sdmx.LanguageDefault, Value: n.ID}} // 2.1 demands a name
		c.Texts("com:Name", "", &fallback)
	} else {
		c.Texts("com:Name", "names", &n.Names)
	}
	c.Texts("com:Description", "descriptions", &n.Descriptions)
	links(c, &n.Links)
}

func links(c *codec.C, l *[]sdmx.Link) {
	codec.List(c, "", "links", l, func(c *codec.C, l *sdmx.Link) {
		c.Attr("", "rel", &l.Rel)
		c.Attr("", "href", &l.URL)
		c.Attr("", "urn", &l.URN)
		c.Attr("", "type", &l.Type)
		c.Ignore("", "titles")
		c.Ignore("", "hreflang")
	})
}

func annotations(c *codec.C, a *[]sdmx.Annotation) {
	if c.XML() {
		c.In("com:Annotations", "", len(*a) > 0, func() { codec.List(c, "com:Annotation", "", a, annotation) })
		return
	}
	codec.List(c, "", "annotations", a, annotation)
}

func annotation(c *codec.C, a *sdmx.Annotation) {
	c.Attr("id", "id", &a.ID)
	c.Elem("com:AnnotationTitle", "title", &a.Title)
	c.Elem("com:AnnotationType", "type", &a.Type)
	url := a.URLs.In()
	c.Elem("com:AnnotationURL", "uri", &url)
	if c.Reading && url != "" {
		a.URLs = sdmx.Texts{{Value: url}}
	}
	c.Texts("com:AnnotationText", "text", &a.Text)
	c.Attr("", "value", &a.Value)
}
