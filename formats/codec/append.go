package codec

// An appender appends XML elements or JSON values to a message.
type appender struct {
	Dialect
	out   []byte
	stack []string // open XML elements
	open  bool     // the last start tag is not closed yet
	comma bool     // a JSON value precedes, so that a comma must follow
}

// write appends an attribute or property; bare means that its JSON value is not quoted.
func (a *appender) write(xml, json, value string, bare bool) {
	if !bare || a.XML() {
		a.writeJoined(xml, json, "", value)
		return
	}
	if json != "" {
		a.key(json)
		a.out = append(a.out, value...)
		a.comma = true
	}
}

// writeJoined appends an attribute or property whose value has two parts.
func (a *appender) writeJoined(xml, json, before, last string) {
	switch {
	case a.name(xml, json) == "":
	case a.XML():
		a.out = append(append(append(a.out, ' '), xml...), '=', '"')
		a.out = append(appendXML(appendXML(a.out, before), last), '"')
	default:
		a.key(json)
		a.out = appendEscaped(appendEscaped(append(a.out, '"'), before), last)
		a.out = append(a.out, '"')
		a.comma = true
	}
}

// text appends a whole element; lang may be empty.
func (a *appender) text(xml, lang, value string) {
	a.closeTag()
	a.out = append(append(a.out, '<'), xml...)
	if lang != "" {
		a.out = append(appendXML(append(a.out, ` xml:lang="`...), lang), '"')
	}
	a.out = appendXML(append(a.out, '>'), value)
	a.out = append(append(append(a.out, '<', '/'), xml...), '>')
}

// closeTag ends a start tag before content.
func (a *appender) closeTag() {
	if a.open {
		a.out = append(a.out, '>')
		a.open = false
	}
}

func (a *appender) key(json string) {
	if a.comma {
		a.out = append(a.out, ',')
	}
	a.out = append(appendJSON(a.out, json), ':')
	a.comma = false
}

// Begin opens an XML element or a JSON object; without a name in JSON it is an
// element of an array.
func (a *appender) Begin(xml, json string) {
	if a.XML() {
		a.closeTag()
		a.out = append(append(a.out, '<'), xml...)
		a.stack = append(a.stack, xml)
		a.open = true
		return
	}
	if json != "" {
		a.key(json)
	} else if a.comma {
		a.out = append(a.out, ',')
	}
	a.out = append(a.out, '{')
	a.comma = false
}

// End closes what Begin opened.
func (a *appender) End() {
	if !a.XML() {
		a.out = append(a.out, '}')
		a.comma = true
		return
	}
	name := a.stack[len(a.stack)-1]
	a.stack = a.stack[:len(a.stack)-1]
	if a.open {
		a.out = append(a.out, '/', '>')
		a.open = false
		return
	}
	a.out = append(append(append(a.out, '<', '/'), name...), '>')
}

// writeList appends n items, in JSON as an array that is left out when empty.
func (a *appender) writeList(json string, n int, item func(i int)) {
	if n == 0 {
		return
	}
	if !a.XML() {
		a.key(json)
		a.out = append(a.out, '[')
	}
	for i := range n {
		item(i)
	}
	if !a.XML() {
		a.out = append(a.out, ']')
		a.comma = true
	}
}

// writeElement appends a text as an element of a JSON array.
func (a *appender) writeElement(value string) {
	if a.comma {
		a.out = append(a.out, ',')
	}
	a.out = appendJSON(a.out, value)
	a.comma = true
}
