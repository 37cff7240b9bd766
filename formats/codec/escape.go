package codec

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

var xmlEntities = map[string]string{"amp": "&", "lt": "<", "gt": ">", "quot": `"`, "apos": "'"}

// unescapeXML resolves the five entities and character references, turns line
// ends into newlines, and refuses everything else that begins with '&'.
func unescapeXML(t string) (string, error) {
	var b strings.Builder
	b.Grow(len(t))
	for i := 0; i < len(t); {
		switch c := t[i]; {
		case c == '&':
			end := strings.IndexByte(t[i:], ';')
			if end < 0 || end > 12 {
				return "", fmt.Errorf("a lone '&' must be written &amp;")
			}
			s, err := entity(t[i+1 : i+end])
			if err != nil {
				return "", err
			}
			b.WriteString(s)
			i += end + 1
		case c == '\r':
			b.WriteByte('\n')
			i++
			if i < len(t) && t[i] == '\n' {
				i++
			}
		case c < utf8.RuneSelf:
			b.WriteByte(c)
			i++
		default:
			r, size := utf8.DecodeRuneInString(t[i:])
			if r == utf8.RuneError && size == 1 {
				return "", fmt.Errorf("byte %#x is not valid UTF-8; declare the encoding, or convert the file", c)
			}
			b.WriteString(t[i : i+size])
			i += size
		}
	}
	return b.String(), nil
}

func entity(name string) (string, error) {
	if s, ok := xmlEntities[name]; ok {
		return s, nil
	}
	if !strings.HasPrefix(name, "#") {
		return "", fmt.Errorf("entity &%s; is not known; only amp, lt, gt, quot and apos are", name)
	}
	digits, base := name[1:], 10
	if strings.HasPrefix(digits, "x") {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || !validXML(rune(n)) {
		return "", fmt.Errorf("character reference &%s; is not one that XML allows", name)
	}
	return string(rune(n)), nil
}

func validXML(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// appendXML escapes text for content and attributes.
func appendXML(b []byte, t string) []byte {
	from := 0
	for i := 0; i < len(t); i++ {
		var s string
		switch c := t[i]; {
		case c >= 0x40:
			continue
		case c == '&':
			s = "&amp;"
		case c == '<':
			s = "&lt;"
		case c == '>':
			s = "&gt;"
		case c == '"':
			s = "&quot;"
		case c == '\n':
			s = "&#10;"
		case c == '\r':
			s = "&#13;"
		case c == '\t':
			s = "&#9;"
		case c < 0x20:
			s = "\uFFFD" // XML has no way to write it
		default:
			continue
		}
		b = append(b, t[from:i]...)
		b = append(b, s...)
		from = i + 1
	}
	return append(b, t[from:]...)
}

// unquoteJSON resolves the escapes between a JSON string's quotes.
func unquoteJSON(t string) (string, error) {
	var b strings.Builder
	b.Grow(len(t))
	for i := 0; i < len(t); i++ {
		if t[i] != '\\' {
			b.WriteByte(t[i])
			continue
		}
		if i++; i >= len(t) {
			return "", fmt.Errorf("the string ends in a backslash")
		}
		if t[i] == 'u' {
			r, n, err := unicodeEscape(t[i-1:])
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
			i += n - 2
			continue
		}
		at := strings.IndexByte(`"\/bfnrt`, t[i])
		if at < 0 {
			return "", fmt.Errorf(`the escape \%c is not one of JSON`, t[i])
		}
		b.WriteByte("\"\\/\b\f\n\r\t"[at])
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD"), nil
}

// unicodeEscape reads \uXXXX, or two that make a surrogate pair, and says how
// many bytes it took.
func unicodeEscape(t string) (rune, int, error) {
	unit := func(t string) (rune, bool) {
		if len(t) < 6 || t[:2] != `\u` {
			return 0, false
		}
		n, err := strconv.ParseUint(t[2:6], 16, 16)
		return rune(n), err == nil
	}
	r, ok := unit(t)
	if !ok {
		return 0, 0, fmt.Errorf(`the escape \u is not followed by four hexadecimal digits`)
	}
	if utf16.IsSurrogate(r) {
		if low, ok := unit(t[6:]); ok {
			if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
				return full, 12, nil
			}
		}
		return utf8.RuneError, 6, nil
	}
	return r, 6, nil
}

// appendJSON appends a quoted JSON string.
func appendJSON(b []byte, t string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(t); i++ {
		c := t[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, t[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\t':
			b = append(b, `\t`...)
		case '\r':
			b = append(b, `\r`...)
		default:
			b = append(b, fmt.Sprintf(`\u%04x`, c)...)
		}
	}
	return append(append(b, t[from:]...), '"')
}

// AppendText appends text as the dialect writes it: escaped in XML, quoted in JSON.
func AppendText(b []byte, d Dialect, t string) []byte {
	if d.XML() {
		return appendXML(b, t)
	}
	return appendJSON(b, t)
}
