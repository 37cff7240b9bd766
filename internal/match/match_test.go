package match

import "testing"

// The parts of a pattern do not overlap in the text.
func TestGlob(t *testing.T) {
	for _, c := range []struct {
		text, pattern string
		want          bool
	}{
		{"aba", "ab*ba", false}, {"abba", "ab*ba", true}, {"", "*", true}, {"a", "", false}, {"xaybz", "*a*b*", true}, {"xbya", "*a*b*", false},
	} {
		if got := Glob(c.text, c.pattern, "*"); got != c.want {
			t.Errorf("%q against %q is %v", c.text, c.pattern, got)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"linger", "linger", 0}, {"lingr", "linger", 1}, {"kitten", "sitting", 3}} {
		if got, back := Distance(c.a, c.b), Distance(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("%q and %q are %d and %d apart, not %d", c.a, c.b, got, back, c.want)
		}
	}
}
