// Package charset decodes messages to UTF-8, by their byte order mark, the charset of a request,
// or their XML declaration.
package charset

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/transform"

	"urncast/formats/scan"
)

// A Text is a message, decoded to UTF-8 without byte order mark while it is read.
type Text struct {
	*bufio.Reader
	notes []string
	// c1 means that a byte was read which is a control character (C1) in ISO-8859-1.
	c1 bool
}

// Notes returns sentences about contradicting encodings, and which of them was used. They are
// complete when everything was read.
func (t *Text) Notes() []string {
	if t.c1 {
		return append(t.notes, "bytes 0x80 to 0x9f, which are control characters in ISO-8859-1, were read as windows-1252 has them; declare that, if it is meant")
	}
	return t.notes
}

const (
	codedUTF8    = "UTF-8"
	codedUTF16   = "UTF-16"
	codedUTF16BE = "UTF-16BE"
	codedUTF16LE = "UTF-16LE"
)

// Decode decodes a message. Its encoding is that of the byte order mark, or else charset,
// which is the parameter of the Content-Type (empty if there is none), or else that of the XML
// declaration, or else UTF-8 (RFC 7303, section 3). For JSON, charset is ignored (RFC 8259,
// section 8.1). The error is a *scan.SyntaxError, or that of r.
func Decode(r io.Reader, charset string) (*Text, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	head, err := b.Peek(declarationMax)
	if err != nil && err != io.EOF {
		return nil, err
	}
	t := &Text{Reader: b}
	name, length := byteOrderMark(head)
	if bad := refusedEncoding(head, charset); name == "" && bad != "" || name == codedUTF16LE && bytes.HasPrefix(head, []byte("\xFF\xFE\x00\x00")) {
		return nil, atStart(bad)
	}
	by := "byte order mark"
	b.Discard(length)
	if first := bytes.TrimLeft(head[length:], " \t\r\n"); charset != "" && len(first) > 0 && (first[0] == '{' || first[0] == '[') {
		if !sameEncoding(charset, codedUTF8) {
			t.notes = append(t.notes, fmt.Sprintf("the Content-Type's charset %q has no meaning for JSON, which was read as UTF-8 (RFC 8259, section 8.1)", shorten(charset)))
		}
		charset = ""
	}
	if charset != "" {
		if name == "" {
			if name, by = charset, "Content-Type"; !isKnownEncoding(charset) {
				return nil, atStart(fmt.Sprintf("the encoding %q, which the Content-Type names, is not read; convert the message to UTF-8", shorten(charset)))
			}
		} else if !sameEncoding(name, charset) {
			t.notes = append(t.notes, contradiction(by, name, "Content-Type", charset))
		}
	}
	if name != "" {
		if err := t.decode(name); err != nil {
			return nil, err
		}
		if head, err = t.Peek(declarationMax); err != nil && err != io.EOF && len(head) == 0 {
			return nil, t.placed(err)
		}
	}
	declared, length, err := declaration(head)
	switch {
	case err != nil:
		return nil, err
	case name != "" && declared != "" && !sameEncoding(name, declared):
		t.notes = append(t.notes, contradiction(by, name, "XML declaration", declared))
	case name == "" && declared != "":
		if err := t.decodeDeclared(declared, head[:length]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// decodeDeclared decodes by an XML declaration. The declaration itself, text, must not change
// when it is decoded so: one that is written in ASCII and names UTF-16 or EBCDIC is wrong.
func (t *Text) decodeDeclared(name string, text []byte) error {
	if !isKnownEncoding(name) {
		return atStart(fmt.Sprintf("the encoding %q is not read; name it as IANA does, such as windows-1250 or ISO-8859-2, or convert the file to UTF-8", shorten(name)))
	}
	if enc, _ := ianaindex.IANA.Encoding(name); enc != nil && !sameEncoding(name, codedUTF8) {
		if back, err := enc.NewDecoder().Bytes(text); err != nil || !bytes.Equal(back, text) {
			return atStart(fmt.Sprintf("the XML declaration says %q, but is itself not written so; correct it, most likely to UTF-8", shorten(name)))
		}
	}
	return t.decode(name)
}

// decode puts the decoder of an encoding before the reader.
func (t *Text) decode(name string) error {
	var with transform.Transformer
	switch canonical := canonicalName(name); canonical {
	case codedUTF8:
		return nil
	case codedUTF16:
		return atStart("the Content-Type says UTF-16, but the message has no byte order mark; begin it with one, or say UTF-16LE or UTF-16BE")
	case codedUTF16BE, codedUTF16LE:
		with = utf16Decoder{low: canonical == codedUTF16LE}
	case "ISO-8859-1":
		with = latin1Decoder{strictDecoder{charmap.Windows1252.NewDecoder(), canonical}, &t.c1}
	default:
		enc, _ := ianaindex.IANA.Encoding(name) // isKnownEncoding has been checked before
		with = strictDecoder{enc.NewDecoder(), canonical}
	}
	t.Reader = bufio.NewReaderSize(transform.NewReader(t.Reader, with), 64<<10)
	return nil
}

func (t *Text) placed(err error) error {
	if e, ok := err.(*scan.ByteError); ok {
		return atStart(e.Text)
	}
	return err
}

func contradiction(by, taken, other, says string) string {
	return fmt.Sprintf("the %s says %s and the %s %q: read as %s (RFC 7303, section 3)", by, canonicalName(taken), other, shorten(says), canonicalName(taken))
}

func atStart(text string) error { return &scan.SyntaxError{Line: 1, Column: 1, Text: text} }

func shorten(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// byteOrderMark returns the encoding of a byte order mark, and the length of the mark; "" and
// 0 if there is none.
func byteOrderMark(head []byte) (name string, length int) {
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		return codedUTF8, 3
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		return codedUTF16BE, 2
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
		return codedUTF16LE, 2
	}
	return "", 0
}

// refusedEncoding returns an error text for a message in an encoding that is recognised but
// not supported (XML 1.0, appendix F); empty for others.
func refusedEncoding(head []byte, charset string) string {
	if len(head) < 4 {
		return ""
	}
	zero := [4]bool{head[0] == 0, head[1] == 0, head[2] == 0, head[3] == 0}
	switch {
	case zero == [4]bool{true, true, true, false}, zero == [4]bool{false, true, true, true}, string(head[:4]) == "\x00\x00\xFE\xFF", string(head[:4]) == "\xFF\xFE\x00\x00":
		return "this is UTF-32, which is not read; convert the file to UTF-8"
	case sameEncoding(charset, codedUTF16LE) || sameEncoding(charset, codedUTF16BE):
		return ""
	case zero[1] && !zero[0]:
		return "this is UTF-16 (little-endian) without a byte order mark, which XML requires (XML 1.0, section 4.3.3); save it with the mark, or as UTF-8"
	case zero[0] && !zero[1]:
		return "this is UTF-16 (big-endian) without a byte order mark, which XML requires (XML 1.0, section 4.3.3); save it with the mark, or as UTF-8"
	case string(head[:4]) == "\x4C\x6F\xA7\x94" && !isKnownEncoding(charset):
		return "this is EBCDIC, of which the Content-Type does not say which; convert the file to UTF-8"
	}
	return ""
}

func canonicalName(name string) string {
	switch strings.ToUpper(name) {
	case "":
		return ""
	case "UTF8":
		return codedUTF8
	case "ASCII":
		return "US-ASCII"
	}
	if enc, err := ianaindex.IANA.Encoding(name); err == nil && enc != nil {
		if canonical, err := ianaindex.MIME.Name(enc); err == nil {
			return canonical
		}
	}
	return name
}

// isKnownEncoding reports whether messages in an encoding can be decoded.
func isKnownEncoding(name string) bool {
	if canonicalName(name) == codedUTF8 {
		return true
	}
	enc, err := ianaindex.IANA.Encoding(canonicalName(name))
	return err == nil && enc != nil
}

// sameEncoding reports whether the encoding that was taken satisfies another name: ASCII is a
// subset of UTF-8, and UTF-16 may have either byte order.
func sameEncoding(taken, other string) bool {
	a, b := canonicalName(taken), canonicalName(other)
	return a == b || a == codedUTF8 && b == "US-ASCII" || b == codedUTF16 && (a == codedUTF16BE || a == codedUTF16LE)
}

// A strictDecoder returns an error where a decoder of x/text writes the replacement character
// U+FFFD. Encodings other than those of Unicode do not have that character, so it always
// stands for an invalid byte.
type strictDecoder struct {
	transform.Transformer
	name string
}

// Transform implements transform.Transformer.
func (s strictDecoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	nDst, nSrc, err = s.Transformer.Transform(dst, src, atEOF)
	if i := bytes.Index(dst[:nDst], []byte("\uFFFD")); i >= 0 {
		return i, nSrc, &scan.ByteError{Text: fmt.Sprintf("a byte here is no character in %s; correct the encoding that is named, or the file", s.name)}
	}
	return nDst, nSrc, err
}

// A latin1Decoder decodes ISO-8859-1 as windows-1252, which has letters instead of the control
// characters 0x80 to 0x9F (WHATWG Encoding Standard, section 4.2), and notes that there was one.
type latin1Decoder struct {
	strictDecoder
	c1 *bool
}

// Transform implements transform.Transformer.
func (l latin1Decoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	nDst, nSrc, err = l.strictDecoder.Transform(dst, src, atEOF)
	for _, c := range src[:nSrc] {
		*l.c1 = *l.c1 || c >= 0x80 && c < 0xA0
	}
	return nDst, nSrc, err
}

// utf16Decoder decodes UTF-16 (RFC 2781) and refuses lone surrogates.
type utf16Decoder struct {
	transform.NopResetter
	low bool // the low byte comes first
}

// Transform implements transform.Transformer.
func (u utf16Decoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	unit := func(at int) rune {
		if u.low {
			return rune(src[at]) | rune(src[at+1])<<8
		}
		return rune(src[at])<<8 | rune(src[at+1])
	}
	for nSrc < len(src) {
		size := 2
		if len(src)-nSrc >= 2 && utf16.IsSurrogate(unit(nSrc)) {
			size = 4
		}
		if len(src)-nSrc < size {
			if !atEOF {
				return nDst, nSrc, transform.ErrShortSrc
			}
			return nDst, nSrc, &scan.ByteError{Text: "the message ends in the middle of a character of UTF-16"}
		}
		r := unit(nSrc)
		if size == 4 {
			if r = utf16.DecodeRune(r, unit(nSrc+2)); r == utf8.RuneError {
				return nDst, nSrc, &scan.ByteError{Text: "half of a surrogate pair stands alone here in UTF-16, which is no character"}
			}
		}
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += size
	}
	return nDst, nSrc, nil
}
