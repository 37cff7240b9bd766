package codec

// Stated reads a property that is not kept, and returns its value and its place, for Remark. ok
// is false if it is absent or empty, and when writing.
func (c *C) Stated(xml, json string) (value string, at int32, ok bool) {
	if !c.Reading {
		return "", none, false
	}
	i := c.doc.attr(c.name(xml, json))
	if i == none {
		return "", i, false
	}
	value = c.doc.passingValueOf(i)
	return value, i, value != ""
}

// Expect reads a property whose value follows from others, and remarks on it if it differs
// from that value.
func (c *C) Expect(xml, json, expected string) {
	if v, at, ok := c.Stated(xml, json); ok && v != expected {
		c.Remark(at, "%s says %q, but %q follows from the rest and counts", c.name(xml, json), Clip(v, 60), expected)
	}
}

// Dropped reads a property that the information model does not have, and remarks on it unless
// it has its usual value.
func (c *C) Dropped(xml, json, usual string) {
	if v, at, ok := c.Stated(xml, json); ok && v != usual {
		c.Remark(at, "%s is %q, which is not kept here and was left out", c.name(xml, json), Clip(v, 60))
	}
}

// RemarkHere adds a remark about the place being read.
func (c *C) RemarkHere(format string, args ...any) { c.doc.remarkHere(format, args...) }

// Remark adds a remark, for the sender, about a property that Stated has read. There is one at
// most about each.
func (c *C) Remark(at int32, format string, args ...any) { c.doc.remarkAttr(at, format, args...) }

// TakeRepeated reads the elements with a name after the first one, which Elem has read, and
// remarks on those with another text: real files repeat elements that the schema allows once.
func (c *C) TakeRepeated(xml, kept string) {
	if !c.Reading || !c.XML() {
		return
	}
	for d := c.doc; d.is(xml) && d.child.Rank > 1; {
		d.push()
		if v := d.text(); v != kept {
			d.remarkHere("%s is there more than once; the first is kept, and %q was left out", d.nameOf(d.top().Name), Clip(v, 60))
		}
		d.leave()
	}
}

// LeaveOut reads the children with a name, and everything in them, and remarks that they are not
// kept.
func (c *C) LeaveOut(xml, json string) {
	if !c.Reading {
		return
	}
	const text = "%s is not kept here, and was left out"
	d, name := c.doc, c.name(xml, json)
	for d.is(name) {
		d.remarkChild(text, d.nameOf(d.child.Name))
		d.skipChild(false)
	}
	if c.XML() {
		return
	}
	if i := d.attr(name); i != none {
		d.remarkAttr(i, text, name)
	}
}

// LeaveOutOthers makes elements that no description reads remarks, with their texts; elsewhere they
// are errors.
func (c *C) LeaveOutOthers() { c.doc.top().lenient = true }
