package registry

import (
	"context"
	"strings"

	"urncast/sdmx"
)

// A world is the registry as it would be after a submission: what is stored, with
// what the submission puts and takes away laid over it.
type world struct {
	reader Reader
	put    map[sdmx.URN]*entry
	gone   map[sdmx.URN]bool
	fresh  map[sdmx.URN]bool  // of put: what changes, so that its references are checked
	keys   map[Key][]sdmx.URN // of put
	stored map[Key][]Stored
	items  map[sdmx.URN]map[string]bool
}

func newWorld(r Reader) *world {
	return &world{reader: r, put: map[sdmx.URN]*entry{}, gone: map[sdmx.URN]bool{}, fresh: map[sdmx.URN]bool{},
		keys: map[Key][]sdmx.URN{}, stored: map[Key][]Stored{}, items: map[sdmx.URN]map[string]bool{}}
}

func (w *world) add(e *entry) {
	if w.put[e.urn] == nil {
		w.keys[KeyOf(e.urn)] = append(w.keys[KeyOf(e.urn)], e.urn)
	}
	w.put[e.urn] = e
	delete(w.items, e.urn)
}

// load reads the versions of many keys in one round trip.
func (w *world) load(ctx context.Context, keys []Key) error {
	var missing []Key
	for _, k := range keys {
		if _, known := w.stored[k]; !known {
			w.stored[k] = nil
			missing = append(missing, k)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	found, err := w.reader.Versions(ctx, missing)
	for k, v := range found {
		w.stored[k] = v
	}
	return err
}

// targets are the structures to which a reference may resolve.
func (w *world) targets(ctx context.Context, r sdmx.Ref) ([]sdmx.URN, error) {
	k := KeyOf(r.URN)
	if err := w.load(ctx, []Key{k}); err != nil {
		return nil, err
	}
	var out []sdmx.URN
	for _, u := range w.keys[k] {
		if r.Version.Matches(u.Version) {
			out = append(out, u)
		}
	}
	for _, s := range w.stored[k] {
		if w.put[s.URN] == nil && !w.gone[s.URN] && r.Version.Matches(s.URN.Version) {
			out = append(out, s.URN)
		}
	}
	return out, nil
}

// resolves says whether a reference leads somewhere: to a structure and, where it
// names an item, to one that has it.
func (w *world) resolves(ctx context.Context, r sdmx.Ref) (bool, error) {
	targets, err := w.targets(ctx, r)
	if err != nil || len(targets) == 0 {
		return false, err
	}
	if r.Item == "" {
		return true, nil
	}
	for _, u := range targets {
		items, err := w.itemsOf(ctx, u)
		if err != nil {
			return false, err
		}
		if items == nil || items[r.Item] {
			return true, nil
		}
	}
	return false, nil
}

// itemsOf lists the ids inside a structure; nil where it may hold any: a stub,
// whose items are kept elsewhere, or a partial scheme.
func (w *world) itemsOf(ctx context.Context, u sdmx.URN) (map[string]bool, error) {
	if items, known := w.items[u]; known {
		return items, nil
	}
	m, err := w.whole(ctx, u)
	if err != nil {
		return nil, err
	}
	w.items[u] = itemsIn(m)
	return w.items[u], nil
}

// itemsIn lists the ids inside a structure, as itemsOf does.
func itemsIn(m sdmx.Maintainable) map[string]bool {
	if s, ok := m.(sdmx.ItemScheme); m.Common().External || ok && s.IsPartial() {
		return nil
	}
	items := map[string]bool{}
	for _, id := range sdmx.ItemIDs(m) {
		items[id] = true
	}
	return items
}

// whole gives a structure as it would be.
func (w *world) whole(ctx context.Context, u sdmx.URN) (sdmx.Maintainable, error) {
	if e := w.put[u]; e != nil {
		return sdmx.ParseCanonical(u.Class, e.change.Body)
	}
	return w.fetch(ctx, u)
}

// fetch reads a stored structure.
func (w *world) fetch(ctx context.Context, u sdmx.URN) (sdmx.Maintainable, error) {
	if err := w.load(ctx, []Key{KeyOf(u)}); err != nil {
		return nil, err
	}
	for _, s := range w.stored[KeyOf(u)] {
		if s.URN == u {
			return w.read(ctx, s)
		}
	}
	return nil, ErrNotFound
}

func (w *world) read(ctx context.Context, s Stored) (sdmx.Maintainable, error) {
	body, err := w.reader.Body(ctx, s.Document)
	if err != nil {
		return nil, err
	}
	return sdmx.ParseCanonical(s.URN.Class, body)
}

// readAtOnce bounds the documents that are read in one round trip, in bytes.
const readAtOnce = 16 << 20

// readEach reads stored structures, many in one round trip.
func (w *world) readEach(ctx context.Context, all []Stored, yield func(i int, m sdmx.Maintainable) error) error {
	for from := 0; from < len(all); {
		var ids []int64
		for bytes := 0; from+len(ids) < len(all) && (len(ids) == 0 || bytes < readAtOnce); {
			st := &all[from+len(ids)]
			ids, bytes = append(ids, st.Document), bytes+st.Bytes
		}
		bodies, err := w.reader.Bodies(ctx, ids)
		if err != nil {
			return err
		}
		for i, body := range bodies {
			m, err := sdmx.ParseCanonical(all[from+i].URN.Class, body)
			if err != nil {
				return err
			}
			if err := yield(from+i, m); err != nil {
				return err
			}
		}
		from += len(ids)
	}
	return nil
}

// agencyKnown says whether an agency is an item of the agency scheme that should
// hold it. SDMX itself is known.
func (w *world) agencyKnown(ctx context.Context, agency string) (bool, error) {
	if agency == "SDMX" {
		return true, nil
	}
	scheme, item := sdmx.AgencySchemeOf(agency)
	return w.resolves(ctx, sdmx.Ref{URN: scheme, ItemClass: sdmx.ClassAgency, Item: item})
}

// within says whether an agency is another one or a sub-agency of it.
func within(agency, top string) bool {
	return agency == top || strings.HasPrefix(agency, top+".")
}
