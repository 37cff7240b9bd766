package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"urncast/registry"
	"urncast/sdmx"
)

func named[T sdmx.Maintainable](m T, id string, version sdmx.Version) T {
	a := m.Common()
	a.Agency, a.ID, a.Version = "A", id, version
	return m
}

func list(id string, version sdmx.Version, codes ...string) *sdmx.Codelist {
	l := named(&sdmx.Codelist{}, id, version)
	for _, c := range codes {
		l.Items = append(l.Items, sdmx.Code{Nameable: sdmx.Nameable{ID: c}})
	}
	return l
}

func partial(l *sdmx.Codelist) *sdmx.Codelist { l.Partial = true; return l }
func stub(l *sdmx.Codelist) *sdmx.Codelist    { l.External = true; return l }
func final(l *sdmx.Codelist) *sdmx.Codelist   { l.Final = true; return l }

func extending(l *sdmx.Codelist, x ...sdmx.CodelistExtension) *sdmx.Codelist {
	l.Extensions = x
	return l
}

func cube(dimensions ...string) *sdmx.DataStructure {
	d := named(&sdmx.DataStructure{}, "D", "1.0")
	for _, id := range dimensions {
		d.Dimensions = append(d.Dimensions, sdmx.Dimension{Component: sdmx.Component{ID: id, Concept: sdmx.RefToItem(sdmx.ClassConcept, "SDMX", "MEANINGS", "1.0", "m")}})
	}
	return d
}

// to makes a categorisation of a target in short form, such as "Code=A:L(1.0).a".
func to(id string, version sdmx.Version, target string) *sdmx.Categorisation {
	class, rest, _ := strings.Cut(target, "=")
	c, _ := sdmx.ClassByName(class)
	r, err := sdmx.ParseRef("urn:sdmx:org.sdmx.infomodel." + c.Package() + "." + target)
	if err != nil {
		panic(fmt.Sprint(rest, err))
	}
	m := named(&sdmx.Categorisation{}, id, version)
	m.Source, m.Target = r, sdmx.RefToItem(sdmx.ClassCategory, "SDMX", "PLACES", "1.0", "p")
	return m
}

func agencyScheme(ids ...string) *sdmx.AgencyScheme {
	s := named(&sdmx.AgencyScheme{}, sdmx.AgencySchemeID, "1.0")
	s.Agency = "SDMX"
	for _, id := range ids {
		s.Items = append(s.Items, sdmx.Agency{Nameable: sdmx.Nameable{ID: id}})
	}
	return s
}

// holding returns a shelf with the given structures, and with those that the helpers above refer
// to.
func holding(ms ...sdmx.Maintainable) *shelf {
	s := newShelf()
	places, meanings := named(&sdmx.CategoryScheme{}, "PLACES", "1.0"), named(&sdmx.ConceptScheme{}, "MEANINGS", "1.0")
	places.Agency, meanings.Agency = "SDMX", "SDMX"
	places.Items = []sdmx.Category{{Nameable: sdmx.Nameable{ID: "p"}}}
	meanings.Items = []sdmx.Concept{{Nameable: sdmx.Nameable{ID: "m"}}}
	for _, m := range append([]sdmx.Maintainable{places, meanings}, ms...) {
		s.now[sdmx.URNOf(m)] = copyOf(m)
	}
	s.number()
	return s
}

// try submits structures to a shelf, and applies the decision. It returns the results: each is
// the verdict, or "reason: text" if it was refused, followed by its notices.
func (s *shelf) try(t *testing.T, in registry.Submission, ms ...sdmx.Maintainable) string {
	t.Helper()
	in.Structures = func(yield func(registry.Submitted) error) error {
		for i, m := range ms {
			if err := yield(registry.Submitted{Structure: copyOf(m), Where: fmt.Sprintf("place %d", i+1)}); err != nil {
				return err
			}
		}
		return nil
	}
	p := newProposal(in, in.Mode.String(), nil)
	if err := p.collect(); err != nil {
		t.Fatal(err)
	}
	return s.answer(t, p)
}

func (s *shelf) answer(t *testing.T, p *proposal) string {
	t.Helper()
	d, err := p.makePlan(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, r := range p.outcome(d).Results {
		word := r.Verdict.String()
		for _, problem := range r.Problems {
			word = problem.Reason.String() + ": " + problem.Text
		}
		for _, n := range r.Notices {
			word += ", " + n
		}
		words = append(words, word)
	}
	s.take(d)
	return strings.Join(words, "; ")
}

// References are resolved against the content that is stored in the end, not against the
// submitted one (R4): with append and merge, with stubs and partial schemes that become whole,
// with wildcards, and with extended codelists.
func TestReferencesCountWhatIsKept(t *testing.T) {
	replace, add, merge := registry.Submission{Mode: registry.ModeReplace}, registry.Submission{Mode: registry.ModeAppend}, registry.Submission{Mode: registry.ModeMerge}
	x := func(codelist string, prefix string, selection ...string) sdmx.CodelistExtension {
		e := sdmx.CodelistExtension{Codelist: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: codelist, Version: "1.0"}), Prefix: prefix}
		for _, v := range selection {
			e.Selection = append(e.Selection, sdmx.MemberValue{Value: v, Cascade: "true"})
		}
		return e
	}
	tree := list("B", "1.0", "a", "b", "z")
	tree.Items[1].Parent = "a"
	for _, c := range []struct {
		name   string
		stored []sdmx.Maintainable
		in     registry.Submission
		sent   []sdmx.Maintainable
		want   string // a part of each result
	}{
		{"append keeps what is there", []sdmx.Maintainable{cube("X")}, add, []sdmx.Maintainable{cube("X", "Y"), to("K", "1.0", "Dimension=A:D(1.0).Y")}, "unchanged, differs; unresolved-reference"},
		{"a kind of component", []sdmx.Maintainable{cube("X")}, add, []sdmx.Maintainable{to("K", "1.0", "DataAttribute=A:D(1.0).X")}, "unresolved-reference"},
		{"a time dimension is a dimension", []sdmx.Maintainable{cube("X")}, add, []sdmx.Maintainable{to("K", "1.0", "TimeDimension=A:D(1.0).X")}, "created"},
		{"append of a scheme adds", []sdmx.Maintainable{list("L", "1.0", "a")}, add, []sdmx.Maintainable{list("L", "1.0", "b"), to("K", "1.0", "Code=A:L(1.0).a")}, "updated; created"},
		{"a partial one that is created has what it has", nil, replace, []sdmx.Maintainable{partial(list("L", "1.0", "a")), to("K", "1.0", "Code=A:L(1.0).b")}, "created; unresolved-reference"},
		{"a stub may have anything", nil, replace, []sdmx.Maintainable{stub(list("L", "1.0")), to("K", "1.0", "Code=A:L(1.0).b")}, "created; created"},
		{"a stub becomes whole", []sdmx.Maintainable{stub(list("L", "1.0")), to("K", "1.0", "Code=A:L(1.0).b")}, replace, []sdmx.Maintainable{list("L", "1.0", "a")}, "referenced: A:L(1.0) would lose items that A:K(1.0) refers to: urn:sdmx:org.sdmx.infomodel.codelist.Code=A:L(1.0).b"},
		{"a stub becomes whole, and has it", []sdmx.Maintainable{stub(list("L", "1.0")), to("K", "1.0", "Code=A:L(1.0).b")}, merge, []sdmx.Maintainable{list("L", "1.0", "b")}, "updated"},
		{"a partial one becomes whole", []sdmx.Maintainable{partial(list("L", "1.0", "a")), to("K", "1.0", "Code=A:L(1.0).b")}, replace, []sdmx.Maintainable{list("L", "1.0", "a")}, "referenced"},
		{"merge of a partial one leaves what is there", []sdmx.Maintainable{list("L", "1.0", "a"), to("K", "1.0", "Code=A:L(1.0).a")}, merge, []sdmx.Maintainable{partial(list("L", "1.0", "b"))}, "updated"},
		{"the newest lacks it", []sdmx.Maintainable{list("L", "1.0.0", "a", "b"), list("L", "2.0.0", "b")}, replace, []sdmx.Maintainable{to("K", "1.0", "Code=A:L(1+.0.0).a")}, "unresolved-reference"},
		{"a new newest lacks it", []sdmx.Maintainable{list("L", "1.0.0", "a"), to("K", "1.0", "Code=A:L(1+.0.0).a")}, replace, []sdmx.Maintainable{list("L", "2.0.0", "b")}, "referenced: A:L(2.0.0) would be the newest version that wildcard references of A:K(1.0)"},
		{"a new newest out of range", []sdmx.Maintainable{list("L", "1.0.0", "a"), to("K", "1.0", "Code=A:L(1.0+.0).a")}, replace, []sdmx.Maintainable{list("L", "2.0.0", "b")}, "created"},
		{"a draft that a stable one does not see", []sdmx.Maintainable{list("L", "1.0.0", "a"), to("K", "1.0.0", "Code=A:L(1+.0.0).a")}, replace, []sdmx.Maintainable{list("L", "2.0.0-draft", "b")}, "created"},
		{"a draft that a draft sees", []sdmx.Maintainable{list("L", "1.0.0", "a"), to("K", "1.0.0-x", "Code=A:L(1+.0.0).a")}, replace, []sdmx.Maintainable{list("L", "2.0.0-draft", "b")}, "referenced"},
		{"a wildcard that must lead somewhere", []sdmx.Maintainable{list("L", "1.0.0-draft", "a"), list("L", "1.1.0-draft", "a"), to("K", "1.0", "Codelist=A:L(1.0+.1)")}, registry.Submission{Mode: registry.ModeDelete}, []sdmx.Maintainable{list("L", "1.1.0-draft")}, "referenced"},
		{"a wildcard that leads elsewhere then", []sdmx.Maintainable{list("L", "1.0.1-draft", "a"), list("L", "1.1.0-draft", "a"), to("K", "1.0", "Codelist=A:L(1.0+.0)")}, registry.Submission{Mode: registry.ModeDelete}, []sdmx.Maintainable{list("L", "1.1.0-draft")}, "deleted"},
		{"a code of an extended list", []sdmx.Maintainable{tree}, replace, []sdmx.Maintainable{extending(list("L", "1.0"), x("B", "P_")), to("K", "1.0", "Code=A:L(1.0).P_b")}, "created; created"},
		{"a code that the extension leaves", []sdmx.Maintainable{tree}, replace, []sdmx.Maintainable{extending(list("L", "1.0"), x("B", "P_", "a")), to("K", "1.0", "Code=A:L(1.0).P_z")}, "created; unresolved-reference"},
		{"a code below one that it takes", []sdmx.Maintainable{tree}, replace, []sdmx.Maintainable{extending(list("L", "1.0"), x("B", "P_", "a")), to("K", "1.0", "Code=A:L(1.0).P_b")}, "created; created"},
		{"a code of an extended stub", []sdmx.Maintainable{stub(list("B", "1.0"))}, replace, []sdmx.Maintainable{extending(list("L", "1.0"), x("B", "P_")), to("K", "1.0", "Code=A:L(1.0).P_P_P_P_b"), to("J", "1.0", "Code=A:L(1.0).b")}, "created; created; unresolved-reference"},
		{"the extended list loses a code", []sdmx.Maintainable{tree, extending(list("L", "1.0"), x("B", "P_")), to("K", "1.0", "Code=A:L(1.0).P_b")}, replace, []sdmx.Maintainable{list("B", "1.0", "a", "z")}, "referenced: A:B(1.0) would lose items that A:K(1.0)"},
		{"a code leaves the branch that is taken", []sdmx.Maintainable{tree, extending(list("L", "1.0"), x("B", "P_", "a")), to("K", "1.0", "Code=A:L(1.0).P_b")}, replace, []sdmx.Maintainable{list("B", "1.0", "a", "b", "z")}, "referenced: A:B(1.0) would lose items that A:K(1.0)"},
		{"lists that extend each other", nil, replace, []sdmx.Maintainable{extending(list("L", "1.0"), x("B", "")), extending(list("B", "1.0", "c"), x("L", "")), to("K", "1.0", "Code=A:L(1.0).c"), to("J", "1.0", "Code=A:L(1.0).d")}, "created; created; created; unresolved-reference"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := holding(c.stored...).try(t, c.in, c.sent...)
			results := strings.Split(got, "; ")
			if len(strings.Split(c.want, "; ")) == 1 {
				results = []string{got} // sentences have semicolons
			}
			for i, w := range strings.Split(c.want, "; ") {
				for _, part := range strings.Split(w, ", ") {
					if i >= len(results) || !strings.Contains(shortened(strings.Join(results[i:], "; ")), part) {
						t.Errorf("got %q, want %q in result %d", got, part, i+1)
					}
				}
			}
		})
	}
}

// shortened cuts the common prefixes of the URNs in a text.
func shortened(s string) string {
	for _, c := range sdmx.Modelled() {
		s = strings.ReplaceAll(s, "urn:sdmx:org.sdmx.infomodel."+c.Package()+"."+c.String()+"=", "")
	}
	return s
}

// A stable or final version keeps its structure for ever, unless a change is forced (R7).
func TestStableIsStable(t *testing.T) {
	s := newShelf()
	deletes := registry.Submission{Mode: registry.ModeDelete}
	forced := func(m registry.Mode) registry.Submission {
		return registry.Submission{Mode: m, Request: registry.Request{Force: "withdrawn by mistake"}}
	}
	for i, step := range []struct {
		in   registry.Submission
		sent *sdmx.Codelist
		want string
	}{
		{registry.Submission{Mode: registry.ModeReplace}, list("S", "1.0.0", "a"), "created"},
		{registry.Submission{Mode: registry.ModeReplace}, list("S", "1.0.0", "a", "b"), "immutable"},
		{deletes, list("S", "1.0.0"), "immutable"},
		{registry.Submission{Mode: registry.ModeFullReplace}, list("T", "1.0"), "immutable"},
		{forced(registry.ModeDelete), list("S", "1.0.0"), "deleted"},
		{registry.Submission{Mode: registry.ModeReplace}, list("S", "1.0.0", "x"), "immutable"},
		{registry.Submission{Mode: registry.ModeReplace}, list("S", "1.0.0", "a"), "created"},
		{forced(registry.ModeReplace), list("S", "1.0.0", "x"), "updated"},
		{registry.Submission{Mode: registry.ModeReplace}, final(list("F", "1.0", "a")), "created"},
		{registry.Submission{Mode: registry.ModeReplace}, list("F", "1.0", "a"), "immutable"},
		{registry.Submission{Mode: registry.ModeMerge}, list("F", "1.0", "b"), "immutable"},
		{deletes, list("F", "1.0"), "immutable"},
		{forced(registry.ModeDelete), list("F", "1.0"), "deleted"},
		{registry.Submission{Mode: registry.ModeReplace}, list("F", "1.0", "a"), "immutable"},
		{registry.Submission{Mode: registry.ModeReplace}, final(list("F", "1.0", "a")), "created"},
	} {
		if got := s.try(t, step.in, step.sent); !strings.Contains(got, step.want) {
			t.Errorf("step %d: got %q, want %q", i+1, got, step.want)
		}
	}
	in := forced(registry.ModeDelete)
	in.May = func(string) bool { return true }
	if got := s.try(t, in, list("S", "1.0.0")); !strings.Contains(got, "forbidden: Only an administrator") {
		t.Errorf("a maintainer forces: %q", got)
	}
}

// A notice says that a stub was not taken, and no structure is emptied without force.
func TestStubsAndBareOnes(t *testing.T) {
	for _, c := range []struct {
		in         registry.Submission
		held, sent sdmx.Maintainable
		want       string
	}{
		{registry.Submission{Mode: registry.ModeReplace}, list("L", "1.0", "a"), stub(list("L", "1.0")), "unchanged, urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L(1.0) is held here in full"},
		{registry.Submission{Mode: registry.ModeFullReplace}, list("L", "1.0", "a"), stub(list("L", "1.0")), "held here in full"},
		{registry.Submission{Mode: registry.ModeMerge}, list("L", "1.0", "a"), stub(list("L", "1.0")), "held here in full"},
		{registry.Submission{Mode: registry.ModeReplace}, list("L", "1.0", "a"), list("L", "1.0"), "partial"},
		{registry.Submission{Mode: registry.ModeReplace, Request: registry.Request{Force: "empty it"}}, list("L", "1.0", "a"), list("L", "1.0"), "updated, It was sent without items or components: by force"},
		{registry.Submission{Mode: registry.ModeReplace}, list("L", "1.0"), list("L", "1.0", "a"), "updated"},
		{registry.Submission{Mode: registry.ModeReplace}, cube("X"), cube(), "partial"},
		{registry.Submission{Mode: registry.ModeMerge}, cube("X"), cube(), "unchanged"},
		{registry.Submission{Mode: registry.ModeReplace}, stub(list("L", "1.0")), list("L", "1.0"), "updated"},
	} {
		if got := holding(c.held).try(t, c.in, c.sent); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.in.Mode, got, c.want)
		}
	}
	p := newProposal(registry.Submission{Mode: registry.ModeReplace, Request: registry.Request{Force: "empty it"}}, "replace", nil)
	p.Structures = func(yield func(registry.Submitted) error) error {
		return yield(registry.Submitted{Structure: list("L", "1.0"), Where: "test"})
	}
	if err := p.collect(); err != nil {
		t.Fatal(err)
	}
	if d, err := p.makePlan(t.Context(), holding(list("L", "1.0", "a"))); err != nil || len(d.forced) != 1 {
		t.Errorf("what is emptied by force is not recorded as forced: %v", err)
	}
	last := registry.Submission{Mode: registry.ModeDelete, Deletions: []sdmx.Ref{sdmx.RefToItem(sdmx.ClassCode, "A", "L", "1.0", "a")}}
	if got := holding(list("L", "1.0", "a")).try(t, last); got != "updated" {
		t.Errorf("the last item cannot be deleted: %q", got)
	}
	missing := registry.Submission{Mode: registry.ModeDelete, Deletions: []sdmx.Ref{sdmx.RefToItem(sdmx.ClassCode, "A", "L", "1.0", "no"), sdmx.RefTo(sdmx.URNOf(list("M", "1.0")))}}
	if got := holding(list("M", "1.0", "a"), extending(list("L", "1.0", "b"), extends("M")...)).try(t, missing); !strings.Contains(got, "holds no no") || !strings.Contains(got, "referenced") || strings.Contains(got, "unresolved") {
		t.Errorf("a structure of which nothing is deleted stays as it is, and refers on: %q", got)
	}
}

// In publishing order a structure comes after the version that its wildcard resolves to; other
// versions that match the wildcard do not count.
func TestOrderByWhatWildcardsLeadTo(t *testing.T) {
	x := func(to sdmx.Version) sdmx.CodelistExtension {
		return sdmx.CodelistExtension{Codelist: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: "P", Version: to})}
	}
	s := holding(list("P", "1.1.0", "a"))
	in := registry.Submission{Mode: registry.ModeReplace, Structures: func(yield func(registry.Submitted) error) error {
		if err := yield(registry.Submitted{Structure: extending(list("P", "2.0.0-draft"), x("1.0")), Where: "draft"}); err != nil {
			return err
		}
		return yield(registry.Submitted{Structure: extending(list("P", "1.0"), x("1+.1.0")), Where: "legacy"})
	}}
	p := newProposal(in, "replace", nil)
	if err := p.collect(); err != nil {
		t.Fatal(err)
	}
	d, err := p.makePlan(t.Context(), s)
	if err != nil || len(d.replaces) != 2 || d.replaces[0].URN.Version != "1.0" {
		t.Errorf("%v: %v", err, d.replaces)
	}
}

func TestTheSameTwice(t *testing.T) {
	same, other := list("L", "1.0", "a"), list("L", "1.0", "b")
	if got := newShelf().try(t, registry.Submission{Mode: registry.ModeReplace}, same, same); !strings.HasPrefix(got, "created, The same") || !strings.Contains(got, "place 2") {
		t.Errorf("identical: %q", got)
	}
	if got := newShelf().try(t, registry.Submission{Mode: registry.ModeReplace}, same, other); !strings.Contains(got, "submitted-twice") || !strings.Contains(got, "at place 1 and at place 2") {
		t.Errorf("different: %q", got)
	}
	if got := holding(same).try(t, registry.Submission{Mode: registry.ModeDelete}, same, other); !strings.HasPrefix(got, "deleted") {
		t.Errorf("deleted twice: %q", got)
	}
}

func TestAnEmptySubmissionIsRefused(t *testing.T) {
	nothing := func(func(registry.Submitted) error) error { return nil }
	for _, m := range []registry.Mode{registry.ModeReplace, registry.ModeFullReplace, registry.ModeDelete, registry.ModeAppend} {
		_, err := New(nil).Submit(t.Context(), registry.Submission{Mode: m, WholeRegistry: true, Structures: nothing})
		if _, ok := err.(*registry.InvalidError); !ok {
			t.Errorf("%s: %v", m, err)
		}
	}
}

// Digests of different algorithms do not make two contents different (R5, R7).
func TestDigestsOfAnotherVersion(t *testing.T) {
	held := list("L", "1.0.0", "a")
	s := holding(held)
	s.stored[0].Digest[0], s.stored[0].Structural[0] = 99, 99
	if got := s.try(t, registry.Submission{Mode: registry.ModeReplace}, held); got != "unchanged" {
		t.Errorf("the same: %q", got)
	}
	s.stored[0].Digest[0], s.stored[0].Structural[0] = 99, 99
	if got := s.try(t, registry.Submission{Mode: registry.ModeReplace}, list("L", "1.0.0", "b")); !strings.Contains(got, "immutable") {
		t.Errorf("another: %q", got)
	}
}

// A rename rewrites the references that would break or resolve to something else, and no others.
func TestRenameRewritesWhatMeantIt(t *testing.T) {
	s := holding(list("L", "1.0.0", "a"), list("L", "1.1.0", "a"), to("W", "1.0", "Codelist=A:L(1+.0.0)"), to("E", "1.0", "Code=A:L(1.0.0).a"),
		agencyScheme("A", "B"), to("I", "1.0", "Agency=SDMX:AGENCIES(1.0).A"))
	rename := func(n registry.Rename) string {
		n.Force = "wrong name"
		return s.answer(t, newProposal(registry.Submission{Mode: registry.ModeReplace, Request: n.Request}, "rename", &n))
	}
	of := func(agency, id string) string {
		for u, m := range s.now {
			if u.Agency == agency && u.ID == id {
				return m.(*sdmx.Categorisation).Source.String()
			}
		}
		return "nothing"
	}
	old := sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: "L", Version: "1.0.0"}
	rename(registry.Rename{Structure: old, NewID: "M"})
	if w, e := of("A", "W"), of("A", "E"); !strings.HasSuffix(w, "A:L(1+.0.0)") || !strings.HasSuffix(e, "A:M(1.0.0).a") {
		t.Errorf("the wildcard became %s, the other %s", w, e)
	}
	rename(registry.Rename{Agency: "A", NewAgency: "C"})
	if w, i := of("C", "W"), of("C", "I"); !strings.HasSuffix(w, "C:L(1+.0.0)") || !strings.HasSuffix(i, "SDMX:AGENCIES(1.0).C") {
		t.Errorf("the wildcard became %s, the agency as an item %s", w, i)
	}
	ids := sdmx.ItemIDs(s.now[sdmx.URNOf(agencyScheme())])
	if !slices.Equal(ids, []string{"C", "B"}) {
		t.Errorf("the scheme holds %v", ids)
	}
	old.Agency, old.Version = "C", "1.1.0"
	rename(registry.Rename{Structure: old, NewID: "N"})
	if w := of("C", "W"); !strings.HasSuffix(w, "C:N(1+.0.0)") {
		t.Errorf("the wildcard that meant what was renamed became %s", w)
	}
}

// The number of round trips beside the one that takes the lock: none if references are to whole
// structures, one if items are named or might be lost, two if items are lost.
func TestQuestionsBesideTheLock(t *testing.T) {
	flow := named(&sdmx.Dataflow{Structure: sdmx.RefTo(sdmx.URNOf(cube()))}, "F", "1.0")
	for _, c := range []struct {
		name string
		sent sdmx.Maintainable
		want int
	}{
		{"a new flow", flow, 0},
		{"a new list", list("N", "1.0", "a"), 0},
		{"a new version that nobody has a wildcard for", list("L", "2.0", "a"), 0},
		{"a reference to an item", to("K", "1.0", "Code=A:L(1.0).a"), 1},
		{"one more code", list("L", "1.0", "a", "b"), 1},
		{"one code less", list("L", "1.0", "b"), 2},
		{"nothing", list("L", "1.0", "a"), 0},
	} {
		s := holding(list("L", "1.0", "a"), cube("X"))
		if s.try(t, registry.Submission{Mode: registry.ModeReplace}, c.sent); s.roundTrips-1 != c.want {
			t.Errorf("%s: %d questions, want %d", c.name, s.roundTrips-1, c.want)
		}
	}
}
