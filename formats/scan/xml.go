package scan

import (
	"bytes"
	"strings"
)

// An XML reads XML.
type XML struct {
	*Scanner
	Child   Start  // the start tag that was read last
	Outside int    // number of elements that are open outside of the structure that is being read
	Piece   []byte // of text, until the next call

	// The open elements and, concatenated, their names; the bound prefixes; and the
	// attributes of the tag that is being scanned.
	open      []openElement
	openNames []byte
	bindings  []binding
	attrs     []attribute
	bound     int              // number of changes of bindings
	seen      [256]numberedXML // names by a hash, as long as bindings do not change
	expanded  []byte           // buffer for the name that is being interned
	unescaped []byte           // buffer for Piece
	inPiece   bool             // Piece has a CDATA section that is still to be read
	spaces    string           // ReadAs21; otherwise empty
}

// An openElement is an element whose end tag has not been read.
type openElement struct {
	name  int // index in openNames of its name as written
	scope int // number of bindings outside of it
}

// XML returns what reads the message, which begins with '<'.
func (s *Scanner) XML() *XML { return &XML{Scanner: s} }

// Outer reads the next start tag into Child, or the end tag of the innermost open element (end is
// true). It skips white space, comments and processing instructions; other text is an error,
// because the elements of the message around structures have none.
func (s *XML) Outer() (end bool, err error) {
	for {
		s.mark = -1
		s.blank()
		if s.peek() != '<' {
			if s.atEOF() {
				return false, s.Fail("a tag is expected")
			}
			return false, s.Fail("text is not expected here, between the elements of the message")
		}
		skipped, err := s.markup()
		switch {
		case err != nil:
			return false, err
		case skipped:
			continue
		case s.has(2) && s.buf[s.pos+1] == '/':
			return true, s.endTag()
		}
		s.Outside = len(s.open)
		return false, s.startTag()
	}
}

// Epilog reads what may follow the root element: comments, processing instructions and white
// space (XML 1.0, section 2.1), up to the end of the input. Anything else is an error. It also
// returns an error that the reader has at its end, such as for a checksum.
func (s *XML) Epilog() error {
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
		return s.Fail("nothing but comments may follow the end of the root element; send a second message on its own")
	}
}

// markup skips a comment or a processing instruction, and reports whether there was one; pos
// is on '<'. A DTD is an error.
func (s *XML) markup() (bool, error) {
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
			return false, s.Fail("a CDATA section is not expected here")
		}
		return false, s.Fail("document type declarations (DTD) and the entities in them are refused; remove the declaration")
	}
	return false, nil
}

// comment skips to the end of a comment. "--" inside it is an error (XML 1.0, section 2.5),
// because readers differ in where such a comment ends.
func (s *XML) comment() error {
	if err := s.skipPast("--"); err != nil {
		return err
	}
	if s.peek() != '>' {
		return s.Fail("\"--\" may not stand inside a comment; end it with \"-->\"")
	}
	s.pos++
	return nil
}

// instruction skips a processing instruction, or the declaration at the very
// beginning, which Decode has checked.
func (s *XML) instruction() error {
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
		return s.Fail("the processing instruction %s", bad)
	}
	if !kept {
		s.mark = -1
	}
	if !s.blank() && (!s.has(2) || string(s.buf[s.pos:s.pos+2]) != "?>") {
		return s.Fail("blank space is expected after the name of a processing instruction")
	}
	return s.skipPast("?>")
}

// nameHere reads a name and returns it, whether or not a structure is being scanned.
func (s *XML) nameHere() (string, error) {
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

func (s *XML) skipPast(mark string) error {
	for {
		if !s.seek(mark[0]) || !s.has(len(mark)) {
			s.pos = len(s.buf)
			return s.Fail("%q is expected", mark)
		}
		if string(s.buf[s.pos:s.pos+len(mark)]) == mark {
			s.pos += len(mark)
			return nil
		}
		s.pos++
	}
}

// Text reads the text up to the next tag, comment, instruction or CDATA section into Piece.
func (s *XML) Text() error {
	if s.inPiece { // of a CDATA section that Tag has read
		s.inPiece = false
		return nil
	}
	s.mark = s.pos
	if !s.seek('<') {
		return s.Fail("the end tag of %q is missing", s.openNames[s.open[len(s.open)-1].name:])
	}
	s.Piece = s.buf[s.mark:s.pos]
	special := specialIn(s.Piece)
	if special&isEnd != 0 {
		if j := bytes.Index(s.Piece, []byte("]]>")); j >= 0 {
			return s.failAt(j, "\"]]>\" may not stand in text; write ]]&gt;")
		}
	}
	if special&isReference != 0 {
		var bad int
		var err error
		if s.unescaped, bad, err = unescapeXML(s.unescaped[:0], s.Piece, false); err != nil {
			return s.failAt(bad, "%s", err)
		}
		s.Piece = s.unescaped
	}
	s.mark = -1
	return nil
}

// What Tag has read.
const (
	Nothing        = iota // that is read: a comment, an instruction, or text follows
	StartOfElement        // XML.Child
	EndOfElement
)

// Tag reads the markup inside a document at the current place. After a CDATA section there may be
// none.
func (s *XML) Tag() (what int, err error) {
	if s.peek() != '<' {
		return Nothing, nil
	}
	if !s.has(2) {
		return Nothing, s.Fail("a tag is expected")
	}
	switch c := s.buf[s.pos+1]; {
	case c == '/':
		return EndOfElement, s.endTag()
	case c == '!' && s.has(9) && string(s.buf[s.pos:s.pos+9]) == "<![CDATA[":
		s.pos += 9
		s.mark = s.pos
		if err := s.skipPast("]]>"); err != nil {
			return Nothing, err
		}
		s.Piece, s.inPiece = s.buf[s.mark:s.pos-3], true
		s.mark = -1
		return Nothing, nil
	case c == '!' || c == '?':
		_, err := s.markup()
		return Nothing, err
	}
	if len(s.open)-s.Outside > s.Limits.Depth {
		return Nothing, s.Fail("elements are nested more than %d deep, the limit", s.Limits.Depth)
	}
	return StartOfElement, s.startTag()
}
