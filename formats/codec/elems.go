package codec

// Elems describes a repeated XML element with a text and attributes, which JSON does not have.
// text returns the field that has the text, and fn describes the attributes.
func Elems[T any](c *C, xml string, p *[]T, text func(*T) *string, fn func(*C, *T)) {
	if !c.XML() {
		return
	}
	if c.Reading {
		for c.doc.inList(xml) {
			*p = append(*p, *new(T))
			x := &(*p)[len(*p)-1]
			c.doc.push()
			*text(x) = c.doc.text()
			fn(c, x)
			c.doc.leave()
		}
		return
	}
	for i := range *p {
		x := &(*p)[i]
		c.Begin(xml, "")
		fn(c, x)
		c.closeTag()
		c.out = appendXML(c.out, *text(x))
		c.End()
	}
}
