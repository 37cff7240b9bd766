package registry

import (
	"slices"

	"urncast/sdmx"
)

// A Node is a structure with what it refers to, for Order.
type Node struct {
	URN  sdmx.URN
	Refs []sdmx.Ref
}

// Order gives the places of the nodes in dependency order: what is referred to
// before what refers, then by class and URN; cycles are broken at the class that
// comes last.
func Order(nodes []Node) []int {
	byKey := map[Key][]int{}
	order := make([]int, len(nodes))
	for i := range nodes {
		order[i] = i
		byKey[KeyOf(nodes[i].URN)] = append(byKey[KeyOf(nodes[i].URN)], i)
	}
	slices.SortFunc(order, func(a, b int) int { return nodes[a].URN.Compare(nodes[b].URN) })
	out := make([]int, 0, len(nodes))
	const visiting, done = 1, 2
	mark := make([]uint8, len(nodes))
	type frame struct {
		node, ref int
		targets   []int // of the reference before ref, which are still to be looked at
	}
	for _, root := range order {
		if mark[root] != 0 {
			continue
		}
		mark[root] = visiting
		stack := []frame{{node: root}}
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if len(f.targets) == 0 {
				refs := nodes[f.node].Refs
				if f.ref == len(refs) {
					mark[f.node] = done
					out = append(out, f.node)
					stack = stack[:len(stack)-1]
					continue
				}
				f.targets = byKey[KeyOf(refs[f.ref].URN)]
				f.ref++
				continue
			}
			t := f.targets[0]
			f.targets = f.targets[1:]
			if mark[t] == 0 && nodes[f.node].Refs[f.ref-1].Version.Matches(nodes[t].URN.Version) {
				mark[t] = visiting
				stack = append(stack, frame{node: t})
			}
		}
	}
	return out
}

// ordered gives the changes in the order of publishing: what is referred to before what
// refers, and deletes the other way round.
func (p *planner) ordered() (replaces, removes []WriteChange) {
	changed := func(list []*entry, refs func(*entry) []sdmx.Ref) (out []WriteChange) {
		var nodes []Node
		var those []*entry
		for _, e := range list {
			if e.changed {
				those = append(those, e)
				nodes = append(nodes, Node{e.urn, refs(e)})
			}
		}
		for _, i := range Order(nodes) {
			c := those[i].change
			c.URN = those[i].urn
			out = append(out, c)
		}
		return out
	}
	replaces = changed(p.decision.entries, func(e *entry) (out []sdmx.Ref) {
		for _, r := range e.change.Refs {
			out = append(out, p.led(e.urn, r, after))
		}
		return out
	})
	refs := map[sdmx.URN][]sdmx.Ref{} // of what is deleted, among each other
	seen := map[Key]bool{}
	for u := range p.gone {
		if k := KeyOf(u); !seen[k] {
			seen[k] = true
			for _, d := range p.referringTo(k) {
				if p.gone[d.From] {
					refs[d.From] = append(refs[d.From], p.led(d.From, d.To, before))
				}
			}
		}
	}
	for _, to := range refs { // the order of what refers to what is no accident of a map
		slices.SortFunc(to, compareRefs)
	}
	removes = changed(p.decision.deletes, func(e *entry) []sdmx.Ref { return refs[e.urn] })
	slices.Reverse(removes)
	return replaces, removes
}
