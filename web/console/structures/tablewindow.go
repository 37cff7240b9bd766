package structures

import (
	"net/url"
	"slices"
	"strconv"

	"urncast/web/console/page"
)

// from is the name of the parameter with the first row that a table shows.
func (t *Table) from() string { return "rows" + strconv.Itoa(t.Number) }

// id is that of the table's part of the page.
func (t *Table) id() string { return "table-" + strconv.Itoa(t.Number) }

// windowed returns the tables of a page, each with a window of its rows. keep has the parameters of
// the page that links keep.
func windowed(all []Table, path string, keep, q url.Values) []Table {
	out := slices.Clone(all)
	for i := range out {
		t := &out[i]
		t.Number, t.Match, t.Path, t.Keep = i+1, len(t.Rows), path, keep
		t.From = min(page.Number(q, t.from()), max(t.Match-1, 0))
		t.Rows = t.Rows[t.From:min(t.From+ItemsShown, t.Match)]
	}
	return out
}

// address is that of the page with another first row.
func (t *Table) address(from int) string {
	v := kept(t.Keep)
	v.Del(t.from())
	if from > 0 {
		v.Set(t.from(), strconv.Itoa(from))
	}
	return addressed(t.Path, v, t.id())
}

// window is the window that the page shows.
func (t *Table) window() *window {
	return &window{Target: t.id(), From: t.From, Shown: len(t.Rows), Match: t.Match,
		Previous: t.address(max(t.From-ItemsShown, 0)), Next: t.address(t.From + len(t.Rows))}
}
