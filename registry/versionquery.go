package registry

import (
	"fmt"
	"slices"
	"strings"

	"urncast/sdmx"
)

// A VersionQuery is a version expression of a structure query (SDMX REST 2.x): exact versions,
// "~" for the latest, "+" for the latest stable one, "*" for all; one of these in place of a
// number, or after a number for "at or above"; several are separated by commas.
type VersionQuery []versionTerm

type versionTerm struct {
	exact    sdmx.Version
	prefix   []string // numbers before the wildcard
	floor    []string // the number with the wildcard, and those after it
	wildcard byte     // 0, '~', '+', '*'
	parts    int      // number of parts of matching versions; 0 for any
}

// ParseVersionQuery parses a version expression.
func ParseVersionQuery(s string) (VersionQuery, error) {
	var q VersionQuery
	for part := range strings.SplitSeq(s, ",") {
		t, err := parseVersionTerm(part)
		if err != nil {
			return nil, err
		}
		q = append(q, t)
	}
	return q, nil
}

func parseVersionTerm(s string) (versionTerm, error) {
	bad := func(why string) (versionTerm, error) {
		return versionTerm{}, fmt.Errorf("the version expression %q is not valid: %s", sdmx.Clip(s), why)
	}
	switch s {
	case "~", "+", "*":
		return versionTerm{wildcard: s[0]}, nil
	case "latest":
		return versionTerm{wildcard: '~'}, nil
	case "all":
		return versionTerm{wildcard: '*'}, nil
	}
	if !strings.ContainsAny(s, "~+*") {
		v, err := sdmx.ParseVersion(s)
		return versionTerm{exact: v}, err
	}
	parts := strings.Split(s, ".")
	if len(parts) > 3 {
		return bad("a version with a wildcard has two or three parts")
	}
	t := versionTerm{parts: len(parts)}
	for i, p := range parts {
		mark := p[max(0, len(p)-1):]
		switch {
		case mark == "~" || mark == "+" || mark == "*":
			if t.wildcard != 0 {
				return bad("it has two wildcards")
			}
			t.wildcard = mark[0]
			if n := p[:len(p)-1]; n == "" {
				t.floor = []string{"0"}
				if i+1 < len(parts) && parts[i+1] != "0" {
					return bad("only 0 may follow a wildcard that stands alone")
				}
			} else if digits(n) {
				t.floor = []string{n}
			} else {
				return bad("a part is not a number")
			}
		case !digits(p):
			return bad("a part is not a number")
		case t.wildcard == 0:
			t.prefix = append(t.prefix, p)
		default:
			t.floor = append(t.floor, p)
		}
	}
	if t.wildcard == '+' && t.parts == 2 {
		return bad("'+' asks for a stable version, and those have three parts")
	}
	return t, nil
}

// Select returns the indexes of the versions that the expression selects, in rising order of
// version. versions are those of one structure.
func (q VersionQuery) Select(versions []sdmx.Version) []int {
	picked := map[int]bool{}
	for i := range q {
		q[i].selectFrom(versions, picked)
	}
	out := make([]int, 0, len(picked))
	for i := range picked {
		out = append(out, i)
	}
	slices.SortFunc(out, func(a, b int) int { return versions[a].Compare(versions[b]) })
	return out
}

// selectFrom adds the indexes of the versions that the term selects.
func (t *versionTerm) selectFrom(versions []sdmx.Version, picked map[int]bool) {
	best := -1
	for i, v := range versions {
		if !t.matches(v) {
			continue
		}
		if t.wildcard == '*' || t.wildcard == 0 {
			picked[i] = true
		} else if best < 0 || versions[best].Compare(v) < 0 {
			best = i
		}
	}
	if best >= 0 {
		picked[best] = true
	}
}

func (t *versionTerm) matches(v sdmx.Version) bool {
	if t.wildcard == 0 {
		return v == t.exact
	}
	if t.wildcard == '+' && !v.Stable() {
		return false
	}
	if t.parts == 0 {
		return true
	}
	numbers, _, _ := strings.Cut(string(v), "-")
	parts := strings.Split(numbers, ".")
	if len(parts) != t.parts {
		return false
	}
	for i, p := range t.prefix {
		if sdmx.Version(p).Compare(sdmx.Version(parts[i])) != 0 {
			return false
		}
	}
	for i, f := range t.floor {
		if c := sdmx.Version(parts[len(t.prefix)+i]).Compare(sdmx.Version(f)); c != 0 {
			return c > 0
		}
	}
	return true
}

// digits reports whether a text is a number without sign.
func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
