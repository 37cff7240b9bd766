package registry

import "urncast/sdmx"

// An inside is what of a structure decides whether references into it resolve.
type inside struct {
	// items are what can be referred to; of a code, with the id of its parent.
	items map[item]string
	// external says that the items are kept elsewhere: any may be there.
	external bool
	// partial says that items are missing here.
	partial bool
	// bare says that the structure could hold items or components, and holds none.
	bare       bool
	extensions []sdmx.CodelistExtension
}

// An item is something inside a structure: its path and, in a data structure, which
// holds several kinds, its kind.
type item struct {
	kind sdmx.Class
	path string
}

// itemOf is what a reference names inside a structure.
func itemOf(r sdmx.Ref) item {
	if r.Class != sdmx.ClassDataStructure {
		return item{path: r.Item}
	}
	return item{componentKind(r.ItemClass), r.Item}
}

// componentKind puts the classes together that versions of the standard name differently
// for one component: a primary measure of 2.1 is a measure of 3.0.
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

// insideOf looks into a structure.
func insideOf(m sdmx.Maintainable) *inside {
	in := &inside{external: m.Common().External, items: map[item]string{}}
	if d, ok := m.(*sdmx.DataStructure); ok {
		in.components(d)
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

// The lists of components can be referred to by the ids that the standard gives them.
func (in *inside) components(d *sdmx.DataStructure) {
	for _, list := range []sdmx.Class{sdmx.ClassDimensionDescriptor, sdmx.ClassAttributeDescriptor, sdmx.ClassMeasureDescriptor} {
		in.items[item{list, list.String()}] = ""
	}
	for i := range d.Dimensions {
		in.items[item{sdmx.ClassDimension, d.Dimensions[i].ID}] = ""
	}
	for i := range d.Attributes {
		in.items[item{sdmx.ClassDataAttribute, d.Attributes[i].ID}] = ""
	}
	for i := range d.Measures {
		in.items[item{sdmx.ClassMeasure, d.Measures[i].ID}] = ""
	}
	for i := range d.Groups {
		in.items[item{sdmx.ClassGroupDimensionDescriptor, d.Groups[i].ID}] = ""
	}
	in.bare = len(d.Dimensions)+len(d.Attributes)+len(d.Measures) == 0
}

// keeps says whether every reference into old that resolved still does, those through an
// extension too, which may take codes by their parents.
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
