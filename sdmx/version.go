package sdmx

import (
	"cmp"
	"fmt"
	"strings"
)

// VersionDefault is the version of an artefact without one: it is the default of 2.1 (SDMX-ML
// 2.1 common types), and the version in URNs of unversioned artefacts of 3.0.
const VersionDefault Version = "1.0"

// A Version is the version of a maintainable in its written form: a legacy
// version (2.x: numbers with dots, such as "1.0") or a semantic one (3.0:
// exactly three numbers, and optionally an extension, such as "1.2.0-draft").
// In a reference it may have one '+' ("1.2+.0").
type Version string

// ParseVersion parses the version of an artefact, which has no wildcard.
func ParseVersion(s string) (Version, error) {
	if err := checkVersion(s, false); err != nil {
		return "", err
	}
	return Version(s), nil
}

// ParseVersionRef parses the version of a reference: a version, or a semantic version with a
// '+' after one of its numbers (SDMX 3.0 section 4.3). The "*" of a loose reference is none.
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

// Semantic reports whether the version is a semantic version of 3.0: exactly three numbers
// without leading zeros, with or without an extension.
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

// Stable reports whether an artefact of this version must not change any more: the version is
// semantic, its first number is at least 1, and it has no extension (SDMX 3.0 section 4.3).
func (v Version) Stable() bool {
	return v.Semantic() && !strings.Contains(string(v), "-") && v[0] != '0'
}

// Wildcard reports whether the version has a '+' or is "*", as only versions of references may.
func (v Version) Wildcard() bool { return strings.ContainsAny(string(v), "+*") }

// Compare orders versions by their numbers, then by their number of parts (1.0 before 1.0.0),
// then by their extensions as semantic versioning does (1.0.0-draft before 1.0.0).
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

// compareNumbers compares numbers of any length, written in digits.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if c := cmp.Compare(len(a), len(b)); c != 0 {
		return c
	}
	return cmp.Compare(a, b)
}

// Matches reports whether a reference with version v can resolve to version w: w equals v or,
// if v has a '+', w is semantic, at or above v without the '+', and has the same numbers before
// the '+' (SDMX 3.0 section 4.3). Resolve selects one of several matching versions.
func (v Version) Matches(w Version) bool {
	switch {
	case v == anything:
		return true
	case !v.Wildcard():
		return v == w
	case !w.Semantic():
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

// Referrers has one version of each kind of referrer that Resolve distinguishes: stable, with
// an extension, and any other.
var Referrers = [...]Version{"1.0.0", "1.0.0-draft", VersionDefault}

// Referrer returns the version of Referrers that is of the same kind as v: references in
// artefacts of the two resolve alike.
func (v Version) Referrer() Version {
	switch {
	case v.Stable():
		return Referrers[0]
	case v.Semantic() && strings.Contains(string(v), "-"):
		return Referrers[1]
	}
	return Referrers[2]
}

// Resolve returns the index, in the existing versions of a structure, of the one to which a
// reference with version v resolves in an artefact of version from; -1 if there is none. A
// wildcard resolves to the newest matching version that the referrer may see (SDMX 3.1
// technical notes, dependency management): a stable referrer sees only stable versions, one
// with an extension sees every semantic version. Other referrers see stable versions if one
// matches, and otherwise all; the standard leaves that open.
func (v Version) Resolve(from Version, existing []Version) int {
	by := from.Referrer()
	onlyStable, drafts := by == Referrers[0], by == Referrers[1]
	best, bestStable := -1, false
	for i, w := range existing {
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
		case existing[best].Compare(w) >= 0:
			continue
		}
		best, bestStable = i, stable
	}
	return best
}
