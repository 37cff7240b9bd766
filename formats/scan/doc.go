// Package scan reads XML and JSON by the letter, as a stream: tags with their attributes and text in
// one, keys and values in the other. Names are numbered, those of XML with their namespaces;
// references and escapes are resolved; each token has its line and column. What the standards do
// not allow is an error, and everything has limits.
package scan

import (
	"fmt"
	"io"
)

// A Kind is the kind of an element or value.
type Kind uint8

// The kinds. Those up to Array have children.
const (
	Element Kind = iota // of XML, or an object of JSON
	Array
	String
	Number
	Bool
	Null
)

// A Start is the beginning of an element, of an object or of an array, or a single value.
type Start struct {
	Name         int32 // its number in Scanner.Names; in an array that of the array
	Kind         Kind
	IsEmpty      bool // an XML element without content
	Line, Column int
	Rank         int // from 1, among the elements with its name, or in the array; for the reader
	Attrs, Texts int // where those of it begin in the Scanner's
}

// An Attr is an XML attribute, or a member of a JSON object with a single value.
type Attr struct {
	Name         int32
	Kind         Kind
	Used         bool // for the reader, as are Remarked and Value
	Remarked     bool
	Line, Column int
	From, To     int // in Scanner.Texts
	Value        string
}

// A Scanner has what XML and JSON share.
type Scanner struct {
	*source
	Names   []string // by their numbers
	numbers map[string]int32
	recent  [256]int32 // numbers of names by a hash, which is faster than numbers

	Attrs []Attr // of the open elements and objects; the reader removes them at their end
	Texts []byte // of Attrs and of an element of an array, unescaped
}

// New returns a Scanner that reads UTF-8 from r (see package charset), within limits.
func New(r io.Reader, l Limits) *Scanner {
	return &Scanner{source: newSource(r, l), numbers: map[string]int32{}}
}

const (
	// namesMax bounds the different names in a message, which are all kept in memory. The
	// formats have a few hundred.
	namesMax = 20_000
	// nameBytesMax bounds one name.
	nameBytesMax = 1000
)

// Intern returns the number of a name; equal names have the same number.
func (s *Scanner) Intern(b []byte) (int32, error) {
	slot := &s.recent[hash(b)]
	if int(*slot) < len(s.Names) && s.Names[*slot] == string(b) {
		return *slot, nil
	}
	if n, ok := s.numbers[string(b)]; ok {
		*slot = n
		return n, nil
	}
	if len(s.numbers) >= namesMax {
		return 0, s.Fail("the message has more than %d different names, the limit", namesMax)
	}
	n := int32(len(s.Names))
	s.Names = append(s.Names, string(b))
	s.numbers[s.Names[n]] = n
	return n, nil
}

// hash returns a number for a name that most names of a message have alone.
func hash(b []byte) uint8 {
	n := len(b)
	if n == 0 {
		return 0
	}
	return uint8(n*7) + b[0]*3 + b[n-1]*13 + b[n/2]
}

// Reset forgets all attributes, and the memory of large ones.
func (s *Scanner) Reset() {
	if cap(s.Texts) > 1<<20 {
		s.Texts = nil
	}
	s.Attrs, s.Texts = s.Attrs[:0], s.Texts[:0]
}

// Begin begins a structure, whose size is limited.
func (s *Scanner) Begin() { s.started = s.base + int64(s.pos) }

// End ends it.
func (s *Scanner) End() { s.started = -1 }

// Here returns line and column of the current place.
func (s *Scanner) Here() (line, column int) { return s.place(s.pos) }

// Peek returns the first byte after white space.
func (s *Scanner) Peek() byte { s.blank(); return s.peek() }

// AtEnd returns an error if anything but white space follows the message, or if the reader
// returns an error at its end, such as for a checksum.
func (s *Scanner) AtEnd() error {
	if s.blank(); !s.atEOF() {
		return s.Fail("nothing is expected after the end of the message")
	}
	return s.inputError()
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

// at returns the current offset from mark.
func (s *Scanner) at() int { return s.pos - s.mark }

// failAt returns an error for an offset from mark.
func (s *Scanner) failAt(at int, format string, args ...any) error {
	return s.errorAt(s.mark+at, fmt.Sprintf(format, args...))
}
