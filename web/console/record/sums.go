package record

import (
	"urncast/registry"
	"urncast/registry/diff"
	"urncast/web/console/ui"
)

// A Changed is one structure of a transaction.
type Changed struct {
	registry.Transition
	// Sum counts what changed; nil where it was not compared.
	Sum    *diff.Diff
	Chosen bool
}

// A Part is a number of changes of one kind.
type Part struct {
	Tone, Icon, Word string
}

// Parts are the numbers of a diff's changes, by kind.
func Parts(d *diff.Diff) []Part {
	var out []Part
	add := func(k diff.Kind, tone, icon, one, many string) {
		if n := d.Count(k); n > 0 {
			out = append(out, Part{tone, icon, ui.Plural(n, one, many)})
		}
	}
	add(diff.Added, "ok", "added", "added", "added")
	add(diff.Removed, "bad", "removed", "removed", "removed")
	add(diff.Renamed, "acc", "renamed", "renamed", "renamed")
	add(diff.Moved, "dim", "moved", "moved", "moved")
	add(diff.Text, "dim", "text", "text", "texts")
	add(diff.Reference, "dim", "reference", "reference", "references")
	add(diff.Property, "dim", "text", "property", "properties")
	if d.Reordered && len(out) == 0 {
		out = append(out, Part{"dim", "moved", "other order"})
	}
	return out
}
