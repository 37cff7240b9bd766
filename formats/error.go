package formats

import (
	"errors"
	"fmt"
	"strings"

	"urncast/formats/codec"
	"urncast/formats/scan"
)

// An Error is a fault of a message, with its place.
type Error struct {
	File         string // empty if the message has no name
	Line, Column int    // from 1; 0 if the error has no place
	Path         string // XML path or JSON path
	URN          string // of the structure, if known
	Text         string
	// Unsupported means that the error is a structure which this version does not support,
	// and ReadOptions.SkipUnsupported would leave out.
	Unsupported bool
}

// Error implements error: it returns place and text.
func (e *Error) Error() string {
	return Remark{e.File, e.Line, e.Column, e.Path, e.URN, e.Text}.String()
}

// A Remark is a sentence about a message that is accepted, mostly about a part that was not
// kept. Its fields are as in Error.
type Remark struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Path   string `json:"path,omitempty"`
	URN    string `json:"urn,omitempty"`
	Text   string `json:"text"`
}

// String returns place and text.
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

// RemarksMax is the number of remarks of a kind that are kept; all are counted.
const RemarksMax = codec.RemarksMax

// Remarks are the first RemarksMax remarks of a kind, and the count of all.
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

// Join adds the remarks on another message.
func (r *Remarks) Join(more Remarks) {
	r.First = append(r.First, more.First[:min(len(more.First), RemarksMax-len(r.First))]...)
	r.Count += more.Count
}

// More returns the number of remarks that are not kept.
func (r *Remarks) More() int { return r.Count - len(r.First) }

func remarkOf(file, urn string, s *scan.SyntaxError) Remark {
	return Remark{File: file, Line: s.Line, Column: s.Column, Path: s.Path, URN: urn, Text: s.Text}
}

// withPlace converts a *scan.SyntaxError into an *Error with file and URN; other errors are
// returned as they are.
func withPlace(file, urn string, err error) error {
	var s *scan.SyntaxError
	if errors.As(err, &s) {
		return &Error{File: file, Line: s.Line, Column: s.Column, Path: s.Path, URN: urn, Text: s.Text}
	}
	return err
}
