// Package diff says what changed between two versions of a structure, by meaning:
// which items were added, removed, renamed or moved, which texts, references and
// properties are others. Order of languages and of attributes in a message, white
// space and prefixes are no changes, for the information model does not hold them.
package diff

import (
	"cmp"
	"slices"

	"urncast/sdmx"
)

// A Kind is what happened.
type Kind uint8

// The kinds of change.
const (
	Added Kind = iota + 1
	Removed
	Renamed   // same name and place, other id
	Moved     // another parent, or another position where that has a meaning
	Text      // a name, a description or another text in one language
	Reference // it refers to something else
	Property  // anything else: a flag, a bound, a date
)

var kindNames = [...]string{Added: "added", Removed: "removed", Renamed: "renamed", Moved: "moved", Text: "text", Reference: "reference", Property: "property"}

// String is the word for it.
func (k Kind) String() string { return kindNames[k] }

// A Change is one thing that happened to an item or, with an empty ID, to the
// structure itself.
type Change struct {
	Kind Kind
	// What is the kind of thing: "code", "dimension"; empty for the structure.
	What string
	// ID is the item's now, and before if it was removed; Was is what it was before
	// a Renamed.
	ID, Was string
	// Name is the item's name; Parent is where it stands, WasParent where it stood.
	Name, Parent, WasParent string
	// Field says of what a Text, a Reference or a Property is; Lang of which
	// language a Text. Before and After are empty where there was or is nothing.
	Field, Lang, Before, After string
}

// A Diff is all that changed.
type Diff struct {
	// Changes stand in the order of the new version; what was removed stands where
	// it was.
	Changes []Change
	// Items is how many the new version has, Unchanged how many of them are as they
	// were.
	Items, Unchanged int
	// Reordered says that items which stayed are in another order.
	Reordered bool
}

// Count counts the changes of a kind.
func (d *Diff) Count(k Kind) int {
	n := 0
	for i := range d.Changes {
		if d.Changes[i].Kind == k {
			n++
		}
	}
	return n
}

// Empty says that nothing changed.
func (d *Diff) Empty() bool { return len(d.Changes) == 0 && !d.Reordered }

// Between compares two versions of a structure. Before may be nil: then everything
// was added, and the items alone are counted. Versions of different classes have
// nothing in common.
func Between(before, after sdmx.Maintainable) Diff {
	news := nodes(after)
	d := Diff{Items: len(news)}
	if before == nil || before.Class() != after.Class() {
		for i := range news {
			d.Changes = append(d.Changes, news[i].change(Added))
		}
		return d
	}
	d.Changes = compareLeaves(d.Changes, Change{}, own(before), own(after))
	olds := nodes(before)
	m := match(olds, news)
	d.items(olds, news, m)
	return d
}

// items compares those that are in both, and lists the others.
func (d *Diff) items(olds, news []node, m *matching) {
	type placed struct {
		at, removed int
		change      Change
	}
	var all []placed
	at := -1 // where the last old item that stayed stands now
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

// compareItem lists what happened to an item that is in both versions.
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
	if same(o.item, n.item) {
		return out
	}
	return compareLeaves(out, n.change(0), leavesOf(o.item), leavesOf(n.item))
}
