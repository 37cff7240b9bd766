package plan

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"

	"urncast/registry"
	"urncast/sdmx"
)

// A shelf is a registry in memory, with the current structures and the withdrawn versions. It
// answers as a database does.
type shelf struct {
	now        map[sdmx.URN]sdmx.Maintainable
	withdrawn  map[sdmx.URN]registry.Stored
	settings   registry.Settings
	roundTrips int // round trips

	// Computed from the state by number:
	documents map[int64]sdmx.URN
	stored    []registry.Stored
	refs      []registry.Dangling
}

func newShelf() *shelf {
	s := &shelf{now: map[sdmx.URN]sdmx.Maintainable{}, withdrawn: map[sdmx.URN]registry.Stored{}}
	s.number()
	return s
}

func sortedURNs[T any](m map[sdmx.URN]T) []sdmx.URN {
	out := make([]sdmx.URN, 0, len(m))
	for u := range m {
		out = append(out, u)
	}
	slices.SortFunc(out, sdmx.URN.Compare)
	return out
}

// number numbers the documents, and computes the rows and references that a database would have.
func (s *shelf) number() {
	s.documents, s.stored, s.refs = map[int64]sdmx.URN{}, nil, nil
	for i, u := range sortedURNs(s.now) {
		m, id := s.now[u], int64(i+1)
		s.documents[id] = u
		body := sdmx.AppendCanonical(nil, m)
		s.stored = append(s.stored, registry.Stored{URN: u, Document: id, Bytes: len(body), Digest: sdmx.DigestOf(body),
			Structural: sdmx.StructuralDigest(m), Immutable: sdmx.Immutable(m), Final: m.Common().Final})
		for _, r := range sdmx.Refs(m) {
			s.refs = append(s.refs, registry.Dangling{From: u, To: r})
		}
	}
}

func (s *shelf) all() []registry.Stored { return slices.Clone(s.stored) }

// take applies a decision.
func (s *shelf) take(d *decision) {
	for _, c := range d.replaces {
		m, err := sdmx.ParseCanonical(c.URN.Class, c.Body)
		if err != nil {
			panic(err)
		}
		s.now[c.URN] = m
	}
	for _, c := range d.removes {
		if m := s.now[c.URN]; sdmx.Immutable(m) {
			s.withdrawn[c.URN] = registry.Stored{URN: c.URN, Structural: sdmx.StructuralDigest(m), Immutable: true, Final: m.Common().Final}
		}
		delete(s.now, c.URN)
	}
	s.number()
}

func (s *shelf) Versions(_ context.Context, keys []registry.Key) (map[registry.Key][]registry.Stored, error) {
	s.roundTrips++
	out := map[registry.Key][]registry.Stored{}
	for _, st := range append(s.all(), s.withdrawnOnly()...) {
		if slices.Contains(keys, registry.KeyOf(st.URN)) {
			out[registry.KeyOf(st.URN)] = append(out[registry.KeyOf(st.URN)], st)
		}
	}
	return out, nil
}

// withdrawnOnly returns the withdrawn versions that have not been created again.
func (s *shelf) withdrawnOnly() (out []registry.Stored) {
	for _, u := range sortedURNs(s.withdrawn) {
		if s.now[u] == nil {
			out = append(out, s.withdrawn[u])
		}
	}
	return out
}

func (s *shelf) Bodies(_ context.Context, documents []int64) ([][]byte, error) {
	s.roundTrips++
	out := make([][]byte, len(documents))
	for i, id := range documents {
		out[i] = sdmx.AppendCanonical(nil, s.now[s.documents[id]])
	}
	return out, nil
}

func (s *shelf) Referring(_ context.Context, keys []registry.Key) (out []registry.Dangling, _ error) {
	s.roundTrips++
	for _, d := range s.refs {
		if slices.Contains(keys, registry.KeyOf(d.To.URN)) {
			out = append(out, d)
		}
	}
	return out, nil
}

func (s *shelf) ReferringAgency(_ context.Context, agency string) (owned, referring []registry.Stored, _ error) {
	s.roundTrips++
	refers := map[sdmx.URN]bool{}
	for _, d := range s.refs {
		refers[d.From] = refers[d.From] || within(d.To.Agency, agency)
	}
	for _, st := range s.stored {
		if within(st.URN.Agency, agency) {
			owned = append(owned, st)
		}
		if refers[st.URN] {
			referring = append(referring, st)
		}
	}
	return owned, referring, nil
}

func (s *shelf) Maintains(_ context.Context, agency string) (bool, error) {
	owned, _, err := s.ReferringAgency(context.Background(), agency)
	return len(owned) > 0, err
}

func (s *shelf) Maintained(_ context.Context, agencies []string) (out []registry.Stored, _ error) {
	s.roundTrips++
	for _, st := range s.all() {
		if agencies == nil || slices.Contains(agencies, st.URN.Agency) {
			out = append(out, st)
		}
	}
	return out, nil
}

func (s *shelf) Settings(context.Context) (registry.Settings, error) { return s.settings, nil }

// Last and Write make a shelf a Tx; Write does nothing.
func (s *shelf) Last() registry.Number                                                  { return 0 }
func (s *shelf) Write(context.Context, []registry.Write, registry.Act, func(int)) error { return nil }
func (s *shelf) Recorded(context.Context, string, string) ([]registry.Number, error)    { return nil, nil }

// index returns a world in which everything is loaded.
func (s *shelf) index() *world {
	w := newWorld(s.settings)
	ctx := context.Background()
	n := newNeeds()
	for _, u := range universe() {
		n.versions[registry.KeyOf(u)], n.referring[registry.KeyOf(u)] = true, true
	}
	for _, a := range allAgencies {
		n.maintained[a] = true
		for _, id := range append(codes, "A", "B", "Z") {
			scheme, _ := sdmx.AgencySchemeOf(a + "." + id)
			n.agencies[id], n.agencies[a+"."+id] = true, true
			n.versions[registry.KeyOf(scheme)], n.referring[registry.KeyOf(scheme)] = true, true
		}
	}
	all := s.all()
	for _, st := range all {
		n.insides[st.Document], n.bodies[st.Document] = st, st
	}
	if err := w.load(ctx, s, &n, func(int) {}); err != nil {
		panic(err)
	}
	w.maintained[""] = all
	return w
}

var (
	agencies = []string{"A", "A", "B", "A.X"}
	classes  = []sdmx.Class{sdmx.ClassCodelist, sdmx.ClassCodelist, sdmx.ClassConceptScheme, sdmx.ClassDataStructure, sdmx.ClassDataflow, sdmx.ClassCategoryScheme, sdmx.ClassCategorisation}
	numbers  = []sdmx.Version{"1.0", "1.0", "1.0.0", "1.1.0", "2.0.0", "2.0.0-draft", "0.1.0"}
	wild     = []sdmx.Version{"1+.0.0", "1.0+.0", "1.0.0+", "2+.0.0", "0.1+.0"}
	codes    = []string{"a", "b", "c", "d"}
	ids      = []string{"P", "Q"}
	newIDs   = []string{"P", "Q", "N"}
)

// allAgencies are all agencies that can occur, also by renaming.
var allAgencies = []string{"SDMX", "A", "B", "A.X", "B.X", "Z", "Z.X"}

// universe returns every URN, apart from the version, that can occur.
func universe() []sdmx.URN {
	var out []sdmx.URN
	for _, a := range allAgencies {
		for _, id := range newIDs {
			for c := range map[sdmx.Class]bool{sdmx.ClassCodelist: true, sdmx.ClassConceptScheme: true, sdmx.ClassDataStructure: true, sdmx.ClassDataflow: true, sdmx.ClassCategoryScheme: true, sdmx.ClassCategorisation: true} {
				out = append(out, sdmx.URN{Class: c, Agency: a, ID: id, Version: "1.0"})
			}
		}
		out = append(out, sdmx.URN{Class: sdmx.ClassAgencyScheme, Agency: a, ID: sdmx.AgencySchemeID, Version: "1.0"})
	}
	return out
}

// A maker makes random structures and submissions.
type maker struct {
	*rand.Rand
	of *shelf
	// dense makes only codelists in many versions, and references to their codes.
	dense bool
}

func pick[T any](m *maker, of []T) T { return of[m.IntN(len(of))] }

func (m *maker) chance(percent int) bool { return m.IntN(100) < percent }

func (m *maker) urn(c sdmx.Class) sdmx.URN {
	if c == sdmx.ClassAgencyScheme {
		return sdmx.URN{Class: c, Agency: pick(m, []string{"SDMX", "SDMX", "A"}), ID: sdmx.AgencySchemeID, Version: "1.0"}
	}
	if m.dense {
		return sdmx.URN{Class: c, Agency: "A", ID: pick(m, ids), Version: pick(m, numbers[1:])}
	}
	return sdmx.URN{Class: c, Agency: pick(m, agencies), ID: pick(m, ids), Version: pick(m, numbers)}
}

// ref makes a reference, mostly to an existing structure, and sometimes by a wildcard.
func (m *maker) ref(c sdmx.Class) sdmx.Ref {
	u := m.urn(c)
	var there []sdmx.URN
	for _, x := range sortedURNs(m.of.now) {
		if x.Class == c {
			there = append(there, x)
		}
	}
	if len(there) > 0 && m.chance(90) {
		u = pick(m, there)
	}
	switch {
	case c == sdmx.ClassAgencyScheme:
	case m.chance(10):
		u.Version = pick(m, wild)
	case m.chance(40) && u.Version.Stable(): // a wildcard for this version or a newer one
		at := []int{1, 3, 5}[m.IntN(3)]
		u.Version = u.Version[:at] + "+" + u.Version[at:]
	}
	return sdmx.RefTo(u)
}

func (m *maker) item(c sdmx.Class) sdmx.Ref {
	r := m.ref(c.Owners()[0])
	r.ItemClass, r.Item = c, pick(m, codes[:3])
	if t, found := oracle(m.of.now).leads("1.0", r); found && m.chance(80) {
		x := m.of.now[t]
		all := sdmx.ItemIDs(x)
		if c == sdmx.ClassCode { // codes from extended lists too
			all = slices.Sorted(maps.Keys(oracle(m.of.now).lists()[t]))
			all = slices.DeleteFunc(all, func(id string) bool { return prefixes(id) >= prefixesReferred }) // filled may add one
		}
		if len(all) > 0 && c != sdmx.ClassDimension && c != sdmx.ClassDataAttribute {
			r.Item = pick(m, all)
		}
	}
	return r
}

func (m *maker) some() (out []string) {
	if m.chance(8) {
		return nil
	}
	for _, c := range codes {
		if m.chance(60) {
			out = append(out, c)
		}
	}
	return out
}

func (m *maker) structure() sdmx.Maintainable {
	c := pick(m, classes)
	switch {
	case m.dense:
		c = pick(m, []sdmx.Class{sdmx.ClassCodelist, sdmx.ClassCategorisation})
	case m.chance(8):
		c = sdmx.ClassAgencyScheme
	}
	x := m.filled(c)
	u, a := m.urn(c), x.Common()
	a.Agency, a.ID, a.Version = u.Agency, u.ID, u.Version
	a.Names = sdmx.Texts{{Lang: "en", Value: pick(m, []string{"one", "two"})}}
	a.Final, a.External = m.chance(4), m.chance(8)
	if s, ok := x.(sdmx.ItemScheme); ok {
		// With dangling references it cannot be known whether one into a partial scheme has
		// ever resolved.
		s.SetPartial(m.chance(15) && !m.of.settings.AllowDangling)
	}
	return x
}

func (m *maker) filled(c sdmx.Class) sdmx.Maintainable {
	switch c {
	case sdmx.ClassAgencyScheme:
		s := &sdmx.AgencyScheme{}
		for _, id := range append(m.some(), "A", "B") {
			s.Items = append(s.Items, sdmx.Agency{Nameable: sdmx.Nameable{ID: id}})
		}
		return s
	case sdmx.ClassCodelist:
		l := &sdmx.Codelist{}
		for i, id := range m.some() {
			code := sdmx.Code{Nameable: sdmx.Nameable{ID: id}}
			if i > 0 && m.chance(40) {
				code.Parent = l.Items[i-1].ID
			}
			l.Items = append(l.Items, code)
		}
		for more := 20; m.chance(more) || m.dense && m.chance(more); more /= 2 {
			x := sdmx.CodelistExtension{Codelist: m.ref(sdmx.ClassCodelist), Prefix: pick(m, []string{"", "X_"}), Exclusive: m.chance(30)}
			x.Selection = m.selection(x.Exclusive)
			l.Extensions = append(l.Extensions, x)
		}
		if len(l.Extensions) > 0 && len(l.Items) > 0 && m.chance(30) {
			l.Items[0].Parent = pick(m, []string{"a", "b", "c", "X_a", "X_b"})
		}
		return l
	case sdmx.ClassConceptScheme:
		s := &sdmx.ConceptScheme{}
		for _, id := range m.some() {
			x := sdmx.Concept{Nameable: sdmx.Nameable{ID: id}}
			if m.chance(30) {
				x.Representation = &sdmx.Representation{Enumeration: m.ref(sdmx.ClassCodelist)}
			}
			s.Items = append(s.Items, x)
		}
		return s
	case sdmx.ClassCategoryScheme:
		s := &sdmx.CategoryScheme{}
		s.Items = m.categories(1)
		return s
	case sdmx.ClassDataStructure:
		d := &sdmx.DataStructure{}
		for i, id := range m.some() {
			k := sdmx.Component{ID: id, Concept: m.item(sdmx.ClassConcept)}
			if i%2 == 0 {
				d.Dimensions = append(d.Dimensions, sdmx.Dimension{Component: k})
			} else {
				d.Attributes = append(d.Attributes, sdmx.Attribute{Component: k})
			}
		}
		return d
	case sdmx.ClassDataflow:
		return &sdmx.Dataflow{Structure: m.ref(sdmx.ClassDataStructure)}
	}
	if m.dense {
		return &sdmx.Categorisation{Source: m.item(sdmx.ClassCode)}
	}
	source := m.item(pick(m, []sdmx.Class{sdmx.ClassCode, sdmx.ClassCode, sdmx.ClassConcept, sdmx.ClassDimension, sdmx.ClassDataAttribute, sdmx.ClassAgency}))
	if m.chance(30) {
		source = m.ref(pick(m, classes))
	}
	if source.ItemClass == sdmx.ClassCode && m.chance(15) {
		source.Item = "X_" + source.Item
	}
	return &sdmx.Categorisation{Source: source, Target: m.item(sdmx.ClassCategory)}
}

// categories makes a tree of two levels.
func (m *maker) categories(deep int) (out []sdmx.Category) {
	for _, id := range m.some() {
		x := sdmx.Category{Nameable: sdmx.Nameable{ID: id}}
		if deep < 2 && m.chance(40) {
			x.Items = m.categories(deep + 1)
		}
		out = append(out, x)
	}
	return out
}

// selection makes a selection of codes. An exclusive one does not cascade: where lists extend
// each other in a circle that has no meaning.
func (m *maker) selection(exclusive bool) (out []sdmx.MemberValue) {
	for m.chance(40) {
		v := sdmx.MemberValue{Value: pick(m, []string{"a", "b", "c", "%", "%a", "X_%"})}
		if !exclusive {
			v.Cascade = pick(m, []string{"", "true", "excluderoot", "false"})
		}
		out = append(out, v)
	}
	return out
}

// proposal makes a submission or a rename, and returns it with the submitted structures.
func (m *maker) proposal() (*proposal, []sdmx.Maintainable) {
	there := sortedURNs(m.of.now)
	if len(there) > 0 && m.chance(15) {
		return newProposal(registry.Submission{Mode: registry.ModeReplace}, "rename", m.rename(there)), nil
	}
	in := registry.Submission{Mode: pick(m, []registry.Mode{registry.ModeReplace, registry.ModeReplace, registry.ModeReplace, registry.ModeAppend, registry.ModeMerge, registry.ModeFullReplace, registry.ModeDelete, registry.ModeDelete}), MustExist: m.chance(5)}
	in.WholeRegistry = in.Mode == registry.ModeFullReplace && m.chance(20)
	if m.chance(10) {
		in.Force = "asked for"
	}
	var all []sdmx.Maintainable
	seen := map[sdmx.URN]bool{}
	add := func(x sdmx.Maintainable) {
		if u := sdmx.URNOf(x); !seen[u] {
			seen[u] = true
			all = append(all, x)
		}
	}
	if in.Mode == registry.ModeFullReplace { // with most of the existing structures
		for _, u := range there {
			if m.chance(85) {
				add(m.of.now[u])
			}
		}
	}
	for range 1 + m.IntN(3) {
		x := m.structure()
		if in.Mode == registry.ModeDelete {
			if len(there) > 0 && m.chance(95) {
				x = m.of.now[pick(m, there)]
			}
			if ids := sdmx.ItemIDs(x); len(ids) > 0 && m.chance(40) {
				r := sdmx.RefTo(sdmx.URNOf(x))
				r.Item = pick(m, ids)
				if s, ok := x.(sdmx.ItemScheme); ok && s.HasItem(r.Item) {
					in.Deletions = append(in.Deletions, r)
				}
				continue
			}
		} else if len(there) > 0 && m.chance(30) { // an existing structure with other content
			u := pick(m, there)
			y := m.filled(u.Class)
			*y.Common() = *m.of.now[u].Common()
			y.Common().External = y.Common().External && m.chance(30)
			x = y
		}
		add(x)
	}
	in.Structures = func(yield func(registry.Submitted) error) error {
		for _, x := range all {
			if err := yield(registry.Submitted{Structure: x, Where: "test"}); err != nil {
				return err
			}
		}
		return nil
	}
	p := newProposal(in, in.Mode.String(), nil)
	if err := p.collect(); err != nil {
		panic(err)
	}
	return p, all
}

func (m *maker) rename(there []sdmx.URN) *registry.Rename {
	if m.chance(30) {
		r := &registry.Rename{Agency: "A", NewAgency: pick(m, []string{"Z", "B"}), Request: m.maybeForced()}
		if m.chance(50) {
			r.Agency, r.NewAgency = "B", pick(m, []string{"Z", "A"})
		}
		return r
	}
	r := &registry.Rename{Structure: pick(m, there), NewID: pick(m, newIDs), Request: m.maybeForced()}
	if r.Structure.Class == sdmx.ClassAgencyScheme || r.Structure.ID == r.NewID {
		return &registry.Rename{Agency: "B", NewAgency: "Z", Request: m.maybeForced()}
	}
	if m.chance(40) {
		r.Structure.Version = ""
	}
	return r
}

func (m *maker) maybeForced() registry.Request {
	if m.chance(70) {
		return registry.Request{Force: "asked for"}
	}
	return registry.Request{}
}
