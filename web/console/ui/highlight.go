package ui

import (
	"strings"

	"github.com/a-h/templ"
)

// Highlighted draws a message with syntax highlighting: XML where it begins with <, JSON
// otherwise. Names are in b elements, punctuation in i, strings in s, numbers and words in
// u: the shortest elements there are, for there may be thousands.
func Highlighted(text string) templ.Component {
	var h highlighter
	if strings.HasPrefix(strings.TrimLeft(text, " \n\ufeff"), "<") {
		h.xml(text)
	} else {
		h.json(text)
	}
	return templ.Raw(h.String())
}

type highlighter struct{ strings.Builder }

func (h *highlighter) put(element, text string) {
	if element == "" || text == "" {
		h.WriteString(templ.EscapeString(text))
		return
	}
	h.WriteString("<" + element + ">" + templ.EscapeString(text) + "</" + element + ">")
}

// xml splits the text at angle brackets. Messages are written by this program, so the text
// is well formed up to where it was cut.
func (h *highlighter) xml(s string) {
	for s != "" {
		open := strings.IndexByte(s, '<')
		if open < 0 {
			h.put("", s)
			return
		}
		h.put("", s[:open])
		s = s[open:]
		end := strings.IndexByte(s, '>')
		if end < 0 {
			h.put("i", s)
			return
		}
		h.tag(s[:end+1])
		s = s[end+1:]
	}
}

func (h *highlighter) tag(s string) {
	if strings.HasPrefix(s, "<?") || strings.HasPrefix(s, "<!") {
		h.put("i", s)
		return
	}
	name := strings.IndexAny(s, " \n>")
	head := 1
	if strings.HasPrefix(s, "</") {
		head = 2
	}
	if name > head && s[name-1] == '/' {
		name--
	}
	h.put("i", s[:head])
	h.put("b", s[head:name])
	for s = s[name:]; ; {
		quote := strings.IndexByte(s, '"')
		if quote < 0 {
			h.put("i", s)
			return
		}
		end := strings.IndexByte(s[quote+1:], '"')
		if end < 0 {
			h.put("i", s)
			return
		}
		h.put("i", s[:quote])
		h.put("s", s[quote:quote+end+2])
		s = s[quote+end+2:]
	}
}

func (h *highlighter) json(s string) {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"':
			end := stringEnd(s, i)
			element := "s"
			if rest := strings.TrimLeft(s[end:], " \n\t"); strings.HasPrefix(rest, ":") {
				element = "b"
			}
			h.put(element, s[i:end])
			i = end
		case strings.IndexByte("{}[],:", c) >= 0:
			h.put("i", s[i:i+1])
			i++
		case c == ' ' || c == '\n' || c == '\t':
			h.put("", s[i:i+1])
			i++
		default:
			end := i + 1
			for end < len(s) && strings.IndexByte("{}[],: \n\t\"", s[end]) < 0 {
				end++
			}
			h.put("u", s[i:end])
			i = end
		}
	}
}

// stringEnd is the index after the closing quote of the string that begins at i.
func stringEnd(s string, i int) int {
	for j := i + 1; j < len(s); j++ {
		switch s[j] {
		case '\\':
			j++
		case '"':
			return j + 1
		}
	}
	return len(s)
}
