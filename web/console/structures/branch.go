package structures

import (
	"slices"
	"strings"
)

// branches puts a window of the tree, or of the chosen branch, into the view. Each item
// with children gets its path.
func (c *content) branches(v *Items, from int) {
	begin, end := 0, len(c.order)
	if v.Branch != "" {
		begin, end = c.branch(v.Branch)
	}
	v.Match, v.From = end-begin, min(from, max(end-begin-1, 0))
	if v.Match == 0 {
		return
	}
	way := c.way(begin + v.From)
	base := 0
	if v.Branch != "" {
		v.Trail = c.trail(c.way(begin))
		base = c.rows[c.order[begin]].Depth
	}
	for i := begin + v.From; i < min(begin+v.From+ItemsShown, end); i++ {
		x := c.rows[c.order[i]]
		way = append(way[:x.Depth], x.ID)
		if x.Kids > 0 {
			x.Branch = strings.Join(way, ".")
		}
		x.Depth -= base
		v.Rows = append(v.Rows, x)
	}
}

// branch returns the range of the order that an item and its descendants take; an empty
// range if no item has the path.
func (c *content) branch(path string) (begin, end int) {
	ids := strings.Split(path, ".")
	level := 0 // how many of them lead to where the search is
	for i, at := range c.order {
		x := &c.rows[at]
		switch {
		case x.Depth < level:
			return 0, 0
		case x.Depth > level || x.ID != ids[level]:
			continue
		}
		if level++; level == len(ids) {
			end = i + 1
			for end < len(c.order) && c.rows[c.order[end]].Depth >= level {
				end++
			}
			return i, end
		}
	}
	return 0, 0
}

// way returns the ids from the top of the tree to a place in its order.
func (c *content) way(place int) []string {
	var ids []string
	for depth := c.rows[c.order[place]].Depth + 1; depth > 0; place-- {
		if x := &c.rows[c.order[place]]; x.Depth < depth {
			ids, depth = append(ids, x.ID), x.Depth
		}
	}
	slices.Reverse(ids)
	return ids
}

// trail returns the items of a way, each with its path.
func (c *content) trail(way []string) []Item {
	out := make([]Item, len(way))
	for i, id := range way {
		out[i] = Item{ID: id, Branch: strings.Join(way[:i+1], ".")}
	}
	return out
}
