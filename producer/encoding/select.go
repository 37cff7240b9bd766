package encoding

import (
	"context"
	"maps"
	"slices"

	"urncast/producer"
	"urncast/sdmx"
)

// A Planned is an entry that a job sends, and the routes that it goes along, a bit for each.
type Planned struct {
	producer.Entry
	to uint64
}

// A Selection decides which structures a scope includes, and on which routes.
type Selection struct {
	scope   *producer.Scope
	outputs []*output
	touched map[string]bool // URNs in every spelling; nil for no bound
}

// Select returns the Selection of a scope.
func (r *Routes) Select(ctx context.Context, scope *producer.Scope) (*Selection, error) {
	w := &Selection{scope: scope}
	for _, output := range r.outputs {
		if len(scope.Topics) == 0 || slices.Contains(scope.Topics, output.Topic) {
			w.outputs = append(w.outputs, output)
		}
	}
	if scope.From == 0 {
		return w, nil
	}
	urns, err := r.store.Touched(ctx, scope.From, scope.To)
	w.touched = make(map[string]bool, len(urns))
	for _, u := range urns {
		for _, spelled := range u.Spellings() {
			w.touched[spelled] = true
		}
	}
	return w, producer.Stored(err)
}

// covers reports whether the scope includes a structure, whatever the routes.
func (w *Selection) covers(u sdmx.URN) bool {
	return w.scope.Filter.Passes(u) && (w.touched == nil || w.touched[u.String()])
}

// takes returns the routes that a structure goes along, a bit for each.
func (w *Selection) takes(u sdmx.URN) (to uint64) {
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

// Topics lists the topics that the scope includes.
func (w *Selection) Topics() []string {
	out := make([]string, len(w.outputs))
	for i := range w.outputs {
		out[i] = w.outputs[i].Topic
	}
	return out
}

// Refused removes from the live keys of topics those that pass the routes' filters, and returns
// the others, which get tombstones.
func (w *Selection) Refused(live map[string]map[string]bool) map[string]map[string]bool {
	for _, output := range w.outputs {
		maps.DeleteFunc(live[output.Topic], func(key string, _ bool) bool { return output.Filter.PassesKey(key) })
	}
	return live
}

// Stale removes from the live keys of topics those that are sent there, and those that the
// scope does not include. It returns the others: their structures are no longer current, or
// never belonged on the topic.
func (w *Selection) Stale(live map[string]map[string]bool, sent []Planned) map[string]map[string]bool {
	for i := range sent {
		for _, output := range w.outputs {
			if sent[i].to&output.bit() != 0 {
				delete(live[output.Topic], output.key(sent[i].URN))
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
