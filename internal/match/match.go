// Package match compares texts, with a pattern and with each other.
package match

import "strings"

// Glob reports whether a text matches a pattern, in which any stands for any number of
// characters. It takes linear time, because each part of the pattern is matched at its first
// occurrence.
func Glob(text, pattern, any string) bool {
	parts := strings.Split(pattern, any)
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[last])
}

// Distance returns the Levenshtein distance of two texts: the number of bytes to change, add or
// remove to make them equal.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
