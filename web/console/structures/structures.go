package structures

import (
	"net/url"
	"strings"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console/ui"
)

// Structures is the search, or the results beside a structure.
type Structures struct {
	Total, Types, Agencies int
	Filter                 StructureFilter
	AllAgencies            []string
	Found                  registry.Found
	More                   bool
	// MayRename says that the reader may rename the agency in the filter.
	MayRename bool
	// Chosen is the structure beside which the results stand; zero on the search page.
	Chosen sdmx.URN
}

// A StructureFilter is what the reader looks for, as the page's address has it.
type StructureFilter struct {
	Text, Type, Agency string
	AllVersions        bool
	After              string
}

// Query is the filter in the form of the page's address.
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

// Any reports whether the filter excludes anything.
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

func (s *Structures) typeOptions() []ui.Option {
	out := []ui.Option{{Word: "Any type", Chosen: s.Filter.Type == ""}}
	for _, c := range sdmx.Modelled() {
		word := ui.Capital(ui.ClassWord(c, 2))
		if n := s.Found.Counts[c]; n > 0 {
			word += " " + ui.Count(n)
		}
		out = append(out, ui.Option{Value: c.REST(), Word: word, Chosen: s.Filter.Type == c.REST()})
	}
	return out
}

func (s *Structures) agencyOptions() []ui.Option {
	out := []ui.Option{{Word: "Any agency", Chosen: s.Filter.Agency == ""}}
	for _, a := range s.AllAgencies {
		out = append(out, ui.Option{Value: a, Word: a, Chosen: s.Filter.Agency == a})
	}
	return out
}

func (s *Structures) versionOptions() []ui.Option {
	chosen := ""
	if s.Filter.AllVersions {
		chosen = "all"
	}
	return ui.Options(chosen, "", "Latest versions", "all", "All versions")
}

// heads reports whether a row is the first of its type.
func (s *Structures) heads(i int) bool {
	return i == 0 || s.Found.Labels[i].URN.Class != s.Found.Labels[i-1].URN.Class
}

// groupWord is the heading of a type's rows, with how many match.
func (s *Structures) groupWord(c sdmx.Class) string {
	return ui.Capital(ui.ClassWord(c, 2)) + " " + ui.Count(s.Found.Counts[c])
}

func (s *Structures) last() string {
	return s.Found.Labels[len(s.Found.Labels)-1].URN.String()
}

// path is the page of a result, beside which the results stay.
func (s *Structures) path(u sdmx.URN) string {
	f := s.Filter
	if !f.Any() {
		return ui.StructurePath(u)
	}
	return ui.StructurePath(u) + f.Query()
}

func (s *Structures) sum() string {
	return strings.Join([]string{ui.Plural(s.Total, "structure", "structures"), ui.Plural(s.Types, "type", "types"), ui.Plural(s.Agencies, "agency", "agencies")}, ", ")
}

// itemCount is how many items a structure has, in words; empty where it has none.
func itemCount(l *registry.Label) string {
	if l.Items == 0 && !l.URN.Class.MadeOfItems() {
		return ""
	}
	return ui.Plural(l.Items, ui.ItemWord(l.URN.Class, 1), ui.ItemWord(l.URN.Class, 2))
}
