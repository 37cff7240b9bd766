package codec

import (
	"fmt"
	"io"
	"strings"
)

// A Scanner reads a message, one structure at a time. XML and JSON return what scans either.
type Scanner struct {
	*source
	doc     Document
	numbers map[string]int32 // of doc.names
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
	bound     int              // number of changes of bindings
	recent    [256]numberedXML // names by a hash, as long as bindings do not change
	expanded  []byte           // buffer for the name that is being interned
	piece     []byte           // of text, until the next call
	unescaped []byte           // buffer for piece
	inPiece   bool             // piece has a CDATA section that is still to be read
}

// An openElement is an element whose end tag has not been read.
type openElement struct {
	name  int // index in openNames of its name as written
	scope int // number of bindings outside of it
}

// NewScanner returns a Scanner that reads UTF-8 from r (see package charset), within limits.
func NewScanner(r io.Reader, l Limits) *Scanner {
	return &Scanner{source: newSource(r, l), numbers: map[string]int32{}}
}

// XML returns a scanner for the message, which begins with '<'.
func (s *Scanner) XML() *XMLScanner {
	s.doc.tags = &XMLScanner{Scanner: s}
	return s.doc.tags
}

const (
	// namesMax bounds the different names in a message, which are all kept in memory. The
	// formats have a few hundred.
	namesMax = 20_000
	// nameBytesMax bounds one name.
	nameBytesMax = 1000
)

// intern returns the number of a name; equal names have the same number.
func (s *Scanner) intern(b []byte) (int32, error) {
	if n, ok := s.numbers[string(b)]; ok {
		return n, nil
	}
	if len(s.numbers) >= namesMax {
		return none, s.fail("the message has more than %d different names, the limit", namesMax)
	}
	n := int32(len(s.doc.names))
	s.doc.names = append(s.doc.names, string(b))
	s.numbers[s.doc.names[n]] = n
	return n, nil
}

// A Tag is a start tag of the message, outside of structures.
type Tag struct {
	Name      string // local part
	Namespace string // URI; "" for none
	Closed    bool   // it has no content
}

// begin begins a document at the current place.
func (s *Scanner) begin(prefix string) {
	s.doc.reset(prefix)
	s.doc.line, s.doc.column = s.place(s.pos)
}

// begun notes where a document begins whose size is limited.
func (s *Scanner) begun() { s.started = s.base + int64(s.pos) }

// at returns the current offset from mark.
func (s *source) at() int { return s.pos - s.mark }

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
		s.begin(path)
		outside := len(s.open)
		if err := s.startTag(); err != nil {
			return Tag{}, false, err
		}
		s.doc.outside, s.doc.isAhead = outside, true
		name := s.doc.names[s.doc.child.name]
		local := s.doc.nameOf(s.doc.child.name)
		return Tag{local, uriOf(name[:len(name)-len(local)]), s.doc.child.isEmpty}, false, nil
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

// Here returns the element whose start tag NextTag has just returned as a document. Unless it is
// read, NextTag goes on with its children.
func (s *XMLScanner) Here() *Document { return &s.doc }

// SetPath sets the path of Here.
func (s *XMLScanner) SetPath(path string) { s.doc.prefix = path }

// Fail returns an error at the current place.
func (s *Scanner) Fail(format string, args ...any) error { return s.fail(format, args...) }

// failAt returns an error for an offset from mark.
func (s *Scanner) failAt(at int, format string, args ...any) error {
	return s.errorAt(s.mark+at, fmt.Sprintf(format, args...))
}
