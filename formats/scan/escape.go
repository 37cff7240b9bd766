package scan

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

var xmlEntities = map[string]string{"amp": "&", "lt": "<", "gt": ">", "quot": `"`, "apos": "'"}

// unescapeXML appends a text with its character references and the five predefined entities
// resolved; bad is the index of any other '&', with the error. Line ends were converted to
// newlines by the source. In an attribute, tabs and newlines become spaces, unless they are
// written as references (XML 1.0, section 3.3.3).
func unescapeXML(b, raw []byte, isAttribute bool) (out []byte, bad int, err error) {
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case isAttribute && (c == '\t' || c == '\n'):
			c = ' '
		case c == '&':
			end := bytes.IndexByte(raw[i:], ';')
			s, ok := xmlEntities[string(raw[i+1:i+max(end, 1)])] // without a copy
			if !ok {
				if s, end, err = reference(string(raw[i : i+max(end+1, 1)])); err != nil {
					return b, i, err
				}
				end--
			}
			b = append(b, s...)
			i += end
			continue
		}
		b = append(b, c)
	}
	return b, 0, nil
}

// reference resolves the reference at the beginning of t, and returns its length in bytes.
func reference(t string) (string, int, error) {
	end := strings.IndexByte(t, ';')
	if end < 0 || strings.ContainsAny(t[1:end], "& \n\t<") {
		return "", 0, fmt.Errorf("a lone '&' must be written &amp;")
	}
	s, err := entity(t[1:end])
	return s, end + 1, err
}

func entity(name string) (string, error) {
	if s, ok := xmlEntities[name]; ok {
		return s, nil
	}
	shown := name
	if len(shown) > 40 {
		shown = shown[:40] + "…"
	}
	if !strings.HasPrefix(name, "#") {
		return "", fmt.Errorf("entity &%s; is not known; only amp, lt, gt, quot and apos are", shown)
	}
	digits, base := name[1:], 10
	if strings.HasPrefix(digits, "x") {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > unicode.MaxRune || !validXML(rune(n)) {
		return "", fmt.Errorf("character reference &%s; is not one that XML allows (XML 1.0, section 2.2)", shown)
	}
	return string(rune(n)), nil
}

// validXML reports whether XML allows a character (XML 1.0, section 2.2).
func validXML(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// unquoteJSON appends a JSON string, given without its quotes, with its escapes resolved.
func unquoteJSON(b, raw []byte) ([]byte, error) {
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return append(b, raw...), nil
		}
		b = append(b, raw[:i]...)
		r, n, err := escape(raw[i:])
		if err != nil {
			return b, err
		}
		b = utf8.AppendRune(b, r)
		raw = raw[i+n:]
	}
}

// escape resolves the escape at the beginning of t, and returns its length in bytes. Lone
// surrogates (RFC 8259, section 8.2) are errors, and so are characters that XML does not allow,
// because every structure has to be written in XML too.
func escape(t []byte) (r rune, n int, err error) {
	if len(t) < 2 {
		return 0, 0, fmt.Errorf("the string ends in a backslash")
	}
	n = 2
	if t[1] == 'u' {
		if r, n, err = unicodeEscape(t); err != nil {
			return 0, 0, err
		}
	} else if at := strings.IndexByte(`"\/bfnrt`, t[1]); at >= 0 {
		r = rune("\"\\/\b\f\n\r\t"[at])
	} else {
		return 0, 0, fmt.Errorf(`the escape \%c is not one of JSON`, t[1])
	}
	if !validXML(r) {
		return 0, 0, notText(r)
	}
	return r, n, nil
}

// notText returns the error for a character that a structure cannot contain.
func notText(r rune) error {
	return fmt.Errorf("U+%04X is no character that a structure can hold, since XML has no way to write it (XML 1.0, section 2.2); remove it", r)
}

// unicodeEscape reads \uXXXX, or two of them that are a surrogate pair.
func unicodeEscape(t []byte) (r rune, n int, err error) {
	r, ok := codeUnit(t)
	if !ok {
		return 0, 0, fmt.Errorf(`the escape \u is not followed by four hexadecimal digits`)
	}
	if !utf16.IsSurrogate(r) {
		return r, 6, nil
	}
	if low, ok := codeUnit(t[6:]); ok {
		if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
			return full, 12, nil
		}
	}
	return 0, 0, fmt.Errorf(`the escape %s is half of a surrogate pair, which is no character; remove it, or write both halves`, string(t[:6]))
}

func codeUnit(t []byte) (r rune, ok bool) {
	if len(t) < 6 || t[0] != '\\' || t[1] != 'u' {
		return 0, false
	}
	for i := 2; i < 6; i++ {
		digit := strings.IndexByte("0123456789abcdef", t[i]|0x20)
		if digit < 0 || t[i] < '0' {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	return r, true
}
