package sdmx

// A Scheme is a maintainable whose content is a list of items. Concrete schemes
// embed it: type Codelist struct { Scheme[Code]; … }.
type Scheme[T any] struct {
	Artefact
	// Partial says that items are missing here; a submission with it is a
	// partial update.
	Partial bool `c:"20"`
	Items   []T  `c:"21"`
}

// An ItemScheme is what code that works on any scheme sees of one.
type ItemScheme interface {
	Maintainable
	// IsPartial reports whether items are missing.
	IsPartial() bool
	// SetPartial says that items are missing, or that none is.
	SetPartial(bool)
	// Len is the number of items on the first level.
	Len() int
	// HasItem reports whether an item is there; path is its id, or ids with dots
	// where items nest.
	HasItem(path string) bool
	// mergeItems is Merge for items.
	mergeItems(from Maintainable, replace bool, l *leftover)
	// RemoveItem takes one item out, with what nests in it; in a flat scheme its
	// children lose their parent. False if it was not there.
	RemoveItem(path string) bool
}

// item is what every item type has by embedding Nameable, or more.
type item interface{ nameable() *Nameable }

// nesting is an item type whose items hold items.
type nesting[T any] interface{ children() *[]T }

// IsPartial implements ItemScheme.
func (s *Scheme[T]) IsPartial() bool { return s.Partial }

// SetPartial implements ItemScheme.
func (s *Scheme[T]) SetPartial(p bool) { s.Partial = p }

// Len implements ItemScheme.
func (s *Scheme[T]) Len() int { return len(s.Items) }

func idOf[T any](t *T) string { return any(t).(item).nameable().ID }

// find looks for an item by path and returns the list that holds it.
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

// parentOf is where an item of a flat scheme names its parent; nil where items
// nest or have none.
func parentOf(item any) *string {
	switch x := item.(type) {
	case *Code:
		return &x.Parent
	case *Concept:
		return &x.Parent
	}
	return nil
}
