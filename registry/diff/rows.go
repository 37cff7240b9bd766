package diff

import (
	"reflect"

	"urncast/sdmx"
)

// rows compares two lists of structs that are no items, such as annotations: what has the same
// name, or without names the same content, is one row in both.
func (c *comparison) rows(a, b reflect.Value, names []string) {
	olds, news := elements(a), elements(b)
	toNew, toOld, moved := pairs(olds, news, elementName, func(v reflect.Value) string { return string(sdmx.AppendContent(nil, v)) })
	in := func(v reflect.Value) []string {
		if name := elementName(v); name != "" {
			return with(names, name)
		}
		return names
	}
	for i, v := range olds {
		var is reflect.Value
		if toNew[i] >= 0 {
			is = news[toNew[i]]
		}
		c.part(v, is, in(v))
	}
	for j, v := range news {
		if toOld[j] < 0 {
			c.part(reflect.Value{}, v, in(v))
		}
	}
	c.order(moved, names)
}

// refs compares two lists of references.
func (c *comparison) refs(a, b reflect.Value, names []string) {
	olds, news := elements(a), elements(b)
	toNew, toOld, moved := pairs(olds, news, wordOf, wordOf)
	for i, v := range olds {
		if toNew[i] < 0 {
			c.leaf(Reference, names, "", wordOf(v), "")
		}
	}
	for j, v := range news {
		if toOld[j] < 0 {
			c.leaf(Reference, names, "", "", wordOf(v))
		}
	}
	c.order(moved, names)
}

// order adds that rows which are in both versions stand in another order.
func (c *comparison) order(moved bool, names []string) {
	if moved {
		c.leaf(Property, with(names, "order"), "", "", "changed")
	}
}

func elements(v reflect.Value) []reflect.Value {
	if !v.IsValid() {
		return nil
	}
	out := make([]reflect.Value, v.Len())
	for i := range out {
		out[i] = v.Index(i)
	}
	return out
}

// pairs matches the rows of two lists: those with a name that only they have, among several with
// one name those with the same content, and the others with that name in their order. -1 means
// none. moved reports whether matched rows are in another order.
func pairs(olds, news []reflect.Value, name, content func(reflect.Value) string) (toNew, toOld []int, moved bool) {
	toNew, toOld = minusOnes(len(olds)), minusOnes(len(news))
	groups := map[string][2][]int{} // by name: old and new indexes
	for side, list := range [2][]reflect.Value{olds, news} {
		for i, v := range list {
			g := groups[name(v)]
			g[side] = append(g[side], i)
			groups[name(v)] = g
		}
	}
	join := func(i, j int) { toNew[i], toOld[j] = j, i }
	for _, g := range groups {
		if len(g[0]) > 1 || len(g[1]) > 1 {
			waiting := map[string][]int{} // old rows by content
			for _, i := range g[0] {
				key := content(olds[i])
				waiting[key] = append(waiting[key], i)
			}
			for _, j := range g[1] {
				key := content(news[j])
				if same := waiting[key]; len(same) > 0 {
					join(same[0], j)
					waiting[key] = same[1:]
				}
			}
		}
		rest := g[1]
		for _, i := range g[0] {
			for len(rest) > 0 && toOld[rest[0]] >= 0 {
				rest = rest[1:]
			}
			if toNew[i] < 0 && len(rest) > 0 {
				join(i, rest[0])
			}
		}
	}
	last := -1
	for _, j := range toNew {
		if j >= 0 {
			moved, last = moved || j < last, max(last, j)
		}
	}
	return toNew, toOld, moved
}
