package diff

import (
	"strings"
	"unicode"
)

// A Piece is a part of a text that is unchanged, removed or added.
type Piece struct {
	Kind Kind // Removed, Added, or 0 if unchanged
	Text string
}

// wordsMax bounds the words that are compared one by one. In longer texts, everything between
// the common beginning and the common end is one difference.
const wordsMax = 400

// Words compares two texts word by word.
func Words(before, after string) []Piece {
	a, b := split(before), split(after)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var p pieces
	p.add(0, a[:head]...)
	p.addDifference(a[head:len(a)-tail], b[head:len(b)-tail])
	p.add(0, a[len(a)-tail:]...)
	p.flush()
	return p.list
}

// pieces collects removed and added words, and makes one Piece of each at the next unchanged
// word.
type pieces struct {
	list           []Piece
	removed, added string
}

func (p *pieces) add(k Kind, words ...string) {
	for _, w := range words {
		switch k {
		case Removed:
			p.removed += w
		case Added:
			p.added += w
		default:
			p.flush()
			if n := len(p.list); n > 0 && p.list[n-1].Kind == 0 {
				p.list[n-1].Text += w
			} else {
				p.list = append(p.list, Piece{0, w})
			}
		}
	}
}

func (p *pieces) flush() {
	if p.removed != "" {
		p.list = append(p.list, Piece{Removed, p.removed})
	}
	if p.added != "" {
		p.list = append(p.list, Piece{Added, p.added})
	}
	p.removed, p.added = "", ""
}

// addDifference adds the difference of two lists of words by their longest common subsequence.
func (p *pieces) addDifference(a, b []string) {
	if len(a) > wordsMax || len(b) > wordsMax {
		p.add(Removed, a...)
		p.add(Added, b...)
		return
	}
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j] && (strings.TrimSpace(a[i]) != "" || p.atUnchanged()):
			p.add(0, a[i])
			i, j = i+1, j+1
		case common[i+1][j] >= common[i][j+1]:
			p.add(Removed, a[i])
			i++
		default:
			p.add(Added, b[j])
			j++
		}
	}
	p.add(Removed, a[i:]...)
	p.add(Added, b[j:]...)
}

// atUnchanged reports whether the last word was unchanged. White space counts as unchanged only
// then, so that it does not separate two changes.
func (p *pieces) atUnchanged() bool { return p.removed == "" && p.added == "" }

// split cuts a text into words, white space and single other characters.
func split(s string) []string {
	var out []string
	kind := func(r rune) int {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			return 1
		case unicode.IsSpace(r):
			return 2
		}
		return 3
	}
	start, last := 0, 0
	for i, r := range s {
		k := kind(r)
		if i > 0 && (k != last || k == 3) {
			out = append(out, s[start:i])
			start = i
		}
		last = k
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}
