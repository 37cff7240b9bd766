package sdmx

import "fmt"

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
	// IsPartial says whether items are missing.
	IsPartial() bool
	// SetPartial says that items are missing, or that none is.
	SetPartial(bool)
	// Len is the number of items on the first level.
	Len() int
	// HasItem says whether an item is there; path is its id, or ids with dots
	// where items nest.
	HasItem(path string) bool
	// MergeItems puts items of another scheme of the same type in place of
	// those with the same id, or behind the last one; of nested items whole
	// branches. With replace false, items that are there stay as they are.
	MergeItems(from ItemScheme, replace bool) error
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

type itemsOf[T any] interface{ items() []T }

func (s *Scheme[T]) items() []T { return s.Items }

// MergeItems implements ItemScheme.
func (s *Scheme[T]) MergeItems(from ItemScheme, replace bool) error {
	other, ok := from.(itemsOf[T])
	if !ok {
		return fmt.Errorf("items of %s cannot be merged into another type of scheme", URNOf(from))
	}
	at := make(map[string]int, len(s.Items))
	for i := range s.Items {
		at[idOf(&s.Items[i])] = i
	}
	for _, x := range other.items() {
		i, known := at[idOf(&x)]
		switch {
		case known && replace:
			s.Items[i] = x
		case !known:
			at[idOf(&x)] = len(s.Items)
			s.Items = append(s.Items, x)
		}
	}
	return nil
}

// checkItems finds ids that are missing, malformed or there twice.
func (s *Scheme[T]) checkItems() error { return checkLevel(s.Items, "") }

func checkLevel[T any](items []T, path string) error {
	seen := make(map[string]struct{}, len(items))
	for i := range items {
		id := idOf(&items[i])
		if err := CheckID(id); err != nil {
			return fmt.Errorf("item %d%s: %w", i+1, path, err)
		}
		if _, twice := seen[id]; twice {
			return fmt.Errorf("item %q%s is there twice", id, path)
		}
		seen[id] = struct{}{}
		if n, ok := any(&items[i]).(nesting[T]); ok {
			if err := checkLevel(*n.children(), " under "+id+path); err != nil {
				return err
			}
		}
	}
	return nil
}
