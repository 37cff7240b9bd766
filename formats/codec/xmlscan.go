package codec

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"
)

// A Scanner reads a message and hands over one structure at a time.
type Scanner struct {
	*source
	doc   Document
	names map[string]int32
	stack []int32
}

// NewScanner reads from r within limits.
func NewScanner(r io.Reader, l Limits) *Scanner {
	return &Scanner{source: newSource(r, l), names: map[string]int32{}, doc: Document{own: map[int32]string{}}}
}

// intern gives each name one number. Those of hostile input are bounded by the
// message's size.
func (s *Scanner) intern(b []byte) int32 {
	if n, ok := s.names[string(b)]; ok {
		return n
	}
	n := int32(len(s.doc.names))
	s.doc.names = append(s.doc.names, string(b))
	s.names[s.doc.names[n]] = n
	return n
}

// A Tag is a start tag outside of structures: those of the message.
type Tag struct {
	Name      string
	Namespace string // what the tag itself declares for its prefix; "" if nothing
	Closed    bool   // it has no content
}

// begin marks the start of a structure, or of a tag that may be one.
func (s *Scanner) begin(json bool, prefix string) {
	s.mark = s.pos
	s.doc.reset()
	s.doc.json, s.doc.prefix = json, prefix
	e := s.errorAt(s.pos, "").(*SyntaxError)
	s.doc.line, s.doc.column = e.Line, e.Column
}

// finish makes the scanned bytes the document's text.
func (s *Scanner) finish() *Document {
	s.doc.text = string(s.buf[s.mark:s.pos])
	s.mark = -1
	return &s.doc
}

// at is the current place in the document.
func (s *Scanner) at() int { return s.pos - s.mark }

// NextTag skips to the next start tag (then end is false) or end tag.
func (s *Scanner) NextTag(prefix string) (tag Tag, end bool, err error) {
	for {
		s.mark = -1
		s.blank()
		switch s.peek() {
		case '<':
		case 0:
			return tag, false, s.fail("a tag is expected")
		default:
			return tag, false, s.fail("text is not expected here, between the elements of the message")
		}
		skipped, err := s.markup()
		if err != nil {
			return tag, false, err
		}
		if skipped {
			continue
		}
		if s.has(2) && s.buf[s.pos+1] == '/' {
			name, err := s.endTag()
			return Tag{Name: name}, true, err
		}
		s.begin(false, prefix)
		return s.startTagAsTag()
	}
}

func (s *Scanner) startTagAsTag() (Tag, bool, error) {
	closed, space, err := s.startTag(none)
	if err != nil {
		return Tag{}, false, err
	}
	return Tag{s.doc.nameOf(0), space, closed}, false, nil
}

// Element scans the rest of the element whose start tag NextTag has just given.
func (s *Scanner) Element(tag Tag) (*Document, error) {
	if !tag.Closed {
		if err := s.content(); err != nil {
			return nil, err
		}
	}
	return s.finish(), nil
}

// markup skips a comment, a processing instruction or a declaration; pos is on
// '<'. A DTD is refused.
func (s *Scanner) markup() (bool, error) {
	if !s.has(4) {
		return false, nil
	}
	b := s.buf[s.pos:]
	switch {
	case b[1] == '?':
		return true, s.skipPast("?>")
	case bytes.HasPrefix(b, []byte("<!--")):
		s.pos += 4
		return true, s.skipPast("-->")
	case b[1] == '!' && b[2] != '[':
		return false, s.fail("document type declarations (DTD) and the entities in them are refused; remove the declaration")
	}
	return false, nil
}

func (s *Scanner) skipPast(mark string) error {
	for {
		if !s.until(mark[0]) || !s.has(len(mark)) {
			s.pos = len(s.buf)
			return s.fail("%q is expected", mark)
		}
		if string(s.buf[s.pos:s.pos+len(mark)]) == mark {
			s.pos += len(mark)
			return nil
		}
		s.pos++
	}
}

// name takes a name and gives its local part.
func (s *Scanner) name() (prefix, local []byte, err error) {
	from, colon := s.at(), -1
	for {
		c := s.peek()
		if c == ':' && colon < 0 {
			colon = s.at()
		} else if c == 0 || c <= ' ' || c == '=' || c == '/' || c == '>' || c == '<' || c == '"' || c == '\'' || c == '&' {
			break
		}
		s.pos++
	}
	b := s.buf[s.mark+from : s.pos]
	if len(b) == 0 {
		return nil, nil, s.fail("a name is expected, not %q", string(rune(s.peek())))
	}
	if colon >= 0 {
		return b[:colon-from], b[colon-from+1:], nil
	}
	return nil, b, nil
}

func (s *Scanner) blank() {
	for {
		switch s.peek() {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// startTag scans a start tag into a node; pos is on '<'.
func (s *Scanner) startTag(parent int32) (closed bool, space string, err error) {
	at := s.at()
	s.pos++
	prefix, local, err := s.name()
	if err != nil {
		return false, "", err
	}
	own := "xmlns"
	if prefix != nil {
		own = string(prefix)
	}
	element := s.doc.add(parent, s.intern(local), kindElement, at)
	for {
		s.blank()
		switch s.peek() {
		case '>':
			s.pos++
			return false, space, nil
		case '/':
			if !s.has(2) || s.buf[s.pos+1] != '>' {
				return false, "", s.fail("%q is expected", "/>")
			}
			s.pos += 2
			return true, space, nil
		case 0:
			return false, "", s.fail("the tag of %q is not closed", s.doc.nameOf(element))
		}
		declared, err := s.attribute(element, own)
		if err != nil {
			return false, "", err
		}
		if declared != "" {
			space = declared
		}
	}
}

// attribute scans one attribute. Declarations and xsi: attributes make no node;
// the namespace declared for the element's own prefix is returned.
func (s *Scanner) attribute(element int32, own string) (declared string, err error) {
	at := s.at()
	prefix, local, err := s.name()
	if err != nil {
		return "", err
	}
	isDefault := prefix == nil && string(local) == "xmlns"
	isDeclaration := isDefault || string(prefix) == "xmlns"
	foreign := string(prefix) == "xsi"
	declares := isDefault && own == "xmlns" || string(prefix) == "xmlns" && string(local) == own
	number := s.intern(local)
	name := s.doc.names[number]
	s.blank()
	if s.peek() != '=' {
		return "", s.fail("attribute %q has no value", name)
	}
	s.pos++
	s.blank()
	quote := s.peek()
	if quote != '"' && quote != '\'' {
		return "", s.fail("the value of attribute %q is not quoted", name)
	}
	s.pos++
	from := s.at()
	if !s.until(quote) {
		return "", s.fail("the value of attribute %q does not end", name)
	}
	to := s.at()
	s.pos++
	raw := s.buf[s.mark+from : s.mark+to]
	if isDeclaration {
		if declares {
			declared = string(raw)
		}
		return declared, nil
	}
	if foreign {
		return "", nil
	}
	n := 0
	for j := s.doc.nodes[element].first; j != none; j = s.doc.nodes[j].next {
		if n++; s.doc.nodes[j].name == number || n > membersMax {
			return "", s.fail("attribute %q is there twice, or is one of more than %d", name, membersMax)
		}
	}
	if bytes.IndexByte(raw, '<') >= 0 {
		return "", s.fail("the value of attribute %q holds a '<', which must be written &lt;", name)
	}
	a := &s.doc.nodes[s.doc.add(element, number, kindAttribute, at)]
	a.from, a.to, a.escaped = int32(from), int32(to), needsXML(raw)
	return "", nil
}

func needsXML(raw []byte) bool {
	return bytes.IndexByte(raw, '&') >= 0 || bytes.IndexByte(raw, '\r') >= 0 || !utf8.Valid(raw)
}

func (s *Scanner) endTag() (string, error) {
	if s.mark < 0 {
		s.mark = s.pos
		defer func() { s.mark = -1 }()
	}
	s.pos += 2
	_, local, err := s.name()
	if err != nil {
		return "", err
	}
	name := s.doc.names[s.intern(local)]
	s.blank()
	if s.peek() != '>' {
		return "", s.fail("the end tag of %q is not closed", name)
	}
	s.pos++
	return name, nil
}

// content scans the content of the root until its end tag.
func (s *Scanner) content() error {
	s.stack = append(s.stack[:0], 0)
	for len(s.stack) > 0 {
		top := s.stack[len(s.stack)-1]
		from := s.at()
		if !s.until('<') {
			return s.fail("the end tag of %q is missing", s.doc.nameOf(top))
		}
		s.textOf(top, from, s.at())
		if !s.has(2) {
			return s.fail("a tag is expected")
		}
		if s.buf[s.pos+1] == '/' {
			name, err := s.endTag()
			if err != nil {
				return err
			}
			if name != s.doc.nameOf(top) {
				return s.fail("the end tag of %q is expected, not that of %q", s.doc.nameOf(top), name)
			}
			s.stack = s.stack[:len(s.stack)-1]
			continue
		}
		if done, err := s.special(top); err != nil {
			return err
		} else if done {
			continue
		}
		i := int32(len(s.doc.nodes))
		closed, _, err := s.startTag(top)
		if err != nil {
			return err
		}
		if !closed {
			if len(s.stack) >= s.limits.Depth {
				return s.fail("elements are nested more than %d deep, the limit", s.limits.Depth)
			}
			s.stack = append(s.stack, i)
		}
	}
	return nil
}

// special handles CDATA, comments and processing instructions inside content.
func (s *Scanner) special(top int32) (bool, error) {
	if s.has(9) && string(s.buf[s.pos:s.pos+9]) == "<![CDATA[" {
		s.pos += 9
		from := s.at()
		if err := s.skipPast("]]>"); err != nil {
			return false, err
		}
		s.flatten(top)
		s.doc.own[top] += strings.ToValidUTF8(string(s.buf[s.mark+from:s.pos-3]), "\uFFFD")
		return true, nil
	}
	return s.markup()
}

// textOf gives a node its text. Blank text between children is none.
func (s *Scanner) textOf(i int32, from, to int) {
	if from == to {
		return
	}
	n := &s.doc.nodes[i]
	raw := s.buf[s.mark+from : s.mark+to]
	if n.first == none || s.doc.nodes[n.last].kind == kindAttribute {
		if _, own := s.doc.own[i]; n.from == n.to && !own {
			n.from, n.to, n.escaped = int32(from), int32(to), needsXML(raw)
			return
		}
	}
	if len(bytes.TrimSpace(raw)) == 0 && s.doc.own[i] == "" {
		return
	}
	s.flatten(i)
	if t, err := unescapeXML(string(raw)); err == nil {
		s.doc.own[i] += t
	}
}

// flatten turns the text of a node into a string of its own, to which more can
// be added.
func (s *Scanner) flatten(i int32) {
	n := &s.doc.nodes[i]
	if s.doc.own[i] == "" && n.from < n.to {
		t := string(s.buf[s.mark+int(n.from) : s.mark+int(n.to)])
		if u, err := unescapeXML(t); err == nil {
			t = u
		}
		s.doc.own[i] = t
	}
}

// Here is the tag that NextTag has just given, as a document, for errors.
func (s *Scanner) Here() *Document {
	mark := s.mark
	d := s.finish()
	s.mark = mark
	return d
}

// SetPath names the place of the structure that Element is about to scan.
func (s *Scanner) SetPath(path string) { s.doc.prefix = path }

// Fail makes an error at the current place.
func (s *Scanner) Fail(format string, args ...any) error { return s.fail(format, args...) }
