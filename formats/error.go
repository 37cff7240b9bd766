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
}

// Error composes place and text.
func (e *Error) Error() string {
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
	b.WriteString(e.Text)
	if e.URN != "" && !strings.Contains(e.Text, e.URN) {
		b.WriteString(" (in " + e.URN + ")")
	}
	return b.String()
}

// placed turns an error of the engine into an Error with the file's name.
func placed(file, urn string, err error) error {
	var s *codec.SyntaxError
	if errors.As(err, &s) {
		return &Error{File: file, Line: s.Line, Column: s.Column, Path: s.Path, URN: urn, Text: s.Text}
	}
	return err
}
