package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
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
	err       error  // of r or of what it holds, after everything before it is used
	ended     bool   // more was asked for after err
	wasReturn bool   // the last byte read was a carriage return
	half      []byte // of a character, read and not yet in buf
	lines     int    // newlines before buf[0]
	lastBreak int64  // offset in the input just after the last of them
	base      int64  // offset in the input of buf[0]
}

func newSource(r io.Reader, l Limits) *source {
	return &source{r: r, buf: make([]byte, 0, 64<<10), mark: -1, limits: l.WithDefaults()}
}

// more reads on; false at the end of the input or an error.
func (s *source) more() bool {
	if s.err != nil {
		s.ended = true
		return false
	}
	keep := s.pos
	if s.mark >= 0 {
		keep = s.mark
	}
	if keep > 0 && (keep > len(s.buf)/2 || s.full()) {
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
	if s.full() {
		if int64(len(s.buf)) >= s.limits.StructureBytes {
			s.err, s.ended = s.errorAt(s.pos, fmt.Sprintf("one structure, or one piece of text, is larger than %d bytes, the limit", s.limits.StructureBytes)), true
			return false
		}
		s.buf = append(make([]byte, 0, 2*cap(s.buf)), s.buf...)
	}
	from := len(s.buf)
	to := append(s.buf, s.half...)
	n, err := s.r.Read(to[len(to):cap(to)])
	s.read += int64(n)
	s.err = err
	s.check(from, s.newlines(to, to[len(to):len(to)+n]))
	if s.read > s.limits.Bytes {
		s.err, s.ended = s.errorAt(len(s.buf), fmt.Sprintf("the message is larger than %d bytes, the limit", s.limits.Bytes)), true
		return false
	}
	s.ended = len(s.buf) == from && s.err != nil
	return !s.ended
}

// full says that there is no room in buf for more than half a character.
func (s *source) full() bool { return len(s.buf)+utf8.UTFMax > cap(s.buf) }

// newlines appends what was read with each line end as one newline (XML 1.0,
// section 2.11), in place. JSON's strings hold no line ends, and for what stands
// between them it does not matter.
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

// check looks at what was read, b from a place on, and puts it into buf: it must be
// UTF-8, of characters that XML allows (XML 1.0, section 2.2). What is before a bad
// one can still be used, so that an earlier mistake is the one that is told.
func (s *source) check(from int, b []byte) {
	n, why := checkText(b[from:])
	s.buf = b[:from+n]
	s.half = append(s.half[:0], b[from+n:min(from+n+utf8.UTFMax, len(b))]...)
	if why == "" && s.err == io.EOF && len(s.half) > 0 {
		why = notUTF8(s.half[0])
	}
	var undecoded *decodeError
	if why == "" && errors.As(s.err, &undecoded) {
		why = undecoded.Error()
	}
	if why != "" {
		s.err = s.errorAt(len(s.buf), why)
	}
}

// checkText returns the length of the text that b begins with, and what is wrong
// behind it; the beginning of a character at the end is not wrong.
func checkText(b []byte) (n int, why string) {
	const each, high = 0x0101010101010101, 0x8080808080808080
	for n < len(b) {
		if len(b)-n >= 8 {
			// Eight at a time: the highest bit of a byte or of a difference is set
			// if one of them is not plain ASCII, or below the blank.
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

// peek returns the next byte without taking it, 0 at the end.
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

// atEOF reports whether nothing more can be had, be it the end or an error.
func (s *source) atEOF() bool {
	return !s.has(1)
}

// broken is the error that ended the input, nil for its true end.
func (s *source) broken() error {
	if s.err != nil && s.err != io.EOF {
		return s.err
	}
	return nil
}

// fail is errorAt the current place; an error that ended the input comes first.
func (s *source) fail(format string, args ...any) error {
	if err := s.broken(); err != nil && s.ended {
		return err
	}
	text := fmt.Sprintf(format, args...)
	if s.ended && s.pos >= len(s.buf) {
		text = "the input ends in the middle: " + text
	}
	return s.errorAt(s.pos, text)
}
