package codec

import (
	"cmp"
	"fmt"

	"urncast/sdmx"
)

// LocalRef describes a reference to something that stands in a structure named elsewhere: the
// element of SDMX-ML at hand, with a Ref that has an id or path, and perhaps a class and the id of
// the list of a component. pkg is the package of the class.
func (c *C) LocalRef(id, list, class *string, pkg string) {
	if !c.Reading {
		c.closeTag()
		c.out = append(c.out, "<Ref"...)
		for _, a := range [...]struct{ name, value string }{{"containerID", *list}, {"id", *id}, {"class", *class}, {"package", pkg}} {
			if a.value != "" {
				c.write(a.name, "", a.value, false)
			}
		}
		c.out = append(c.out, "/>"...)
		return
	}
	var t target
	if !c.target(&t, true) {
		return
	}
	*id, *list, *class = t.id, t.container, t.class
	if k, known := sdmx.ClassByName(t.class); t.pkg != "" && known && t.pkg != k.Package() {
		c.doc.remark(t.packageLine, t.packageColumn, func() string { return c.doc.path() + "/Ref[1]/@package" },
			"package says %q, but %q follows from the class and counts", Clip(t.pkg, 60), k.Package())
	}
	if t.agency != "" || t.parent != "" {
		c.RemarkHere("agencyID and maintainableParentID were left out: what %s is in follows from the map", Clip(t.id, 60))
	}
	if t.urn == "" {
		return
	}
	named := c.parse(none, t.urn) // real files have it, though the schema permits it for codes alone
	switch {
	case c.doc.err != nil:
	case named.Item == "" || t.id != "" && t.id != named.Item:
		c.Fail("the URN %s does not name what is meant: an item of the source or target of the map; send a Ref with the id alone", named)
	default:
		c.RemarkHere("of the URN %s the id counts alone: what it is in follows from the map", named)
		*id = named.Item
		if t.class == "" {
			*class = named.Target().Spell(sdmx.V2)
		}
	}
}

// spelled returns the URN of what r refers to, as version v of SDMX has it.
func spelled(r sdmx.Ref, v sdmx.Generation) string { return r.As(v).Spell(v) }

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
	var t target
	if !c.target(&t, true) {
		return
	}
	var named sdmx.Ref
	if *p = t.id; t.urn != "" { // not allowed here, but real files have it
		named = c.parse(none, t.urn)
		if *p = cmp.Or(t.id, named.Item); named.URN != c.Owner && !c.OtherURN {
			c.Fail("%s is in another structure; here something in %s must be named", named, c.Owner)
		}
	}
	agency, parent := cmp.Or(t.agency, c.Owner.Agency), cmp.Or(t.parent, c.Owner.ID)
	switch {
	case agency != c.Owner.Agency || parent != c.Owner.ID:
		c.failRef(&t, fmt.Errorf("%s:%s is another structure; here something in %s must be named", Clip(agency, 60), Clip(parent, 60), c.Owner))
	case *p == "":
		c.Fail("a Ref with an id is expected")
	case t.urn != "" && *p != named.Item:
		c.Fail("the Ref and the URN of one reference contradict each other: the Ref names %s, the URN %s; send the Ref alone", Clip(*p, 60), named)
	}
}
