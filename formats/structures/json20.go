package structures

import (
	"regexp"
	"slices"
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// The properties that only SDMX-JSON 2.0 spells as it does.

// relSelf is the relation of a link to the object that has it. relStructure and relExternal are
// those of the addresses of a stub: StructureURL and ServiceURL.
const (
	relSelf      = "self"
	relStructure = "structure"
	relExternal  = "external"
)

// schemaFile ends the address that Fusion Metadata Registry writes as uri of each self link.
const schemaFile = "sdmx-json-structure-schema.json"

// isSelf reports whether a link says no more than the URN and URI of the object that has it.
func isSelf(l *sdmx.Link) bool { return l.Rel == relSelf && l.URL == "" && len(l.Titles) == 0 }

// urns20 are the classes whose URNs the schema of SDMX-JSON 2.0 takes, each with the type of a self
// link. Others that it has, such as value lists, have no self link.
var urns20 = map[string]string{}

func init() {
	for _, name := range strings.Fields("Agency OrganisationUnitScheme AgencyScheme DataProviderScheme MetadataProviderScheme DataConsumerScheme " +
		"OrganisationUnit DataProvider MetadataProvider DataConsumer Codelist Hierarchy HierarchyAssociation Code HierarchicalCode Level " +
		"ConceptScheme Concept DataStructure AttributeDescriptor DataAttribute GroupDimensionDescriptor DimensionDescriptor Dimension TimeDimension " +
		"MeasureDescriptor Measure Dataflow CategoryScheme Category Categorisation ReportingTaxonomy ReportingCategory ProvisionAgreement " +
		"MetadataProvisionAgreement DataConstraint MetadataConstraint Subscription MetadataAttributeDescriptor MetadataAttribute MetadataStructure " +
		"Metadataflow Process ProcessStep Transition StructureMap ComponentMap EpochMap DatePatternMap ConceptSchemeMap OrganisationSchemeMap " +
		"CategorySchemeMap ReportingTaxonomyMap RepresentationMap FrequencyFormatMapping TransformationScheme Transformation CustomTypeScheme " +
		"CustomType NamePersonalisationScheme NamePersonalisation VtlMappingScheme VtlCodelistMapping VtlConceptMapping VtlDataflowMapping " +
		"RulesetScheme Ruleset UserDefinedOperatorScheme UserDefinedOperator") {
		urns20[name] = strings.ToLower(name)
	}
}

// isURN20 reports whether the schema takes the URN of what a reference names.
func isURN20(r *sdmx.Ref) bool {
	return urns20[r.Target().Spell(sdmx.V3)] != ""
}

// isAddress reports whether a link says no more than an address of a stub.
func isAddress(l *sdmx.Link) bool {
	return (l.Rel == relStructure || l.Rel == relExternal) && l.URL != "" && l.URN == "" && l.Type == "" && l.URI == "" && l.HrefLang == "" && len(l.Titles) == 0
}

// links20 describes the links of an item or component with an id, the first of which is its
// self link.
func (o *owner) links20(c *codec.C, id string, uri *string, l *[]sdmx.Link) {
	if !c.Reading {
		o.links = o.links[:0]
		if id != "" {
			o.links = appendSelf(o.links, "", o.item, *uri)
		}
		self := len(o.links) // 1, or 0 without such a link
		o.links = append(o.links, others(*l)...)
		i := 0
		codec.List(c, "", "links", &o.links, func(c *codec.C, l *sdmx.Link) {
			if i++; i > self {
				link(c, l)
				return
			}
			c.Written("", "rel", relSelf)
			before, last := o.itemURN(sdmx.V3, id)
			c.WrittenJoined("", "urn", before, last)
			c.Written("", "uri", l.URI)
			c.Written("", "type", l.Type)
		})
		return
	}
	codec.List(c, "", "links", l, link)
	o.takeSelf(c, id, uri, l)
}

// takeSelf takes the self link of an item or component out of the links that were read.
func (o *owner) takeSelf(c *codec.C, id string, uri *string, l *[]sdmx.Link) {
	takeSelf(c, l, uri, o.item, func(stated string) {
		if id != "" && !c.OtherURN && !o.isURN(stated, id) {
			remarkURNHere(c, stated, sdmx.RefToItem(o.item, o.Agency, o.ID, o.Version, o.join(id)).String())
		}
	})
}

// maintainableLinks describes the links of a structure: its self link, the addresses of a stub,
// and others.
func maintainableLinks(c *codec.C, a *sdmx.Artefact, o *owner) {
	if !c.Reading {
		all := appendSelf(nil, o.Spell(sdmx.V3), o.Class, a.URI)
		self := len(all)
		for rel, url := range map[string]string{relStructure: a.StructureURL, relExternal: a.ServiceURL} {
			if url != "" {
				all = append(all, sdmx.Link{Rel: rel, URL: url})
			}
		}
		slices.SortStableFunc(all[self:], func(x, y sdmx.Link) int { return strings.Compare(x.Rel, y.Rel) })
		all = append(all, others(a.Links)...)
		codec.List(c, "", "links", &all, link)
		return
	}
	codec.List(c, "", "links", &a.Links, link)
	takeSelf(c, &a.Links, &a.URI, o.Class, func(stated string) {
		if !sameURN(stated, o.String()) {
			remarkURNHere(c, stated, o.String())
			c.OtherURN = true
		}
	})
	take(&a.Links, isAddress, func(l *sdmx.Link) bool {
		field := &a.StructureURL
		if l.Rel == relExternal {
			field = &a.ServiceURL
		}
		if *field != "" {
			return false
		}
		*field = l.URL
		return true
	})
}

// listLinks20 reads the links of a component list with an id, which says nothing that does not
// follow from the structure's ids.
func (o *owner) listLinks20(c *codec.C, id string) {
	var l []sdmx.Link
	var uri string
	codec.List(c, "", "links", &l, link)
	if o.takeSelf(c, id, &uri, &l); len(l) > 0 || uri != "" {
		c.RemarkHere("the links of component lists are not kept here, and were left out")
	}
}

// others returns the links that are no self links.
func others(links []sdmx.Link) []sdmx.Link {
	if !slices.ContainsFunc(links, func(l sdmx.Link) bool { return isSelf(&l) }) {
		return links
	}
	return slices.DeleteFunc(slices.Clone(links), func(l sdmx.Link) bool { return isSelf(&l) })
}

// appendSelf appends the self link of an object, unless the schema does not take its URN, without
// which it takes no such link.
func appendSelf(links []sdmx.Link, urn string, class sdmx.Class, uri string) []sdmx.Link {
	kind := urns20[class.String()]
	if class == sdmx.ClassMetadataSet {
		kind = "metadataset" // the schema of metadata messages takes any URN
	}
	if kind != "" {
		links = append(links, sdmx.Link{Rel: relSelf, URN: urn, Type: kind, URI: uri})
	}
	return links
}

// takeSelf takes the self link out of the links that were read. It says nothing that is kept
// but the object's URI. check looks at its URN.
func takeSelf(c *codec.C, links *[]sdmx.Link, uri *string, class sdmx.Class, check func(urn string)) {
	take(links, isSelf, func(l *sdmx.Link) bool {
		if l.URN != "" {
			check(l.URN)
		}
		if l.Type != "" && !isTypeOf(l.Type, class) {
			c.RemarkHere("the type %q of the self link was left out: this is a %s", codec.Clip(l.Type, 60), class)
		}
		if l.HrefLang != "" && l.HrefLang != c.Language && l.HrefLang != sdmx.LanguageDefault {
			c.RemarkHere("the hreflang %q of a link without href was left out", codec.Clip(l.HrefLang, 60))
		}
		if !strings.HasSuffix(l.URI, schemaFile) {
			*uri = l.URI
		}
		return true
	})
}

// isTypeOf reports whether the type of a self link names a class, or another one of its kind: a
// registry calls a Measure primarymeasure, and of which class a VTL mapping is follows from what is
// read after the link.
func isTypeOf(name string, class sdmx.Class) bool {
	if strings.EqualFold(name, class.String()) {
		return true // almost always
	}
	kind := []sdmx.Class{class}
	for _, o := range class.Owners() {
		kind = append(kind, o.Items()...)
	}
	return slices.ContainsFunc(kind, func(k sdmx.Class) bool {
		return k.Kind() == class.Kind() && slices.ContainsFunc(k.Names(), func(n string) bool { return strings.EqualFold(n, name) })
	})
}

// take removes the links that fit and that by has taken.
func take(links *[]sdmx.Link, fits func(*sdmx.Link) bool, by func(*sdmx.Link) bool) {
	kept := (*links)[:0]
	for i := range *links {
		if l := &(*links)[i]; !fits(l) || !by(l) {
			kept = append(kept, *l)
		}
	}
	if *links = kept; len(kept) == 0 {
		*links = nil
	}
}

func remarkURNHere(c *codec.C, stated, meant string) {
	c.RemarkHere("the URN %s does not agree with the ids, which count: they make it %s", codec.Clip(stated, sdmx.URNLengthMax), meant)
}

// link describes one link.
func link(c *codec.C, l *sdmx.Link) {
	c.Attr("", "rel", &l.Rel)
	c.Attr("", "href", &l.URL)
	if c.Reading || isSelf(l) || isLinkURN(l.URN) {
		c.Attr("", "urn", &l.URN)
	}
	c.Attr("", "uri", &l.URI)
	c.Attr("", "type", &l.Type)
	c.Texts("", "titles", &l.Titles)
	hrefLang(c, &l.HrefLang)
}

// isLinkURN reports whether the schema takes a URN in a link.
func isLinkURN(urn string) bool {
	r, err := sdmx.ParseRef(urn)
	name, _, _ := strings.Cut(urn, "=")
	return urn == "" || err == nil && isURN20(&r) && strings.HasPrefix(r.Spell(sdmx.V3), name+"=") && isVersionRef(codec.JSON20, r.Version) && !r.Loose() && agencyPhrase(r.Agency) == nil
}

// hrefLangForm is what the schema of SDMX-JSON 2.0 takes as a language of a link.
var hrefLangForm = regexp.MustCompile(`^([a-z]{2,3}(-[a-z]{3}){0,3}|[a-z]{4,8})(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(-([0-9a-z]{5,8}|[0-9][0-9a-z]{3}))*(-[0-9a-wy-z](-[0-9a-z]{2,8})+)*(-x(-[0-9a-z]{1,8})+)?$`)

// hrefLang describes the language of a link, which the schema wants in lower case.
func hrefLang(c *codec.C, p *string) {
	if c.Reading {
		c.Attr("", "hreflang", p)
		return
	}
	if lower := strings.ToLower(*p); hrefLangForm.MatchString(lower) {
		c.Attr("", "hreflang", &lower)
	}
}

func annotation20(c *codec.C, a *sdmx.Annotation) {
	c.ID("", "id", &a.ID)
	c.Attr("", "title", &a.Title)
	c.Attr("", "type", &a.Type)
	c.Attr("", "value", &a.Value)
	c.Texts("", "texts", &a.Text)
	codec.List(c, "", "links", (*[]sdmx.Text)(&a.URLs), func(c *codec.C, url *sdmx.Text) {
		c.Attr("", "href", &url.Value)
		if !c.Reading {
			c.Written("", "rel", relSelf)
			hrefLang(c, &url.Lang)
			return
		}
		hrefLang(c, &url.Lang)
		if url.Value == "" {
			c.Attr("", "uri", &url.Value)
		} else {
			c.Dropped("", "uri", url.Value)
		}
		c.Expect("", "rel", relSelf)
		for _, name := range []string{"urn", "type", "title"} {
			c.Dropped("", name, "")
		}
		c.LeaveOut("", "titles")
		if codec.Ended(c) {
			a.URLs = oneForEach(c, a.URLs)
		}
	})
}

// oneForEach takes the last address of an annotation away if there is one in its language
// already.
func oneForEach(c *codec.C, urls sdmx.Texts) sdmx.Texts {
	last := len(urls) - 1
	for i := range last {
		if urls[i].Lang == urls[last].Lang {
			c.RemarkHere("the link to %q was left out: an annotation has one address in each language", codec.Clip(urls[last].Value, 100))
			return urls[:last]
		}
	}
	return urls
}

// parentByURN takes the id of a parent out of the URN that SDMX-JSON 1.0 has in its place.
func parentByURN(c *codec.C, p *string) {
	if c.Reading && c.Dialect == codec.JSON20 && strings.HasPrefix(*p, "urn:") {
		if r, err := sdmx.ParseRef(*p); err == nil && r.Item != "" {
			*p = r.Item
		}
	}
}

// wildcard ends a member value that stands for several codes.
const wildcard = "%"

// codeSelection20 describes the codes that a codelist extension includes or excludes. Values
// with a wildcard stand in a list of their own.
func codeSelection20(c *codec.C, json string, x *sdmx.CodelistExtension, exclusive bool) {
	var plain []sdmx.MemberValue
	var wild []string
	if !c.Reading {
		plain, wild = splitSelection(x.Selection)
	}
	c.In("", json, len(x.Selection) > 0 && x.Exclusive == exclusive, func() {
		x.Exclusive = exclusive
		codec.Mixed(c, "memberValues", &plain, func(m *sdmx.MemberValue) *string { return &m.Value },
			func(m *sdmx.MemberValue) bool { return m.Cascade == "" }, memberValue20)
		c.Strings("", "wildcardedMemberValues", &wild)
	})
	if c.Reading {
		x.Selection = append(x.Selection, plain...)
		for _, w := range wild {
			x.Selection = append(x.Selection, sdmx.MemberValue{Value: w})
		}
	}
}

// splitSelection parts the values with a wildcard from the others, and leaves doubled ones out.
func splitSelection(values []sdmx.MemberValue) (plain []sdmx.MemberValue, wild []string) {
	for _, v := range values {
		if strings.HasSuffix(v.Value, wildcard) {
			wild = append(wild, v.Value)
		} else {
			plain = append(plain, v)
		}
	}
	return distinct(plain), distinct(wild)
}

func memberValue20(c *codec.C, m *sdmx.MemberValue) {
	c.Attr("", "value", &m.Value)
	if c.Reading || m.Cascade != "true" && m.Cascade != "false" {
		c.Attr("", "cascadeValues", &m.Cascade)
		return
	}
	cascade := sdmx.Bool(m.Cascade == "true")
	c.OptBool("", "cascadeValues", &cascade)
}

func representation20(c *codec.C, r *sdmx.Representation) {
	c.Ref("", "enumeration", sdmx.ClassCodelist, &r.Enumeration)
	coded := !r.Enumeration.IsZero()
	if c.Reading || coded {
		textFormat(c, "", "enumerationFormat", r)
	}
	if c.Reading || !coded {
		textFormat(c, "", "format", r)
	}
	if c.Reading {
		textFormat(c, "", "textFormat", r) // SDMX-JSON 1.0
	}
}

func sentinel20(c *codec.C, s *sdmx.SentinelValue) {
	c.Attr("", "value", &s.Value)
	if !c.Reading && len(s.Names) == 0 {
		fallback := sdmx.Texts{{Lang: sdmx.LanguageDefault, Value: s.Value}} // the schema requires a name
		c.Texts("", "names", &fallback)
	} else {
		c.Texts("", "names", &s.Names)
	}
	c.Texts("", "descriptions", &s.Descriptions)
}
