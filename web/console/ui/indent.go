package ui

import (
	"bytes"
	"encoding/json"
	"strings"
)

// messageShown bounds the text of a message on a page, whose budget is 100 kB.
const messageShown = 48 << 10

// Indented breaks a message into indented lines, and returns as many whole lines as a page
// shows; cut reports whether there are more.
func Indented(body []byte) (text string, cut bool) {
	if len(body) > 4*messageShown {
		body, cut = body[:4*messageShown], true
	}
	var b bytes.Buffer
	switch {
	case bytes.HasPrefix(body, []byte("<")):
		indentXML(&b, string(body))
	case cut || json.Indent(&b, body, "", "  ") != nil:
		b.Reset()
		indentJSON(&b, body)
	}
	text = b.String()
	if len(text) > messageShown {
		end := strings.LastIndexByte(text[:messageShown], '\n')
		return text[:max(end, 0)], true
	}
	return text, cut
}

// indentJSON indents JSON that may be cut off, which the standard library does not.
func indentJSON(b *bytes.Buffer, body []byte) {
	depth, quoted := 0, false
	line := func() { b.WriteString("\n" + strings.Repeat("  ", max(depth, 0))) }
	for i := 0; i < len(body); i++ {
		c := body[i]
		switch {
		case quoted && c == '\\' && i+1 < len(body):
			b.WriteByte(c)
			i++
			b.WriteByte(body[i])
			continue
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			b.WriteByte(c)
			line()
			continue
		case c == '}' || c == ']':
			depth--
			line()
		case c == ',':
			b.WriteByte(c)
			line()
			continue
		case c == ':':
			b.WriteString(": ")
			continue
		}
		b.WriteByte(c)
	}
}

// indentXML puts every element on a line of its own, except elements with text alone.
func indentXML(b *bytes.Buffer, s string) {
	depth := 0
	opened := false // the last tag opened an element
	for s != "" {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			b.WriteString(s)
			return
		}
		text := s[:open]
		end := strings.IndexByte(s[open:], '>')
		if end < 0 {
			return
		}
		tag := s[open : open+end+1]
		s = s[open+end+1:]
		closes := strings.HasPrefix(tag, "</")
		if closes {
			depth--
		}
		if strings.TrimSpace(text) != "" {
			b.WriteString(text)
		} else if !(closes && opened) && b.Len() > 0 {
			b.WriteString("\n" + strings.Repeat("  ", max(depth, 0)))
		}
		b.WriteString(tag)
		opened = !closes && !strings.HasSuffix(tag, "/>") && !strings.HasPrefix(tag, "<?") && !strings.HasPrefix(tag, "<!")
		if opened {
			depth++
		}
	}
}
