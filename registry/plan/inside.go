package plan

import "urncast/sdmx"

// An inside is the part of a structure that decides whether references to its items resolve.
type inside struct {
	// items are what can be referred to; the value is the id of a code's parent, and empty
	// for everything else.
	items map[item]string
	// external marks a stub (isExternalReference), which may have any item elsewhere.
	external bool
	// partial marks a scheme that does not have all of its items (isPartial).
	partial bool
	// bare marks an item scheme or data structure without any item or component.
	bare       bool
	extensions []sdmx.CodelistExtension
}

// An item is something inside a structure that can be referred to, named by its path. In a
// data structure, where components of several kinds may have the same id, kind is set too.
type item struct {
	kind sdmx.Class
	path string
}

// itemOf returns the item that a reference names.
func itemOf(r sdmx.Ref) item {
	if r.Class != sdmx.ClassDataStructure {
		return item{path: r.Item}
	}
	return item{componentKind(r.ItemClass), r.Item}
}

// componentKind maps the classes that SDMX 2.1 and 3.0 use for one kind of component to one:
// a primary measure of 2.1 is a measure of 3.0.
func componentKind(c sdmx.Class) sdmx.Class {
	switch c {
	case sdmx.ClassMeasureDimension, sdmx.ClassTimeDimension:
		return sdmx.ClassDimension
	case sdmx.ClassReportingYearStartDay:
		return sdmx.ClassDataAttribute
	case sdmx.ClassPrimaryMeasure:
		return sdmx.ClassMeasure
	}
	return c
}

// insideOf returns the inside of a structure.
func insideOf(m sdmx.Maintainable) *inside {
	in := &inside{external: m.Common().External, items: map[item]string{}}
	if d, ok := m.(*sdmx.DataStructure); ok {
		in.addComponents(d)
		return in
	}
	for _, id := range sdmx.ItemIDs(m) {
		in.items[item{path: id}] = ""
	}
	scheme, ok := m.(sdmx.ItemScheme)
	if !ok {
		return in
	}
	in.partial, in.bare = scheme.IsPartial(), len(in.items) == 0
	if l, ok := m.(*sdmx.Codelist); ok {
		for i := range l.Items {
			in.items[item{path: l.Items[i].ID}] = l.Items[i].Parent
		}
		in.extensions = l.Extensions
		in.bare = in.bare && len(l.Extensions) == 0
	}
	return in
}

// addComponents adds the components of a data structure, and its lists of components, which
// can be referred to by the ids that the standard fixes for them.
func (in *inside) addComponents(d *sdmx.DataStructure) {
	sdmx.EachComponent(d, func(c sdmx.Class, id string) { in.items[item{c, id}] = "" })
	in.bare = len(d.Dimensions)+len(d.Attributes)+len(d.Measures) == 0
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
