package codec

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// appendXML appends text, escaped for content and attributes. Characters that XML does not
// allow, and bytes that are not UTF-8, become U+FFFD, because no reader would accept the
// message otherwise. Neither is accepted in messages, but older versions may have stored them.
func appendXML(b []byte, t string) []byte {
	from, isValid := 0, false
	for i := 0; i < len(t); i++ {
		if t[i] >= utf8.RuneSelf && !isValid {
			t, isValid = validFrom(t, i), true
		}
		var s string
		switch c := t[i]; {
		case c == 0xEF && (t[i:i+3] == "\uFFFE" || t[i:i+3] == "\uFFFF"): // t is valid UTF-8, so there are three bytes
			b = append(append(b, t[from:i]...), "\uFFFD"...)
			i += 2
			from = i + 1
			continue
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
			s = "\uFFFD"
		default:
			continue
		}
		b = append(b, t[from:i]...)
		b = append(b, s...)
		from = i + 1
	}
	return append(b, t[from:]...)
}

// validFrom returns t with each run of invalid UTF-8 replaced by U+FFFD. first is the index of
// the first byte that is not ASCII.
func validFrom(t string, first int) string {
	if utf8.ValidString(t[first:]) {
		return t
	}
	return t[:first] + strings.ToValidUTF8(t[first:], "\uFFFD")
}

// appendJSON appends a quoted JSON string.
func appendJSON(b []byte, t string) []byte {
	return append(appendEscaped(append(b, '"'), t), '"')
}

// appendEscaped appends text as it stands in a JSON string; bytes that are not UTF-8 become
// U+FFFD.
func appendEscaped(b []byte, t string) []byte {
	from, isValid := 0, false
	for i := 0; i < len(t); i++ {
		c := t[i]
		if c >= utf8.RuneSelf && !isValid {
			t, isValid = validFrom(t, i), true
			continue
		}
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
	return append(b, t[from:]...)
}

// AppendText appends text as the dialect writes it: escaped in XML, quoted in JSON.
func AppendText(b []byte, d Dialect, t string) []byte {
	if d.XML() {
		return appendXML(b, t)
	}
	return appendJSON(b, t)
}
