package codec

import (
	"bytes"
	"fmt"
	"io"
)

// A SyntaxError is a place in the input and what is wrong there.
type SyntaxError struct {
	Line, Column int
	Path         string // XML path or JSON path, if known
	Text         string
}

// Error puts the place before the text.
func (e *SyntaxError) Error() string {
	if e.Path != "" {
		return fmt.Sprintf("line %d, column %d, %s: %s", e.Line, e.Column, e.Path, e.Text)
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Text)
}

// A source is the input through a buffer that slides on, but keeps what lies
// behind the mark: the structure that is being scanned.
type source struct {
	r      io.Reader
	buf    []byte
	pos    int // next byte
	mark   int // start of what is kept; -1 if nothing is
	limits Limits

	read      int64
	err       error // of r, after everything before it is used
	lines     int   // newlines before buf[0]
	lastBreak int64 // offset in the input just after the last of them
	base      int64 // offset in the input of buf[0]
}

func newSource(r io.Reader, l Limits) *source {
	return &source{r: r, buf: make([]byte, 0, 64<<10), mark: -1, limits: l.WithDefaults()}
}

// more reads on; false at the end of the input or an error.
func (s *source) more() bool {
	if s.err != nil {
		return false
	}
	keep := s.pos
	if s.mark >= 0 {
		keep = s.mark
	}
	if keep > 0 && (keep > len(s.buf)/2 || len(s.buf) == cap(s.buf)) {
		gone := s.buf[:keep]
		if n := bytes.Count(gone, []byte{'\n'}); n > 0 {
			s.lines += n
			s.lastBreak = s.base + int64(bytes.LastIndexByte(gone, '\n')) + 1
		}
		s.base += int64(keep)
		s.buf = s.buf[:copy(s.buf, s.buf[keep:])]
		s.pos -= keep
		if s.mark >= 0 {
			s.mark = 0
		}
	}
	if len(s.buf) == cap(s.buf) {
		if int64(len(s.buf)) >= s.limits.StructureBytes {
			s.err = s.errorAt(s.pos, fmt.Sprintf("one structure, or one piece of text, is larger than %d bytes, the limit", s.limits.StructureBytes))
			return false
		}
		s.buf = append(make([]byte, 0, 2*cap(s.buf)), s.buf...)
	}
	n, err := s.r.Read(s.buf[len(s.buf):cap(s.buf)])
	s.buf = s.buf[:len(s.buf)+n]
	s.read += int64(n)
	if s.read > s.limits.Bytes {
		s.err = s.errorAt(len(s.buf), fmt.Sprintf("the message is larger than %d bytes, the limit", s.limits.Bytes))
		return false
	}
	if err != nil {
		s.err = err
	}
	return n > 0 || s.err == nil
}

// peek gives the next byte without taking it, 0 at the end.
func (s *source) peek() byte {
	for s.pos >= len(s.buf) {
		if !s.more() {
			return 0
		}
	}
	return s.buf[s.pos]
}

// at makes n bytes available, false if the input ends before.
func (s *source) has(n int) bool {
	for len(s.buf)-s.pos < n {
		if !s.more() {
			return false
		}
	}
	return true
}

// until finds a byte at or after pos and leaves pos on it; false at the end.
func (s *source) until(c byte) bool {
	for {
		if i := bytes.IndexByte(s.buf[s.pos:], c); i >= 0 {
			s.pos += i
			return true
		}
		s.pos = len(s.buf)
		if !s.more() {
			return false
		}
	}
}

// errorAt makes an error for a place in the buffer.
func (s *source) errorAt(pos int, text string) error {
	pos = min(pos, len(s.buf))
	before := s.buf[:pos]
	line := s.lines + bytes.Count(before, []byte{'\n'}) + 1
	start := s.lastBreak
	if i := bytes.LastIndexByte(before, '\n'); i >= 0 {
		start = s.base + int64(i) + 1
	}
	return &SyntaxError{Line: line, Column: int(s.base+int64(pos)-start) + 1, Text: text}
}

// fail is errorAt the current place; an error of the reader itself comes first.
func (s *source) fail(format string, args ...any) error {
	if s.err != nil && s.err != io.EOF {
		return s.err
	}
	if s.err == io.EOF && s.pos >= len(s.buf) {
		return s.errorAt(s.pos, "the input ends in the middle: "+fmt.Sprintf(format, args...))
	}
	return s.errorAt(s.pos, fmt.Sprintf(format, args...))
}
