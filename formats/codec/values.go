package codec

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"urncast/formats/scan"
	"urncast/sdmx"
)

// LanguagesMax bounds the languages of one text: each is compared with those before it.
const LanguagesMax = 1000

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
	for d := c.doc; d.inList(name); {
		t := sdmx.Text{Lang: sdmx.LanguageDefault}
		if c.XML() {
			d.push()
			t.Value = d.text()
			c.Attr("xml:lang", "", &t.Lang)
			c.addText(none, p, t)
			d.leave()
			continue
		}
		if !d.isObject() {
			return
		}
		d.enter()
		for d.again() {
			c.Attr("", "locale", &t.Lang)
			c.Attr("", "value", &t.Value)
			c.Dropped("", "isHtml", "false")
			if Ended(c) {
				c.addText(none, p, t)
			}
		}
		d.leave()
	}
}

// addText adds a text that was read from an attribute, or in the innermost frame if i is none.
func (c *C) addText(i int32, p *sdmx.Texts, t sdmx.Text) {
	d := c.doc
	if t.Lang = strings.TrimSpace(t.Lang); t.Lang == "" {
		t.Lang = sdmx.LanguageDefault
	} else if err := sdmx.CheckLanguage(t.Lang); err != nil {
		d.failAttr(i, "%s", err)
	}
	for j := range *p {
		if old := &(*p)[j]; old.Lang == t.Lang {
			if old.Value != t.Value {
				d.remarkHere("%s is there twice in the language %q; the last is kept, and %q was left out", d.nameOf(d.top().Name), t.Lang, Clip(old.Value, 60))
			}
			old.Value = t.Value
			return
		}
	}
	if len(*p) == LanguagesMax {
		d.failAttr(i, "a text is there in more than %d languages, the limit", LanguagesMax)
		return
	}
	if d.err == nil {
		d.keeper.add(p, t)
	}
}

// Ref describes a reference to a maintainable or to an item: in SDMX-ML an element with an
// unqualified Ref or URN, in JSON a property with a URN. class is the default for a Ref
// that names no class; with ClassUnknown it must name one.
func (c *C) Ref(xml, json string, class sdmx.Class, p *sdmx.Ref) {
	if !c.XML() {
		c.urn(json, p)
		return
	}
	if c.URNs {
		elemURN(c, xml, p)
		return
	}
	c.In(xml, "", !p.IsZero(), func() { c.RefHere(class, p) })
}

// elemURN describes a reference that is an element with a URN as its text.
func elemURN(c *C, xml string, p *sdmx.Ref) {
	var urn string
	if !c.Reading && !p.IsZero() {
		urn = spelled(*p, sdmx.V3)
	}
	if c.Elem(xml, "", &urn); c.Reading && urn != "" {
		*p = c.parse(none, urn)
	}
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
	if c.Reading {
		for json != "" && c.doc.inList(json) {
			urn := c.doc.item()
			if strings.TrimSpace(urn) == "" {
				c.Fail("a reference of %s is empty, and must be a URN; write it, or leave it out", json)
			}
			*p = append(*p, c.parse(none, urn))
		}
		return
	}
	var urns []string
	for _, r := range *p {
		urns = append(urns, spelled(r, c.Generation()))
	}
	c.Strings("", json, &urns)
}

func (c *C) urn(json string, p *sdmx.Ref) {
	if !c.Reading {
		if !p.IsZero() {
			c.write("", json, spelled(*p, c.Generation()), false)
		}
		return
	}
	if i := c.doc.attr(json); i != none {
		*p = c.parse(i, c.doc.valueOf(i))
	}
}

// parse parses the URN of an attribute, or of the place being read if i is none.
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
		c.doc.failAttr(i, "%s", err)
	}
	return meant(c, r)
}

// meant returns what a reference of the message that c reads means.
func meant(c *C, r sdmx.Ref) sdmx.Ref {
	if c.URNs { // of SDMX-ML 3.0
		return r
	}
	return r.Meant(c.Generation())
}

// An UnsupportedError is returned for a class that this version does not know, although SDMX or
// the sender may. Only the structure that names it cannot be read.
type UnsupportedError struct{ *scan.SyntaxError }

// Unwrap returns the SyntaxError.
func (e *UnsupportedError) Unwrap() error { return e.SyntaxError }

func (c *C) unsupported(i int32, err error) {
	if c.doc.err == nil {
		c.doc.failAttr(i, "%s", err)
		c.doc.err = &UnsupportedError{c.doc.err.(*scan.SyntaxError)}
	}
}

// A target is what an element with a Ref or a URN says.
type target struct {
	hasRef, hasURN bool
	urn            string

	// The attributes of the Ref.
	agency, id, version, parent, parentVersion, class, pkg, container string

	line, column               int // of the Ref
	packageLine, packageColumn int
}

// target reads the children of an element that is a reference, isLocal one to something in the
// same structure. It is false while others than Ref
// and URN come next, which are unknown.
func (c *C) target(t *target, isLocal bool) bool {
	d := c.doc
	for {
		switch {
		case d.isOnly("URN", scan.Element):
			t.hasURN, t.urn = true, d.leaf()
		case d.isOnly("Ref", scan.Element):
			t.hasRef, t.line, t.column = true, d.child.Line, d.child.Column
			d.enter()
			for d.again() {
				c.refAttributes(t, isLocal)
			}
			d.leave()
		default:
			return d.err == nil && !d.isAhead && (t.hasRef || t.hasURN || !c.Has("URN", "") && !c.Has("Ref", ""))
		}
	}
}

// refAttributes reads the attributes of a Ref.
func (c *C) refAttributes(t *target, isLocal bool) {
	for _, a := range [...]struct {
		name string
		p    *string
	}{{"agencyID", &t.agency}, {"id", &t.id}, {"maintainableParentID", &t.parent}, {"maintainableParentVersion", &t.parentVersion}, {"class", &t.class}} {
		c.Attr(a.name, "", a.p)
	}
	if isLocal {
		c.Stated("local", "")
	} else {
		c.Attr("version", "", &t.version)
		c.Expect("local", "", "false")
	}
	c.Attr("containerID", "", &t.container) // 2.1 URNs of components do not name the list
	if stated, at, ok := c.Stated("package", ""); ok {
		t.pkg, t.packageLine, t.packageColumn = stated, c.doc.scan.Attrs[at].Line, c.doc.scan.Attrs[at].Column
	}
}

// failRef records an error about the Ref.
func (c *C) failRef(t *target, err error) {
	if c.doc.err == nil {
		c.doc.err = failure(t.line, t.column, c.doc.path()+"/Ref[1]", "%s", err)
	}
}

func (c *C) readRef(class sdmx.Class, p *sdmx.Ref) {
	var t target
	if !c.target(&t, false) {
		return
	}
	if t.urn != "" {
		*p = c.parse(none, t.urn)
	}
	switch {
	case t.hasRef && t.urn != "":
		if named, ok := c.named(class, *p, &t); ok && named != *p {
			c.failRef(&t, fmt.Errorf("the Ref and the URN of one reference contradict each other: the Ref names %s, the URN %s; make them agree, or send one of them", named, *p))
		}
	case t.hasRef:
		*p, _ = c.named(class, sdmx.Ref{}, &t)
	case t.urn == "":
		c.Fail("a reference needs a Ref or a URN")
	}
}

// named returns what a Ref names. Attributes that it leaves out are taken from beside, the URN
// of the same reference, if there is one.
func (c *C) named(class sdmx.Class, beside sdmx.Ref, t *target) (sdmx.Ref, bool) {
	switch {
	case c.doc.err != nil:
		return sdmx.Ref{}, false
	case t.class != "":
		k, ok := sdmx.ClassByPackage(t.pkg, t.class)
		if !ok {
			c.failRef(t, &sdmx.UnknownClassError{Class: Clip(t.class, 60)})
			c.doc.err = &UnsupportedError{c.doc.err.(*scan.SyntaxError)}
			return sdmx.Ref{}, false
		}
		class = k
	case beside.Item != "":
		class = beside.ItemClass
	case !beside.IsZero():
		class = beside.Class
	}
	if t.pkg != "" && t.pkg != class.Package() {
		c.doc.remark(t.packageLine, t.packageColumn, func() string { return c.doc.path() + "/Ref[1]/@package" },
			"package says %q, but %q follows from the rest and counts", Clip(t.pkg, 60), class.Package())
	}
	agency := cmp.Or(t.agency, beside.Agency)
	version := func(stated string) sdmx.Version {
		return cmp.Or(sdmx.Version(stated), beside.Version, sdmx.VersionDefault)
	}
	var urn string
	switch {
	case class == sdmx.ClassUnknown:
		c.failRef(t, errors.New("the reference does not say of which class it is"))
		return sdmx.Ref{}, false
	case t.parent == "":
		urn = sdmx.RefTo(sdmx.URN{Class: class, Agency: agency, ID: t.id, Version: version(t.version)}).String()
	case len(class.Owners()) == 0:
		c.failRef(t, fmt.Errorf("the reference names %s inside %s, but a %s stands in no other structure; leave out maintainableParentID, or name the class of what is meant", Clip(t.id, 60), Clip(t.parent, 60), class))
		return sdmx.Ref{}, false
	default:
		urn = sdmx.RefToItem(class, agency, t.parent, version(t.parentVersion), t.id).String()
	}
	r, err := sdmx.ParseRef(urn)
	if err != nil {
		c.failRef(t, err)
	}
	return meant(c, r), err == nil
}

func (a *appender) writeRef(r *sdmx.Ref) {
	as := r.As(a.Generation())
	p := &as
	attr := func(name, value string) {
		a.out = append(append(append(a.out, ' '), name...), '=', '"')
		a.out = append(appendXML(a.out, value), '"')
	}
	class := p.Target()
	name := class.RefName()
	if name == "" {
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
	attr("class", name)
	a.out = append(a.out, "/>"...)
}
