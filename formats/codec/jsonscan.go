package codec

import (
	"bytes"
	"unicode/utf8"
)

// Object walks the members of a JSON object; pos is before it. member must take
// the value that follows.
func (s *Scanner) Object(member func(key string) error) error {
	return s.sequence('{', '}', func() error {
		key, err := s.key()
		if err != nil {
			return err
		}
		return member(key)
	})
}

// Array walks the elements of a JSON array; element must take each.
func (s *Scanner) Array(element func(i int) error) error {
	i := 0
	return s.sequence('[', ']', func() error {
		i++
		return element(i - 1)
	})
}

// membersMax bounds the members of an object and the attributes of an element:
// the known types have far fewer, and looking for doubles takes their square.
const membersMax = 1000

// Peek gives the first byte of the next JSON value.
func (s *Scanner) Peek() byte { s.blank(); return s.peek() }

// sequence walks what stands between two brackets, with commas.
func (s *Scanner) sequence(open, end byte, each func() error) error {
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

func (s *Scanner) key() (string, error) {
	s.blank()
	kept := s.mark >= 0
	if !kept {
		s.mark = s.pos
	}
	from, to, escaped, err := s.quoted()
	if err != nil {
		return "", err
	}
	raw := s.buf[s.mark+from : s.mark+to]
	key := s.doc.names[s.intern(raw)]
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

// quoted scans a string and gives the extent between its quotes.
func (s *Scanner) quoted() (from, to int, escaped bool, err error) {
	if s.peek() != '"' {
		return 0, 0, false, s.fail("a string is expected")
	}
	s.pos++
	from = s.at()
	for {
		if !s.until('"') {
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
	for _, c := range raw {
		if c < 0x20 {
			return 0, 0, false, s.fail("a string holds a control character that must be escaped")
		}
	}
	escaped = bytes.IndexByte(raw, '\\') >= 0
	if !utf8.Valid(raw) {
		return 0, 0, false, s.fail("a string is not valid UTF-8")
	}
	return from, to, escaped, nil
}

// Value scans the next JSON value as a document.
func (s *Scanner) Value(name, prefix string) (*Document, error) {
	s.blank()
	s.begin(true, prefix)
	if err := s.value(none, s.intern([]byte(name)), 1); err != nil {
		return nil, err
	}
	if len(s.doc.nodes) == 0 { // null
		s.doc.add(none, s.intern([]byte(name)), kindString, 0)
	}
	return s.finish(), nil
}

func (s *Scanner) value(parent, name int32, depth int) error {
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
			number := s.intern([]byte(key))
			for j := s.doc.nodes[i].first; j != none; j = s.doc.nodes[j].next {
				if s.doc.nodes[j].name == number {
					return s.fail("the key %q is there twice", key)
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
		return nil
	}
	return s.word(parent, name, at)
}

func (s *Scanner) leaf(parent, name int32, k kind, at, from, to int, escaped bool) {
	n := &s.doc.nodes[s.doc.add(parent, name, k, at)]
	n.from, n.to, n.escaped = int32(from), int32(to), escaped
}

// word scans a number, true, false or null; null makes no node.
func (s *Scanner) word(parent, name int32, at int) error {
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
	case len(w) > 0 && (w[0] == '-' || w[0] >= '0' && w[0] <= '9'):
		s.leaf(parent, name, kindNumber, at, from, s.at(), false)
	default:
		return s.fail("a JSON value is expected")
	}
	return nil
}

// AtEnd refuses what follows the message.
func (s *Scanner) AtEnd() error {
	s.blank()
	if s.peek() != 0 || s.pos < len(s.buf) {
		return s.fail("nothing is expected after the end of the message")
	}
	return nil
}
