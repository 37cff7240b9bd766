package structures

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console/record"
	"urncast/web/console/ui"
)

// A Structure is what the page of one structure shows.
type Structure struct {
	URN     sdmx.URN
	Name    string
	Names   sdmx.Texts
	Text    sdmx.Texts // descriptions
	Final   bool
	Stable  bool // by its version
	Current bool
	// MayChange says that the reader may rename and delete it.
	MayChange bool
	Removed   bool // the content has been removed
	// Shown is the revision whose content is shown.
	Shown    registry.Revision
	Versions []sdmx.URN
	Formats  []string
	Sent     []record.Sent
	Refs     References
	Items    *Items // nil where the class has none
	Tables   []Table
	History  []Revision
	// Older is the path of the page with older history; empty at its end.
	Older string
	// Results are the search results beside the structure; nil if no search led to it.
	Results *Structures
	// As is the transaction after which it is shown; 0 for the current content.
	As registry.Number
}

// A Revision is one change of the structure.
type Revision struct {
	record.Changed
	By registry.Transaction
}

// References are the references from and to a structure.
type References struct {
	In, Out []RefGroup
	// InCount counts the referring structures, OutCount those that it refers to.
	InCount, OutCount int
	// Capped says that not all are listed.
	Capped bool
}

// A RefGroup are references of one class.
type RefGroup struct {
	Class sdmx.Class
	URNs  []sdmx.URN
	Count int
}

// Items is a window of the items.
type Items struct {
	Class  sdmx.Class
	Total  int
	Rows   []Item
	Filter string
	Tree   bool
	Nests  bool // some items stand under others, so that there is a tree
	// Branch is the path (ids joined by dots) of the only item that is shown, with those
	// below it; empty for all. Trail is that item and those above it, each with its path.
	Branch string
	Trail  []Item
	From   int // 0-based place of the first row among those that match
	Match  int // how many match; Total without a filter
	Path   string
	Keep   url.Values // parameters that the page's links keep
	// Renames are the pages that rename agencies, by the ids of items that are agencies,
	// as far as the reader may rename them.
	Renames map[string]string
	// Components says that rows have a kind, and references or names.
	Components bool
}

// An Item is one row.
type Item struct {
	ID, Name, Description string
	Depth, Kids           int
	Branch                string // its path, if items below it are shown in a tree
	// Kind is a component's, such as "dimension"; Refs are its references.
	Kind string
	Refs []string
}

// ItemsShown is how many items a page holds.
const ItemsShown = 200

func (it *Items) address(change map[string]string) string {
	v := kept(it.Keep)
	set := map[string]string{"items": it.Filter, "branch": it.Branch}
	if !it.Tree {
		set["view"] = "table"
	}
	for name, value := range change {
		set[name] = value
	}
	for name, value := range set {
		if value != "" {
			v.Set(name, value)
		}
	}
	return addressed(it.Path, v, "items")
}

// kept copies parameters.
func kept(from url.Values) url.Values {
	v := url.Values{}
	for name, values := range from {
		v[name] = slices.Clone(values)
	}
	return v
}

// addressed returns the address of a part of a page.
func addressed(path string, v url.Values, part string) string {
	if s := v.Encode(); s != "" {
		path += "?" + s
	}
	return path + "#" + part
}

// A window is a part of the rows that a page could show, and the ways to its neighbours.
type window struct {
	Target             string // id of the part of the page that shows it
	From, Shown, Match int    // as of Items
	Previous, Next     string
}

func (it *Items) window() *window {
	return &window{Target: "items", From: it.From, Shown: len(it.Rows), Match: it.Match, Previous: it.previous(), Next: it.next()}
}

func (it *Items) branch(path string) string {
	return it.address(map[string]string{"branch": path})
}

func (it *Items) next() string {
	return it.address(map[string]string{"from": strconv.Itoa(it.From + len(it.Rows))})
}

func (it *Items) previous() string {
	return it.address(map[string]string{"from": strconv.Itoa(max(it.From-ItemsShown, 0))})
}

func (it *Items) segments() []ui.Segment {
	return []ui.Segment{{Path: it.address(map[string]string{"view": ""}), Word: "Tree", Current: it.Tree},
		{Path: it.address(map[string]string{"view": "table", "branch": ""}), Word: "Table", Current: !it.Tree}}
}

func (it *Items) hidden() [][2]string {
	var out [][2]string
	for name, values := range it.Keep {
		for _, v := range values {
			out = append(out, [2]string{name, v})
		}
	}
	if !it.Tree {
		out = append(out, [2]string{"view", "table"})
	}
	slices.SortFunc(out, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return out
}

func (it *Items) described() bool {
	return slices.ContainsFunc(it.Rows, func(i Item) bool { return i.Description != "" })
}

func (it *Items) named() bool {
	return slices.ContainsFunc(it.Rows, func(i Item) bool { return i.Name != "" })
}

func (it *Items) refers() bool {
	return slices.ContainsFunc(it.Rows, func(i Item) bool { return len(i.Refs) > 0 })
}

// columns are those of items of which some have no name.
func (it *Items) columns() []ui.Column {
	out := []ui.Column{{Word: ui.Capital(ui.ItemWord(it.Class, 1))}, {Word: "Kind"}}
	if it.named() {
		out = append(out, ui.Column{Word: "Name"})
	}
	if it.refers() {
		out = append(out, ui.Column{Word: "Refers to"})
	}
	return out
}

func (it *Items) note() string {
	if it.Filter != "" || it.Branch != "" {
		return ui.Count(it.Match) + " of " + ui.Count(it.Total)
	}
	return ui.Count(it.Total)
}

// state says which parts may change.
func (s *Structure) state() string {
	var out []string
	switch {
	case s.Final:
		out = append(out, "final")
	case s.Stable:
		out = append(out, "stable")
	}
	switch {
	case s.As > 0:
		out = append(out, "as it was after transaction ")
	case s.Current:
		out = append(out, "current since transaction ")
	case s.Shown.Kind == registry.Delete:
		out = append(out, "deleted by transaction ")
	default:
		out = append(out, "last changed by transaction ")
	}
	return strings.Join(out, ", ")
}

func (s *Structure) names() string {
	var out []string
	for _, t := range s.Names {
		out = append(out, t.Lang+" "+t.Value)
	}
	return strings.Join(out, ", ")
}

// source is the page that shows the structure in a format.
func (s *Structure) source(format string) string { return s.read("/source", format) }

// download is the address of the structure as a file.
func (s *Structure) download(format string) string { return s.read("/download", format) }

func (s *Structure) read(what, format string) string {
	v := url.Values{"format": {format}}
	if s.As > 0 {
		v.Set("as", ui.Number(s.As))
	}
	return ui.StructurePath(s.URN) + what + "?" + v.Encode()
}

func (s *Structure) asOf(n registry.Number) string {
	return ui.StructurePath(s.URN) + "?as=" + ui.Number(n)
}

func (r *References) note() string {
	switch {
	case r.InCount == 0 && r.OutCount == 0:
		return "none"
	case r.InCount == 0:
		return "it refers to " + ui.Count(r.OutCount)
	case r.InCount == 1:
		return "1 refers to it"
	}
	return ui.Count(r.InCount) + " refer to it"
}

// names are the first names of a group, as far as there is room in the drawing.
func (g *RefGroup) names(room int) string {
	var out []string
	length := 0
	for _, u := range g.URNs {
		if length += len(u.ID) + 2; length > room && len(out) > 0 {
			break
		}
		out = append(out, u.ID)
	}
	s := strings.Join(out, ", ")
	if len(s) > room {
		s = s[:room-1] + "…"
	} else if len(out) < g.Count {
		s += ", …"
	}
	return s
}

func (g *RefGroup) head() string { return ui.Count(g.Count) + " " + ui.ClassWord(g.Class, g.Count) }
