package formats

import (
	"errors"
	"fmt"
	"strings"

	"urncast/formats/codec"
)

// An Error is what is wrong with a message, and where.
type Error struct {
	File         string // "" if it came without a name
	Line, Column int    // 1-based; 0 where the error has no place
	Path         string // XML path or JSON path
	URN          string // of the structure, if known
	Text         string
	// Unsupported says that a structure of a kind that this version does not know
	// is in the way, which SkipUnsupported would leave out.
	Unsupported bool
}

// Error composes place and text.
func (e *Error) Error() string {
	return Remark{e.File, e.Line, e.Column, e.Path, e.URN, e.Text}.String()
}

// A Remark is about something of a message that does not refuse it: what was read and
// not kept, for the most part.
type Remark struct {
	File   string `json:"file,omitempty"` // as in Error, all of them
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Path   string `json:"path,omitempty"`
	URN    string `json:"urn,omitempty"`
	Text   string `json:"text"`
}

// String composes place and text.
func (e Remark) String() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File + ": ")
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", e.Line, e.Column)
	}
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	if b.Len() == 0 && e.URN != "" {
		return e.URN + ": " + e.Text
	}
	b.WriteString(e.Text)
	if e.URN != "" && !strings.Contains(e.Text, e.URN) {
		b.WriteString(" (in " + e.URN + ")")
	}
	return b.String()
}

// RemarksMax is how many remarks are kept of one kind; the others are counted.
const RemarksMax = codec.RemarksMax

// Remarks are the first RemarksMax remarks, and how many there were.
type Remarks struct {
	First []Remark
	Count int
}

// Add adds a remark.
func (r *Remarks) Add(x Remark) {
	if r.Count++; len(r.First) < RemarksMax {
		r.First = append(r.First, x)
	}
}

// Join adds those of another message.
func (r *Remarks) Join(more Remarks) {
	r.First = append(r.First, more.First[:min(len(more.First), RemarksMax-len(r.First))]...)
	r.Count += more.Count
}

// More says how many are not among the first.
func (r *Remarks) More() int { return r.Count - len(r.First) }

func remarkOf(file, urn string, s *codec.SyntaxError) Remark {
	return Remark{File: file, Line: s.Line, Column: s.Column, Path: s.Path, URN: urn, Text: s.Text}
}

// placed turns an error of the engine into an Error with the file's name.
func placed(file, urn string, err error) error {
	var s *codec.SyntaxError
	if errors.As(err, &s) {
		return &Error{File: file, Line: s.Line, Column: s.Column, Path: s.Path, URN: urn, Text: s.Text}
	}
	return err
}
