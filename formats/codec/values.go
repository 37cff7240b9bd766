package codec

import (
	"cmp"
	"errors"
	"strings"

	"urncast/sdmx"
)

// languagesMax bounds the languages of one text: each is compared with those before it.
const languagesMax = 1000

// Texts describes a text in languages: repeated elements with xml:lang, in Fusion-JSON an array
// of objects with locale and value, in SDMX-JSON an object with a key for each language. If there are several texts in one language, the last is kept and the
// others are remarked on.
func (c *C) Texts(xml, json string, p *sdmx.Texts) {
	name := c.name(xml, json)
	if name == "" {
		return
	}
	if c.Dialect == JSON20 {
		textsByKey(c, json, p)
		return
	}
	if !c.Reading {
		c.writeList(json, len(*p), func(i int) {
			t := &(*p)[i]
			if c.XML() {
				c.text(xml, t.Lang, t.Value)
				return
			}
			c.Begin("", "")
			c.write("", "locale", t.Lang, false)
			c.write("", "value", t.Value, false)
			c.End()
		})
		return
	}
	c.each(name, func(n int) {
		if *p == nil {
			*p = make(sdmx.Texts, 0, n)
		}
	}, func(i int32) {
		t := sdmx.Text{Lang: sdmx.LanguageDefault}
		if c.XML() {
			t.Value = c.value(i)
			c.inside(i, func() { c.Attr("xml:lang", "", &t.Lang) })
		} else {
			c.inside(i, func() {
				c.Attr("", "locale", &t.Lang)
				c.Attr("", "value", &t.Value)
				c.Dropped("", "isHtml", "false")
			})
		}
		c.addText(i, p, t)
	})
}

func (c *C) addText(i int32, p *sdmx.Texts, t sdmx.Text) {
	if t.Lang = strings.TrimSpace(t.Lang); t.Lang == "" {
		t.Lang = sdmx.LanguageDefault
	} else if err := sdmx.CheckLanguage(t.Lang); err != nil {
		c.failAt(i, "%s", err)
	}
	for j := range *p {
		if old := &(*p)[j]; old.Lang == t.Lang {
			if old.Value != t.Value {
				c.Remark(i, "%s is there twice in the language %q; the last is kept, and %q was left out", c.doc.nameOf(i), t.Lang, Clip(old.Value, 60))
			}
			old.Value = t.Value
			return
		}
	}
	if len(*p) == languagesMax {
		c.failAt(i, "a text is there in more than %d languages, the limit", languagesMax)
		return
	}
	*p = append(*p, t)
}

// Ref describes a reference to a maintainable or to an item: in SDMX-ML an element with an
// unqualified Ref or URN, in JSON a property with a URN. class is the default for a Ref
// that names no class; with ClassUnknown it must name one.
func (c *C) Ref(xml, json string, class sdmx.Class, p *sdmx.Ref) {
	if !c.XML() {
		c.urn(json, p)
		return
	}
	c.In(xml, "", !p.IsZero(), func() { c.RefHere(class, p) })
}

// RefHere describes a reference that the element of SDMX-ML at hand is, and so has a Ref or URN.
// What the element has besides is described before it.
func (c *C) RefHere(class sdmx.Class, p *sdmx.Ref) {
	if c.Reading {
		c.readRef(class, p)
		return
	}
	c.closeTag()
	c.writeRef(p)
}

// Refs describes a repeated Ref, or an array of URNs.
func (c *C) Refs(xml, json string, class sdmx.Class, p *[]sdmx.Ref) {
	if c.XML() {
		List(c, xml, "", p, func(c *C, r *sdmx.Ref) { c.RefHere(class, r) })
		return
	}
	var urns []string
	for _, r := range *p {
		urns = append(urns, r.Spell(c.Generation()))
	}
	c.Strings("", json, &urns)
	if c.Reading {
		*p = (*p)[:0:0]
		for _, u := range urns {
			*p = append(*p, c.parse(c.at, u))
		}
	}
}

func (c *C) urn(json string, p *sdmx.Ref) {
	if !c.Reading {
		if !p.IsZero() {
			c.write("", json, p.Spell(c.Generation()), false)
		}
		return
	}
	if i := c.doc.take(c.at, json, false); i != none {
		*p = c.parse(i, c.value(i))
	}
}

func (c *C) parse(i int32, urn string) sdmx.Ref {
	if urn == "" {
		return sdmx.Ref{}
	}
	r, err := sdmx.ParseRef(strings.TrimSpace(urn)) // real files have line breaks around it
	var unknown *sdmx.UnknownClassError
	switch {
	case errors.As(err, &unknown):
		c.unsupported(i, unknown)
	case err != nil:
		c.failAt(i, "%s", err)
	}
	return r
}

// An UnsupportedError is returned for a class that this version does not know, although SDMX or
// the sender may. Only the structure that names it cannot be read.
type UnsupportedError struct{ *SyntaxError }

// Unwrap returns the SyntaxError.
func (e *UnsupportedError) Unwrap() error { return e.SyntaxError }

func (c *C) unsupported(i int32, err error) {
	if c.err == nil {
		c.err = &UnsupportedError{c.doc.errorAt(i, "%s", err).(*SyntaxError)}
	}
}

func (c *C) readRef(class sdmx.Class, p *sdmx.Ref) {
	urn := ""
	c.Elem("URN", "", &urn)
	ref := c.doc.take(c.at, "Ref", false)
	*p = c.parse(c.at, urn)
	switch {
	case ref != none && urn != "":
		if c.err != nil {
			return
		}
		c.inside(ref, func() {
			named := sdmx.Ref{}
			if c.readRefAttributes(class, *p, &named); c.err == nil && named != *p {
				c.Fail("the Ref and the URN of one reference contradict each other: the Ref names %s, the URN %s; make them agree, or send one of them", named, *p)
			}
		})
	case ref != none:
		c.inside(ref, func() { c.readRefAttributes(class, sdmx.Ref{}, p) })
	case urn == "":
		c.Fail("a reference needs a Ref or a URN")
	}
}

// readRefAttributes reads a Ref. Attributes that it leaves out are taken from beside, the URN
// of the same reference, if there is one.
func (c *C) readRefAttributes(class sdmx.Class, beside sdmx.Ref, p *sdmx.Ref) {
	agency, version, parentVersion := beside.Agency, string(beside.Version), string(beside.Version)
	var id, parent, name, pkg string
	c.Attr("agencyID", "", &agency)
	c.Attr("id", "", &id)
	c.Attr("version", "", &version)
	c.Attr("maintainableParentID", "", &parent)
	c.Attr("maintainableParentVersion", "", &parentVersion)
	c.Stated("containerID", "") // 2.1 URNs of components do not name the list
	c.Attr("class", "", &name)
	c.Expect("local", "", "false")
	switch {
	case name != "":
		c.Attr("package", "", &pkg)
		k, ok := sdmx.ClassByPackage(pkg, name)
		if !ok {
			c.Stated("package", "")
			c.unsupported(c.at, &sdmx.UnknownClassError{Class: Clip(name, 60)})
			return
		}
		class = k
	case beside.Item != "":
		class = beside.ItemClass
	case !beside.IsZero():
		class = beside.Class
	}
	c.Expect("package", "", class.Package())
	switch {
	case class == sdmx.ClassUnknown:
		c.Fail("the reference does not say of which class it is")
	case parent == "":
		*p = c.parse(c.at, sdmx.RefTo(sdmx.URN{Class: class, Agency: agency, ID: id, Version: cmp.Or(sdmx.Version(version), sdmx.VersionDefault)}).String())
	case len(class.Owners()) == 0:
		c.Fail("the reference names %s inside %s, but a %s stands in no other structure; leave out maintainableParentID, or name the class of what is meant", Clip(id, 60), Clip(parent, 60), class)
	default:
		*p = c.parse(c.at, sdmx.RefToItem(class, agency, parent, cmp.Or(sdmx.Version(parentVersion), sdmx.VersionDefault), id).String())
	}
}

func (a *appender) writeRef(p *sdmx.Ref) {
	attr := func(name, value string) {
		a.out = append(append(append(a.out, ' '), name...), '=', '"')
		a.out = append(appendXML(a.out, value), '"')
	}
	class := p.Target()
	if class.Kind() == sdmx.ClassVtlDataflowMapping { // one class in Refs, three in URNs
		a.out = append(appendXML(append(a.out, "<URN>"...), p.Spell(a.Generation())), "</URN>"...)
		return
	}
	a.out = append(a.out, "<Ref"...)
	if p.Item != "" {
		attr("maintainableParentID", p.ID)
		attr("maintainableParentVersion", string(p.Version))
		attr("id", p.Item)
	} else {
		attr("id", p.ID)
		attr("version", string(p.Version))
	}
	attr("agencyID", p.Agency)
	attr("package", class.Package())
	name := class.Spell(a.Generation())
	if class == sdmx.ClassDataAttribute {
		name = "Attribute"
	}
	attr("class", name)
	a.out = append(a.out, "/>"...)
}

// Local describes the id of something in the same structure: an element with a Ref that has
// only an id, or a property.
func (c *C) Local(xml, json string, p *string) {
	if !c.XML() {
		c.Attr("", json, p)
		return
	}
	c.In(xml, "", *p != "", func() { c.localID(p) })
}

// Locals describes a repeated Local.
func (c *C) Locals(xml, json string, p *[]string) {
	if !c.XML() {
		c.Strings("", json, p)
		return
	}
	List(c, xml, "", p, (*C).localID)
}

func (c *C) localID(p *string) {
	if !c.Reading {
		c.closeTag()
		c.out = append(appendXML(append(c.out, `<Ref id="`...), *p), `"/>`...)
		return
	}
	urn := ""
	c.Elem("URN", "", &urn)
	var named sdmx.Ref
	if urn != "" { // not allowed here, but real files have it
		named = c.parse(c.at, urn)
		*p = named.Item
		if c.err == nil && named.URN != c.Owner && !c.OtherURN {
			c.Fail("%s is in another structure; here something in %s must be named", named, c.Owner)
		}
	}
	c.In("Ref", "", false, func() {
		c.Attr("id", "", p)
		for _, a := range []string{"containerID", "class", "package", "local", "maintainableParentVersion"} {
			c.Stated(a, "") // all of these follow from the element
		}
		agency, parent := c.Owner.Agency, c.Owner.ID
		c.Attr("agencyID", "", &agency)
		c.Attr("maintainableParentID", "", &parent)
		if agency != c.Owner.Agency || parent != c.Owner.ID {
			c.Fail("%s:%s is another structure; here something in %s must be named", Clip(agency, 60), Clip(parent, 60), c.Owner)
		}
	})
	switch {
	case *p == "":
		c.Fail("a Ref with an id is expected")
	case urn != "" && *p != named.Item:
		c.Fail("the Ref and the URN of one reference contradict each other: the Ref names %s, the URN %s; send the Ref alone", Clip(*p, 60), named)
	}
}
