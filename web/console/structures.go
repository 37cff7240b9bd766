package console

import (
	"net/url"
	"strings"

	"urncast/registry"
	"urncast/sdmx"
)

// Structures is the search, or the results beside a structure.
type Structures struct {
	Total, Types, Agencies int
	Filter                 StructureFilter
	AllAgencies            []string
	Found                  registry.Found
	More                   bool
	// MayRename says that the reader may rename the agency that is looked for.
	MayRename bool
	// Chosen is the structure beside which the results stand; zero on the search.
	Chosen sdmx.URN
}

// A StructureFilter is what the reader looks for, as the page's address says it.
type StructureFilter struct {
	Text, Type, Agency string
	AllVersions        bool
	After              string
}

// Query is the filter as the page's address says it.
func (f StructureFilter) Query() string {
	v := url.Values{}
	for name, value := range map[string]string{"q": f.Text, "type": f.Type, "agency": f.Agency, "after": f.After} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if f.AllVersions {
		v.Set("versions", "all")
	}
	if s := v.Encode(); s != "" {
		return "?" + s
	}
	return ""
}

// Any says whether something is looked for.
func (f StructureFilter) Any() bool { f.After = ""; return f != StructureFilter{} }

func (f StructureFilter) behind(urn string) StructureFilter { f.After = urn; return f }

// total is how many match.
func (s *Structures) total() int {
	n := 0
	for c, k := range s.Found.Counts {
		if s.Filter.Type == "" || s.Filter.Type == c.REST() {
			n += k
		}
	}
	return n
}

func (s *Structures) typeOptions() []Option {
	out := []Option{{"", "Any type", s.Filter.Type == ""}}
	for _, c := range sdmx.Modelled() {
		word := title(ClassWord(c, 2))
		if n := s.Found.Counts[c]; n > 0 {
			word += " " + Count(n)
		}
		out = append(out, Option{c.REST(), word, s.Filter.Type == c.REST()})
	}
	return out
}

func (s *Structures) agencyOptions() []Option {
	out := []Option{{"", "Any agency", s.Filter.Agency == ""}}
	for _, a := range s.AllAgencies {
		out = append(out, Option{a, a, s.Filter.Agency == a})
	}
	return out
}

func (s *Structures) versionOptions() []Option {
	chosen := ""
	if s.Filter.AllVersions {
		chosen = "all"
	}
	return Options(chosen, "", "Latest versions", "all", "All versions")
}

// heads says whether a row begins a type.
func (s *Structures) heads(i int) bool {
	return i == 0 || s.Found.Labels[i].URN.Class != s.Found.Labels[i-1].URN.Class
}

// groupWord heads the rows of a type, with how many of it match.
func (s *Structures) groupWord(c sdmx.Class) string {
	return title(ClassWord(c, 2)) + " " + Count(s.Found.Counts[c])
}

func (s *Structures) last() string {
	return s.Found.Labels[len(s.Found.Labels)-1].URN.String()
}

// path is a result's page, beside which the results stay.
func (s *Structures) path(u sdmx.URN) string {
	f := s.Filter
	if !f.Any() {
		return StructurePath(u)
	}
	return StructurePath(u) + f.Query()
}

func (s *Structures) sum() string {
	return strings.Join([]string{Plural(s.Total, "structure", "structures"), Plural(s.Types, "type", "types"), Plural(s.Agencies, "agency", "agencies")}, ", ")
}

// itemCount is how many items a structure has, in words; empty where it has none.
func itemCount(l *registry.Label) string {
	if l.Items == 0 && l.URN.Class != sdmx.ClassCodelist {
		return ""
	}
	return Plural(l.Items, itemWord(l.URN.Class, 1), itemWord(l.URN.Class, 2))
}
