package structures

import (
	"bytes"
	"container/list"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/singleflight"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/background"
)

// A content is what the page of a structure shows of its document. It never changes, and keeps
// no part of the document in memory.
type content struct {
	names, texts sdmx.Texts
	final        bool
	version      sdmx.Version
	refs         []sdmx.URN // what it refers to, each once
	holdsItems   bool
	components   bool // some items have no name
	tree         bool // some items stand under others
	tables       []Table
	rows         []Item
	// order holds the indexes of the rows in the order of the tree, parents before children.
	order []int32
	// folded is the text that a filter searches: id, name and description of each row, folded,
	// each followed by a zero byte. at holds the offset of each row in folded, and its length.
	folded []byte
	at     []uint32
	bytes  int // of memory, about
}

const (
	// contentsBytesMax bounds the memory of the cached contents. A million codes with names of
	// 30 letters take 180 MB.
	contentsBytesMax = 384 << 20
	// rowBytes is the memory of a row without its texts, with its places in order and at.
	rowBytes = 128
	// contentBytes is the memory of a content without rows, refs and texts.
	contentBytes = 512
	// stringBytes is the memory of a string without its text.
	stringBytes = 16
	// largeDocument is the stored size above which documents are read one at a time.
	largeDocument = 8 << 20
	// contentLimit bounds how long reading one document may take, contentPatience how long a
	// page waits for it.
	contentLimit    = 2 * time.Minute
	contentPatience = 30 * time.Second
)

// contents caches the contents that were shown last, so that the next window of a million
// codes costs no more than one of a hundred.
type contents struct {
	reading singleflight.Group   // by document
	large   background.Semaphore // of one: large documents are read one at a time

	mu    sync.Mutex
	byID  map[int64]*list.Element // of used, by document
	used  list.List               // of keptContent, the last used at the end
	bytes int
}

// A keptContent is a content in the cache.
type keptContent struct {
	document int64
	*content
}

// get returns the content of a document, which has so many bytes. Requests for a document that
// is being read share that reading: a second one would take twice the memory and be no faster.
// A request waits for another document only where both are large. After contentPatience it
// gives up, and the reading goes on for the next request.
func (c *contents) get(ctx context.Context, s *Pages, class sdmx.Class, document int64, bytes int) (*content, error) {
	if have := c.kept(document); have != nil {
		return have, nil
	}
	whole := context.WithoutCancel(ctx)
	answer := c.reading.DoChan(strconv.FormatInt(document, 10), func() (any, error) {
		ctx, cancel := context.WithTimeout(whole, contentLimit)
		defer cancel()
		var loaded *content
		err := background.Guarded(ctx, s.Log, "reading a document", "", func() (err error) {
			loaded, err = c.read(ctx, s, class, document, bytes)
			return err
		})
		return loaded, err
	})
	ctx, cancel := context.WithTimeout(ctx, contentPatience)
	defer cancel()
	select {
	case found := <-answer:
		if found.Err != nil {
			return nil, found.Err
		}
		return found.Val.(*content), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// read reads a document and caches its content.
func (c *contents) read(ctx context.Context, s *Pages, class sdmx.Class, document int64, bytes int) (*content, error) {
	if have := c.kept(document); have != nil { // another has read it in between
		return have, nil
	}
	if bytes > largeDocument {
		leave, err := c.large.Enter(ctx)
		if err != nil {
			return nil, err
		}
		defer leave()
	}
	m, _, err := s.Registry.Document(ctx, class, document)
	if err != nil {
		return nil, err
	}
	loaded := newContent(m)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(document, loaded)
	return loaded, nil
}

// kept returns the cached content of a document; nil if there is none.
func (c *contents) kept(document int64) *content {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.byID[document]
	if at == nil {
		return nil
	}
	c.used.MoveToBack(at)
	return at.Value.(keptContent).content
}

// keep caches a content, in place of those that were used least recently.
func (c *contents) keep(document int64, loaded *content) {
	if loaded.bytes > contentsBytesMax {
		return
	}
	for c.bytes+loaded.bytes > contentsBytesMax {
		oldest := c.used.Remove(c.used.Front()).(keptContent)
		delete(c.byID, oldest.document)
		c.bytes -= oldest.bytes
	}
	if c.byID == nil {
		c.byID = map[int64]*list.Element{}
	}
	c.byID[document] = c.used.PushBack(keptContent{document, loaded})
	c.bytes += loaded.bytes
}

// newContent takes from a document what its page shows.
func newContent(m sdmx.Maintainable) *content {
	a := m.Common()
	c := &content{names: cloned(a.Names), texts: cloned(a.Descriptions), final: a.Final, version: sdmx.Version(strings.Clone(string(a.Version)))}
	seen := map[sdmx.URN]bool{}
	for _, ref := range sdmx.Refs(m) {
		if u := ref.URN; u != sdmx.URNOf(m) && !seen[u] {
			seen[u] = true
			c.refs = append(c.refs, u) // Refs share no memory with the document
		}
	}
	c.fill(m)
	c.pack()
	more := 0
	c.tables, more = tablesOf(m)
	c.bytes += more + contentBytes + textBytes(c.names) + textBytes(c.texts)
	for _, u := range c.refs {
		c.bytes += 4*stringBytes + len(u.Agency) + len(u.ID) + len(u.Version)
	}
	return c
}

// textBytes returns the memory of texts.
func textBytes(ts sdmx.Texts) (n int) {
	for i := range ts {
		n += 2*stringBytes + len(ts[i].Lang) + len(ts[i].Value)
	}
	return n
}

// cloned copies texts, so that they keep no part of the document in memory.
func cloned(ts sdmx.Texts) (out sdmx.Texts) {
	for _, t := range ts {
		t.Lang, t.Value = strings.Clone(t.Lang), strings.Clone(t.Value)
		out = append(out, t)
	}
	return out
}

// pack copies the texts of all rows into two buffers: one as they are, which lets the document
// be freed, and one folded, for the filter.
func (c *content) pack() {
	n := 0
	for i := range c.rows {
		n += len(c.rows[i].ID) + len(c.rows[i].Name) + len(c.rows[i].Description)
	}
	var plain strings.Builder
	plain.Grow(n)
	c.folded, c.at = make([]byte, 0, n+3*len(c.rows)), make([]uint32, len(c.rows)+1)
	for i := range c.rows {
		c.at[i] = uint32(len(c.folded))
		x := &c.rows[i]
		for _, s := range []*string{&x.ID, &x.Name, &x.Description} {
			from := plain.Len()
			plain.WriteString(*s)
			*s = plain.String()[from:]
			c.folded = append(appendFolded(c.folded, *s), 0)
		}
	}
	c.at[len(c.rows)] = uint32(len(c.folded))
	c.bytes = n + len(c.folded) + rowBytes*len(c.rows)
	for i := range c.rows {
		for _, s := range c.rows[i].Refs {
			c.bytes += stringBytes + len(s)
		}
	}
}

// appendFolded appends a folded text. ASCII, which most texts are, is folded in place: a
// million codes are not worth a million allocations.
func appendFolded(b []byte, s string) []byte {
	for i := range len(s) {
		ch := s[i]
		if ch >= utf8.RuneSelf {
			return append(b[:len(b)-i], registry.Fold(s)...)
		}
		if 'A' <= ch && ch <= 'Z' {
			ch += 'a' - 'A'
		}
		b = append(b, ch)
	}
	return b
}

// fill takes the items of a document, and puts them into the order of a tree. Lists of
// components are not shown, because they have no content of their own; the transitions of a
// process have a table.
func (c *content) fill(m sdmx.Maintainable) {
	var paths, parents []string
	if scheme, ok := m.(sdmx.ItemScheme); ok {
		c.rows, paths, parents = make([]Item, 0, scheme.Len()), make([]string, 0, scheme.Len()), make([]string, 0, scheme.Len())
	}
	sdmx.EachItem(m, func(it sdmx.Item) {
		if it.Value == nil || it.Class == sdmx.ClassTransition {
			return
		}
		row := Item{ID: it.ID(), Kind: it.Class.Word()}
		if n := it.Nameable; n != nil {
			row.Name, row.Description = n.Names.In("en"), n.Descriptions.In("en")
		} else {
			c.components = true
			row.Refs = mentioned(&it)
		}
		c.rows, paths, parents = append(c.rows, row), append(paths, it.Path), append(parents, it.Parent)
		c.tree = c.tree || it.Nests
	})
	if c.holdsItems = len(c.rows) > 0 || m.Class().MadeOfItems(); c.holdsItems {
		c.arrange(paths, parents)
	}
}

// mentioned returns what the row of a component says of its content: its references or, of a
// group, its dimensions, and of a code of 2.1 the alias of its codelist.
func mentioned(it *sdmx.Item) (out []string) {
	if g, ok := it.Value.(*sdmx.Group); ok {
		return []string{strings.Clone(strings.Join(g.Dimensions, ", "))} // of one, Join returns it as it is
	}
	if x, ok := it.Value.(*sdmx.HierarchicalCode); ok && x.CodeID != "" {
		return []string{x.CodelistAlias + "." + x.CodeID}
	}
	for _, ref := range it.Refs() {
		s := ref.URN.Short()
		if ref.Item != "" {
			s += "." + ref.Item
		}
		out = append(out, s)
	}
	return out
}

// arrange puts the rows into the order of a tree. An item whose parent is not
// there, or whose ancestors form a circle, stands at the top.
func (c *content) arrange(paths, parents []string) {
	n := len(c.rows)
	c.order = make([]int32, 0, n)
	at := make(map[string]int32, n)
	for i := range c.rows {
		at[paths[i]] = int32(i)
	}
	first, next := make([]int32, n), make([]int32, n) // first child, next sibling; 0 is none, else 1 more
	last := make([]int32, n)
	top := make([]bool, n)
	for i := range c.rows {
		p, ok := int32(0), false
		if parents[i] != "" {
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
func (c *content) window(v *Items, from int) {
	switch {
	case v.Filter == "" && v.Tree:
		c.branches(v, from)
		return
	case v.Filter == "":
		v.Match, v.From = len(c.rows), min(from, max(len(c.rows)-1, 0))
		v.Rows = slices.Clone(c.rows[v.From:min(v.From+ItemsShown, len(c.rows))])
		return
	}
	v.Match, v.From = 0, from
	v.Tree = false // what matches stands apart from its parents
	c.each([]byte(registry.Fold(v.Filter)), func(row int) {
		if v.Match >= from && len(v.Rows) < ItemsShown {
			v.Rows = append(v.Rows, c.rows[row])
		}
		v.Match++
	})
}

// each yields the indexes of the rows that contain a folded text, in their order.
func (c *content) each(folded []byte, yield func(row int)) {
	for row, from := 0, 0; from < len(c.folded); from = int(c.at[row]) {
		found := bytes.Index(c.folded[from:], folded)
		if found < 0 {
			return
		}
		for int(c.at[row+1]) <= from+found {
			row++
		}
		yield(row)
		row++
	}
}
