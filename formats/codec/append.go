package codec

// write appends an attribute or property; bare means that its JSON value is not quoted.
func (c *C) write(xml, json, value string, bare bool) {
	switch {
	case c.name(xml, json) == "":
	case c.XML():
		c.out = append(append(append(c.out, ' '), xml...), '=', '"')
		c.out = append(appendXML(c.out, value), '"')
	default:
		c.key(json)
		if bare {
			c.out = append(c.out, value...)
		} else {
			c.out = appendJSON(c.out, value)
		}
		c.comma = true
	}
}

// text appends a whole element; lang may be empty.
func (c *C) text(xml, lang, value string) {
	c.closeTag()
	c.out = append(append(c.out, '<'), xml...)
	if lang != "" {
		c.out = append(appendXML(append(c.out, ` xml:lang="`...), lang), '"')
	}
	c.out = appendXML(append(c.out, '>'), value)
	c.out = append(append(append(c.out, '<', '/'), xml...), '>')
}

// closeTag ends a start tag before content.
func (c *C) closeTag() {
	if c.open {
		c.out = append(c.out, '>')
		c.open = false
	}
}

func (c *C) key(json string) {
	if c.comma {
		c.out = append(c.out, ',')
	}
	c.out = append(appendJSON(c.out, json), ':')
	c.comma = false
}

// Begin opens an XML element or a JSON object; without a name in JSON it is an
// element of an array.
func (c *C) Begin(xml, json string) {
	if c.XML() {
		c.closeTag()
		c.out = append(append(c.out, '<'), xml...)
		c.stack = append(c.stack, xml)
		c.open = true
		return
	}
	if json != "" {
		c.key(json)
	} else if c.comma {
		c.out = append(c.out, ',')
	}
	c.out = append(c.out, '{')
	c.comma = false
}

// End closes what Begin opened.
func (c *C) End() {
	if !c.XML() {
		c.out = append(c.out, '}')
		c.comma = true
		return
	}
	name := c.stack[len(c.stack)-1]
	c.stack = c.stack[:len(c.stack)-1]
	if c.open {
		c.out = append(c.out, '/', '>')
		c.open = false
		return
	}
	c.out = append(append(append(c.out, '<', '/'), name...), '>')
}

// writeList appends n items, in JSON as an array that is left out when empty.
func (c *C) writeList(json string, n int, item func(i int)) {
	if n == 0 {
		return
	}
	if !c.XML() {
		c.key(json)
		c.out = append(c.out, '[')
	}
	for i := range n {
		item(i)
	}
	if !c.XML() {
		c.out = append(c.out, ']')
		c.comma = true
	}
}
