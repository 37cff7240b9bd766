// Package structures describes each type once, for every dialect of package
// codec: the properties in the order in which SDMX-ML writes them. What a dialect
// cannot say is in losses.go.
package structures

import (
	"strings"

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

// owner is what an item needs to write its URN, and to look at one that it reads.
type owner struct {
	sdmx.URN
	item sdmx.Class
	path string
}

func (o *owner) below(id string) *owner {
	return &owner{o.URN, o.item, o.join(id)}
}

func ownerOf(m sdmx.Maintainable, item sdmx.Class) *owner {
	u := sdmx.URNOf(m)
	if u.Version == "" {
		u.Version = sdmx.VersionDefault
	}
	return &owner{URN: u, item: item}
}

func (o *owner) join(id string) string {
	if o.path == "" {
		return id
	}
	return o.path + "." + id
}

// urn writes the URN of an item, which is not kept: it follows from the ids. One
// that is read and says something else is remarked on. Its class is not looked at,
// for the versions of SDMX name some differently.
func (o *owner) urn(c *codec.C, id string) {
	if !c.Reading {
		if id != "" {
			c.Written("urn", "urn", sdmx.RefToItem(o.item, o.Agency, o.ID, o.Version, o.join(id)).String())
		}
		return
	}
	if stated, at, ok := c.Stated("urn", "urn"); ok && id != "" && !c.OtherURN && !o.isURN(stated, id) {
		remarkURN(c, at, stated, sdmx.RefToItem(o.item, o.Agency, o.ID, o.Version, o.join(id)).String())
	}
}

// isURN compares piece by piece: it is asked for each item of a large list.
func (o *owner) isURN(stated, id string) bool {
	_, rest, _ := strings.Cut(strings.TrimSpace(stated), "=")
	if o.item == sdmx.ClassAgency && (rest == id || rest == o.Agency+"."+id) {
		return true // the short form
	}
	for _, piece := range [...]string{o.Agency, ":", o.ID, "(", string(o.Version), ")."} {
		var ok bool
		if rest, ok = strings.CutPrefix(rest, piece); !ok {
			return false
		}
	}
	if o.path != "" {
		var ok bool
		if rest, ok = strings.CutPrefix(rest, o.path+"."); !ok {
			return false
		}
	}
	return rest == id
}

func remarkURN(c *codec.C, at int32, stated, meant string) {
	c.Remark(at, "the URN %s does not agree with the ids, which count: they make it %s", codec.Clip(stated, sdmx.URNLengthMax), meant)
}

// maintainable is the common part; the names come after the attributes.
func maintainable(c *codec.C, m sdmx.Maintainable) {
	a := m.Common()
	c.ID("id", "id", &a.ID)
	if !c.Reading {
		c.Written("urn", "urn", sdmx.URNOf(m).String())
	}
	c.Attr("uri", "uri", &a.URI)
	c.ID("agencyID", "agencyId", &a.Agency)
	v := string(a.Version)
	c.ID("version", "version", &v)
	a.Version = sdmx.Version(v)
	c.Bool("isFinal", "isFinal", &a.Final)
	c.Bool("isExternalReference", "isExternalReference", &a.External)
	validity(c, "validFrom", "startDate", &a.ValidFrom, false)
	validity(c, "validTo", "endDate", &a.ValidTo, true)
	c.Attr("serviceURL", "serviceURL", &a.ServiceURL)
	c.Attr("structureURL", "structureURL", &a.StructureURL)
	c.Dropped("", "validityType", "standard")
	c.Owner = ownerOf(m, m.Class()).URN
	if stated, at, ok := c.Stated("urn", "urn"); ok {
		_, rest, _ := strings.Cut(strings.TrimSpace(stated), "=")
		if u := ownerOf(m, m.Class()).String(); !strings.HasSuffix(u, "="+rest) {
			remarkURN(c, at, stated, u)
			c.OtherURN = true
		}
	}
}

// scheme is maintainable for an item scheme, whose items are of a class.
func scheme(c *codec.C, m sdmx.ItemScheme, item sdmx.Class) *owner {
	maintainable(c, m)
	p := m.IsPartial()
	c.Bool("isPartial", "isPartial", &p)
	m.SetPartial(p)
	names(c, &m.Common().Nameable)
	return ownerOf(m, item)
}

// item is the common part of an item.
func item(c *codec.C, n *sdmx.Nameable, o *owner) {
	c.ID("id", "id", &n.ID)
	o.urn(c, n.ID)
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
		c.Leave("", "titles")
		c.Dropped("", "hreflang", "")
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
	c.ID("id", "id", &a.ID)
	c.Elem("com:AnnotationTitle", "title", &a.Title)
	c.Spare("com:AnnotationTitle", a.Title)
	c.Elem("com:AnnotationType", "type", &a.Type)
	c.Spare("com:AnnotationType", a.Type)
	url := a.URLs.In()
	c.Elem("com:AnnotationURL", "uri", &url)
	c.Spare("com:AnnotationURL", url)
	if c.Reading && url != "" {
		a.URLs = sdmx.Texts{{Value: url}}
	}
	c.Texts("com:AnnotationText", "text", &a.Text)
	c.Attr("", "value", &a.Value)
}
