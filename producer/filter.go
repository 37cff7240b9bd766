package producer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"urncast/internal/match"
	"urncast/sdmx"
)

// A Filter says which structures a route takes. Each list that is not empty must
// let a structure through; the zero Filter lets all through. It looks at the URN
// alone, so that no change of content moves a structure in or out: only a changed
// filter does, and that asks. Classes and URNs may be spelled as any version of SDMX
// does, whatever the format of the route: ContentConstraint also takes what is a
// DataConstraint on the topic.
type Filter struct {
	Classes  []string `json:"classes,omitempty"`  // as in URNs: Codelist, DataStructure
	Agencies []string `json:"agencies,omitempty"` // SDMX is that agency alone, SDMX.* with those below it
	URNs     []string `json:"urns,omitempty"`     // whole URNs, in which * stands for any characters
}

// filterBytesMax bounds a filter as it is stored: every structure is held against
// all of it.
const filterBytesMax = 64 << 10

// IsZero says whether everything passes.
func (f Filter) IsZero() bool { return len(f.Classes)+len(f.Agencies)+len(f.URNs) == 0 }

// String is the filter as it is stored and compared: the same whatever order its
// lists were written in, and empty if everything passes.
func (f Filter) String() string {
	if f.IsZero() {
		return ""
	}
	sorted := func(in []string) []string { return slices.Compact(slices.Sorted(slices.Values(in))) }
	b, err := json.Marshal(Filter{sorted(f.Classes), sorted(f.Agencies), sorted(f.URNs)})
	if err != nil {
		panic(err) // lists of strings
	}
	return string(b)
}

// ParseFilter reads what String wrote.
func ParseFilter(s string) (f Filter, err error) {
	if s == "" {
		return f, nil
	}
	if err := json.Unmarshal([]byte(s), &f); err != nil {
		return f, fmt.Errorf("the stored filter %q cannot be read: %w", s, err)
	}
	return f, nil
}

// Check says what is wrong with a filter.
func (f Filter) Check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, name := range f.Classes {
		if c, ok := sdmx.ClassByName(name); !ok || !c.Maintainable() {
			wrong("the filter's class %q is none of a structure; classes are written as in URNs, such as Codelist", name)
		}
	}
	for _, a := range f.Agencies {
		if name := strings.TrimSuffix(a, ".*"); name == "" || strings.ContainsAny(name, "*:() \t") {
			wrong("the filter's agency %q is neither an agency, such as SDMX, nor one with those below it, such as SDMX.*", a)
		}
	}
	for _, p := range f.URNs {
		if !strings.HasPrefix(p, "urn:sdmx:") && !strings.HasPrefix(p, "*") {
			wrong("the filter's URN pattern %q begins with neither urn:sdmx: nor *; "+
				"it is held against whole URNs: *=SDMX:CL_*(*) takes what SDMX has with ids that begin with CL_", p)
		}
	}
	for _, text := range slices.Concat(f.Agencies, f.URNs) {
		if !printable(text) {
			wrong("the filter's %q has characters that cannot be printed", text)
		}
	}
	if n := len(f.String()); n > filterBytesMax {
		wrong("the filter has %d bytes, more than the limit of %d: use patterns in place of long lists", n, filterBytesMax)
	}
	return together(errs)
}

// Passes says whether the route takes a structure.
func (f Filter) Passes(u sdmx.URN) bool {
	if len(f.Classes) > 0 && !slices.ContainsFunc(u.Class.Spellings(), func(name string) bool { return slices.Contains(f.Classes, name) }) {
		return false
	}
	if len(f.Agencies) > 0 && !slices.ContainsFunc(f.Agencies, func(a string) bool { return agencyIn(u.Agency, a) }) {
		return false
	}
	if len(f.URNs) == 0 {
		return true
	}
	return slices.ContainsFunc(u.Spellings(), func(urn string) bool {
		return slices.ContainsFunc(f.URNs, func(p string) bool { return match.Glob(urn, p, "*") })
	})
}

// StoredClasses returns the names under which structures of the filter's classes are stored.
func (f Filter) StoredClasses() (out []string) {
	for _, c := range sdmx.Maintainables() {
		if slices.ContainsFunc(c.Spellings(), func(name string) bool { return slices.Contains(f.Classes, name) }) {
			out = append(out, c.String())
		}
	}
	return out
}

// PassesKey is Passes for a key on the topic; one that is no URN is not taken.
func (f Filter) PassesKey(key string) bool {
	if f.IsZero() {
		return true
	}
	u, err := sdmx.ParseURN(key)
	return err == nil && f.Passes(u)
}

func agencyIn(agency, rule string) bool {
	parent, below := strings.CutSuffix(rule, ".*")
	return agency == parent || below && strings.HasPrefix(agency, parent+".")
}
