package web

import (
	"context"
	"strings"
	"sync"
	"unicode/utf8"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console"
)

// A content is a document as its page shows it. It never changes.
type content struct {
	common     sdmx.Artefact
	refs       []sdmx.URN // what it refers to, each once
	holdsItems bool
	tree       bool // some items stand under others
	rows       []console.Item
	// order is the rows as a tree, parents before children.
	order []int32
	bytes int
}

// contentsBytesMax bounds the documents whose contents are kept, as they are stored.
// A million codes are some fifty megabytes, and twice that in memory.
const contentsBytesMax = 96 << 20

// contents keep what was shown last: a window of a million codes then costs no more
// than one of a hundred.
type contents struct {
	mu    sync.Mutex
	byID  map[int64]*content
	used  []int64 // the last used at the end
	bytes int
}

// get gives a document's content. It is read under the lock: two readers of the same
// large document would need twice the memory, and neither be faster.
func (c *contents) get(ctx context.Context, s *server, class sdmx.Class, document int64) (*content, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if have := c.byID[document]; have != nil {
		c.touch(document)
		return have, nil
	}
	m, bytes, err := s.Registry.Document(ctx, class, document)
	if err != nil {
		return nil, err
	}
	fresh := newContent(m, bytes)
	if bytes > contentsBytesMax {
		return fresh, nil
	}
	if c.byID == nil {
		c.byID = map[int64]*content{}
	}
	for c.bytes+bytes > contentsBytesMax {
		c.bytes -= c.byID[c.used[0]].bytes
		delete(c.byID, c.used[0])
		c.used = c.used[1:]
	}
	c.byID[document] = fresh
	c.used = append(c.used, document)
	c.bytes += bytes
	return fresh, nil
}

func (c *contents) touch(document int64) {
	for i, id := range c.used {
		if id == document {
			c.used = append(append(c.used[:i:i], c.used[i+1:]...), document)
			return
		}
	}
}

func newContent(m sdmx.Maintainable, bytes int) *content {
	c := &content{common: *m.Common(), bytes: bytes}
	seen := map[sdmx.URN]bool{}
	for _, ref := range sdmx.Refs(m) {
		if ref.URN != sdmx.URNOf(m) && !seen[ref.URN] {
			seen[ref.URN] = true
			c.refs = append(c.refs, ref.URN)
		}
	}
	var parents []string
	switch m := m.(type) {
	case *sdmx.Codelist:
		c.rows, parents = flat(m.Items, func(x *sdmx.Code) (*sdmx.Nameable, string) { return &x.Nameable, x.Parent })
	case *sdmx.ConceptScheme:
		c.rows, parents = flat(m.Items, func(x *sdmx.Concept) (*sdmx.Nameable, string) { return &x.Nameable, x.Parent })
	case *sdmx.AgencyScheme:
		c.rows, parents = flat(m.Items, func(x *sdmx.Agency) (*sdmx.Nameable, string) { return &x.Nameable, "" })
	case *sdmx.CategoryScheme:
		c.holdsItems, c.tree = true, true
		c.nest(m.Items, 0)
		return c
	case *sdmx.DataStructure:
		c.rows = componentRows(m)
	default:
		return c
	}
	c.holdsItems = true
	c.arrange(parents)
	return c
}

func flat[T any](items []T, of func(*T) (*sdmx.Nameable, string)) ([]console.Item, []string) {
	rows, parents := make([]console.Item, len(items)), make([]string, len(items))
	for i := range items {
		n, parent := of(&items[i])
		rows[i], parents[i] = console.Item{ID: n.ID, Name: n.Names.In("en"), Description: n.Descriptions.In("en")}, parent
	}
	return rows, parents
}

func (c *content) nest(items []sdmx.Category, depth int) {
	for i := range items {
		x := &items[i]
		c.order = append(c.order, int32(len(c.rows)))
		c.rows = append(c.rows, console.Item{ID: x.ID, Name: x.Names.In("en"), Description: x.Descriptions.In("en"), Depth: depth, Kids: len(x.Items)})
		c.nest(x.Items, depth+1)
	}
}

func componentRows(d *sdmx.DataStructure) []console.Item {
	var rows []console.Item
	add := func(kind string, x *sdmx.Component) {
		row := console.Item{ID: x.ID, Kind: kind}
		refs := []sdmx.Ref{x.Concept}
		if x.Representation != nil {
			refs = append(refs, x.Representation.Enumeration)
		}
		for _, ref := range refs {
			if s := ref.URN.Short(); !ref.IsZero() {
				if ref.Item != "" {
					s += "." + ref.Item
				}
				row.Refs = append(row.Refs, s)
			}
		}
		rows = append(rows, row)
	}
	for i := range d.Dimensions {
		kind := [...]string{sdmx.DimensionPlain: "dimension", sdmx.DimensionMeasure: "measure dimension", sdmx.DimensionTime: "time dimension"}[d.Dimensions[i].Kind]
		add(kind, &d.Dimensions[i].Component)
	}
	for i := range d.Measures {
		add("measure", &d.Measures[i].Component)
	}
	for i := range d.Attributes {
		add("attribute", &d.Attributes[i].Component)
	}
	for i := range d.Groups {
		rows = append(rows, console.Item{ID: d.Groups[i].ID, Kind: "group", Refs: []string{strings.Join(d.Groups[i].Dimensions, ", ")}})
	}
	return rows
}

// arrange puts rows of a flat list into the order of a tree. Whoever stands in a ring,
// or under one who is not there, stands at the top.
func (c *content) arrange(parents []string) {
	n := len(c.rows)
	c.order = make([]int32, 0, n)
	at := make(map[string]int32, n)
	for i := range c.rows {
		at[c.rows[i].ID] = int32(i)
	}
	first, next := make([]int32, n), make([]int32, n) // first child, next sibling; 0 is none, else 1 more
	last := make([]int32, n)
	top := make([]bool, n)
	for i := range c.rows {
		p, ok := int32(0), false
		if parents != nil && parents[i] != "" {
			p, ok = at[parents[i]]
		}
		if !ok || int(p) == i {
			top[i] = true
			continue
		}
		c.tree = true
		c.rows[p].Kids++
		if first[p] == 0 {
			first[p] = int32(i) + 1
		} else {
			next[last[p]] = int32(i) + 1
		}
		last[p] = int32(i)
	}
	seen := make([]bool, n)
	var stack []int32
	walk := func(root int) {
		for stack = append(stack[:0], int32(root)); len(stack) > 0; {
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if seen[i] {
				continue
			}
			seen[i] = true
			c.order = append(c.order, i)
			mark := len(stack)
			for k := first[i]; k != 0; k = next[k-1] {
				if !seen[k-1] {
					c.rows[k-1].Depth = c.rows[i].Depth + 1
					stack = append(stack, k-1)
				}
			}
			for a, b := mark, len(stack)-1; a < b; a, b = a+1, b-1 {
				stack[a], stack[b] = stack[b], stack[a]
			}
		}
	}
	for i := range c.rows {
		if top[i] {
			walk(i)
		}
	}
	for i := range c.rows {
		if !seen[i] {
			c.rows[i].Depth = 0
			walk(i)
		}
	}
}

// window puts the rows of a page into the view.
func (c *content) window(v *console.Items, from int) {
	row := func(i int) *console.Item {
		if v.Tree {
			return &c.rows[c.order[i]]
		}
		return &c.rows[i]
	}
	v.Match = len(c.rows)
	if v.Filter == "" {
		v.From = min(from, max(len(c.rows)-1, 0))
		for i := v.From; i < min(v.From+console.ItemsShown, len(c.rows)); i++ {
			v.Rows = append(v.Rows, *row(i))
		}
		return
	}
	v.Match, v.From = 0, from
	v.Tree = false // what matches stands apart from its parents
	f := newFinder(v.Filter)
	for i := range c.rows {
		x := &c.rows[i]
		if !f.in(x.ID) && !f.in(x.Name) && !f.in(x.Description) {
			continue
		}
		if v.Match >= from && len(v.Rows) < console.ItemsShown {
			v.Rows = append(v.Rows, *x)
		}
		v.Match++
	}
}

// A finder looks for a text without case. Most texts are ASCII, and a million of them
// are not worth a million copies.
type finder struct {
	folded string
	ascii  bool
	lower  byte
	upper  byte
}

func newFinder(text string) finder {
	f := finder{folded: registry.Fold(text)}
	f.ascii = isASCII(f.folded)
	if f.folded != "" {
		f.lower, f.upper = f.folded[0], strings.ToUpper(f.folded[:1])[0]
	}
	return f
}

func (f *finder) in(s string) bool {
	if !isASCII(s) {
		return strings.Contains(registry.Fold(s), f.folded)
	}
	if !f.ascii {
		return false
	}
	for i := 0; i+len(f.folded) <= len(s); i++ {
		if (s[i] == f.lower || s[i] == f.upper) && strings.EqualFold(s[i:i+len(f.folded)], f.folded) {
			return true
		}
	}
	return false
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
