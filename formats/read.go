package formats

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"

	"urncast/formats/charset"
	"urncast/formats/codec"
	"urncast/formats/scan"
	"urncast/formats/structures"
	"urncast/sdmx"
)

// Limits bound the size of messages.
type Limits = scan.Limits

// ReadOptions are the options of Read and Convert.
type ReadOptions struct {
	Name string // name of the file, for error messages
	// Charset is the charset of a Content-Type, empty if there is none (see Charset). It
	// takes precedence over an XML declaration, and a byte order mark over it.
	Charset string
	// SkipUnsupported leaves out structures of classes that this program does not support,
	// and lists them in Summary.Skipped; otherwise they are errors.
	SkipUnsupported bool
	// Requests accepts RegistryInterface messages that submit structures. The caller must act on
	// Summary.Request; without Requests they are errors.
	Requests bool
	// Agreements returns the provision agreements with a provider and a flow, by which registrations
	// of SDMX-ML 2.0 can name one. If there is not one, an *Unresolved is yielded. An error ends the
	// reading and is returned as it is. If it is nil, there are none.
	Agreements func(AgreementParts) ([]sdmx.Ref, error)
	Limits     Limits
}

// A Summary is the result of reading a message, beside its structures.
type Summary struct {
	Format     *Format
	Structures int
	Skipped    Remarks  // structures that were left out because of SkipUnsupported
	Warnings   Remarks  // other parts that were not kept, and warnings in the message
	Request    *Request // of a RegistryInterface message; otherwise nil
}

// Join adds the summary of another file of the same submission. A file without structures
// becomes a warning.
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

// Empty returns an error if no structure was read that could be submitted or converted.
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
	tags    *codec.XMLScanner  // for XML only
	values  *codec.JSONScanner // for JSON only
	summary Summary
	// language is that of texts which state none, in SDMX-JSON; empty if it is not known.
	language string
	yield    func(m sdmx.Maintainable, where string) error
	// version is that of SDMX-ML.
	version string
}

// Read reads a message, whose format it recognises by the content, and calls yield with one
// structure after another, each with its defaults filled in (sdmx.Complete). where is its
// place, for messages. Errors in the input are *Error; an error of yield ends the reading and
// is returned as it is.
func Read(r io.Reader, o ReadOptions, yield func(m sdmx.Maintainable, where string) error) (Summary, error) {
	head := bufio.NewReader(r)
	if kind := packing(head); kind != "" {
		return Summary{}, &Error{File: o.Name, Text: "this is a " + kind + ", packed once more or where a message is expected; unpack it first"}
	}
	text, err := charset.Decode(head, o.Charset)
	if err != nil {
		return Summary{}, withPlace(o.Name, "", err)
	}
	rd := &reading{ReadOptions: o, scan: codec.NewScanner(text, o.Limits), yield: yield}
	switch rd.scan.Peek() {
	case '<':
		err = rd.xml()
	case '{':
		err = rd.json()
	default:
		err = rd.refuseUnknown()
	}
	for _, note := range text.Notes() {
		rd.summary.Warnings.Add(Remark{File: o.Name, Text: note})
	}
	return rd.summary, withPlace(o.Name, "", err)
}

// howToSkip is the name of SkipUnsupported in the CLI and in the API.
const howToSkip = "--skip-unsupported, in the API skipUnsupported=true"

// refuseUnknown returns the error for a message that is neither XML nor JSON.
func (r *reading) refuseUnknown() error {
	if err := r.scan.AtEnd(); err == nil {
		return &Error{File: r.Name, Text: "the message is empty"}
	}
	return r.scan.Fail("this is no structure message: XML begins with '<' and JSON with '{'")
}

// Charset returns the charset parameter of a Content-Type; empty if it has none.
func Charset(contentType string) string {
	_, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return parameters["charset"]
}

func clip(s string, n int) string { return codec.Clip(s, n) }

// structure reads a structure of a class from a document and yields it.
func (r *reading) structure(doc *codec.Document, class sdmx.Class) error {
	m, err := sdmx.New(class)
	if err != nil {
		return doc.ErrorAtRoot(err.Error())
	}
	return r.described(doc, m, func(c *codec.C) {
		c.Language, c.URNs = r.language, r.version == Version30
		structures.Describe(c, m)
	})
}

// described reads a structure by a description and yields it.
func (r *reading) described(doc *codec.Document, m sdmx.Maintainable, describe func(*codec.C)) error {
	if r.summary.Structures++; r.summary.Structures > r.Limits.WithDefaults().Structures {
		return doc.ErrorAtRoot(fmt.Sprintf("the message holds more than %d structures, the limit", r.Limits.WithDefaults().Structures))
	}
	fault, err := doc.Read(r.summary.Format.dialect, describe)
	if err != nil {
		return err
	}
	var unknown *codec.UnsupportedError
	if errors.As(fault, &unknown) {
		return r.unsupported(doc, m.Class().String(), unknown)
	}
	if fault != nil {
		return withPlace(r.Name, urnIfWhole(m), fault)
	}
	if err := sdmx.Complete(m); err != nil {
		return withPlace(r.Name, urnIfWhole(m), doc.ErrorAtRoot(err.Error()))
	}
	r.addRemarks(doc, urnIfWhole(m))
	where := doc.Where()
	if r.Name != "" {
		where = r.Name + ", " + where
	}
	return r.yield(m, where)
}

// urnIfWhole returns the URN of a structure; empty if a part of it is missing.
func urnIfWhole(m sdmx.Maintainable) string {
	a := m.Common()
	if a.ID == "" || a.Agency == "" || a.Version == "" {
		return ""
	}
	return sdmx.URNOf(m).String()
}

// addRemarks adds the remarks on a document to the warnings of the summary.
func (r *reading) addRemarks(doc *codec.Document, urn string) {
	first, count := doc.Remarks()
	for i := range first {
		r.summary.Warnings.Add(remarkOf(r.Name, urn, &first[i]))
	}
	r.summary.Warnings.Count += count - len(first)
}

// unsupported leaves out a structure that this program does not support, and that was read to its
// end, or returns an error for it. at is the reason.
func (r *reading) unsupported(doc *codec.Document, typeName string, at error) error {
	agency, id, version := doc.Identity()
	what := fmt.Sprintf("%s %s:%s(%s)", clip(typeName, 60), clip(agency, 60), clip(id, 60), clip(cmp.Or(version, string(sdmx.VersionDefault)), 60))
	var why *scan.SyntaxError
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
