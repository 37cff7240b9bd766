package scan

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// A SyntaxError is a fault in the input, with its place.
type SyntaxError struct {
	Line, Column int
	Path         string // XML path or JSON path, if known
	Text         string
}

// Error implements error: it returns place and text.
func (e *SyntaxError) Error() string {
	if e.Path != "" {
		return fmt.Sprintf("line %d, column %d, %s: %s", e.Line, e.Column, e.Path, e.Text)
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Text)
}

// A ByteError is returned by a reader for bytes that are not a character in its encoding. The
// Scanner that reads from it adds the place.
type ByteError struct{ Text string }

// Error implements error.
func (e *ByteError) Error() string { return e.Text }

// Limits bound the size of messages. Zero values mean the defaults.
type Limits struct {
	Depth          int   // of nesting; default 64
	StructureBytes int64 // of one structure as sent; default 512 MiB
	Bytes          int64 // of a message, unpacked; default 4 GiB
	Structures     int   // in a message; default 1,000,000
}

// WithDefaults returns l with defaults for zero values.
func (l Limits) WithDefaults() Limits {
	if l.Depth == 0 {
		l.Depth = 64
	}
	if l.StructureBytes == 0 {
		l.StructureBytes = 512 << 20
	}
	if l.Bytes == 0 {
		l.Bytes = 4 << 30
	}
	if l.Structures == 0 {
		l.Structures = 1_000_000
	}
	return l
}

// A source is the input through a sliding buffer, which keeps everything from mark on: a token, or
// what a reader of JSON goes back to.
type source struct {
	r      io.Reader
	buf    []byte
	pos    int // next byte
	mark   int // start of the part that is kept; -1 if there is none
	Limits Limits

	read      int64  // bytes
	err       error  // of r or of its content, behind what is in buf
	ended     bool   // fill was called after err
	wasReturn bool   // the last byte read was a carriage return
	partial   []byte // bytes of an incomplete character, not in buf yet
	lines     int    // newlines before buf[0]
	lastBreak int64  // offset in the input just after the last of them
	base      int64  // offset in the input of buf[0]
	started   int64  // offset of the structure that is being read; -1 if none is

	// The place that was asked for last: its index, the newlines before it, and the offset of
	// its line.
	last     int
	line     int
	lineFrom int64
}

func newSource(r io.Reader, l Limits) *source {
	return &source{r: r, buf: make([]byte, 0, 64<<10), mark: -1, started: -1, Limits: l.WithDefaults()}
}

// fill reads more into the buffer; false at the end of the input or after an error.
func (s *source) fill() bool {
	if s.err != nil {
		s.ended = true
		return false
	}
	keep := s.pos
	if s.mark >= 0 {
		keep = s.mark
	}
	if keep > 0 && (keep > len(s.buf)/2 || s.full()) {
		if s.last < keep {
			s.place(keep)
		}
		s.last -= keep
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
	size := int64(len(s.buf))
	if s.started >= 0 {
		size = s.base + size - s.started
	}
	if size >= s.Limits.StructureBytes && (s.full() || s.started >= 0) {
		s.err, s.ended = s.errorAt(s.pos, fmt.Sprintf("one structure, or one piece of text, is larger than %d bytes, the limit", s.Limits.StructureBytes)), true
		return false
	}
	if s.full() {
		s.buf = append(make([]byte, 0, 2*cap(s.buf)), s.buf...)
	}
	from := len(s.buf)
	to := append(s.buf, s.partial...)
	n, err := s.r.Read(to[len(to):cap(to)])
	s.read += int64(n)
	s.err = err
	s.check(from, s.newlines(to, to[len(to):len(to)+n]))
	if s.read > s.Limits.Bytes {
		s.err, s.ended = s.errorAt(len(s.buf), fmt.Sprintf("the message is larger than %d bytes, the limit", s.Limits.Bytes)), true
		return false
	}
	s.ended = len(s.buf) == from && s.err != nil
	return !s.ended
}

// full reports whether there is no room in buf for another character.
func (s *source) full() bool { return len(s.buf)+utf8.UTFMax > cap(s.buf) }

// newlines appends what was read, b, to the buffer with each line end as one newline (XML 1.0,
// section 2.11). In JSON that changes only white space, since strings cannot contain line ends.
func (s *source) newlines(to, b []byte) []byte {
	if s.wasReturn && len(b) > 0 && b[0] == '\n' {
		b = b[1:]
		s.wasReturn = false
	}
	for {
		i := bytes.IndexByte(b, '\r')
		if i < 0 {
			s.wasReturn = s.wasReturn && len(b) == 0
			return append(to, b...)
		}
		to = append(append(to, b[:i]...), '\n')
		b = b[i+1:]
		if s.wasReturn = len(b) == 0; s.wasReturn {
			return to
		}
		if b[0] == '\n' {
			b = b[1:]
		}
	}
}

// check sets buf to b, whose bytes from index from on are new. These must be UTF-8, of
// characters that XML allows (XML 1.0, section 2.2). The bytes before a bad character are kept,
// so that a fault in them is reported first.
func (s *source) check(from int, b []byte) {
	n, why := checkText(b[from:])
	s.buf = b[:from+n]
	s.partial = append(s.partial[:0], b[from+n:min(from+n+utf8.UTFMax, len(b))]...)
	if why == "" && s.err == io.EOF && len(s.partial) > 0 {
		why = notUTF8(s.partial[0])
	}
	var undecoded *ByteError
	if why == "" && errors.As(s.err, &undecoded) {
		why = undecoded.Error()
	}
	if why != "" {
		s.err = s.errorAt(len(s.buf), why)
	}
}

// checkText returns the length of the valid text at the beginning of b, and a text that says
// what is wrong after it; an incomplete character at the end is not wrong.
func checkText(b []byte) (n int, why string) {
	const each, high = 0x0101010101010101, 0x8080808080808080
	for n < len(b) {
		if len(b)-n >= 8 {
			// Eight bytes at a time: the highest bit of a byte, or of its difference to the
			// space, is set if it is not ASCII or is a control character.
			if x := binary.LittleEndian.Uint64(b[n:]); (x|(x-0x20*each))&high == 0 {
				n += 8
				continue
			}
		}
		switch c := b[n]; {
		case c < 0x20 && c != '\n' && c != '\t':
			return n, notText(rune(c)).Error()
		case c < utf8.RuneSelf:
			n++
		default:
			r, size := utf8.DecodeRune(b[n:])
			switch {
			case size == 1 && !utf8.FullRune(b[n:]):
				return n, ""
			case size == 1:
				return n, notUTF8(c)
			case r == 0xFFFE || r == 0xFFFF:
				return n, notText(r).Error()
			}
			n += size
		}
	}
	return n, ""
}

func notUTF8(c byte) string {
	return fmt.Sprintf("byte %#02x is not valid UTF-8, the encoding of a message that names no other; declare its encoding, or convert the file", c)
}

// peek returns the next byte without advancing; 0 at the end.
func (s *source) peek() byte {
	for s.pos >= len(s.buf) {
		if !s.fill() {
			return 0
		}
	}
	return s.buf[s.pos]
}

// has reports whether n more bytes follow, and makes them available in buf.
func (s *source) has(n int) bool {
	for len(s.buf)-s.pos < n {
		if !s.fill() {
			return false
		}
	}
	return true
}

// seek advances pos to the next byte c; false if there is none before the end.
func (s *source) seek(c byte) bool {
	for {
		if i := bytes.IndexByte(s.buf[s.pos:], c); i >= 0 {
			s.pos += i
			return true
		}
		s.pos = len(s.buf)
		if !s.fill() {
			return false
		}
	}
}

// place returns line and column of an index in the buffer, which is not before that of the last
// call. It counts the newlines between the two.
func (s *source) place(pos int) (line, column int) {
	if between := s.buf[s.last:pos]; len(between) > 0 {
		if n := bytes.Count(between, []byte{'\n'}); n > 0 {
			s.line += n
			s.lineFrom = s.base + int64(s.last+bytes.LastIndexByte(between, '\n')) + 1
		}
		s.last = pos
	}
	return s.line + 1, int(s.base+int64(pos)-s.lineFrom) + 1
}

// errorAt returns a *SyntaxError for an index in the buffer.
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

// atEOF reports whether the input has ended, by its end or by an error.
func (s *source) atEOF() bool {
	return !s.has(1)
}

// inputError returns the error that ended the input; nil for its regular end.
func (s *source) inputError() error {
	if s.err != nil && s.err != io.EOF {
		return s.err
	}
	return nil
}

// Fail returns a *SyntaxError at the current place, or the error that ended the input.
func (s *source) Fail(format string, args ...any) error {
	if err := s.inputError(); err != nil && s.ended {
		return err
	}
	text := fmt.Sprintf(format, args...)
	if s.ended && s.pos >= len(s.buf) {
		text = "the input ends in the middle: " + text
	}
	return s.errorAt(s.pos, text)
}
