package sdmx

import "reflect"

// An Item is something inside a structure that a reference can name: an item of a scheme, a
// component, or a list of components.
type Item struct {
	Class Class
	// Path is the id of the item or, where items nest, the ids from the first level down to
	// it, joined by dots.
	Path string
	// Parent is the path of the item above it; empty if there is none. It is a property of the
	// item in flat schemes and the beginning of its path where items nest.
	Parent string
	// Nests says that the path begins with the path of the parent.
	Nests bool
	// Ordered says that the place of the item in its list has a meaning.
	Ordered bool
	// Nameable is the part with id and names; nil for components, which have no names.
	Nameable *Nameable
	// Value points to the item itself, such as a *Code; nil for a list of components, which
	// has no content of its own.
	Value any
}

// ID returns the item's own id: the end of Path where items nest.
func (it *Item) ID() string {
	if it.Nests && it.Parent != "" {
		return it.Path[len(it.Parent)+1:]
	}
	return it.Path
}

// Refs returns the references inside the item, without those of items nested in it.
func (it *Item) Refs() []Ref {
	if it.Value == nil {
		return nil
	}
	var out []Ref
	v := reflect.ValueOf(it.Value).Elem()
	w := refWalk{fn: func(_ string, r *Ref) { out = append(out, *r) }, flat: true}
	w.fields(planOf(v.Type()), v)
	return out
}

// EachItem calls fn with everything that references can name inside a structure, parents before
// children. Structures of some classes contain nothing of that kind.
func EachItem(m Maintainable, fn func(Item)) { m.eachItem(fn) }

// ItemIDs returns the paths of what references can name inside a structure (EachItem).
func ItemIDs(m Maintainable) []string {
	var out []string
	if s, ok := m.(ItemScheme); ok {
		out = make([]string, 0, s.Len())
	}
	EachItem(m, func(it Item) { out = append(out, it.Path) })
	return out
}

// CountItems returns the number of items or components of a structure, without lists of
// components.
func CountItems(m Maintainable) int {
	n := 0
	EachItem(m, func(it Item) {
		if it.Value != nil {
			n++
		}
	})
	return n
}

// eachItem implements Maintainable.
func (s *Scheme[T]) eachItem(fn func(Item)) { eachOf(s.Items, "", fn) }

// eachOf calls fn with items and those nested in them; parent is the path of the item that they
// are nested in.
func eachOf[T any](items []T, parent string, fn func(Item)) {
	for i := range items {
		x := any(&items[i]).(item)
		it := Item{Class: x.itemClass(), Nameable: x.nameable(), Value: x, Parent: parent}
		it.Path = below(parent, it.Nameable.ID)
		if f, ok := x.(flatItem); ok {
			it.Parent = *f.parent()
		}
		n, nests := x.(nesting[T])
		it.Nests = nests
		fn(it)
		if nests {
			eachOf(*n.children(), it.Path, fn)
		}
	}
}

// below returns the path of an item in the one with path parent, which is empty at the top.
func below(parent, id string) string {
	if parent == "" {
		return id
	}
	return parent + "." + id
}

// eachItem implements Maintainable. The three lists of components come first, with the ids that
// the standard fixes for them.
func (d *DataStructure) eachItem(fn func(Item)) {
	for _, list := range []Class{ClassDimensionDescriptor, ClassAttributeDescriptor, ClassMeasureDescriptor} {
		fn(Item{Class: list, Path: list.String()})
	}
	for i := range d.Dimensions {
		x := &d.Dimensions[i]
		class := [...]Class{DimensionPlain: ClassDimension, DimensionMeasure: ClassMeasureDimension, DimensionTime: ClassTimeDimension}[x.Kind]
		fn(Item{Class: class, Path: x.ID, Ordered: true, Value: x})
	}
	for i := range d.Measures {
		fn(Item{Class: ClassMeasure, Path: d.Measures[i].ID, Value: &d.Measures[i]})
	}
	for i := range d.Attributes {
		x := &d.Attributes[i]
		class := ClassDataAttribute
		if x.YearStartDay {
			class = ClassReportingYearStartDay
		}
		fn(Item{Class: class, Path: x.ID, Value: x})
	}
	for i := range d.Groups {
		fn(Item{Class: ClassGroupDimensionDescriptor, Path: d.Groups[i].ID, Value: &d.Groups[i]})
	}
}
