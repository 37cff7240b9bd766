package formats

import (
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
	Skipped    []string // type, name and place of what was left out
	Warnings   []string // what was not understood and did not matter
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
	text, err := codec.Decode(r, o.Charset)
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
	rd.summary.Warnings = append(text.Notes(), rd.summary.Warnings...)
	return rd.summary, placed(o.Name, "", err)
}

// neither refuses what begins as no format does.
func (r *reading) neither() error {
	if err := r.scan.AtEnd(); err == nil {
		return &Error{File: r.Name, Text: "the message is empty"}
	}
	return r.scan.Fail("this is no structure message: XML begins with '<' and JSON with '{'")
}

// Charset gives the charset of a Content-Type, empty if it has none.
func Charset(contentType string) string {
	_, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return parameters["charset"]
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}

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
	if err := c.Err(); err != nil {
		return placed(r.Name, urnIfWhole(m), err)
	}
	remarks, err := doc.Unused()
	if err != nil {
		return placed(r.Name, urnIfWhole(m), err)
	}
	if len(r.summary.Warnings) < 100 {
		r.summary.Warnings = append(r.summary.Warnings, remarks...)
	}
	if err := sdmx.Complete(m); err != nil {
		return placed(r.Name, urnIfWhole(m), doc.ErrorAtRoot(err.Error()))
	}
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

// unsupported refuses or skips a structure of a class that is not modelled.
func (r *reading) unsupported(doc *codec.Document, what string) error {
	if r.SkipUnsupported {
		r.summary.Skipped = append(r.summary.Skipped, what+" at "+doc.Where())
		return nil
	}
	return doc.ErrorAtRoot(fmt.Sprintf("%s is of a type that this version does not hold yet; leave it out of the message, or skip what is not supported (--skip-unsupported)", what))
}
