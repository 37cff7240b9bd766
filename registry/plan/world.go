package plan

import (
	"strings"

	"urncast/registry"
	"urncast/sdmx"
)

// A world is the loaded part of the registry, on which a plan is made. Each map has the
// answers to one kind of question; a missing key is an answer that was not loaded. A plan that
// misses an answer notes it in its needs, and is made again when they are loaded. With a world
// that has loaded everything, a plan has no needs.
type world struct {
	settings registry.Settings
	// versions are the current versions of each key, and byURN the same by URN.
	versions map[registry.Key][]registry.Stored
	byURN    map[sdmx.URN]*registry.Stored
	// withdrawn are stable and final versions that were deleted.
	withdrawn map[sdmx.URN]registry.Stored
	// referring are the references to any version of a key.
	referring map[registry.Key][]registry.Dangling
	agencies  map[string]holdings
	// maintained are the structures of an agency itself; "" is the key of all agencies.
	maintained map[string][]registry.Stored
	// insides and bodies are of documents, by their ids.
	insides map[int64]*inside
	bodies  map[int64][]byte
}

// holdings are the structures that an agency and its sub-agencies maintain, and those that
// refer to one of them.
type holdings struct{ owned, referring []registry.Stored }

func newWorld(s registry.Settings) *world {
	return &world{settings: s, versions: map[registry.Key][]registry.Stored{}, byURN: map[sdmx.URN]*registry.Stored{}, withdrawn: map[sdmx.URN]registry.Stored{}, referring: map[registry.Key][]registry.Dangling{},
		agencies: map[string]holdings{}, maintained: map[string][]registry.Stored{}, insides: map[int64]*inside{}, bodies: map[int64][]byte{}}
}

// needs are the answers that a plan asked for and the world did not have.
type needs struct {
	versions, referring  map[registry.Key]bool
	agencies, maintained map[string]bool
	insides, bodies      map[int64]registry.Stored
}

func newNeeds() needs {
	return needs{map[registry.Key]bool{}, map[registry.Key]bool{}, map[string]bool{}, map[string]bool{}, map[int64]registry.Stored{}, map[int64]registry.Stored{}}
}

func (n *needs) empty() bool {
	return len(n.versions)+len(n.referring)+len(n.agencies)+len(n.maintained)+len(n.insides)+len(n.bodies) == 0
}

// A view is a world together with the changes of a submission. A question that the world
// cannot answer is noted in needs and answered with nothing. A decision on such an answer is
// void, but making it shows what else will be needed.
type view struct {
	*world
	needs        needs
	written      map[sdmx.URN]*entry // structures that the submission stores
	deleted      map[sdmx.URN]bool   // structures that the submission deletes
	writtenByKey map[registry.Key][]sdmx.URN
	// targets caches the results of target, before and after the submission, because many
	// references have the same target.
	targets map[moment]map[wanted]target
}

func newView(w *world) view {
	return view{world: w, needs: newNeeds(), written: map[sdmx.URN]*entry{}, deleted: map[sdmx.URN]bool{}, writtenByKey: map[registry.Key][]sdmx.URN{},
		targets: map[moment]map[wanted]target{before: {}, after: {}}}
}

// addWritten adds a structure that the submission stores.
func (v *view) addWritten(e *entry) {
	if v.written[e.urn] == nil {
		v.writtenByKey[registry.KeyOf(e.urn)] = append(v.writtenByKey[registry.KeyOf(e.urn)], e.urn)
	}
	v.written[e.urn] = e
	clear(v.targets[after])
}

// addDeleted adds a structure that the submission deletes.
func (v *view) addDeleted(u sdmx.URN) {
	v.deleted[u] = true
	clear(v.targets[after])
}

// stored returns the current versions of a key, before the submission.
func (v *view) stored(k registry.Key) []registry.Stored {
	found, known := v.versions[k]
	if !known {
		v.needs.versions[k] = true
	}
	return found
}

// current returns the stored structure with a URN, before the submission; nil if there is none.
func (v *view) current(u sdmx.URN) *registry.Stored {
	v.stored(registry.KeyOf(u))
	return v.byURN[u]
}

// referringTo returns the references to any version of a key, before the submission.
func (v *view) referringTo(k registry.Key) []registry.Dangling {
	found, known := v.referring[k]
	if !known {
		v.needs.referring[k] = true
	}
	return found
}

// holdingsOf returns what an agency and its sub-agencies maintain and who refers to it, before
// the submission.
func (v *view) holdingsOf(agency string) holdings {
	h, known := v.agencies[agency]
	if !known {
		v.needs.agencies[agency] = true
	}
	return h
}

// maintainedBy returns the structures that an agency itself maintains, before the submission.
func (v *view) maintainedBy(agency string) []registry.Stored {
	found, known := v.maintained[agency]
	if !known {
		v.needs.maintained[agency] = true
	}
	return found
}

// storedInside returns the inside of a stored structure; nil if that is not loaded.
func (v *view) storedInside(st *registry.Stored) *inside {
	in, known := v.insides[st.Document]
	if !known {
		v.needs.insides[st.Document] = *st
	}
	return in
}

// A moment is before or after the submission of a view.
type moment bool

const (
	before moment = false
	after  moment = true
)

// versionsAt returns the versions of a key that exist at a moment.
func (v *view) versionsAt(k registry.Key, at moment) []sdmx.URN {
	var out []sdmx.URN
	if at == after {
		out = append(out, v.writtenByKey[k]...)
	}
	for _, s := range v.stored(k) {
		if at == before || v.written[s.URN] == nil && !v.deleted[s.URN] {
			out = append(out, s.URN)
		}
	}
	return out
}

// A wanted is what a reference names, and the kind of its referrer, on which the meaning of a
// wildcard depends (sdmx.Version.Referrer).
type wanted struct {
	urn sdmx.URN // its version may be a wildcard
	by  sdmx.Version
}

// A target is the structure that a reference resolves to, if there is one.
type target struct {
	urn   sdmx.URN
	found bool
}

// target returns the structure to which a reference resolves, if the referring structure has
// version from (sdmx.Version.Resolve); false if there is none.
func (v *view) target(from sdmx.Version, r sdmx.Ref, at moment) (sdmx.URN, bool) {
	question := wanted{r.URN, from.Referrer()}
	t, asked := v.targets[at][question]
	if asked {
		return t.urn, t.found
	}
	urns := v.versionsAt(registry.KeyOf(r.URN), at)
	versions := make([]sdmx.Version, len(urns))
	for i := range urns {
		versions[i] = urns[i].Version
	}
	if i := r.Version.Resolve(from, versions); i >= 0 {
		t = target{urns[i], true}
	}
	v.targets[at][question] = t
	return t.urn, t.found
}

// pinned returns a reference with a wildcard version replaced by the version that it resolves
// to; unchanged if it does not resolve.
func (v *view) pinned(from sdmx.URN, r sdmx.Ref, at moment) sdmx.Ref {
	if t, found := v.target(from.Version, r, at); found {
		r.URN = t
	}
	return r
}

// inside returns the inside of a structure at a moment; nil if that is not loaded, or if the
// structure does not exist.
func (v *view) inside(u sdmx.URN, at moment) *inside {
	if e := v.written[u]; e != nil && at == after {
		return e.inside()
	}
	if st := v.current(u); st != nil {
		return v.storedInside(st)
	}
	return nil
}

// resolves reports whether a reference resolves at a moment: to a structure and, if the
// reference names an item, to one that has the item or is a stub. Before the submission, a
// partial scheme is taken to have any item, as it was when references to it were accepted;
// after it, a partial scheme has only the items that are in it. A loose reference always
// resolves, and so does one to what may be elsewhere (sdmx.Class.Elsewhere).
func (v *view) resolves(from sdmx.URN, r sdmx.Ref, at moment) bool {
	if r.Loose() || r.Class.Elsewhere() {
		return true
	}
	t, found := v.target(from.Version, r, at)
	if !found || r.Item == "" {
		return found
	}
	in := v.inside(t, at)
	if in == nil || in.external || at == before && in.partial {
		return true
	}
	if _, there := in.items[itemOf(r)]; there {
		return true
	}
	if _, there := in.items[itemOf(r.As(sdmx.V2))]; there { // of a list with a hierarchy of its own id among others
		return true
	}
	_, found = v.codes(at).find(place{t, r.Item})
	return found
}

// agencyKnown reports whether an agency is listed by the agency scheme of its parent, after
// the submission. The top agency, SDMX, always is.
func (v *view) agencyKnown(agency string) bool {
	if agency == "SDMX" {
		return true
	}
	scheme, id := sdmx.AgencySchemeOf(agency)
	return v.resolves(scheme, sdmx.Ref{URN: scheme, ItemClass: sdmx.ClassAgency, Item: id}, after)
}

// within reports whether an agency is top or a sub-agency of it.
func within(agency, top string) bool {
	return agency == top || strings.HasPrefix(agency, top+".")
}
