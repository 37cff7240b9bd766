package diff

import (
	"slices"
	"strings"

	"urncast/sdmx"
)

// A matching maps the indexes of old and new items to each other; -1 means none.
type matching struct {
	toNew, toOld []int
	renamed      map[string]string // old path to new
}

// match matches items by kind and path, and among the others those with the same name and
// parent as renamed. Items below a renamed item are matched by its new path.
func match(olds, news []node) *matching {
	m := &matching{toNew: minusOnes(len(olds)), toOld: minusOnes(len(news)), renamed: map[string]string{}}
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
			if p := m.newPath(olds[i].parent); p != "" {
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

func minusOnes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = -1
	}
	return out
}

func (m *matching) join(i, j int) { m.toNew[i], m.toOld[j] = j, i }

// newPath returns the new path of an item with an old path.
func (m *matching) newPath(path string) string {
	if p, ok := m.renamed[path]; ok {
		return p
	}
	return path
}

// A place is what stays the same when an item is renamed: its kind, parent and names.
type place struct{ what, parent, names string }

// placeOf returns the place of an item; false if it has no name.
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

// findRenamed matches unmatched old and new items with the same place, if each is the only one
// there, and reports whether it found any.
func (m *matching) findRenamed(olds, news []node) bool {
	removed, added := map[place][]int{}, map[place][]int{}
	for i := range olds {
		if p, ok := placeOf(&olds[i], m.newPath(olds[i].parent)); ok && m.toNew[i] < 0 {
			removed[p] = append(removed[p], i)
		}
	}
	if len(removed) == 0 {
		return false
	}
	for j := range news {
		if p, ok := placeOf(&news[j], news[j].parent); ok && m.toOld[j] < 0 {
			added[p] = append(added[p], j)
		}
	}
	found := false
	for p, i := range removed {
		if j := added[p]; len(i) == 1 && len(j) == 1 {
			m.join(i[0], j[0])
			m.renamed[olds[i[0]].path] = news[j[0]].path
			found = true
		}
	}
	return found
}

// parentStays reports whether an item has the same parent as before, which may be renamed.
func (m *matching) parentStays(olds, news []node, i, j int) bool {
	return m.newPath(olds[i].parent) == news[j].parent
}

// reordered reports whether the items that are in both versions are in another order.
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

// movedPlaces reports, for each new item, whether it has changed its place in a list whose order
// has a meaning: it has unless it is in a longest subsequence that is in the old order.
func (m *matching) movedPlaces(olds, news []node) []bool {
	moved := make([]bool, len(news))
	var at, positions []int
	for j := range news {
		if i := m.toOld[j]; news[j].ordered && i >= 0 {
			at = append(at, j)
			positions = append(positions, olds[i].position)
		}
	}
	kept := longestIncreasing(positions)
	for k, j := range at {
		moved[j] = !kept[k]
	}
	return moved
}

// longestIncreasing marks the elements of a longest increasing subsequence.
func longestIncreasing(v []int) []bool {
	kept := make([]bool, len(v))
	var ends []int // for each length, the index of the smallest end of a subsequence
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
