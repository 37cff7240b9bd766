package match

import (
	"regexp"
	"strings"
)

// figure is a word that counts or measures: 3, 1048588, 12ms, 1.5s. A digit within
// a name, as in structures.v2, is part of the name.
var figure = regexp.MustCompile(`^\d+(?:\.\d+)?(?:ns|µs|us|ms|s|m|h|%)?$`)

// WithoutFigures leaves out of a text what differs each time the same thing happens:
// numbers, and how long something took.
func WithoutFigures(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		if figure.MatchString(strings.Trim(w, "(),.;:")) {
			words[i] = "#"
		}
	}
	return strings.Join(words, " ")
}
