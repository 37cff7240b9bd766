package codec

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// A Scanner reads a message and hands over one structure at a time.
type Scanner struct {
	*source
	doc   Document
	names map[string]int32

	// Of XML alone: the elements that are open, with their names one after
	// another, the prefixes that are bound, and the attributes of the tag that is
	// being scanned.
	open      []openElement
	openNames []byte
	bindings  []binding
	attrs     []attribute
	expanded  []byte // a name as interned, put together
}

// An openElement is one whose end tag is still to come.
type openElement struct {
	node  int32 // in doc, while a structure is scanned
	name  int   // where its name, as written, begins in openNames
	scope int   // the bindings around it
}

// NewScanner reads from r, which is UTF-8 (see Decode), within limits.
func NewScanner(r io.Reader, l Limits) *Scanner {
	return &Scanner{source: newSource(r, l), names: map[string]int32{}, doc: Document{own: map[int32][]byte{}}}
}

const (
	// namesMax bounds the different names in a message, which are all kept: the
	// formats have some hundreds.
	namesMax = 20_000
	// nameBytesMax bounds one name.
	nameBytesMax = 1000
)

// intern returns each name one number.
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

// A Tag is a start tag outside of structures: those of the message.
type Tag struct {
	Name      string // local part
	Namespace string // URI; "" for none
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

// NextTag skips comments and the like to the next start tag (then end is false)
// or to the end tag of the innermost element that is open. Text is refused: the
// elements of the message around structures hold none.
func (s *Scanner) NextTag(path string) (tag Tag, end bool, err error) {
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

// Epilog takes what may follow the root element, which is comments, processing
// instructions and blanks (XML 1.0, section 2.1), and the end of the input. An
// error that the reader has only there is returned: checksums stand at the end.
func (s *Scanner) Epilog() error {
	for {
		s.mark = -1
		s.blank()
		if s.atEOF() {
			return s.broken()
		}
		if s.peek() == '<' && !(s.has(6) && string(s.buf[s.pos:s.pos+5]) == "<?xml" && isBlank(s.buf[s.pos+5])) {
			if skipped, err := s.markup(); err != nil {
				return err
			} else if skipped {
				continue
			}
		}
		return s.fail("nothing but comments may follow the end of the root element; send a second message on its own")
	}
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

// markup skips a comment or a processing instruction; pos is on '<'. A DTD is
// refused.
func (s *Scanner) markup() (bool, error) {
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

// comment skips to the end of a comment, in which "--" may not stand (XML 1.0,
// section 2.5): readers differ in where such a comment ends.
func (s *Scanner) comment() error {
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
func (s *Scanner) instruction() error {
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

// nameHere takes a name and returns it at once, whether or not something is marked.
func (s *Scanner) nameHere() (string, error) {
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

// blank skips blanks, and reports whether there were any.
func (s *Scanner) blank() bool {
	some := false
	for {
		switch s.peek() {
		case ' ', '\t', '\n', '\r':
			s.pos++
			some = true
		default:
			return some
		}
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

// content scans the content of the innermost open element, with its end tag.
func (s *Scanner) content() error {
	for base := len(s.open) - 1; len(s.open) > base; {
		top := s.open[len(s.open)-1].node
		from := s.at()
		if !s.until('<') {
			return s.fail("the end tag of %q is missing", s.doc.nameOf(top))
		}
		if err := s.textOf(top, from); err != nil {
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

func (s *Scanner) cdata(top int32) error {
	s.pos += 9
	from := s.at()
	if err := s.skipPast("]]>"); err != nil {
		return err
	}
	s.join(top, string(s.buf[s.mark+from:s.pos-3]))
	return nil
}

// textOf returns a node the text from a place to the current one. Text in pieces,
// between which comments or CDATA sections stand, is one text. Blank text beside
// child elements is none.
func (s *Scanner) textOf(i int32, from int) error {
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
	if _, own := s.doc.own[i]; !own && !parent && n.from == n.to {
		n.from, n.to, n.escaped = int32(from), int32(to), special&isReference != 0
		return nil
	}
	t := string(raw)
	if special&isReference != 0 {
		t, _ = unescapeXML(t, false) // references has checked it
	}
	s.join(i, t)
	return nil
}

// join puts another piece after the text of a node, which becomes its own.
func (s *Scanner) join(i int32, piece string) {
	n := &s.doc.nodes[i]
	own, ok := s.doc.own[i]
	if !ok && n.from < n.to {
		t := string(s.buf[s.mark+int(n.from) : s.mark+int(n.to)])
		if n.escaped {
			t, _ = unescapeXML(t, false)
		}
		own = []byte(t)
	}
	s.doc.own[i] = append(own, piece...)
}

// references checks that each '&' begins a reference that XML allows.
func (s *Scanner) references(from, to int) error {
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

// failAt makes an error for a place in the document that is being scanned.
func (s *Scanner) failAt(at int, format string, args ...any) error {
	return s.errorAt(s.mark+at, fmt.Sprintf(format, args...))
}
