package plan

import (
	"cmp"
	"context"
	"slices"

	"urncast/registry"
	"urncast/sdmx"
)

// loadAtOnce bounds the documents that are read in one round trip; in bytes.
const loadAtOnce = 16 << 20

// load reads what a plan needs into the world, with one round trip per kind of question, and
// more only for many documents and for agencies. It calls progress with the number of
// documents read so far.
func (w *world) load(ctx context.Context, r registry.Reader, n *needs, progress func(documents int)) error {
	if err := w.loadVersions(ctx, r, keysOf(n.versions)); err != nil {
		return err
	}
	if len(n.referring) > 0 {
		found, err := r.Referring(ctx, keysOf(n.referring))
		if err != nil {
			return err
		}
		for k := range n.referring {
			w.referring[k] = nil
		}
		for _, d := range found {
			w.referring[registry.KeyOf(d.To.URN)] = append(w.referring[registry.KeyOf(d.To.URN)], d)
		}
	}
	for agency := range n.agencies {
		owned, referring, err := r.ReferringAgency(ctx, agency)
		if err != nil {
			return err
		}
		w.agencies[agency] = holdings{owned, referring}
	}
	if err := w.loadMaintained(ctx, r, n.maintained); err != nil {
		return err
	}
	return w.loadDocuments(ctx, r, n, progress)
}

func (w *world) loadVersions(ctx context.Context, r registry.Reader, keys []registry.Key) error {
	if len(keys) == 0 {
		return nil
	}
	found, err := r.Versions(ctx, keys)
	if err != nil {
		return err
	}
	for _, k := range keys {
		w.versions[k] = nil
		for _, st := range found[k] {
			if st.Withdrawn() {
				w.withdrawn[st.URN] = st
			} else {
				w.versions[k] = append(w.versions[k], st)
			}
		}
		for i := range w.versions[k] {
			w.byURN[w.versions[k][i].URN] = &w.versions[k][i]
		}
	}
	return nil
}

func (w *world) loadMaintained(ctx context.Context, r registry.Reader, agencies map[string]bool) error {
	if len(agencies) == 0 {
		return nil
	}
	var names []string // nil asks for all
	if !agencies[""] {
		for a := range agencies {
			names = append(names, a)
		}
	}
	found, err := r.Maintained(ctx, names)
	if err != nil {
		return err
	}
	for a := range agencies {
		w.maintained[a] = nil
	}
	for _, st := range found {
		a := st.URN.Agency
		if agencies[""] {
			a = ""
		}
		w.maintained[a] = append(w.maintained[a], st)
	}
	return nil
}

// loadDocuments reads bodies and insides. The body of a document of which only the inside is
// needed is not kept.
func (w *world) loadDocuments(ctx context.Context, r registry.Reader, n *needs, progress func(documents int)) error {
	all := make([]registry.Stored, 0, len(n.bodies)+len(n.insides))
	for _, st := range n.bodies {
		all = append(all, st)
	}
	for id, st := range n.insides {
		if _, added := n.bodies[id]; !added {
			all = append(all, st)
		}
	}
	slices.SortFunc(all, func(a, b registry.Stored) int { return cmp.Compare(a.Document, b.Document) })
	for from := 0; from < len(all); {
		var ids []int64
		for bytes := 0; from+len(ids) < len(all) && (len(ids) == 0 || bytes < loadAtOnce); {
			st := &all[from+len(ids)]
			ids, bytes = append(ids, st.Document), bytes+st.Bytes
		}
		bodies, err := r.Bodies(ctx, ids)
		if err != nil {
			return err
		}
		for i, body := range bodies {
			st := &all[from+i]
			if _, wanted := n.bodies[st.Document]; wanted {
				w.bodies[st.Document] = body
			}
			if w.insides[st.Document] != nil {
				continue
			}
			m, err := sdmx.ParseCanonical(st.URN.Class, body)
			if err != nil {
				return err
			}
			w.insides[st.Document] = insideOf(m)
		}
		from += len(ids)
		progress(from)
	}
	return nil
}

func keysOf(set map[registry.Key]bool) []registry.Key {
	out := make([]registry.Key, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	return out
}

// ask evaluates a question about the current structures. It calls question again, each time
// with more of the registry loaded, until nothing that the answer depends on is missing.
func ask(ctx context.Context, r registry.Reader, question func(*view)) error {
	w := newWorld(registry.Settings{})
	for {
		v := newView(w)
		question(&v)
		if v.needs.empty() {
			return nil
		}
		if err := w.load(ctx, r, &v.needs, func(int) {}); err != nil {
			return err
		}
	}
}
