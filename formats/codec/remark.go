package codec

// Stated reads a property that is not kept, and returns its value and its node, for Remark. ok
// is false if it is absent or empty, and when writing.
func (c *C) Stated(xml, json string) (value string, at int32, ok bool) {
	if !c.Reading {
		return "", none, false
	}
	i := c.doc.take(c.at, c.name(xml, json), true)
	if i == none {
		return "", i, false
	}
	value = c.value(i)
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
func (c *C) RemarkHere(format string, args ...any) { c.doc.remark(c.at, format, args...) }

// Remark adds a remark, for the sender, about a node that is read and not kept.
func (c *C) Remark(at int32, format string, args ...any) { c.doc.remark(at, format, args...) }

// TakeRepeated reads the elements with a name after the first one, which Elem has read, and
// remarks on those with another text: real files repeat elements that the schema allows once.
func (c *C) TakeRepeated(xml, kept string) {
	if !c.Reading || !c.XML() {
		return
	}
	for i := c.doc.nodes[c.at].first; i != none; i = c.doc.nodes[i].next {
		if n := &c.doc.nodes[i]; !n.used && n.kind == kindElement && c.doc.names[n.name] == xml {
			n.used = true
			if v := c.value(i); v != kept {
				c.Remark(i, "%s is there more than once; the first is kept, and %q was left out", c.doc.nameOf(i), Clip(v, 60))
			}
		}
	}
}

// LeaveOut marks the children with a name, and everything in them, as used, and remarks that
// they are not kept.
func (c *C) LeaveOut(xml, json string) {
	if !c.Reading {
		return
	}
	name := c.name(xml, json)
	for i := c.doc.nodes[c.at].first; i != none && name != ""; i = c.doc.nodes[i].next {
		if n := &c.doc.nodes[i]; !n.used && c.doc.names[n.name] == name {
			c.doc.takeAll(i)
			c.Remark(i, "%s is not kept here, and was left out", c.doc.nameOf(i))
		}
	}
}

// LeaveOutOthers does the same for every element that has not been read.
func (c *C) LeaveOutOthers() {
	for i := c.doc.nodes[c.at].first; i != none; i = c.doc.nodes[i].next {
		if n := &c.doc.nodes[i]; !n.used && n.kind == kindElement {
			text := Clip(c.doc.wordsOf(i), 60)
			c.doc.takeAll(i)
			c.Remark(i, "element %q is not expected here, and was left out: %q", Clip(c.doc.nameOf(i), 60), text)
		}
	}
}

// takeAll marks a node and everything in it as used.
func (d *Document) takeAll(i int32) {
	d.nodes[i].used, d.nodes[i].textUsed = true, true
	for j := d.nodes[i].first; j != none; j = d.nodes[j].next {
		d.takeAll(j)
	}
}
