package ui

import (
	"regexp"
	"strings"

	"github.com/a-h/templ"

	"urncast/sdmx"
)

var urnInText = regexp.MustCompile(`urn:sdmx:org\.sdmx\.infomodel\.\S+?\)[\w.@$-]*`)

// ShortURNs draws a text in which URNs are replaced by the names that people write.
func ShortURNs(text string) templ.Component {
	var b strings.Builder
	last := 0
	for _, at := range urnInText.FindAllStringIndex(text, -1) {
		urn := strings.TrimRight(text[at[0]:at[1]], ".")
		ref, err := sdmx.ParseRef(urn)
		if err != nil {
			continue
		}
		short := ref.URN.Short()
		if ref.Item != "" {
			short += "." + ref.Item
		}
		b.WriteString(templ.EscapeString(text[last:at[0]]) + `<code title="` + templ.EscapeString(urn) + `">` + templ.EscapeString(short) + `</code>`)
		last = at[0] + len(urn)
	}
	b.WriteString(templ.EscapeString(text[last:]))
	return templ.Raw(b.String())
}
