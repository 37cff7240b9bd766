package sdmx

import (
	"cmp"
	"fmt"
	"strings"
)

// VersionDefault is the version of an artefact that states none: 2.1 says so
// (SDMX-ML 2.1 common types), and 3.0 writes unversioned artefacts with it in
// URNs.
const VersionDefault Version = "1.0"

// A Version is the version of a maintainable in its written form: a legacy
// version (2.x: numbers with dots, such as "1.0") or a semantic one (3.0:
// exactly three numbers, and optionally an extension, such as "1.2.0-draft").
// In a reference it may hold one '+' ("1.2+.0").
type Version string

// ParseVersion checks the written form of an artefact's version. Wildcards are
// for references: see ParseVersionRef.
func ParseVersion(s string) (Version, error) {
	if err := checkVersion(s, false); err != nil {
		return "", err
	}
	return Version(s), nil
}

// ParseVersionRef checks the version of a reference: a version, or a semantic
// one with a single '+' after one of its numbers (SDMX 3.0 section 4.3).
func ParseVersionRef(s string) (Version, error) {
	if err := checkVersion(s, true); err != nil {
		return "", err
	}
	return Version(s), nil
}

const versionLengthMax = 100

func checkVersion(s string, wildcard bool) error {
	if s == "" {
		return fmt.Errorf("version is empty: expected numbers with dots, such as 1.0 or 1.2.0")
	}
	if len(s) > versionLengthMax {
		return fmt.Errorf("version has %d characters, more than the limit of %d", len(s), versionLengthMax)
	}
	numbers, ext, hasExt := strings.Cut(s, "-")
	parts := strings.Split(numbers, ".")
	plus := 0
	for i, p := range parts {
		if wildcard && strings.HasSuffix(p, "+") {
			plus++
			p = p[:len(p)-1]
		}
		if !isDigits(p) {
			return fmt.Errorf("version %q: part %d is %q, expected a number", s, i+1, parts[i])
		}
		if len(parts) == 3 && (hasExt || plus > 0) && len(p) > 1 && p[0] == '0' {
			return fmt.Errorf("version %q: part %d has a leading zero, which semantic versions may not", s, i+1)
		}
	}
	if plus > 1 || plus == 1 && (len(parts) != 3 || hasExt) {
		return fmt.Errorf("version %q: one '+' may stand, and only in three numbers without extension, such as 1.2+.0", s)
	}
	if hasExt {
		return checkExtension(s, ext, len(parts))
	}
	return nil
}

func checkExtension(s, ext string, parts int) error {
	if parts != 3 {
		return fmt.Errorf("version %q: an extension may follow three numbers only, such as 1.0.0-draft", s)
	}
	for _, id := range strings.Split(ext, ".") {
		if id == "" {
			return fmt.Errorf("version %q: the extension has an empty part", s)
		}
		for _, r := range id {
			if !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-') {
				return fmt.Errorf("version %q: %q may not stand in an extension", s, r)
			}
		}
		if isDigits(id) && len(id) > 1 && id[0] == '0' {
			return fmt.Errorf("version %q: the extension's part %q has a leading zero", s, id)
		}
	}
	return nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// Semantic reports whether the version follows the semantic rules of 3.0: exactly
// three numbers without leading zeros, with or without an extension.
func (v Version) Semantic() bool {
	numbers, _, _ := strings.Cut(string(v), "-")
	parts := strings.Split(numbers, ".")
	if len(parts) != 3 {
		return false
	}
	for _, p := range parts {
		if !isDigits(p) || len(p) > 1 && p[0] == '0' {
			return false
		}
	}
	return true
}

// Stable reports whether an artefact of this version may not change any more:
// semantic, first number at least 1, no extension (SDMX 3.0 section 4.3).
func (v Version) Stable() bool {
	return v.Semantic() && !strings.Contains(string(v), "-") && v[0] != '0'
}

// Wildcard reports whether the version holds a '+', which only references may.
func (v Version) Wildcard() bool { return strings.Contains(string(v), "+") }

// Compare orders versions: numbers part by part, then extensions by the
// precedence of semantic versioning (1.0.0-draft before 1.0.0). Of two that
// are numerically alike the one with fewer parts comes first, so that "1.0"
// and "1.0.0" are different.
func (v Version) Compare(w Version) int {
	vn, ve, _ := strings.Cut(string(v), "-")
	wn, we, _ := strings.Cut(string(w), "-")
	vp, wp := strings.Split(vn, "."), strings.Split(wn, ".")
	for i := range min(len(vp), len(wp)) {
		if c := compareNumbers(vp[i], wp[i]); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(len(vp), len(wp)); c != 0 {
		return c
	}
	switch {
	case ve == we:
		return 0
	case ve == "":
		return 1
	case we == "":
		return -1
	}
	return compareExtensions(ve, we)
}

func compareExtensions(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		an, bn := isDigits(as[i]), isDigits(bs[i])
		var c int
		switch {
		case an && bn:
			c = compareNumbers(as[i], bs[i])
		case an:
			c = -1
		case bn:
			c = 1
		default:
			c = cmp.Compare(as[i], bs[i])
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(as), len(bs))
}

// compareNumbers compares digits of any length without converting them.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return cmp.Compare(a, b)
}

// Matches reports whether w is within what a reference with version v allows: the same
// version, or with a '+' in v a semantic one at or above the minimum that shares the
// numbers before the '+' (SDMX 3.0 section 4.3). Which of several such versions is meant
// depends on the referrer: Resolve says it.
func (v Version) Matches(w Version) bool {
	if !v.Wildcard() {
		return v == w
	}
	if !w.Semantic() {
		return false
	}
	want := strings.Split(string(v), ".")
	have := strings.Split(string(w), ".")
	for i, p := range want {
		if strings.HasSuffix(p, "+") {
			break
		}
		core, _, _ := strings.Cut(have[i], "-")
		if compareNumbers(p, core) != 0 {
			return false
		}
	}
	floor := Version(strings.ReplaceAll(string(v), "+", ""))
	return w.Compare(floor) >= 0
}

// Referrers are a version of each kind that Resolve tells apart: stable, with an
// extension, and any other.
var Referrers = [...]Version{"1.0.0", "1.0.0-draft", VersionDefault}

// Referrer returns that of Referrers which stands for this version: references in artefacts
// of both lead to the same.
func (v Version) Referrer() Version {
	switch {
	case v.Stable():
		return Referrers[0]
	case v.Semantic() && strings.Contains(string(v), "-"):
		return Referrers[1]
	}
	return Referrers[2]
}

// Resolve returns the place, among the versions of a structure that are there, of the one
// to which a reference with version v leads in an artefact of version from; -1 if there
// is none. A wildcard leads to the newest that matches and that the referrer may see
// (SDMX 3.1 technical notes, dependency management): a stable referrer sees stable
// versions alone, one with an extension every semantic version. Any other referrer sees
// stable versions first, and others only where no stable one matches; the standard leaves
// that open.
func (v Version) Resolve(from Version, there []Version) int {
	by := from.Referrer()
	onlyStable, drafts := by == Referrers[0], by == Referrers[1]
	best, bestStable := -1, false
	for i, w := range there {
		if !v.Matches(w) {
			continue
		}
		if !v.Wildcard() {
			return i
		}
		stable := w.Stable()
		switch {
		case !stable && onlyStable:
			continue
		case best < 0:
		case !drafts && stable != bestStable:
			if !stable {
				continue
			}
		case there[best].Compare(w) >= 0:
			continue
		}
		best, bestStable = i, stable
	}
	return best
}
