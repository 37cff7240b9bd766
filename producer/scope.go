package producer

import (
	"fmt"

	"urncast/registry"
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
		if RouteTo(routes, t) == nil {
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
