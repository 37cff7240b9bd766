package plan

import "urncast/sdmx"

// An inside is the part of a structure that decides whether references to its items resolve.
type inside struct {
	// items are what can be referred to; the value is the id of a code's parent, and empty
	// for everything else. A hierarchy has them by the paths of both versions of SDMX (sdmx.As).
	items map[item]string
	// external marks a stub (isExternalReference), which may have any item elsewhere.
	external bool
	// partial marks a scheme that does not have all of its items (isPartial).
	partial bool
	// bare marks a structure that is made of items or components, and has none.
	bare       bool
	extensions []sdmx.CodelistExtension
}

// An item is something inside a structure that can be referred to. Items of two kinds may have
// the same id, such as a dimension and a group.
type item struct {
	kind sdmx.Class
	path string
}

// itemOf returns the item that a reference names.
func itemOf(r sdmx.Ref) item { return item{r.ItemClass.Kind(), r.Item} }

// insideOf returns the inside of a structure.
func insideOf(m sdmx.Maintainable) *inside {
	in := &inside{external: m.Common().External, items: map[item]string{}}
	count := 0
	sdmx.EachItem(m, func(it sdmx.Item) {
		if it.Value != nil {
			count++
		}
		k, parent := item{it.Class.Kind(), it.Path}, ""
		if k.kind == sdmx.ClassCode {
			parent = it.Parent
		}
		in.items[k] = parent
	})
	for _, v := range []sdmx.Generation{sdmx.V2, sdmx.V3} {
		if as := sdmx.As(m, v); as != nil && as != m {
			sdmx.EachItem(as, func(it sdmx.Item) { in.items[item{it.Class.Kind(), it.Path}] = "" })
		}
	}
	if scheme, ok := m.(sdmx.ItemScheme); ok {
		in.partial = scheme.IsPartial()
	}
	if x, ok := m.(sdmx.Extending); ok {
		in.extensions = x.Extends()
	}
	in.bare = count == 0 && len(in.extensions) == 0 && m.Class().MadeOfItems()
	return in
}

// keeps reports whether every reference that resolves in old also resolves in in. A code's
// parent must be the same too, because an extension may select codes by their ancestors.
func (in *inside) keeps(old *inside) bool {
	if in.external {
		return true
	}
	if old.external || old.partial && !in.partial || len(old.extensions) > 0 {
		return false
	}
	for it, parent := range old.items {
		if now, there := in.items[it]; !there || now != parent {
			return false
		}
	}
	return true
}
