package codec

// Elems describes a repeated XML element with a text and attributes, which JSON does not have.
// text returns the field that has the text, and fn describes the attributes.
func Elems[T any](c *C, xml string, p *[]T, text func(*T) *string, fn func(*C, *T)) {
	if !c.XML() {
		return
	}
	if c.Reading {
		c.each(xml, func(int) {}, func(i int32) {
			*p = append(*p, *new(T))
			x := &(*p)[len(*p)-1]
			*text(x) = c.value(i)
			c.inside(i, func() { fn(c, x) })
		})
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
