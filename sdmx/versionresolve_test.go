package sdmx

import "testing"

// The versions to which references resolve: the examples of the technical notes of SDMX 3.1,
// and consequences of their rules.
func TestVersionResolve(t *testing.T) {
	there := []Version{"1.0", "1.0.0", "1.1.0", "2.3.0", "2.4.3", "2.5.0-draft", "3.0.0-rc", "0.9.0"}
	for _, c := range []struct{ from, ref, want Version }{
		{"2.2.1", "2.3+.1", "2.4.3"},
		{"2.2.1-draft", "2.3+.1", "2.5.0-draft"},
		{"1.0", "2.3+.1", "2.4.3"},
		{"0.2.0", "2.3+.1", "2.4.3"},
		{"1.0.0", "1+.0.0", "2.4.3"},
		{"1.0.0-a", "1+.0.0", "3.0.0-rc"},
		{"1.0", "1.0.0+", "1.0.0"},
		{"1.0", "1.0+.0", "1.1.0"},
		{"1.0.0", "3+.0.0", ""},
		{"1.0.0", "2.5+.0", ""},
		{"1.0", "2.5+.0", ""},      // 2.5.0-draft stands before 2.5.0
		{"1.0", "0.1+.0", "0.9.0"}, // nothing stable fits
		{"1.0.0", "0.1+.0", ""},    // and a stable referrer does not see it
		{"1.0.0", "0+.1.0", "2.4.3"},
		{"1.0.0", "2.5.0-draft", "2.5.0-draft"}, // a fixed reference may lead to a draft
		{"1.0.0", "1.0", "1.0"},
		{"1.0", "1.2.0", ""},
	} {
		got := Version("")
		if i := c.ref.Resolve(c.from, there); i >= 0 {
			got = there[i]
		}
		if got != c.want {
			t.Errorf("from %s, %s leads to %q, want %q", c.from, c.ref, got, c.want)
		}
		if c.ref.Resolve(c.from, there) != c.ref.Resolve(c.from.Referrer(), there) {
			t.Errorf("%s leads elsewhere from %s than from %s", c.ref, c.from, c.from.Referrer())
		}
	}
}

// Versions that references in stored structures cannot have, by the technical notes of SDMX
// 3.1.
func TestVersionRefsThatAreInvalid(t *testing.T) {
	for _, s := range []string{"*", "~", "+", "latest", "1.0+", "1+.0", "1.2+", "+.2.3", "1+.0.0+", "1+.0+.0", "1.0+.0-draft", "1.0.0+-a", "1.0.0.0+", "01+.0.0", ""} {
		if v, err := ParseVersionRef(s); err == nil {
			t.Errorf("%q is taken as %q", s, v)
		}
	}
}
