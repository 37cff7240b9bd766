package connections

import (
	"slices"
	"strings"

	"urncast/producer/connection"
	"urncast/web/console/ui"
)

// otherNames says under which other names a property is known.
func (p *property) otherNames() string {
	var names []string
	for _, name := range p.Java {
		if name != p.written {
			names = append(names, name)
		}
	}
	switch {
	case len(names) > 0:
		return "Java: " + strings.Join(names, ", ")
	case p.written != p.Name:
		return "librdkafka: " + p.Name
	}
	return ""
}

// wordsMax is how many words a choice may have before a field is better.
const wordsMax = 12

// words are the values of a property that takes one of a few; nil of all others, and of
// one whose value is none of them.
func (p *property) words() []string {
	var words []string
	switch p.Type {
	case "boolean":
		words = []string{"true", "false"}
	case "enum":
		for word := range strings.SplitSeq(p.Range, ",") {
			words = append(words, strings.TrimSpace(word))
		}
	default:
		return nil
	}
	if len(words) > wordsMax || p.has && !slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, p.value.Value) }) {
		return nil
	}
	return words
}

// limits are type and range.
func (p *property) limits() string {
	switch {
	case p.Range == "" && (p.Type == "string" || p.Type == "password"):
		return ""
	case p.Range == "" || p.words() != nil:
		return ui.Capital(p.Type) + "."
	}
	return ui.Capital(p.Type) + ", " + strings.ReplaceAll(p.Range, " .. ", " to ") + "."
}

// bad reports whether the value of a property is refused.
func (p *property) bad() bool { return p.finding != nil && p.finding.Verdict == connection.Refused }

// plainMeaning takes off librdkafka's words the marks of its page, and what they say of
// another name.
func plainMeaning(s string) string {
	if rest, ok := strings.CutPrefix(s, "Alias for "); ok {
		if _, meaning, ok := strings.Cut(rest, ": "); ok {
			s = meaning
		}
	}
	s = strings.NewReplacer("`", "", "**", "", "<br>", " ").Replace(s)
	if s != "" && !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, ")") {
		s += "."
	}
	return s
}

// meaningShown is about how much of a meaning is shown at once: whole sentences of it.
const meaningShown = 150

// firstSentences parts the first sentences of a long meaning from the others.
func firstSentences(s string) (first, rest string) {
	if len(s) <= meaningShown+50 {
		return s, ""
	}
	at := strings.LastIndex(s[:meaningShown], ". ")
	if at < 0 {
		if at = strings.Index(s, ". "); at < 0 {
			return s, ""
		}
	}
	return s[:at+1], s[at+2:]
}

// fileNames are those of the files, in order.
func (c *Connection) fileNames() []string {
	names := make([]string, 0, len(c.Edit.Files))
	for name := range c.Edit.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
