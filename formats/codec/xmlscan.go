package codec

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// A Scanner reads a message, one structure at a time. XML and JSON return what scans either.
type Scanner struct {
	*source
	doc   Document
	names map[string]int32
}

// An XMLScanner scans XML.
type XMLScanner struct {
	*Scanner
	// The open elements and, concatenated, their names; the bound prefixes; and the
	// attributes of the tag that is being scanned.
	open      []openElement
	openNames []byte
	bindings  []binding
	attrs     []attribute
	expanded  []byte // buffer for the name that is being interned
}

// An openElement is an element whose end tag has not been read.
type openElement struct {
	node  int32 // in doc, while a structure is scanned
	name  int   // index in openNames of its name as written
	scope int   // number of bindings outside of it
}

// NewScanner returns a Scanner that reads UTF-8 from r (see package charset), within limits.
func NewScanner(r io.Reader, l Limits) *Scanner {
	return &Scanner{source: newSource(r, l), names: map[string]int32{}, doc: Document{ownText: map[int32][]byte{}}}
}

// XML returns a scanner for the message, which begins with '<'.
func (s *Scanner) XML() *XMLScanner { return &XMLScanner{Scanner: s} }

const (
	// namesMax bounds the different names in a message, which are all kept in memory. The
	// formats have a few hundred.
	namesMax = 20_000
	// nameBytesMax bounds one name.
	nameBytesMax = 1000
)

// intern returns the number of a name; equal names have the same number.
func (s *Scanner) intern(b []byte) (int32, error) {
	if n, ok := s.names[string(b)]; ok {
		return n, nil
	}
	if len(s.names) >= namesMax {
		return none, s.fail("the message has more than %d different names, the limit", namesMax)
	}
	n := int32(len(s.doc.names))
	s.doc.names = append(s.doc.names, string(b))
	s.names[s.doc.names[n]] = n
	return n, nil
}

// A Tag is a start tag of the message, outside of structures.
type Tag struct {
	Name      string // local part
	Namespace string // URI; "" for none
	Closed    bool   // it has no content
}

// begin marks the start of a structure, or of a tag of the message.
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

// at returns the current offset in the document.
func (s *Scanner) at() int { return s.pos - s.mark }

// NextTag reads the next start tag, or the end tag of the innermost open element (end is true).
// It skips white space, comments and processing instructions; other text is an error, because
// the elements of the message around structures have none.
func (s *XMLScanner) NextTag(path string) (tag Tag, end bool, err error) {
	for {
		s.mark = -1
		s.blank()
		if s.peek() != '<' {
			if s.atEOF() {
				return tag, false, s.fail("a tag is expected")
			}
			return tag, false, s.fail("text is not expected here, between the elements of the message")
		}
		skipped, err := s.markup()
		switch {
		case err != nil:
			return tag, false, err
		case skipped:
			continue
		case s.has(2) && s.buf[s.pos+1] == '/':
			return Tag{}, true, s.endTag()
		}
		s.begin(false, path)
		closed, uri, err := s.startTag(none)
		if err != nil {
			return Tag{}, false, err
		}
		return Tag{s.doc.nameOf(0), uri, closed}, false, nil
	}
}

// Epilog reads what may follow the root element: comments, processing instructions and white
// space (XML 1.0, section 2.1), up to the end of the input. Anything else is an error. It also
// returns an error that the reader has at its end, such as for a checksum.
func (s *XMLScanner) Epilog() error {
	for {
		s.mark = -1
		s.blank()
		if s.atEOF() {
			return s.inputError()
		}
		if s.peek() == '<' && !(s.has(6) && string(s.buf[s.pos:s.pos+5]) == "<?xml" && strings.IndexByte(" \t\r\n", s.buf[s.pos+5]) >= 0) {
			if skipped, err := s.markup(); err != nil {
				return err
			} else if skipped {
				continue
			}
		}
		return s.fail("nothing but comments may follow the end of the root element; send a second message on its own")
	}
}

// Element scans the rest of the element whose start tag NextTag has just returned.
func (s *XMLScanner) Element(tag Tag) (*Document, error) {
	if !tag.Closed {
		if err := s.content(); err != nil {
			return nil, err
		}
	}
	return s.finish(), nil
}

// markup skips a comment or a processing instruction, and reports whether there was one; pos
// is on '<'. A DTD is an error.
func (s *XMLScanner) markup() (bool, error) {
	if !s.has(2) {
		return false, nil
	}
	switch s.buf[s.pos+1] {
	case '?':
		return true, s.instruction()
	case '!':
		if s.has(4) && string(s.buf[s.pos:s.pos+4]) == "<!--" {
			s.pos += 4
			return true, s.comment()
		}
		if s.has(3) && s.buf[s.pos+2] == '[' {
			return false, s.fail("a CDATA section is not expected here")
		}
		return false, s.fail("document type declarations (DTD) and the entities in them are refused; remove the declaration")
	}
	return false, nil
}

// comment skips to the end of a comment. "--" inside it is an error (XML 1.0, section 2.5),
// because readers differ in where such a comment ends.
func (s *XMLScanner) comment() error {
	if err := s.skipPast("--"); err != nil {
		return err
	}
	if s.peek() != '>' {
		return s.fail("\"--\" may not stand inside a comment; end it with \"-->\"")
	}
	s.pos++
	return nil
}

// instruction skips a processing instruction, or the declaration at the very
// beginning, which Decode has checked.
func (s *XMLScanner) instruction() error {
	kept := s.mark >= 0
	if !kept {
		s.mark = s.pos
	}
	from, isFirst := s.at(), s.base == 0 && s.pos == 0
	s.pos += 2
	target, err := s.nameHere()
	if err != nil {
		return err
	}
	if strings.EqualFold(target, "xml") && (!isFirst || target != "xml") {
		return s.failAt(from, "the XML declaration must stand at the very beginning of the message (XML 1.0, section 2.8)")
	}
	if bad := invalidName([]byte(target)); bad != "" {
		return s.fail("the processing instruction %s", bad)
	}
	if !kept {
		s.mark = -1
	}
	if !s.blank() && (!s.has(2) || string(s.buf[s.pos:s.pos+2]) != "?>") {
		return s.fail("blank space is expected after the name of a processing instruction")
	}
	return s.skipPast("?>")
}

// nameHere reads a name and returns it, whether or not a structure is being scanned.
func (s *XMLScanner) nameHere() (string, error) {
	if s.mark < 0 {
		s.mark = s.pos
		defer func() { s.mark = -1 }()
	}
	from := s.at()
	if _, err := s.name(); err != nil {
		return "", err
	}
	return string(s.buf[s.mark+from : s.pos]), nil
}

func (s *XMLScanner) skipPast(mark string) error {
	for {
		if !s.seek(mark[0]) || !s.has(len(mark)) {
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

// blank skips white space, and reports whether there was any.
func (s *Scanner) blank() bool {
	found := false
	for {
		switch s.peek() {
		case ' ', '\t', '\n', '\r':
			s.pos++
			found = true
		default:
			return found
		}
	}
}

// Here returns the tag that NextTag has just returned as a document, for errors.
func (s *XMLScanner) Here() *Document {
	mark := s.mark
	d := s.finish()
	s.mark = mark
	return d
}

// SetPath sets the path of the structure that Element is about to scan.
func (s *XMLScanner) SetPath(path string) { s.doc.prefix = path }

// Fail returns an error at the current place.
func (s *Scanner) Fail(format string, args ...any) error { return s.fail(format, args...) }

// content scans the content of the innermost open element, with its end tag.
func (s *XMLScanner) content() error {
	for base := len(s.open) - 1; len(s.open) > base; {
		top := s.open[len(s.open)-1].node
		from := s.at()
		if !s.seek('<') {
			return s.fail("the end tag of %q is missing", s.doc.nameOf(top))
		}
		if err := s.addText(top, from); err != nil {
			return err
		}
		if !s.has(2) {
			return s.fail("a tag is expected")
		}
		switch c := s.buf[s.pos+1]; {
		case c == '/':
			if err := s.endTag(); err != nil {
				return err
			}
		case c == '!' && s.has(9) && string(s.buf[s.pos:s.pos+9]) == "<![CDATA[":
			if err := s.cdata(top); err != nil {
				return err
			}
		case c == '!' || c == '?':
			if _, err := s.markup(); err != nil {
				return err
			}
		default:
			if len(s.open)-base > s.limits.Depth {
				return s.fail("elements are nested more than %d deep, the limit", s.limits.Depth)
			}
			if _, _, err := s.startTag(top); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *XMLScanner) cdata(top int32) error {
	s.pos += 9
	from := s.at()
	if err := s.skipPast("]]>"); err != nil {
		return err
	}
	s.appendText(top, string(s.buf[s.mark+from:s.pos-3]))
	return nil
}

// addText adds the text from an offset to the current one to a node. Pieces of text that are
// separated by comments or CDATA sections are one text. White space after child elements is
// ignored.
func (s *XMLScanner) addText(i int32, from int) error {
	to := s.at()
	if from == to {
		return nil
	}
	raw := s.buf[s.mark+from : s.pos]
	special := specialIn(raw)
	if special&isEnd != 0 {
		if j := bytes.Index(raw, []byte("]]>")); j >= 0 {
			return s.failAt(from+j, "\"]]>\" may not stand in text; write ]]&gt;")
		}
	}
	if special&isReference != 0 {
		if err := s.references(from, to); err != nil {
			return err
		}
	}
	n := &s.doc.nodes[i]
	parent := n.last != none && s.doc.nodes[n.last].kind != kindAttribute
	if parent && len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	if _, own := s.doc.ownText[i]; !own && !parent && n.from == n.to {
		n.from, n.to, n.escaped = int32(from), int32(to), special&isReference != 0
		return nil
	}
	t := string(raw)
	if special&isReference != 0 {
		t, _ = unescapeXML(t, false) // references has checked it
	}
	s.appendText(i, t)
	return nil
}

// appendText appends a piece to the text of a node, which is copied to Document.ownText.
func (s *XMLScanner) appendText(i int32, piece string) {
	n := &s.doc.nodes[i]
	own, ok := s.doc.ownText[i]
	if !ok && n.from < n.to {
		t := string(s.buf[s.mark+int(n.from) : s.mark+int(n.to)])
		if n.escaped {
			t, _ = unescapeXML(t, false)
		}
		own = []byte(t)
	}
	s.doc.ownText[i] = append(own, piece...)
}

// references checks that each '&' begins a reference that XML allows.
func (s *XMLScanner) references(from, to int) error {
	raw := s.buf[s.mark+from : s.mark+to]
	for at := 0; ; {
		i := bytes.IndexByte(raw[at:], '&')
		if i < 0 {
			return nil
		}
		at += i
		end := bytes.IndexByte(raw[at:], ';')
		if end > 0 {
			if _, ok := xmlEntities[string(raw[at+1:at+end])]; ok { // without a copy
				at += end + 1
				continue
			}
		}
		_, n, err := reference(string(raw[at : at+max(end+1, 1)]))
		if err != nil {
			return s.failAt(from+at, "%s", err)
		}
		at += n
	}
}

// failAt returns an error for an offset in the document that is being scanned.
func (s *Scanner) failAt(at int, format string, args ...any) error {
	return s.errorAt(s.mark+at, fmt.Sprintf(format, args...))
}
