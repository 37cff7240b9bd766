package codec

import (
	"bytes"
	"errors"
)

// A JSONScanner scans JSON.
type JSONScanner struct{ *Scanner }

// JSON returns a scanner for the message, which begins with '{'.
func (s *Scanner) JSON() *JSONScanner {
	s.doc.values = &JSONScanner{s}
	return s.doc.values
}

// Object reads a JSON object. It calls member with the key of each member, which must read the
// value.
func (s *JSONScanner) Object(member func(key string) error) error {
	return s.sequence('{', '}', func() error {
		number, err := s.key()
		if err != nil {
			return err
		}
		return member(s.doc.names[number])
	})
}

// Array reads a JSON array. It calls element with the index of each element, which must read it.
func (s *JSONScanner) Array(element func(i int) error) error {
	i := 0
	return s.sequence('[', ']', func() error {
		i++
		return element(i - 1)
	})
}

// membersMax bounds the members of an object and the attributes of an element, because looking
// for duplicates takes quadratic time. Known classes have far fewer.
const membersMax = 1000

// Peek returns the first byte of the next JSON value.
func (s *Scanner) Peek() byte { s.blank(); return s.peek() }

// sequence reads values between two brackets, separated by commas.
func (s *JSONScanner) sequence(open, end byte, each func() error) error {
	s.blank()
	if s.peek() != open {
		return s.fail("%q is expected", open)
	}
	s.pos++
	for first := true; ; first = false {
		s.blank()
		if s.peek() == end {
			s.pos++
			return nil
		}
		if !first {
			if s.peek() != ',' {
				return s.fail("%q or %q is expected", ',', end)
			}
			s.pos++
			s.blank()
			if s.peek() == end {
				return s.fail("a value is expected after the comma")
			}
		}
		if err := each(); err != nil {
			return err
		}
	}
}

// key reads the key of a member with the colon after it, and returns its number.
func (s *JSONScanner) key() (int32, error) {
	s.blank()
	raw, err := s.quoted()
	if err != nil {
		return none, err
	}
	if len(raw) > nameBytesMax {
		return none, s.fail("a key is longer than %d bytes, the limit", nameBytesMax)
	}
	if bytes.IndexByte(raw, '\\') >= 0 {
		if raw, err = unquoteJSON(nil, raw); err != nil {
			return none, s.fail("%s", err)
		}
	}
	number, err := s.intern(raw)
	if err != nil {
		return none, err
	}
	s.blank()
	if s.peek() != ':' {
		return none, s.fail("%q is expected after the key %q", ':', s.doc.names[number])
	}
	s.pos++
	return number, nil
}

// quoted reads a string, and returns what is between its quotes, until more is read.
func (s *JSONScanner) quoted() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.fail("a string is expected")
	}
	s.pos++
	kept := s.mark
	if kept < 0 {
		s.mark = s.pos
	}
	from := s.at()
	for {
		if !s.seek('"') {
			return nil, s.fail("the string does not end")
		}
		back := s.pos - 1
		for s.buf[back] == '\\' {
			back--
		}
		if (s.pos-1-back)%2 == 0 {
			break
		}
		s.pos++
	}
	raw := s.buf[s.mark+from : s.pos]
	s.pos++
	for _, c := range [...]byte{'\n', '\t'} { // the source refuses others
		if i := bytes.IndexByte(raw, c); i >= 0 {
			return nil, s.failAt(from+i, "a string holds a control character that must be escaped")
		}
	}
	if kept < 0 {
		s.mark = -1
	}
	return raw, nil
}

// A valueError is an error about a value as a whole; if isNone, what stands in its place is none.
type valueError struct {
	error
	isNone bool
}

// value reads a single value and appends its text, or the bracket with which another begins.
func (s *JSONScanner) value(text *[]byte) (kind, error) {
	switch s.peek() {
	case '{':
		s.pos++
		return kindElement, nil
	case '[':
		s.pos++
		return kindArray, nil
	case '"':
		raw, err := s.quoted()
		if err != nil {
			return kindNull, err
		}
		if *text, err = unquoteJSON(*text, raw); err != nil {
			return kindNull, &valueError{err, false}
		}
		return kindString, nil
	}
	return s.word(text)
}

// word reads a number, true, false or null.
func (s *JSONScanner) word(text *[]byte) (kind, error) {
	from := len(*text)
	for {
		c := s.peek()
		if c != '-' && c != '+' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != 'E' {
			break
		}
		*text = append(*text, c)
		s.pos++
	}
	w := (*text)[from:]
	switch {
	case string(w) == "null":
		*text = (*text)[:from]
		return kindNull, nil
	case string(w) == "true", string(w) == "false":
		return kindBool, nil
	case isNumber(w):
		return kindNumber, nil
	case s.atEOF():
		return kindNull, s.fail(valueExpected)
	}
	return kindNull, &valueError{errors.New(valueExpected), true}
}

const valueExpected = "a JSON value is expected"

// skipBrackets passes over the rest of an object or array whose first bracket was read, without
// looking at what is in it; false if it does not end.
func (s *JSONScanner) skipBrackets() bool {
	for depth := 1; depth > 0; {
		switch s.peek() {
		case 0:
			return false
		case '"':
			if _, err := s.quoted(); err != nil {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.pos++
	}
	return true
}

// isNumber reports whether w is a JSON number (RFC 8259, section 6).
func isNumber(w []byte) bool {
	digits := func() bool {
		n := 0
		for n < len(w) && w[n] >= '0' && w[n] <= '9' {
			n++
		}
		w = w[n:]
		return n > 0
	}
	w = bytes.TrimPrefix(w, []byte("-"))
	if len(w) > 1 && w[0] == '0' && w[1] >= '0' && w[1] <= '9' {
		return false
	}
	if !digits() {
		return false
	}
	if len(w) > 0 && w[0] == '.' {
		if w = w[1:]; !digits() {
			return false
		}
	}
	if len(w) > 0 && (w[0] == 'e' || w[0] == 'E') {
		if w = w[1:]; len(w) > 0 && (w[0] == '-' || w[0] == '+') {
			w = w[1:]
		}
		if !digits() {
			return false
		}
	}
	return len(w) == 0
}

// AtEnd returns an error if anything but white space follows the message, or if the reader
// returns an error at its end, such as for a checksum.
func (s *Scanner) AtEnd() error {
	if s.blank(); !s.atEOF() {
		return s.fail("nothing is expected after the end of the message")
	}
	return s.inputError()
}
