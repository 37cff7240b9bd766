package formats

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"

	"urncast/formats/codec"
	"urncast/formats/structures"
	"urncast/sdmx"
)

// Limits bound what reading may cost.
type Limits = codec.Limits

// ReadOptions say how to read.
type ReadOptions struct {
	Name string // the file's, for error messages
	// Charset is what a Content-Type says of the encoding, empty if nothing (see
	// Charset). A byte order mark counts more, an XML declaration less.
	Charset string
	// SkipUnsupported leaves out structures of types that this program does not
	// hold yet, and lists them; otherwise they are refused.
	SkipUnsupported bool
	Limits          Limits
}

// A Summary says what was read.
type Summary struct {
	Format     *Format
	Structures int
	Skipped    Remarks // structures that were left out, for SkipUnsupported said so
	Warnings   Remarks // what else was read and not kept, and what the message warns of
}

// Join adds the summary of another file of the same submission. That one holds no
// structures is a warning, as long as another does.
func (s *Summary) Join(file string, more Summary) {
	if more.Structures == 0 && more.Skipped.Count == 0 {
		more.Warnings.Add(Remark{File: file, Text: "this message holds no structures"})
	}
	s.join(more)
}

func (s *Summary) join(more Summary) {
	s.Structures += more.Structures
	s.Skipped.Join(more.Skipped)
	s.Warnings.Join(more.Warnings)
}

// Empty refuses what was read whole and holds no structure to submit or to convert;
// it is nil if there is one.
func (s *Summary) Empty(file string) error {
	switch {
	case s.Structures > 0:
		return nil
	case s.Skipped.Count > 0:
		return &Error{File: file, Text: fmt.Sprintf("nothing is left to take: what the message holds is not supported here and was left out (%d)", s.Skipped.Count)}
	}
	return &Error{File: file, Text: "the message holds no structures, so there is nothing to do with it"}
}

// A reading is one call of Read.
type reading struct {
	ReadOptions
	scan    *codec.Scanner
	summary Summary
	yield   func(m sdmx.Maintainable, where string) error
}

// Read recognises the format of a message by its content and hands over one
// structure after another, each completed and checked; where says its place.
// Errors of the input are *Error; an error of yield is returned as it is.
func Read(r io.Reader, o ReadOptions, yield func(m sdmx.Maintainable, where string) error) (Summary, error) {
	head := bufio.NewReader(r)
	if kind := packing(head); kind != "" {
		return Summary{}, &Error{File: o.Name, Text: "this is a " + kind + ", packed once more or where a message is expected; unpack it first"}
	}
	text, err := codec.Decode(head, o.Charset)
	if err != nil {
		return Summary{}, placed(o.Name, "", err)
	}
	rd := &reading{ReadOptions: o, scan: codec.NewScanner(text, o.Limits), yield: yield}
	switch rd.scan.Peek() {
	case '<':
		err = rd.xml()
	case '{':
		err = rd.json()
	default:
		err = rd.neither()
	}
	for _, note := range text.Notes() {
		rd.summary.Warnings.Add(Remark{File: o.Name, Text: note})
	}
	return rd.summary, placed(o.Name, "", err)
}

// howToSkip names the option in the words of those who ask for it.
const howToSkip = "--skip-unsupported, in the API skipUnsupported=true"

// neither refuses what begins as no format does.
func (r *reading) neither() error {
	if err := r.scan.AtEnd(); err == nil {
		return &Error{File: r.Name, Text: "the message is empty"}
	}
	return r.scan.Fail("this is no structure message: XML begins with '<' and JSON with '{'")
}

// Charset returns the charset of a Content-Type, empty if it has none.
func Charset(contentType string) string {
	_, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return parameters["charset"]
}

func clip(s string, n int) string { return codec.Clip(s, n) }

// structure reads one document, whatever the format.
func (r *reading) structure(doc *codec.Document, class sdmx.Class) error {
	if r.summary.Structures++; r.summary.Structures > r.Limits.WithDefaults().Structures {
		return doc.ErrorAtRoot(fmt.Sprintf("the message holds more than %d structures, the limit", r.Limits.WithDefaults().Structures))
	}
	m, err := sdmx.New(class)
	if err != nil {
		return doc.ErrorAtRoot(err.Error())
	}
	c := codec.Reader(r.summary.Format.dialect, doc)
	structures.Describe(c, m)
	var unknown *codec.UnsupportedError
	if errors.As(c.Err(), &unknown) {
		return r.unsupported(doc, class.String(), unknown)
	}
	if err := c.Err(); err != nil {
		return placed(r.Name, urnIfWhole(m), err)
	}
	if err := doc.Unused(); err != nil {
		return placed(r.Name, urnIfWhole(m), err)
	}
	if err := sdmx.Complete(m); err != nil {
		return placed(r.Name, urnIfWhole(m), doc.ErrorAtRoot(err.Error()))
	}
	r.heard(doc, urnIfWhole(m))
	where := doc.Where()
	if r.Name != "" {
		where = r.Name + ", " + where
	}
	return r.yield(m, where)
}

func urnIfWhole(m sdmx.Maintainable) string {
	a := m.Common()
	if a.ID == "" || a.Agency == "" || a.Version == "" {
		return ""
	}
	return sdmx.URNOf(m).String()
}

// heard takes over what was remarked on a document.
func (r *reading) heard(doc *codec.Document, urn string) {
	first, count := doc.Remarks()
	for i := range first {
		r.summary.Warnings.Add(remarkOf(r.Name, urn, &first[i]))
	}
	r.summary.Warnings.Count += count - len(first)
}

// unsupported refuses or skips one structure: its type is not modelled, or at says
// what is not known. Something in it is of a class that is not known.
func (r *reading) unsupported(doc *codec.Document, typeName string, at error) error {
	agency, id, version := doc.Identity()
	what := fmt.Sprintf("%s %s:%s(%s)", clip(typeName, 60), clip(agency, 60), clip(id, 60), clip(cmp.Or(version, string(sdmx.VersionDefault)), 60))
	if at == nil {
		at = doc.ErrorAtRoot("it is of a type that this version does not hold")
	}
	var why *codec.SyntaxError
	if !errors.As(at, &why) {
		return at
	}
	place := remarkOf(r.Name, "", why)
	if r.SkipUnsupported {
		place.Text = what + ": " + why.Text
		r.summary.Skipped.Add(place)
		return nil
	}
	return &Error{File: r.Name, Line: place.Line, Column: place.Column, Path: place.Path, Unsupported: true,
		Text: what + " cannot be taken: " + why.Text + "; leave it out of the message, or skip what is not supported (" + howToSkip + ")"}
}
