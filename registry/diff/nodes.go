package diff

import (
	"reflect"
	"slices"
	"strconv"

	"urncast/sdmx"
)

// A node is an item of a structure.
type node struct {
	what         string
	id           string
	path, parent string // own and parent's path: ids joined by dots if items nest, otherwise the id
	name         sdmx.Texts
	ordered      bool // its place in its list has a meaning
	position     int  // that place, from 0
	nests        bool // items nest, and so the id is a part of the children's paths
	item         any  // pointer to the item
}

func (n *node) change(k Kind) Change {
	return Change{Kind: k, What: n.what, ID: n.path, Name: n.name.In("en"), Parent: n.parent}
}

func ordinal(position int) string { return strconv.Itoa(position + 1) }

// nodes returns the items of a structure, parents before their children, without lists of
// components, which have no content of their own.
func nodes(m sdmx.Maintainable) []node {
	var out []node
	if scheme, ok := m.(sdmx.ItemScheme); ok {
		out = make([]node, 0, scheme.Len())
	}
	places := map[sdmx.Class]int{} // of the next ordered item of a kind
	sdmx.EachItem(m, func(it sdmx.Item) {
		if it.Value == nil {
			return
		}
		kind := it.Class.Kind()
		n := node{what: kind.Word(), id: it.ID(), path: it.Path, parent: it.Parent, ordered: it.Ordered, nests: it.Nests, item: it.Value}
		if it.Nameable != nil {
			n.name = it.Nameable.Names
		}
		if it.Ordered {
			n.position = places[kind]
			places[kind]++
		}
		out = append(out, n)
	})
	return out
}

// equalItems reports whether two items are equal apart from their ids. Codes are compared
// without reflection, because there may be a million of them.
func equalItems(a, b any) bool {
	x, ok := a.(*sdmx.Code)
	if !ok {
		return reflect.DeepEqual(a, b)
	}
	y := b.(*sdmx.Code)
	return x.Parent == y.Parent && x.URI == y.URI && slices.Equal(x.Names, y.Names) && slices.Equal(x.Descriptions, y.Descriptions) &&
		(len(x.Links)+len(y.Links) == 0 || reflect.DeepEqual(x.Links, y.Links)) && (len(x.Annotations)+len(y.Annotations) == 0 || reflect.DeepEqual(x.Annotations, y.Annotations))
}
