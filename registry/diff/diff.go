// Package diff compares two versions of a structure by their meaning: which items were added,
// removed, renamed or moved, and which texts, references and properties have changed. The order
// of languages and attributes in a message, white space and prefixes are not compared, because
// the information model does not have them.
package diff

import (
	"cmp"
	"slices"

	"urncast/sdmx"
)

// A Kind is a kind of change.
type Kind uint8

// The kinds of change.
const (
	Added Kind = iota + 1
	Removed
	Renamed   // the id has changed; name and parent have not
	Moved     // the parent has changed or, where the order has a meaning, the position
	Text      // a name, a description or another text in one language
	Reference // the target of a reference
	Property  // any other value: a flag, a bound, a date
)

var kindNames = [...]string{Added: "added", Removed: "removed", Renamed: "renamed", Moved: "moved", Text: "text", Reference: "reference", Property: "property"}

// String returns the word for the kind, such as "added".
func (k Kind) String() string { return kindNames[k] }

// A Change is one change of an item or, with an empty ID, of the structure itself.
type Change struct {
	Kind Kind
	// What is the kind of item, such as "code" or "dimension"; empty for the structure.
	What string
	// ID is the path of the item; the old one if it was removed. Was is the old path of a
	// Renamed item.
	ID, Was string
	// Name is the item's name in English, or its first; Parent is the path of its parent,
	// and WasParent the old one of a Moved item.
	Name, Parent, WasParent string
	// Field names the value of a Text, Reference or Property for people, and Lang the
	// language of a Text. Before and After are the values; empty if there is none.
	Field, Lang, Before, After string
}

// A Diff is the difference between two versions of a structure.
type Diff struct {
	// Changes are in the order of the new version's items; removed items are at their old
	// places in between.
	Changes []Change
	// Items is the number of items of the new version, and Unchanged how many of these have
	// no change.
	Items, Unchanged int
	// Reordered means that items which are in both versions are in another order.
	Reordered bool
}

// Count returns the number of changes of a kind.
func (d *Diff) Count(k Kind) int {
	n := 0
	for i := range d.Changes {
		if d.Changes[i].Kind == k {
			n++
		}
	}
	return n
}

// Empty reports whether there is no difference.
func (d *Diff) Empty() bool { return len(d.Changes) == 0 && !d.Reordered }

// Between returns the difference between two versions of a structure. If before is nil, or of
// another class, the changes are an Added for each item.
func Between(before, after sdmx.Maintainable) Diff {
	news := nodes(after)
	d := Diff{Items: len(news)}
	if before == nil || before.Class() != after.Class() {
		for i := range news {
			d.Changes = append(d.Changes, news[i].change(Added))
		}
		return d
	}
	d.Changes = compareOwn(d.Changes, before, after)
	olds := nodes(before)
	m := match(olds, news)
	d.compareItems(olds, news, m)
	return d
}

// compareItems adds the changes of the items that are in both versions, and the added and
// removed items.
func (d *Diff) compareItems(olds, news []node, m *matching) {
	type placed struct {
		at, removed int
		change      Change
	}
	var all []placed
	at := -1 // new index of the last old item that is in both
	for i := range olds {
		if j := m.toNew[i]; j >= 0 {
			at = j
			continue
		}
		all = append(all, placed{at, 1, olds[i].change(Removed)})
	}
	d.Reordered = m.reordered()
	moved := m.movedPlaces(olds, news)
	for j := range news {
		i := m.toOld[j]
		if i < 0 {
			all = append(all, placed{j, 0, news[j].change(Added)})
			continue
		}
		changes := compareItem(&olds[i], &news[j], m.parentStays(olds, news, i, j), moved[j])
		if len(changes) == 0 {
			d.Unchanged++
		}
		for _, c := range changes {
			all = append(all, placed{j, 0, c})
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.removed, b.removed))
	})
	for i := range all {
		d.Changes = append(d.Changes, all[i].change)
	}
}

// compareItem returns the changes of an item that is in both versions.
func compareItem(o, n *node, parentStays bool, moved bool) []Change {
	var out []Change
	if o.id != n.id {
		c := n.change(Renamed)
		c.Was = o.path
		out = append(out, c)
	}
	if !parentStays || moved {
		c := n.change(Moved)
		c.WasParent = o.parent
		if moved {
			c.Before, c.After, c.Field = ordinal(o.position), ordinal(n.position), "position"
		}
		out = append(out, c)
	}
	if equalItems(o.item, n.item) {
		return out
	}
	return compareInside(out, n.change(0), o.item, n.item)
}
