package sdmx

// A Scheme is a maintainable whose content is a list of items. Concrete schemes
// embed it: type Codelist struct { Scheme[Code]; … }.
type Scheme[T any] struct {
	Artefact
	// Partial is isPartial: the scheme is sent without some of its items. A submission with
	// it merges the items.
	Partial bool `c:"20"`
	Items   []T  `c:"21"`
}

// An ItemScheme is a scheme of items of any class.
type ItemScheme interface {
	Maintainable
	// IsPartial returns Scheme.Partial, and SetPartial sets it.
	IsPartial() bool
	SetPartial(bool)
	// Len returns the number of items; of nested items only those of the first level.
	Len() int
	// EachItem calls fn with every item and its path: its id, or the ids from the first
	// level down to it, joined by dots, where items nest. Parents come before children.
	EachItem(fn func(path string, n *Nameable))
	// HasItem reports whether there is an item with a path.
	HasItem(path string) bool
	// RemoveItem removes an item with the items nested in it; in a flat scheme its children
	// lose their parent. It reports whether there was such an item.
	RemoveItem(path string) bool
	// mergeItems merges the items of another scheme of the same class (Merge).
	mergeItems(from Maintainable, replace bool, l *mergeRemarks)
}

// An item is a type of items; all have a nameable part.
type item interface{ nameable() *Nameable }

// nesting is a type of items that contain items.
type nesting[T any] interface{ children() *[]T }

// IsPartial implements ItemScheme.
func (s *Scheme[T]) IsPartial() bool { return s.Partial }

// SetPartial implements ItemScheme.
func (s *Scheme[T]) SetPartial(p bool) { s.Partial = p }

// Len implements ItemScheme.
func (s *Scheme[T]) Len() int { return len(s.Items) }

// idOf returns the id of an item.
func idOf[T any](t *T) string { return any(t).(item).nameable().ID }

// EachItem implements ItemScheme.
func (s *Scheme[T]) EachItem(fn func(path string, n *Nameable)) {
	s.Each(func(parent string, _ int, x *T) {
		n := any(x).(item).nameable()
		fn(PathOf(parent, n.ID), n)
	})
}

// Each calls fn for each item, and after each for those nested in it, with the path of the item
// that it is nested in, empty if none, and with its position in its list.
func (s *Scheme[T]) Each(fn func(parent string, position int, x *T)) { each(s.Items, "", fn) }

func each[T any](items []T, parent string, fn func(parent string, position int, x *T)) {
	for i := range items {
		x := &items[i]
		fn(parent, i, x)
		if n, ok := any(x).(nesting[T]); ok {
			each(*n.children(), PathOf(parent, idOf(x)), fn)
		}
	}
}

// PathOf returns the path of the item with an id that is nested in the item with the path
// parent, if that is not empty.
func PathOf(parent, id string) string {
	if parent == "" {
		return id
	}
	return parent + "." + id
}

// find returns the list that has the item with a path, and its index there; nil if there is
// no such item.
func find[T any](list *[]T, path string) (in *[]T, at int) {
	for i := range *list {
		x := &(*list)[i]
		id := idOf(x)
		if id == path {
			return list, i
		}
		n, ok := any(x).(nesting[T])
		if ok && len(path) > len(id) && path[len(id)] == '.' && path[:len(id)] == id {
			return find(n.children(), path[len(id)+1:])
		}
	}
	return nil, 0
}

// HasItem implements ItemScheme.
func (s *Scheme[T]) HasItem(path string) bool {
	in, _ := find(&s.Items, path)
	return in != nil
}

// RemoveItem implements ItemScheme.
func (s *Scheme[T]) RemoveItem(path string) bool {
	in, at := find(&s.Items, path)
	if in == nil {
		return false
	}
	*in = append((*in)[:at], (*in)[at+1:]...)
	for i := range *in {
		if p := parentOf(&(*in)[i]); p != nil && *p == path {
			*p = ""
		}
	}
	return true
}

// parentOf returns the field in which an item of a flat scheme names its parent; nil for
// items that nest or have no parents.
func parentOf(item any) *string {
	switch x := item.(type) {
	case *Code:
		return &x.Parent
	case *Concept:
		return &x.Parent
	}
	return nil
}
