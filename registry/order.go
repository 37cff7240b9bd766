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
	type frame struct{ node, ref, target int }
	for _, root := range order {
		if mark[root] != 0 {
			continue
		}
		mark[root] = visiting
		stack := []frame{{node: root}}
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			n := &nodes[f.node]
			if f.ref == len(n.Refs) {
				mark[f.node] = done
				out = append(out, f.node)
				stack = stack[:len(stack)-1]
				continue
			}
			r := &n.Refs[f.ref]
			targets := byKey[KeyOf(r.URN)]
			if f.target == len(targets) {
				f.ref, f.target = f.ref+1, 0
				continue
			}
			t := targets[f.target]
			f.target++
			if mark[t] == 0 && r.Version.Matches(nodes[t].URN.Version) {
				mark[t] = visiting
				stack = append(stack, frame{node: t})
			}
		}
	}
	return out
}
