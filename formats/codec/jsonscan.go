package codec

import (
	"bytes"
	"errors"
)

// A JSONScanner scans JSON.
type JSONScanner struct{ *Scanner }

// JSON returns a scanner for the message, which begins with '{'.
func (s *Scanner) JSON() *JSONScanner { return &JSONScanner{s} }

// Object reads a JSON object. It calls member with the key of each member, which must read the
// value.
func (s *JSONScanner) Object(member func(key string) error) error {
	return s.sequence('{', '}', func() error {
		key, err := s.key()
		if err != nil {
			return err
		}
		return member(key)
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

func (s *JSONScanner) key() (string, error) {
	s.blank()
	kept := s.mark >= 0
	if !kept {
		s.mark = s.pos
	}
	from, to, escaped, err := s.quoted()
	if err != nil {
		return "", err
	}
	if to-from > nameBytesMax {
		return "", s.fail("a key is longer than %d bytes, the limit", nameBytesMax)
	}
	number, err := s.intern(s.buf[s.mark+from : s.mark+to])
	if err != nil {
		return "", err
	}
	key := s.doc.names[number]
	if escaped {
		if key, err = unquoteJSON(key); err != nil {
			return "", s.fail("%s", err)
		}
	}
	if !kept {
		s.mark = -1
	}
	s.blank()
	if s.peek() != ':' {
		return "", s.fail("%q is expected after the key %q", ':', key)
	}
	s.pos++
	return key, nil
}

// quoted scans a string, and returns where its content begins and ends, and whether there are
// escapes in it.
func (s *JSONScanner) quoted() (from, to int, escaped bool, err error) {
	if s.peek() != '"' {
		return 0, 0, false, s.fail("a string is expected")
	}
	s.pos++
	from = s.at()
	for {
		if !s.seek('"') {
			return 0, 0, false, s.fail("the string does not end")
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
	to = s.at()
	raw := s.buf[s.mark+from : s.mark+to]
	s.pos++
	for i, c := range raw {
		if c < 0x20 {
			return 0, 0, false, s.failAt(from+i, "a string holds a control character that must be escaped")
		}
	}
	return from, to, bytes.IndexByte(raw, '\\') >= 0, nil
}

// Value scans the next JSON value as a document.
func (s *JSONScanner) Value(name, prefix string) (*Document, error) {
	s.blank()
	s.begin(true, prefix)
	number, err := s.intern([]byte(name))
	if err != nil {
		return nil, err
	}
	if err := s.value(none, number, 1); err != nil {
		return nil, err
	}
	if len(s.doc.nodes) == 0 { // null
		s.doc.add(none, number, kindString, 0)
	}
	return s.finish(), nil
}

func (s *JSONScanner) value(parent, name int32, depth int) error {
	if depth > s.limits.Depth {
		return s.fail("values are nested more than %d deep, the limit", s.limits.Depth)
	}
	s.blank()
	at := s.at()
	switch c := s.peek(); {
	case c == '{':
		i := s.doc.add(parent, name, kindElement, at)
		members := 0
		return s.Object(func(key string) error {
			if members++; members > membersMax {
				return s.fail("an object has more than %d members, the limit", membersMax)
			}
			number, err := s.intern([]byte(key))
			if err != nil {
				return err
			}
			for j := s.doc.nodes[i].first; j != none; j = s.doc.nodes[j].next {
				if s.doc.nodes[j].name == number {
					return s.failIn(i, "the key %q is there twice", key)
				}
			}
			return s.value(i, number, depth+1)
		})
	case c == '[':
		i := s.doc.add(parent, name, kindArray, at)
		return s.Array(func(int) error { return s.value(i, name, depth+1) })
	case c == '"':
		from, to, escaped, err := s.quoted()
		if err != nil {
			return err
		}
		s.leaf(parent, name, kindString, at, from, to, escaped)
		if !escaped {
			return nil
		}
		if err := checkEscapes(s.buf[s.mark+from : s.mark+to]); err != nil {
			return s.placed(int32(len(s.doc.nodes)-1), s.failAt(at, "%s", err))
		}
		return nil
	}
	return s.word(parent, name, at)
}

func (s *JSONScanner) leaf(parent, name int32, k kind, at, from, to int, escaped bool) {
	n := &s.doc.nodes[s.doc.add(parent, name, k, at)]
	n.from, n.to, n.escaped = int32(from), int32(to), escaped
}

// word scans a number, true, false or null; null adds no node.
func (s *JSONScanner) word(parent, name int32, at int) error {
	from := s.at()
	for {
		c := s.peek()
		if c != '-' && c != '+' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != 'E' {
			break
		}
		s.pos++
	}
	w := s.buf[s.mark+from : s.pos]
	switch {
	case string(w) == "null":
	case string(w) == "true", string(w) == "false":
		s.leaf(parent, name, kindBool, at, from, s.at(), false)
	case isNumber(w):
		s.leaf(parent, name, kindNumber, at, from, s.at(), false)
	default:
		s.pos = s.mark + from
		return s.failIn(parent, "a JSON value is expected")
	}
	return nil
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

// failIn returns an error at the current place, with the path of an object or array.
func (s *JSONScanner) failIn(i int32, format string, args ...any) error {
	return s.placed(i, s.fail(format, args...))
}

// placed adds the path of a node to an error.
func (s *JSONScanner) placed(i int32, err error) error {
	var e *SyntaxError
	if errors.As(err, &e) && e.Path == "" && len(s.doc.nodes) > 0 {
		e.Path = s.doc.path(i)
	}
	return err
}

// AtEnd returns an error if anything but white space follows the message, or if the reader
// returns an error at its end, such as for a checksum.
func (s *Scanner) AtEnd() error {
	if s.blank(); !s.atEOF() {
		return s.fail("nothing is expected after the end of the message")
	}
	return s.inputError()
}
