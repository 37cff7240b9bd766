package diff

import (
	"slices"
	"strings"

	"urncast/sdmx"
)

// A matching says which item of the old version is which of the new; -1 is none.
type matching struct {
	toNew, toOld []int
	renamed      map[string]string // old path to new
}

// match finds items by kind and path, and among the rest those that have the same
// name in the same place under another id. What stands below a renamed item is found
// under its parent's new path.
func match(olds, news []node) *matching {
	m := &matching{toNew: none(len(olds)), toOld: none(len(news)), renamed: map[string]string{}}
	at := make(map[[2]string]int, len(news))
	for j := range news {
		at[[2]string{news[j].what, news[j].path}] = j
	}
	for i := range olds {
		if j, ok := at[[2]string{olds[i].what, olds[i].path}]; ok {
			m.join(i, j)
		}
	}
	for m.findRenamed(olds, news) {
		for i := range olds {
			if m.toNew[i] >= 0 || !olds[i].nests {
				continue
			}
			path := olds[i].id
			if p := m.now(olds[i].parent); p != "" {
				path = p + "." + path
			}
			if j, ok := at[[2]string{olds[i].what, path}]; ok && m.toOld[j] < 0 {
				m.join(i, j)
				m.renamed[olds[i].path] = path
			}
		}
	}
	return m
}

func none(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = -1
	}
	return out
}

func (m *matching) join(i, j int) { m.toNew[i], m.toOld[j] = j, i }

// now is what an old path is called now.
func (m *matching) now(path string) string {
	if p, ok := m.renamed[path]; ok {
		return p
	}
	return path
}

// A place is what a renamed item keeps: kind, parent and names.
type place struct{ what, parent, names string }

func placeOf(n *node, parent string) (place, bool) {
	if len(n.name) == 0 {
		return place{}, false
	}
	return place{n.what, parent, joined(n.name)}, true
}

func joined(t sdmx.Texts) string {
	var b strings.Builder
	for i := range t {
		b.WriteString(t[i].Lang + "\x00" + t[i].Value + "\x00")
	}
	return b.String()
}

// findRenamed joins old and new items that are alone in their place: two of the same
// name could be either. It reports whether it found any.
func (m *matching) findRenamed(olds, news []node) bool {
	gone, came := map[place][]int{}, map[place][]int{}
	for i := range olds {
		if p, ok := placeOf(&olds[i], m.now(olds[i].parent)); ok && m.toNew[i] < 0 {
			gone[p] = append(gone[p], i)
		}
	}
	if len(gone) == 0 {
		return false
	}
	for j := range news {
		if p, ok := placeOf(&news[j], news[j].parent); ok && m.toOld[j] < 0 {
			came[p] = append(came[p], j)
		}
	}
	found := false
	for p, i := range gone {
		if j := came[p]; len(i) == 1 && len(j) == 1 {
			m.join(i[0], j[0])
			m.renamed[olds[i[0]].path] = news[j[0]].path
			found = true
		}
	}
	return found
}

// parentStays reports whether an item stands under the same parent, by whatever id.
func (m *matching) parentStays(olds, news []node, i, j int) bool {
	return m.now(olds[i].parent) == news[j].parent
}

// reordered reports whether the items that stayed are in another order.
func (m *matching) reordered() bool {
	last := -1
	for _, i := range m.toOld {
		if i < 0 {
			continue
		}
		if i < last {
			return true
		}
		last = i
	}
	return false
}

// movedPlaces says which of the new items changed their place in a list whose order
// has a meaning: those outside the longest run that kept its order.
func (m *matching) movedPlaces(olds, news []node) []bool {
	moved := make([]bool, len(news))
	var at, positions []int
	for j := range news {
		if i := m.toOld[j]; news[j].ordered && i >= 0 {
			at = append(at, j)
			positions = append(positions, olds[i].position)
		}
	}
	kept := longestRise(positions)
	for k, j := range at {
		moved[j] = !kept[k]
	}
	return moved
}

// longestRise marks a longest rising run of different numbers.
func longestRise(v []int) []bool {
	kept := make([]bool, len(v))
	var ends []int // places in v of the lowest end of a run of each length
	before := make([]int, len(v))
	for i := range v {
		n, _ := slices.BinarySearchFunc(ends, v[i], func(at, x int) int { return v[at] - x })
		before[i] = -1
		if n > 0 {
			before[i] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, i)
		} else {
			ends[n] = i
		}
	}
	if len(ends) == 0 {
		return kept
	}
	for i := ends[len(ends)-1]; i >= 0; i = before[i] {
		kept[i] = true
	}
	return kept
}
