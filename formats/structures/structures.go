// Package structures describes each class of structures once, for all dialects of package
// codec: its properties in the order in which SDMX-ML writes them. Losses returns what a
// dialect cannot express.
package structures

import (
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// An owner is the structure, and for nested items the path, that the URNs of items begin with.
type owner struct {
	sdmx.URN
	item sdmx.Class
	path string
	// spelled is what the URNs of the items begin with, up to their ids, as the generation for
	// which it was made spells it. It is made once for all items.
	spelled    string
	generation sdmx.Generation
	links      []sdmx.Link // room for the links of one item after the other
}

func (o *owner) below(id string) *owner {
	return &owner{URN: o.URN, item: o.item, path: o.join(id)}
}

// itemURN returns the URN of an item in two parts, of which the first is the same for all items.
func (o *owner) itemURN(v sdmx.Generation, id string) (before, last string) {
	if o.spelled == "" || o.generation != v {
		o.spelled, o.generation = strings.TrimSuffix(sdmx.RefToItem(o.item, o.Agency, o.ID, o.Version, o.join(id)).Spell(v), id), v
	}
	return o.spelled, id
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

// urn writes the URN of an item, or remarks on a URN that is read and does not agree with the
// ids. URNs are not stored, because they follow from the ids. The class in a URN is not
// compared, because it differs between versions of SDMX.
func (o *owner) urn(c *codec.C, id string) {
	if !c.Reading {
		if id != "" && c.Dialect != codec.JSON20 {
			before, last := o.itemURN(c.Generation(), id)
			c.WrittenJoined("urn", "urn", before, last)
		}
		return
	}
	if stated, at, ok := c.Stated("urn", c.By("", "urn")); ok && id != "" && !c.OtherURN && !o.isURN(stated, id) {
		remarkURN(c, at, stated, sdmx.RefToItem(o.item, o.Agency, o.ID, o.Version, o.join(id)).String())
	}
}

// isURN reports whether a stated URN is that of an item, apart from its class. It compares
// without building the URN, because it is called for each item of large lists.
func (o *owner) isURN(stated, id string) bool {
	_, rest, _ := strings.Cut(strings.TrimSpace(stated), "=")
	if o.item == sdmx.ClassAgency && (rest == id || rest == o.Agency+"."+id) {
		return true // the short form of agency URNs
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

// maintainable describes the common properties of a maintainable up to its names, which some
// classes precede by attributes of their own.
func maintainable(c *codec.C, m sdmx.Maintainable) {
	a := m.Common()
	c.ID("id", "id", &a.ID)
	if !c.Reading {
		c.Written("urn", c.By("", "urn"), sdmx.URNOf(m).Spell(c.Generation()))
	}
	c.Attr("uri", c.By("", "uri"), &a.URI)
	c.ID("agencyID", c.By("agencyID", "agencyId"), &a.Agency)
	v := string(a.Version)
	c.ID("version", "version", &v)
	a.Version = sdmx.Version(v)
	if c.Reading || c.Dialect != codec.JSON20 { // SDMX-JSON 2.0 lost it, and real messages have it
		c.Bool("isFinal", "isFinal", &a.Final)
	}
	c.Bool("isExternalReference", "isExternalReference", &a.External)
	validity(c, "validFrom", c.By("validFrom", "startDate"), &a.ValidFrom, false)
	validity(c, "validTo", c.By("validTo", "endDate"), &a.ValidTo, true)
	c.Attr("serviceURL", c.By("", "serviceURL"), &a.ServiceURL)
	c.Attr("structureURL", c.By("", "structureURL"), &a.StructureURL)
	c.Dropped("", c.By("", "validityType"), "standard")
	c.Dropped("", c.By("isPartialLanguage", ""), "false") // 2.1
	o := ownerOf(m, m.Class())
	c.Owner = o.URN
	if stated, at, ok := c.Stated("urn", c.By("", "urn")); ok && !sameURN(stated, o.String()) {
		remarkURN(c, at, stated, o.String())
		c.OtherURN = true
	}
	if c.Dialect == codec.JSON20 {
		maintainableLinks(c, a, o)
	}
}

// sameURN reports whether two URNs are the same, apart from their classes.
func sameURN(stated, own string) bool {
	_, rest, _ := strings.Cut(strings.TrimSpace(stated), "=")
	return strings.HasSuffix(own, "="+rest)
}

// scheme describes the common properties of an item scheme, and returns the owner of its items.
func scheme(c *codec.C, m sdmx.ItemScheme, item sdmx.Class) *owner {
	maintainable(c, m)
	p := m.IsPartial()
	c.Bool("isPartial", "isPartial", &p)
	m.SetPartial(p)
	names(c, &m.Common().Nameable)
	return ownerOf(m, item)
}

// item describes the common properties of an item.
func item(c *codec.C, n *sdmx.Nameable, o *owner) {
	c.ID("id", "id", &n.ID)
	o.identity(c, n.ID, &n.URI, &n.Links)
	names(c, n)
}

// identity describes URN, URI and links of an item or component with an id. SDMX-ML 2.1 has no
// links, Fusion-JSON those of items only, which names describes.
func (o *owner) identity(c *codec.C, id string, uri *string, l *[]sdmx.Link) {
	if c.Dialect == codec.JSON20 {
		o.links20(c, id, uri, l)
		return
	}
	o.urn(c, id)
	c.Attr("uri", "uri", uri)
}

func names(c *codec.C, n *sdmx.Nameable) {
	annotations(c, &n.Annotations)
	if !c.Reading && c.Dialect != codec.Fusion && len(n.Names) == 0 {
		fallback := sdmx.Texts{{Lang: sdmx.LanguageDefault, Value: n.ID}} // the schemas require a name
		c.Texts("com:Name", "names", &fallback)
	} else {
		c.Texts("com:Name", "names", &n.Names)
	}
	c.Texts("com:Description", "descriptions", &n.Descriptions)
	codec.List(c, "", c.By("", "links"), &n.Links, fusionLink)
}

func fusionLink(c *codec.C, l *sdmx.Link) {
	c.Attr("", "rel", &l.Rel)
	c.Attr("", "href", &l.URL)
	c.Attr("", "urn", &l.URN)
	c.Attr("", "type", &l.Type)
	c.LeaveOut("", "titles")
	c.Dropped("", "hreflang", "")
}

func annotations(c *codec.C, a *[]sdmx.Annotation) {
	if c.XML() {
		c.In("com:Annotations", "", len(*a) > 0, func() { codec.List(c, "com:Annotation", "", a, annotation) })
		return
	}
	describe := annotation
	if c.Dialect == codec.JSON20 {
		describe = annotation20
	}
	codec.List(c, "", "annotations", a, describe)
}

func annotation(c *codec.C, a *sdmx.Annotation) {
	c.ID("id", "id", &a.ID)
	c.Elem("com:AnnotationTitle", "title", &a.Title)
	c.TakeRepeated("com:AnnotationTitle", a.Title)
	c.Elem("com:AnnotationType", "type", &a.Type)
	c.TakeRepeated("com:AnnotationType", a.Type)
	url := a.URLs.In()
	c.Elem("com:AnnotationURL", "uri", &url)
	c.TakeRepeated("com:AnnotationURL", url)
	if c.Reading && url != "" {
		a.URLs = sdmx.Texts{{Value: url}}
	}
	c.Texts("com:AnnotationText", "text", &a.Text)
	c.Attr("", "value", &a.Value)
}
