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

// Order returns the indexes of the nodes in dependency order: referenced structures before
// referring ones, and otherwise by class and URN. A cycle begins with the structure that
// comes last by class and URN.
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
		targets   []int // nodes of the preceding reference's key that are still to be visited
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
