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
	position     int  // in its list, from 0
	ordered      bool // the position has a meaning
	nests        bool // items nest, and so the id is a part of the children's paths
	item         any  // pointer to the item
}

func (n *node) change(k Kind) Change {
	return Change{Kind: k, What: n.what, ID: n.path, Name: n.name.In("en"), Parent: n.parent}
}

func ordinal(position int) string { return strconv.Itoa(position + 1) }

// nodes returns the items of a structure; if they nest, parents come before their children.
func nodes(m sdmx.Maintainable) []node {
	switch m := m.(type) {
	case *sdmx.Codelist:
		return list(m.Items, func(c *sdmx.Code) node {
			return node{what: "code", id: c.ID, parent: c.Parent, name: c.Names}
		})
	case *sdmx.ConceptScheme:
		return list(m.Items, func(c *sdmx.Concept) node {
			return node{what: "concept", id: c.ID, parent: c.Parent, name: c.Names}
		})
	case *sdmx.AgencyScheme:
		return list(m.Items, func(a *sdmx.Agency) node { return node{what: "agency", id: a.ID, name: a.Names} })
	case *sdmx.CategoryScheme:
		return categories(m)
	case *sdmx.DataStructure:
		return components(m)
	}
	return nil
}

// list returns the nodes of items that do not nest.
func list[T any](items []T, of func(*T) node) []node {
	out := make([]node, len(items))
	for i := range items {
		n := of(&items[i])
		n.path, n.position, n.item = n.id, i, &items[i]
		out[i] = n
	}
	return out
}

func categories(s *sdmx.CategoryScheme) (out []node) {
	s.Each(func(parent string, position int, c *sdmx.Category) {
		out = append(out, node{what: "category", id: c.ID, path: sdmx.PathOf(parent, c.ID), parent: parent, name: c.Names, position: position, nests: true, item: c})
	})
	return out
}

// components returns the nodes of a data structure. The order of its dimensions has a meaning:
// it is that of the series key.
func components(d *sdmx.DataStructure) []node {
	out := list(d.Dimensions, func(c *sdmx.Dimension) node { return node{what: "dimension", id: c.ID, ordered: true} })
	out = append(out, list(d.Measures, func(c *sdmx.Measure) node { return node{what: "measure", id: c.ID} })...)
	out = append(out, list(d.Attributes, func(c *sdmx.Attribute) node { return node{what: "attribute", id: c.ID} })...)
	return append(out, list(d.Groups, func(g *sdmx.Group) node { return node{what: "group", id: g.ID} })...)
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
