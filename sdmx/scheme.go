package sdmx

// A Scheme is a maintainable whose content is a list of items. Concrete schemes
// embed it: type Codelist struct { Scheme[Code]; … }.
type Scheme[T any] struct {
	Artefact
	// Partial is isPartial: the scheme is sent without some of its items. A submission with
	// it merges the items.
	Partial bool `c:"20"`
	Items   []T  `c:"21,items"`
}

// An ItemScheme is a scheme of items of any class.
type ItemScheme interface {
	Maintainable
	// IsPartial returns Scheme.Partial, and SetPartial sets it.
	IsPartial() bool
	SetPartial(bool)
	// Len returns the number of items; of nested items only those of the first level.
	Len() int
	// HasItem reports whether there is an item with a path.
	HasItem(path string) bool
	// RemoveItem removes an item with the items nested in it; in a flat scheme its children
	// lose their parent. It reports whether there was such an item.
	RemoveItem(path string) bool
	// mergeItems merges the items of another scheme of the same class (Merge).
	mergeItems(from Maintainable, replace bool, l *mergeRemarks)
}

// An item is a type of items; all have a nameable part and a class.
type item interface {
	nameable() *Nameable
	itemClass() Class
}

// nesting is a type of items that contain items.
type nesting[T any] interface{ children() *[]T }

// A flatItem is a type of items that name another item of the same list as their parent.
type flatItem interface{ parent() *string }

// IsPartial implements ItemScheme.
func (s *Scheme[T]) IsPartial() bool { return s.Partial }

// SetPartial implements ItemScheme.
func (s *Scheme[T]) SetPartial(p bool) { s.Partial = p }

// Len implements ItemScheme.
func (s *Scheme[T]) Len() int { return len(s.Items) }

// idOf returns the id of an item.
func idOf[T any](t *T) string { return any(t).(item).nameable().ID }

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
		if f, ok := any(&(*in)[i]).(flatItem); ok && *f.parent() == path {
			*f.parent() = ""
		}
	}
	return true
}
