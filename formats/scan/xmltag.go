package scan

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// A binding binds a prefix, "" for the default namespace, to a namespace; known is prefixOf it.
type binding struct{ prefix, uri, known string }

// bindingsMax bounds the namespace declarations in scope, which are searched for each name.
const bindingsMax = 200

// An attribute has the offsets of an attribute in the tag that is being scanned. Its name is
// looked up after the whole tag was read, because its prefix may be declared after it.
type attribute struct {
	at, colon, nameEnd int // from mark; colon is -1 without prefix
	from, to           int // of the value, in Scanner.Texts
}

// name reads a name, and returns the offset of its first colon from its start, or -1. The
// characters of the name are checked later, once for each different name (number).
func (s *XML) name() (colon int, err error) {
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

func (s *XML) nameTaken(n int) error {
	switch {
	case n > nameBytesMax:
		return s.Fail("a name is longer than %d bytes, the limit", nameBytesMax)
	case n > 0:
		return nil
	case s.pos < len(s.buf):
		r, _ := utf8.DecodeRune(s.buf[s.pos:])
		return s.Fail("a name is expected, not %q", string(r))
	}
	return s.Fail("a name is expected")
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
func (s *XML) number(at, end, colon int, isElement bool) (number int32, err error) {
	written := s.buf[s.mark+at : s.mark+end]
	slot := &s.seen[hash(written)]
	if slot.bound == s.bound && slot.isElement == isElement && slot.written == string(written) {
		return slot.number, nil
	}
	prefix, local := split(written, colon)
	b := binding{}
	if colon >= 0 || isElement {
		found := false
		if b, found = s.boundTo(prefix); !found && colon >= 0 {
			return 0, s.failAt(at, "the prefix %q is not declared", prefix)
		}
	}
	s.expanded = append(append(s.expanded[:0], b.known...), local...)
	number, ok := s.numbers[string(s.expanded)]
	if !ok {
		if bad := invalidName(local); bad != "" {
			return 0, s.failAt(at, "the name %s", bad)
		}
		if number, err = s.Intern(s.expanded); err != nil {
			return 0, err
		}
	}
	if slot.written != string(written) {
		slot.written = string(written)
	}
	slot.isElement, slot.bound, slot.number = isElement, s.bound, number
	return number, nil
}

// boundTo returns the binding of a prefix in the innermost scope that has one.
func (s *XML) boundTo(prefix []byte) (binding, bool) {
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
func (s *XML) unbind(scope int) {
	if len(s.bindings) > scope {
		s.bindings = s.bindings[:scope]
		s.bound++
	}
}

// startTag scans a start tag into Child; pos is on '<'.
func (s *XML) startTag() error {
	c := Start{Rank: 1, Attrs: len(s.Attrs), Texts: len(s.Texts)}
	c.Line, c.Column = s.place(s.pos)
	s.mark = s.pos
	s.pos++
	colon, err := s.name()
	if err != nil {
		return err
	}
	end, scope := s.at(), len(s.bindings)
	if c.IsEmpty, err = s.attributes(1, end, scope); err != nil {
		return err
	}
	if c.Name, err = s.number(1, end, colon, true); err != nil {
		return err
	}
	if err := s.addAttributes(); err != nil {
		return err
	}
	if c.IsEmpty {
		s.unbind(scope)
	} else {
		s.open = append(s.open, openElement{len(s.openNames), scope})
		s.openNames = append(s.openNames, s.buf[s.mark+1:s.mark+end]...)
	}
	s.mark = -1
	s.Child = c
	return nil
}

// attributes scans the attributes of a tag up to its end. Namespace declarations are bound at
// once; other attributes are collected in s.attrs.
func (s *XML) attributes(from, to, scope int) (closed bool, err error) {
	s.attrs = s.attrs[:0]
	for {
		blank := s.blank()
		switch s.peek() {
		case '>':
			s.pos++
			return false, nil
		case '/':
			if !s.has(2) || s.buf[s.pos+1] != '>' {
				return false, s.Fail("%q is expected", "/>")
			}
			s.pos += 2
			return true, nil
		}
		if s.atEOF() {
			return false, s.Fail("the tag of %q is not closed", s.buf[s.mark+from:s.mark+to])
		}
		if !blank {
			return false, s.Fail("blank space is expected before the next attribute of %q", s.buf[s.mark+from:s.mark+to])
		}
		if len(s.attrs) >= MembersMax {
			return false, s.Fail("an element has more than %d attributes, the limit", MembersMax)
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
func (s *XML) attribute() (a attribute, err error) {
	a.at = s.at()
	if a.colon, err = s.name(); err != nil {
		return a, err
	}
	a.nameEnd = s.at()
	s.blank()
	if s.peek() != '=' {
		return a, s.Fail("attribute %q has no value", s.buf[s.mark+a.at:s.mark+a.nameEnd])
	}
	s.pos++
	s.blank()
	quote := s.peek()
	if quote != '"' && quote != '\'' {
		return a, s.Fail("the value of attribute %q is not quoted", s.buf[s.mark+a.at:s.mark+a.nameEnd])
	}
	s.pos++
	from := s.at()
	if !s.seek(quote) {
		return a, s.Fail("the value of attribute %q does not end", s.buf[s.mark+a.at:s.mark+a.nameEnd])
	}
	raw := s.buf[s.mark+from : s.pos]
	s.pos++
	a.from = len(s.Texts)
	special := specialIn(raw)
	switch {
	case special&isTag != 0:
		err = s.failAt(from+bytes.IndexByte(raw, '<'), "the value of attribute %q holds a '<', which must be written &lt;", s.buf[s.mark+a.at:s.mark+a.nameEnd])
	case special&(isReference|isSpace) == 0:
		s.Texts = append(s.Texts, raw...)
	default:
		var bad int
		if s.Texts, bad, err = unescapeXML(s.Texts, raw, true); err != nil {
			err = s.failAt(from+bad, "%s", err)
		}
	}
	a.to = len(s.Texts)
	return a, err
}

// bind binds the prefix of a namespace declaration (Namespaces in XML 1.0, sections 2.1 to 3).
func (s *XML) bind(a attribute, prefix string, scope int) error {
	uri := string(s.Texts[a.from:a.to])
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
	s.bindings = append(s.bindings, binding{prefix, uri, s.prefixOf(uri)})
	s.bound++
	return nil
}

// addAttributes adds the attributes in s.attrs to Attrs. Attributes of XML Schema, such
// as xsi:type, are left out, because they do not belong to the structure.
func (s *XML) addAttributes() error {
	from, isInstance := len(s.Attrs), func(a Attr) bool { return strings.HasPrefix(s.Names[a.Name], "xsi:") }
	leave := false
	for i := range s.attrs {
		a := &s.attrs[i]
		number, err := s.number(a.at, a.nameEnd, a.colon, false)
		if err != nil {
			return err
		}
		for j := from; j < len(s.Attrs); j++ {
			if s.Attrs[j].Name == number {
				return s.failAt(a.at, "attribute %q is there twice", s.buf[s.mark+a.at:s.mark+a.nameEnd])
			}
		}
		x := Attr{Name: number, Kind: String, From: a.from, To: a.to}
		x.Line, x.Column = s.place(s.mark + a.at)
		s.Attrs = append(s.Attrs, x)
		leave = leave || isInstance(x)
	}
	if leave {
		s.Attrs = append(s.Attrs[:from], slices.DeleteFunc(s.Attrs[from:], isInstance)...)
	}
	return nil
}

// endTag reads the end tag of the innermost open element, whose name must be written as in its
// start tag; pos is on '<'.
func (s *XML) endTag() error {
	if len(s.open) == 0 {
		return s.Fail("an end tag cannot come first")
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
		return s.Fail("the end tag of %q is expected, not that of %q", want, name)
	}
	s.blank()
	if s.peek() != '>' {
		return s.Fail("the end tag of %q is not closed", want)
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
