package connections

import (
	"slices"
	"strings"

	"urncast/producer/connection"
	"urncast/web/console/ui"
)

// otherNames lists the other names of a property.
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

// wordsMax is the largest number of words for a choice; above it a field is better.
const wordsMax = 12

// words are the values of a property with a few fixed values; nil for other properties,
// and if the present value is not among them.
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

// limits are the property's type and range.
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

// plainMeaning removes the markup from librdkafka's description of a property, and its
// note on another name.
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

// meaningShown is about how many bytes of a meaning are shown at once, in whole sentences.
const meaningShown = 150

// firstSentences splits a long meaning behind its first sentences.
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

// fileNames are the names of the files, in order.
func (c *Connection) fileNames() []string {
	names := make([]string, 0, len(c.Edit.Files))
	for name := range c.Edit.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
