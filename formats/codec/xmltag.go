package codec

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The namespaces of SDMX-ML 2.1, and those of XML itself.
const (
	SpaceMessage   = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
	SpaceStructure = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure"
	SpaceCommon    = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"
	SpaceFooter    = SpaceMessage + "/footer"

	spaceXML      = "http://www.w3.org/XML/1998/namespace"
	spaceXMLNS    = "http://www.w3.org/2000/xmlns/"
	spaceInstance = "http://www.w3.org/2001/XMLSchema-instance"
)

// prefixOf returns the prefix of interned names in a namespace: the one with which descriptions
// write the namespace, whatever prefix the message uses, or the URI in braces, which matches no
// description.
func prefixOf(uri string) string {
	switch uri {
	case "":
		return ""
	case SpaceMessage:
		return "mes:"
	case SpaceStructure:
		return "str:"
	case SpaceFooter:
		return "footer:"
	case SpaceCommon:
		return "com:"
	case spaceXML:
		return "xml:"
	case spaceInstance:
		return "xsi:"
	}
	return "{" + uri + "}"
}

// A binding binds a prefix, "" for the default namespace, to a namespace; known is prefixOf it.
type binding struct{ prefix, uri, known string }

// bindingsMax bounds the namespace declarations in scope, which are searched for each name.
const bindingsMax = 200

// An attribute has the offsets of an attribute in the tag that is being scanned. Its name is
// looked up after the whole tag was read, because its prefix may be declared after it.
type attribute struct {
	at, colon, nameEnd int // from mark; colon is -1 without prefix
	from, to           int // of the value, in Document.texts
}

// uriOf returns the namespace with a prefix of prefixOf.
func uriOf(known string) string {
	for _, uri := range [...]string{SpaceMessage, SpaceStructure, SpaceFooter, SpaceCommon, spaceXML, spaceInstance} {
		if known == prefixOf(uri) {
			return uri
		}
	}
	return strings.Trim(known, "{}")
}

// name reads a name, and returns the offset of its first colon from its start, or -1. The
// characters of the name are checked later, once for each different name (number).
func (s *XMLScanner) name() (colon int, err error) {
	from := s.pos
	kept := from - s.mark
	colon = -1
	for {
		for ; s.pos < len(s.buf); s.pos++ {
			c := s.buf[s.pos]
			if classes[c]&endsName != 0 {
				return colon, s.nameTaken(s.at() - kept)
			}
			if c == ':' && colon < 0 {
				colon = s.at() - kept
			}
		}
		if s.at()-kept > nameBytesMax || !s.fill() {
			return colon, s.nameTaken(s.at() - kept)
		}
	}
}

func (s *XMLScanner) nameTaken(n int) error {
	switch {
	case n > nameBytesMax:
		return s.fail("a name is longer than %d bytes, the limit", nameBytesMax)
	case n > 0:
		return nil
	case s.pos < len(s.buf):
		r, _ := utf8.DecodeRune(s.buf[s.pos:])
		return s.fail("a name is expected, not %q", string(r))
	}
	return s.fail("a name is expected")
}

// split splits a name into prefix and local part.
func split(name []byte, colon int) (prefix, local []byte) {
	if colon < 0 {
		return nil, name
	}
	return name[:colon], name[colon+1:]
}

// A numberedXML is a name as written, with its number while the bindings are those that were in
// force.
type numberedXML struct {
	written   string
	isElement bool
	bound     int
	number    int32
}

// number returns the number of an expanded name (namespace and local part). Without a prefix,
// attributes have no namespace and elements have the default one.
func (s *XMLScanner) number(at, end, colon int, isElement bool) (number int32, err error) {
	written := s.buf[s.mark+at : s.mark+end]
	n := len(written)
	slot := &s.recent[uint8(n*7)+written[0]*3+written[n-1]*13+written[n/2]]
	if slot.bound == s.bound && slot.isElement == isElement && slot.written == string(written) {
		return slot.number, nil
	}
	prefix, local := split(written, colon)
	b := binding{}
	if colon >= 0 || isElement {
		found := false
		if b, found = s.boundTo(prefix); !found && colon >= 0 {
			return none, s.failAt(at, "the prefix %q is not declared", prefix)
		}
	}
	s.expanded = append(append(s.expanded[:0], b.known...), local...)
	number, ok := s.numbers[string(s.expanded)]
	if !ok {
		if bad := invalidName(local); bad != "" {
			return none, s.failAt(at, "the name %s", bad)
		}
		if number, err = s.intern(s.expanded); err != nil {
			return none, err
		}
	}
	if slot.written != string(written) {
		slot.written = string(written)
	}
	slot.isElement, slot.bound, slot.number = isElement, s.bound, number
	return number, nil
}

// boundTo returns the binding of a prefix in the innermost scope that has one.
func (s *XMLScanner) boundTo(prefix []byte) (binding, bool) {
	for i := len(s.bindings) - 1; i >= 0; i-- {
		if s.bindings[i].prefix == string(prefix) {
			return s.bindings[i], true
		}
	}
	if string(prefix) == "xml" {
		return binding{"xml", spaceXML, "xml:"}, true
	}
	return binding{}, false
}

// unbind ends the scope of the bindings from one on.
func (s *XMLScanner) unbind(scope int) {
	if len(s.bindings) > scope {
		s.bindings = s.bindings[:scope]
		s.bound++
	}
}

// startTag scans a start tag into the document's child; pos is on '<'.
func (s *XMLScanner) startTag() error {
	d := &s.doc
	c := child{kind: kindElement, rank: 1, attrs: len(d.attrs), texts: len(d.texts)}
	c.line, c.column = s.place(s.pos)
	s.mark = s.pos
	s.pos++
	colon, err := s.name()
	if err != nil {
		return err
	}
	end, scope := s.at(), len(s.bindings)
	if c.isEmpty, err = s.attributes(1, end, scope); err != nil {
		return err
	}
	if c.name, err = s.number(1, end, colon, true); err != nil {
		return err
	}
	if err := s.addAttributes(); err != nil {
		return err
	}
	if c.isEmpty {
		s.unbind(scope)
	} else {
		s.open = append(s.open, openElement{len(s.openNames), scope})
		s.openNames = append(s.openNames, s.buf[s.mark+1:s.mark+end]...)
	}
	s.mark = -1
	d.child = c
	return nil
}

// attributes scans the attributes of a tag up to its end. Namespace declarations are bound at
// once; other attributes are collected in s.attrs.
func (s *XMLScanner) attributes(from, to, scope int) (closed bool, err error) {
	s.attrs = s.attrs[:0]
	for {
		blank := s.blank()
		switch s.peek() {
		case '>':
			s.pos++
			return false, nil
		case '/':
			if !s.has(2) || s.buf[s.pos+1] != '>' {
				return false, s.fail("%q is expected", "/>")
			}
			s.pos += 2
			return true, nil
		}
		if s.atEOF() {
			return false, s.fail("the tag of %q is not closed", s.buf[s.mark+from:s.mark+to])
		}
		if !blank {
			return false, s.fail("blank space is expected before the next attribute of %q", s.buf[s.mark+from:s.mark+to])
		}
		if len(s.attrs) >= membersMax {
			return false, s.fail("an element has more than %d attributes, the limit", membersMax)
		}
		a, err := s.attribute()
		if err != nil {
			return false, err
		}
		prefix, local := split(s.buf[s.mark+a.at:s.mark+a.nameEnd], a.colon)
		switch {
		case string(prefix) == "xmlns":
			err = s.bind(a, string(local), scope)
		case a.colon < 0 && string(local) == "xmlns":
			err = s.bind(a, "", scope)
		default:
			s.attrs = append(s.attrs, a)
		}
		if err != nil {
			return false, err
		}
	}
}

// attribute scans one attribute.
func (s *XMLScanner) attribute() (a attribute, err error) {
	a.at = s.at()
	if a.colon, err = s.name(); err != nil {
		return a, err
	}
	a.nameEnd = s.at()
	s.blank()
	if s.peek() != '=' {
		return a, s.fail("attribute %q has no value", s.buf[s.mark+a.at:s.mark+a.nameEnd])
	}
	s.pos++
	s.blank()
	quote := s.peek()
	if quote != '"' && quote != '\'' {
		return a, s.fail("the value of attribute %q is not quoted", s.buf[s.mark+a.at:s.mark+a.nameEnd])
	}
	s.pos++
	from := s.at()
	if !s.seek(quote) {
		return a, s.fail("the value of attribute %q does not end", s.buf[s.mark+a.at:s.mark+a.nameEnd])
	}
	raw := s.buf[s.mark+from : s.pos]
	s.pos++
	d := &s.doc
	a.from = len(d.texts)
	special := specialIn(raw)
	switch {
	case special&isTag != 0:
		err = s.failAt(from+bytes.IndexByte(raw, '<'), "the value of attribute %q holds a '<', which must be written &lt;", s.buf[s.mark+a.at:s.mark+a.nameEnd])
	case special&(isReference|isSpace) == 0:
		d.texts = append(d.texts, raw...)
	default:
		var bad int
		if d.texts, bad, err = unescapeXML(d.texts, raw, true); err != nil {
			err = s.failAt(from+bad, "%s", err)
		}
	}
	a.to = len(d.texts)
	return a, err
}

// bind binds the prefix of a namespace declaration (Namespaces in XML 1.0, sections 2.1 to 3).
func (s *XMLScanner) bind(a attribute, prefix string, scope int) error {
	uri := string(s.doc.texts[a.from:a.to])
	switch {
	case a.colon >= 0 && invalidName([]byte(prefix)) != "":
		return s.failAt(a.at, "the prefix %s", invalidName([]byte(prefix)))
	case prefix == "xmlns":
		return s.failAt(a.at, "the prefix \"xmlns\" may not be declared")
	case uri == spaceXMLNS, (uri == spaceXML) != (prefix == "xml"):
		return s.failAt(a.at, "the prefix \"xml\" and its namespace belong together, and %q may not be bound to %q", prefix, uri)
	case uri == "" && a.colon >= 0:
		return s.failAt(a.at, "the prefix %q is declared without a namespace", prefix)
	case len(s.bindings) >= bindingsMax:
		return s.failAt(a.at, "more than %d namespace declarations are in force at one place, the limit", bindingsMax)
	}
	for _, b := range s.bindings[scope:] {
		if b.prefix == prefix {
			return s.failAt(a.at, "the namespace of prefix %q is declared twice in one tag", prefix)
		}
	}
	s.bindings = append(s.bindings, binding{prefix, uri, prefixOf(uri)})
	s.bound++
	return nil
}

// addAttributes adds the attributes in s.attrs to the document. Attributes of XML Schema, such
// as xsi:type, are left out, because they do not belong to the structure.
func (s *XMLScanner) addAttributes() error {
	d := &s.doc
	from, isInstance := len(d.attrs), func(a attr) bool { return strings.HasPrefix(d.names[a.name], "xsi:") }
	leave := false
	for i := range s.attrs {
		a := &s.attrs[i]
		number, err := s.number(a.at, a.nameEnd, a.colon, false)
		if err != nil {
			return err
		}
		for j := from; j < len(d.attrs); j++ {
			if d.attrs[j].name == number {
				return s.failAt(a.at, "attribute %q is there twice", s.buf[s.mark+a.at:s.mark+a.nameEnd])
			}
		}
		x := attr{name: number, kind: kindString, from: a.from, to: a.to}
		x.line, x.column = s.place(s.mark + a.at)
		d.attrs = append(d.attrs, x)
		leave = leave || isInstance(x)
	}
	if leave {
		d.attrs = append(d.attrs[:from], slices.DeleteFunc(d.attrs[from:], isInstance)...)
	}
	return nil
}

// endTag reads the end tag of the innermost open element, whose name must be written as in its
// start tag; pos is on '<'.
func (s *XMLScanner) endTag() error {
	if len(s.open) == 0 {
		return s.fail("an end tag cannot come first")
	}
	top := s.open[len(s.open)-1]
	want := s.openNames[top.name:]
	if s.has(3+len(want)) && bytes.HasPrefix(s.buf[s.pos+2:], want) && classes[s.buf[s.pos+2+len(want)]]&endsName != 0 {
		s.pos += 2 + len(want)
	} else {
		s.pos += 2
		name, err := s.nameHere()
		if err != nil {
			return err
		}
		s.pos -= len(name)
		return s.fail("the end tag of %q is expected, not that of %q", want, name)
	}
	s.blank()
	if s.peek() != '>' {
		return s.fail("the end tag of %q is not closed", want)
	}
	s.pos++
	s.open = s.open[:len(s.open)-1]
	s.openNames = s.openNames[:top.name]
	s.unbind(top.scope)
	return nil
}

// Bits for what a byte means in XML.
const (
	endsName    = 1 << iota // cannot be a part of a name
	isReference             // '&'
	isTag                   // '<'
	isEnd                   // '>', which may be the end of "]]>"
	isSpace                 // becomes a space in an attribute's value
)

var classes = func() (t [256]uint8) {
	for c := range 0x21 {
		t[c] = endsName
	}
	for _, c := range `="'/?<>&` {
		t[c] = endsName
	}
	t['&'] |= isReference
	t['<'] |= isTag
	t['>'] |= isEnd
	t['\t'] |= isSpace
	t['\n'] |= isSpace
	return t
}()

// specialIn returns the bits of all bytes of a text, combined.
func specialIn(raw []byte) (bits uint8) {
	for _, c := range raw {
		bits |= classes[c]
	}
	return bits
}

// invalidName returns why a text is not a name without colon (Namespaces in XML 1.0,
// production 4; XML 1.0, productions 4 and 4a); "" if it is one.
func invalidName(b []byte) string {
	if len(b) == 0 {
		return "has nothing before or after its colon"
	}
	for i, r := range string(b) {
		if !isNameRune(r, i == 0) {
			return fmt.Sprintf("%q may not hold %q at this place (XML 1.0, section 2.3)", b, r)
		}
	}
	return ""
}

func isNameRune(r rune, first bool) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_':
		return true
	case r < 0x80:
		return !first && (r == '-' || r == '.' || r >= '0' && r <= '9')
	case r == 0xB7, r >= 0x300 && r <= 0x36F, r >= 0x203F && r <= 0x2040:
		return !first
	}
	return r >= 0xC0 && r <= 0x2FF && r != 0xD7 && r != 0xF7 || r >= 0x370 && r <= 0x1FFF && r != 0x37E ||
		r >= 0x200C && r <= 0x200D || r >= 0x2070 && r <= 0x218F || r >= 0x2C00 && r <= 0x2FEF ||
		r >= 0x3001 && r <= 0xD7FF || r >= 0xF900 && r <= 0xFDCF || r >= 0xFDF0 && r <= 0xFFFD || r >= 0x10000 && r <= 0xEFFFF
}
