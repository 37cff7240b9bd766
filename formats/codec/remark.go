package codec

// Stated reads a property that is not kept, and gives where it stands, for Remark;
// false if it is not there or empty, and when writing.
func (c *C) Stated(xml, json string) (value string, at int32, ok bool) {
	if !c.Reading {
		return "", none, false
	}
	i := c.find(c.by(xml, json), true)
	if i == none {
		return "", i, false
	}
	value = c.value(i)
	return value, i, value != ""
}

// Expect reads a property that says nothing new, and remarks on it if it says
// anything but what is expected.
func (c *C) Expect(xml, json, expected string) {
	if v, at, ok := c.Stated(xml, json); ok && v != expected {
		c.Remark(at, "%s says %q, but %q follows from the rest and counts", c.by(xml, json), Clip(v, 60), expected)
	}
}

// Dropped reads a property that the model has no room for, and remarks on it unless
// it says what is so without it.
func (c *C) Dropped(xml, json, usual string) {
	if v, at, ok := c.Stated(xml, json); ok && v != usual {
		c.Remark(at, "%s is %q, which is not kept here and was left out", c.by(xml, json), Clip(v, 60))
	}
}

// RemarkHere is Remark at the place being read.
func (c *C) RemarkHere(format string, args ...any) { c.doc.remark(c.at, format, args...) }

// Remark records, for the sender, what is read at a place and not kept.
func (c *C) Remark(at int32, format string, args ...any) { c.doc.remark(at, format, args...) }

// Spare takes the elements of a name after the first, which Elem has taken, and
// remarks on those that say something else: real files repeat what the schema has
// once.
func (c *C) Spare(xml, kept string) {
	if !c.Reading || !c.XML() {
		return
	}
	name := xml
	for i := c.doc.nodes[c.at].first; i != none; i = c.doc.nodes[i].next {
		if n := &c.doc.nodes[i]; !n.used && n.kind == kindElement && c.doc.names[n.name] == name {
			n.used = true
			if v := c.value(i); v != kept {
				c.Remark(i, "%s is there more than once; the first is kept, and %q was left out", c.doc.nameOf(i), Clip(v, 60))
			}
		}
	}
}

// Leave takes the children of a name with all that is in them, and remarks that they
// are not kept here.
func (c *C) Leave(xml, json string) {
	if !c.Reading {
		return
	}
	name := c.by(xml, json)
	for i := c.doc.nodes[c.at].first; i != none && name != ""; i = c.doc.nodes[i].next {
		if n := &c.doc.nodes[i]; !n.used && c.doc.names[n.name] == name {
			c.take(i)
			c.Remark(i, "%s is not kept here, and was left out", c.doc.nameOf(i))
		}
	}
}

// LeaveOthers is Leave for every element that nothing has taken.
func (c *C) LeaveOthers() {
	for i := c.doc.nodes[c.at].first; i != none; i = c.doc.nodes[i].next {
		if n := &c.doc.nodes[i]; !n.used && n.kind == kindElement {
			text := Clip(c.doc.wordsOf(i), 60)
			c.take(i)
			c.Remark(i, "element %q is not expected here, and was left out: %q", Clip(c.doc.nameOf(i), 60), text)
		}
	}
}

func (c *C) take(i int32) {
	c.doc.nodes[i].used, c.doc.nodes[i].said = true, true
	for j := c.doc.nodes[i].first; j != none; j = c.doc.nodes[j].next {
		c.take(j)
	}
}
