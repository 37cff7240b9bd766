package registry

import (
	"strings"

	"urncast/sdmx"
)

// A world is what a plan is made in: what is current, as far as it was given, by the
// questions that a plan asks. A question whose answer is not in it is a need; whoever
// makes the plan adds the answer, and makes the plan anew. A world that holds every
// answer, as an index of all that is current does, leaves no need.
type world struct {
	settings Settings
	// versions are what is current of each key, and byURN the same.
	versions map[Key][]Stored
	byURN    map[sdmx.URN]*Stored
	// withdrawn are stable and final versions that are not there any more.
	withdrawn map[sdmx.URN]Stored
	// referring are the references to any version of a key.
	referring map[Key][]Dangling
	agencies  map[string]holdings
	// maintained is what an agency maintains itself; "" stands for every agency.
	maintained map[string][]Stored
	// insides and bodies are of documents.
	insides map[int64]*inside
	bodies  map[int64][]byte
}

// holdings are what an agency and those below it maintain, and the structures that refer
// to any of that.
type holdings struct{ owned, referring []Stored }

func newWorld(s Settings) *world {
	return &world{settings: s, versions: map[Key][]Stored{}, byURN: map[sdmx.URN]*Stored{}, withdrawn: map[sdmx.URN]Stored{}, referring: map[Key][]Dangling{},
		agencies: map[string]holdings{}, maintained: map[string][]Stored{}, insides: map[int64]*inside{}, bodies: map[int64][]byte{}}
}

// needs are the questions to which a world has no answer.
type needs struct {
	versions, referring  map[Key]bool
	agencies, maintained map[string]bool
	insides, bodies      map[int64]Stored
}

func newNeeds() needs {
	return needs{map[Key]bool{}, map[Key]bool{}, map[string]bool{}, map[string]bool{}, map[int64]Stored{}, map[int64]Stored{}}
}

func (n *needs) none() bool {
	return len(n.versions)+len(n.referring)+len(n.agencies)+len(n.maintained)+len(n.insides)+len(n.bodies) == 0
}

// A view is a world with a submission laid over it. The answer to what is not known is
// nothing, and a need: what is decided with it counts for nothing, but shows what else
// will be asked.
type view struct {
	*world
	needs needs
	fresh map[sdmx.URN]*entry // what is stored anew
	gone  map[sdmx.URN]bool
	keys  map[Key][]sdmx.URN // of fresh
	// targets are those that were found already, before and after the submission: many
	// references lead to the same.
	targets map[moment]map[wanted]target
}

func newView(w *world) view {
	return view{world: w, needs: newNeeds(), fresh: map[sdmx.URN]*entry{}, gone: map[sdmx.URN]bool{}, keys: map[Key][]sdmx.URN{},
		targets: map[moment]map[wanted]target{before: {}, after: {}}}
}

// add lays what is stored anew over the world.
func (v *view) add(e *entry) {
	if v.fresh[e.urn] == nil {
		v.keys[KeyOf(e.urn)] = append(v.keys[KeyOf(e.urn)], e.urn)
	}
	v.fresh[e.urn] = e
	clear(v.targets[after])
}

// drop lays over the world that a structure is not there any more.
func (v *view) drop(u sdmx.URN) {
	v.gone[u] = true
	clear(v.targets[after])
}

// stored gives what is current of a key, whatever the submission does.
func (v *view) stored(k Key) []Stored {
	found, known := v.versions[k]
	if !known {
		v.needs.versions[k] = true
	}
	return found
}

// current gives a structure as it is stored; nil if it is not there.
func (v *view) current(u sdmx.URN) *Stored {
	v.stored(KeyOf(u))
	return v.byURN[u]
}

// referringTo gives the current references to any version of a key.
func (v *view) referringTo(k Key) []Dangling {
	found, known := v.referring[k]
	if !known {
		v.needs.referring[k] = true
	}
	return found
}

func (v *view) holdingsOf(agency string) holdings {
	h, known := v.agencies[agency]
	if !known {
		v.needs.agencies[agency] = true
	}
	return h
}

func (v *view) maintainedBy(agency string) []Stored {
	found, known := v.maintained[agency]
	if !known {
		v.needs.maintained[agency] = true
	}
	return found
}

// look gives the inside of a stored structure; nil if that is not known.
func (v *view) look(st *Stored) *inside {
	in, known := v.insides[st.Document]
	if !known {
		v.needs.insides[st.Document] = *st
	}
	return in
}

// A moment is before or after a submission.
type moment bool

const (
	before moment = false
	after  moment = true
)

// there lists the versions of a key at a moment.
func (v *view) there(k Key, at moment) []sdmx.URN {
	var out []sdmx.URN
	if at == after {
		out = append(out, v.keys[k]...)
	}
	for _, s := range v.stored(k) {
		if at == before || v.fresh[s.URN] == nil && !v.gone[s.URN] {
			out = append(out, s.URN)
		}
	}
	return out
}

// A wanted is what a reference names, for a kind of referrer (sdmx.Version.Referrer).
type wanted struct {
	urn sdmx.URN // its version may be a wildcard
	by  sdmx.Version
}

// A target is where a reference leads.
type target struct {
	urn   sdmx.URN
	found bool
}

// target is the structure to which a reference leads, in a structure of version from
// (sdmx.Version.Resolve); false if there is none.
func (v *view) target(from sdmx.Version, r sdmx.Ref, at moment) (sdmx.URN, bool) {
	question := wanted{r.URN, from.Referrer()}
	t, asked := v.targets[at][question]
	if asked {
		return t.urn, t.found
	}
	there := v.there(KeyOf(r.URN), at)
	versions := make([]sdmx.Version, len(there))
	for i := range there {
		versions[i] = there[i].Version
	}
	if i := r.Version.Resolve(from, versions); i >= 0 {
		t = target{there[i], true}
	}
	v.targets[at][question] = t
	return t.urn, t.found
}

// led is a reference with the version to which it leads in place of a wildcard, which
// could mean others too.
func (v *view) led(from sdmx.URN, r sdmx.Ref, at moment) sdmx.Ref {
	if t, found := v.target(from.Version, r, at); found {
		r.URN = t
	}
	return r
}

// inside gives that of a structure which is there at a moment; nil if it is not known.
func (v *view) inside(u sdmx.URN, at moment) *inside {
	if e := v.fresh[u]; e != nil && at == after {
		return e.inside()
	}
	if st := v.current(u); st != nil {
		return v.look(st)
	}
	return nil
}

// resolves says whether a reference leads somewhere at a moment: to a structure and,
// where it names an item, to one that has it or is kept elsewhere. Before a submission a
// partial scheme counts as one that may hold any item, for so it counted when references
// to it were let in; after it, it has the items that it holds.
func (v *view) resolves(from sdmx.URN, r sdmx.Ref, at moment) bool {
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
	_, found = v.codes(at).find(place{t, r.Item})
	return found
}

// agencyKnown says whether an agency is an item of the agency scheme that should hold it,
// after the submission. SDMX itself is known.
func (v *view) agencyKnown(agency string) bool {
	if agency == "SDMX" {
		return true
	}
	scheme, id := sdmx.AgencySchemeOf(agency)
	return v.resolves(scheme, sdmx.Ref{URN: scheme, ItemClass: sdmx.ClassAgency, Item: id}, after)
}

// within says whether an agency is another one or a sub-agency of it.
func within(agency, top string) bool {
	return agency == top || strings.HasPrefix(agency, top+".")
}
