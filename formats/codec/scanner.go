package codec

import (
	"io"

	"urncast/formats/scan"
)

// A Scanner reads a message, one document at a time. XML and JSON return what reads either.
type Scanner struct{ *scan.Scanner }

// NewScanner returns a Scanner that reads UTF-8 from r (see package charset), within limits.
func NewScanner(r io.Reader, l scan.Limits) *Scanner { return &Scanner{scan.New(r, l)} }

// An XMLScanner reads a message in XML.
type XMLScanner struct {
	*scan.XML
	doc Document
}

// XML returns a scanner for the message, which begins with '<'.
func (s *Scanner) XML() *XMLScanner {
	x := s.Scanner.XML()
	return &XMLScanner{XML: x, doc: Document{cursor: cursor{scan: s.Scanner, tags: x}}}
}

// A Tag is a start tag of the message, outside of structures.
type Tag struct {
	Name      string // local part
	Namespace string // URI; "" for none
	Closed    bool   // it has no content
}

// NextTag reads the next start tag, or the end tag of the innermost open element (end is true).
func (s *XMLScanner) NextTag(path string) (tag Tag, end bool, err error) {
	d := &s.doc
	d.reset(path)
	if end, err = s.Outer(); end || err != nil {
		return Tag{}, end, err
	}
	d.child, d.isAhead = s.Child, true
	d.line, d.column = d.child.Line, d.child.Column
	name, local := s.Names[d.child.Name], d.nameOf(d.child.Name)
	return Tag{local, scan.URIOf(name[:len(name)-len(local)]), d.child.IsEmpty}, false, nil
}

// Here returns the element whose start tag NextTag has just returned as a document. Unless it is
// read, NextTag goes on with its children.
func (s *XMLScanner) Here() *Document { return &s.doc }

// SetPath sets the path of Here.
func (s *XMLScanner) SetPath(path string) { s.doc.prefix = path }

// A JSONScanner reads a message in JSON.
type JSONScanner struct {
	*scan.JSON
	doc Document
}

// JSON returns a scanner for the message, which begins with '{'.
func (s *Scanner) JSON() *JSONScanner {
	j := s.Scanner.JSON()
	return &JSONScanner{JSON: j, doc: Document{cursor: cursor{scan: s.Scanner, values: j}}}
}

// Object reads a JSON object. It calls member with the key of each member, which must read the
// value.
func (s *JSONScanner) Object(member func(key string) error) error {
	return s.each('{', scan.Element, func(int) error {
		number, err := s.Key()
		if err != nil {
			return err
		}
		return member(s.Names[number])
	})
}

// Array reads a JSON array. It calls element with the index of each element, which must read it.
func (s *JSONScanner) Array(element func(i int) error) error {
	return s.each('[', scan.Array, element)
}

func (s *JSONScanner) each(bracket byte, k scan.Kind, fn func(i int) error) error {
	if err := s.Open(bracket); err != nil {
		return err
	}
	for i := 0; ; i++ {
		if more, err := s.More(k, i+1); err != nil || !more {
			return err
		}
		if err := fn(i); err != nil {
			return err
		}
	}
}

// Value begins to read the next JSON value as a document.
func (s *JSONScanner) Value(name, prefix string) (*Document, error) {
	d := &s.doc
	d.reset(prefix)
	s.Peek()
	d.line, d.column = s.Scanner.Here()
	number, err := s.Intern([]byte(name))
	if err != nil {
		return nil, err
	}
	isAlone, err := d.value(number)
	d.isAhead = err == nil && !isAlone
	return d, err
}
