package producer

import (
	"context"
	"fmt"
	"slices"

	"urncast/registry"
	"urncast/sdmx"
)

// A Scope says what a job is about: current structures that pass each of the bounds
// that are given, on some of the producer's topics.
type Scope struct {
	Topics []string `json:"topics,omitempty"` // all of the producer's if empty
	Filter Filter   `json:"filter,omitzero"`
	// From and To bound it to what transactions replaced or deleted, both ends
	// included; 0 and 0 for no bound.
	From registry.Number `json:"from,omitempty"`
	To   registry.Number `json:"to,omitempty"`
}

// IsZero says whether it is about everything.
func (s *Scope) IsZero() bool {
	return len(s.Topics) == 0 && s.Filter.IsZero() && s.From == 0 && s.To == 0
}

// Check says what is wrong with a scope for a producer's routes.
func (s *Scope) Check(routes []Route, last registry.Number) error {
	for _, t := range s.Topics {
		if routeOf(routes, t) == nil {
			return fmt.Errorf("the producer has no route to topic %q", t)
		}
	}
	if err := s.Filter.Check(); err != nil {
		return err
	}
	switch {
	case s.From == 0 && s.To == 0:
	case s.From < 1 || s.To < s.From:
		return fmt.Errorf("transactions are given as from and to, the lower one first, not %d to %d", s.From, s.To)
	case s.To > last:
		return fmt.Errorf("there is no transaction %d: the last is %d", s.To, last)
	}
	return nil
}

// within is a scope made ready.
type within struct {
	scope   *Scope
	outputs []*output
	touched map[sdmx.URN]bool // nil for no bound
}

func (s *session) within(ctx context.Context, scope *Scope) (*within, error) {
	w := &within{scope: scope}
	for _, output := range s.outputs {
		if len(scope.Topics) == 0 || slices.Contains(scope.Topics, output.Topic) {
			w.outputs = append(w.outputs, output)
		}
	}
	if scope.From == 0 {
		return w, nil
	}
	urns, err := s.store.Touched(ctx, scope.From, scope.To)
	w.touched = make(map[sdmx.URN]bool, len(urns))
	for _, u := range urns {
		w.touched[u] = true
	}
	return w, stored(err)
}

// covers says whether a structure is what the scope is about, whatever the routes.
func (w *within) covers(u sdmx.URN) bool {
	return w.scope.Filter.Passes(u) && (w.touched == nil || w.touched[u])
}

// takes gives the routes that a structure goes, a bit for each.
func (w *within) takes(u sdmx.URN) (to uint64) {
	if !w.covers(u) {
		return 0
	}
	for _, output := range w.outputs {
		if output.Filter.Passes(u) {
			to |= output.bit()
		}
	}
	return to
}

// stale takes from what topics hold what is sent there, and what the scope is not
// about: the rest is gone, or should never have been there.
func (w *within) stale(live map[string]map[string]bool, sent []planned) map[string]map[string]bool {
	for i := range sent {
		key := sent[i].URN.String()
		for _, output := range w.outputs {
			if sent[i].to&output.bit() != 0 {
				delete(live[output.Topic], key)
			}
		}
	}
	if w.scope.Filter.IsZero() && w.touched == nil {
		return live
	}
	for _, keys := range live {
		for key := range keys {
			if u, err := sdmx.ParseURN(key); err != nil || !w.covers(u) {
				delete(keys, key)
			}
		}
	}
	return live
}
