package scan

import (
	"bytes"
	"errors"
)

// A JSON reads JSON.
type JSON struct{ *Scanner }

// JSON returns what reads the message, which begins with '{'.
func (s *Scanner) JSON() *JSON { return &JSON{s} }

// MembersMax bounds the members of an object and the attributes of an element, because looking
// for duplicates takes quadratic time. Known classes have far fewer.
const MembersMax = 1000

// Open reads the bracket with which an object or array begins.
func (s *JSON) Open(bracket byte) error {
	if s.Peek() != bracket {
		return s.Fail("%q is expected", bracket)
	}
	s.pos++
	return nil
}

// More goes on to member number n, from 1, of an object, or to element number n of an array. It is
// false if the end was read instead.
func (s *JSON) More(k Kind, n int) (bool, error) {
	end := byte('}')
	if k == Array {
		end = ']'
	}
	if s.Peek() == end {
		s.pos++
		return false, nil
	}
	if n > 1 {
		if s.peek() != ',' {
			return false, s.Fail("%q or %q is expected", ',', end)
		}
		s.pos++
		if s.Peek() == end {
			return false, s.Fail("a value is expected after the comma")
		}
	}
	return true, nil
}

// Key reads the key of a member with the colon after it, and returns its number.
func (s *JSON) Key() (int32, error) {
	s.blank()
	raw, err := s.quoted()
	if err != nil {
		return 0, err
	}
	if len(raw) > nameBytesMax {
		return 0, s.Fail("a key is longer than %d bytes, the limit", nameBytesMax)
	}
	if bytes.IndexByte(raw, '\\') >= 0 {
		if raw, err = unquoteJSON(nil, raw); err != nil {
			return 0, s.Fail("%s", err)
		}
	}
	number, err := s.Intern(raw)
	if err != nil {
		return 0, err
	}
	s.blank()
	if s.peek() != ':' {
		return 0, s.Fail("%q is expected after the key %q", ':', s.Names[number])
	}
	s.pos++
	return number, nil
}

// quoted reads a string, and returns what is between its quotes, until more is read.
func (s *JSON) quoted() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.Fail("a string is expected")
	}
	isKept := s.mark >= 0
	if !isKept {
		s.mark = s.pos
	}
	s.pos++
	from := s.at()
	for {
		if !s.seek('"') {
			return nil, s.Fail("the string does not end")
		}
		back := s.pos - 1 // stops at the first quote at the latest
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
	if !isKept {
		s.mark = -1
	}
	return raw, nil
}

// A ValueError is an error about a value as a whole; if IsNone, what stands in its place is none.
type ValueError struct {
	error
	IsNone bool
}

// Value reads a single value and appends its text to Texts, or the bracket with which another begins.
func (s *JSON) Value() (Kind, error) {
	switch s.peek() {
	case '{':
		s.pos++
		return Element, nil
	case '[':
		s.pos++
		return Array, nil
	case '"':
		raw, err := s.quoted()
		if err != nil {
			return Null, err
		}
		if s.Texts, err = unquoteJSON(s.Texts, raw); err != nil {
			return Null, &ValueError{err, false}
		}
		return String, nil
	}
	return s.word()
}

// word reads a number, true, false or null.
func (s *JSON) word() (Kind, error) {
	from := len(s.Texts)
	for {
		c := s.peek()
		if c != '-' && c != '+' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != 'E' {
			break
		}
		s.Texts = append(s.Texts, c)
		s.pos++
	}
	w := s.Texts[from:]
	switch {
	case string(w) == "null":
		s.Texts = s.Texts[:from]
		return Null, nil
	case string(w) == "true", string(w) == "false":
		return Bool, nil
	case IsNumber(w):
		return Number, nil
	case s.atEOF():
		return Null, s.Fail(valueExpected)
	}
	return Null, &ValueError{errors.New(valueExpected), true}
}

const valueExpected = "a JSON value is expected"

// SkipBrackets passes over the rest of an object or array whose first bracket was read, without
// looking at what is in it; false if it does not end.
func (s *JSON) SkipBrackets() bool {
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

// IsNumber reports whether w is a JSON number (RFC 8259, section 6).
func IsNumber(w []byte) bool {
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

// A Bookmark is a place to which a reader goes back.
type Bookmark struct {
	last     int64
	line     int
	lineFrom int64
}

// Bookmark returns the current place. All that is read from now on is kept until Return.
func (s *JSON) Bookmark() Bookmark {
	s.place(s.pos)
	s.mark = s.pos
	return Bookmark{s.base + int64(s.last), s.line, s.lineFrom}
}

// Return goes back.
func (s *JSON) Return(b Bookmark) {
	s.pos, s.mark, s.ended = s.mark, -1, false
	s.last, s.line, s.lineFrom = int(b.last-s.base), b.line, b.lineFrom
}
