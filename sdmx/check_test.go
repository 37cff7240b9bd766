package sdmx

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// places returns the paths, without indexes, of the references in a type.
func places(p *plan, prefix string, deep int) []string {
	var out []string
	for i := range p.fields {
		f := &p.fields[i]
		path := prefix + f.name
		for f.kind == kindSlice {
			f = &field{kind: f.elem.kind, sub: f.elem.sub, elem: f.elem.elem}
		}
		switch {
		case f.kind == kindRef:
			out = append(out, path)
		case f.sub != nil && f.sub.refs && deep < 6:
			out = append(out, places(f.sub, path+".", deep+1)...)
		}
	}
	return out
}

// targets has a line for every path at which a class can have a reference, and no others; a
// new type needs its lines.
func TestTargetsAreComplete(t *testing.T) {
	for _, c := range Modelled() {
		m, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		table, ok := targets[c]
		if !ok {
			t.Errorf("%s has no line", c)
		}
		want := places(planOf(reflect.TypeOf(m).Elem()), "", 0)
		for _, p := range want {
			if _, ok := table[p]; !ok {
				t.Errorf("%s: %s does not say where it may point", c, p)
			}
		}
		for p := range table {
			if !slices.Contains(want, p) {
				t.Errorf("%s: there is no reference at %s", c, p)
			}
		}
	}
}

// A maker makes random structures that break no rule.
type maker struct{ *rand.Rand }

func (g maker) chance() bool { return g.IntN(2) == 0 }

func (g maker) text() Texts {
	if g.chance() {
		return nil
	}
	return Texts{{"en", fmt.Sprint("name ", g.IntN(99))}}
}

func (g maker) common(a *Artefact) {
	a.Agency, a.ID, a.Version, a.Names = "AG.SUB", fmt.Sprintf("ID_%d", g.IntN(99)), Version([]string{"1.0", "2.0.1", "1.0.0-draft"}[g.IntN(3)]), g.text()
	a.ValidFrom = []string{"", "2024", "2024-02-29", "2024-02-29T24:00:00", "2020-01-31T10:00:00.5+02:00", "2024-W53", "2024-D366Z", "2024-12", "2004-Q4"}[g.IntN(9)]
}

func (g maker) representation(class Class) *Representation {
	switch g.IntN(3) {
	case 0:
		return nil
	case 1:
		return &Representation{Enumeration: RefTo(URN{class, "AG", "L", "1.0"}), Format: &TextFormat{Type: "String", MaxLength: "3"}}
	}
	return &Representation{Format: &TextFormat{Type: "Double", Decimals: "2", MinValue: "-1.5", TimeInterval: "P1Y2M", StartTime: "2020", EndTime: "2020-Q2Z"}}
}

func (g maker) codelist() *Codelist {
	l := &Codelist{}
	g.common(&l.Artefact)
	for i := range 2 + g.IntN(8) {
		x := Code{Nameable: Nameable{ID: fmt.Sprintf("%dC@", i), Names: g.text()}}
		if i > 0 && g.chance() {
			x.Parent = l.Items[g.IntN(i)].ID
		}
		l.Items = append(l.Items, x)
	}
	g.Shuffle(len(l.Items), reflect.Swapper(l.Items))
	if g.IntN(3) == 0 {
		l.Extensions = []CodelistExtension{{Codelist: RefTo(URN{ClassCodelist, "AG", "OTHER", "1.0"}), Prefix: "P_", Selection: []MemberValue{{"A%", "excluderoot"}}}}
	}
	return l
}

func (g maker) conceptScheme() *ConceptScheme {
	s := &ConceptScheme{}
	g.common(&s.Artefact)
	for i := range 2 + g.IntN(8) {
		x := Concept{Nameable: Nameable{ID: fmt.Sprintf("C_%d", i)}, Representation: g.representation(ClassCodelist)}
		if i > 0 && g.chance() {
			x.Parent = s.Items[g.IntN(i)].ID
		}
		s.Items = append(s.Items, x)
	}
	return s
}

func (g maker) categories(deep int) []Category {
	var out []Category
	for i := range 1 + g.IntN(3) {
		x := Category{Nameable: Nameable{ID: fmt.Sprint(i)}}
		if deep < 3 {
			x.Items = g.categories(deep + 1)
		}
		out = append(out, x)
	}
	return out
}

func (g maker) component(id string) Component {
	concept := RefToItem(ClassConcept, "AG", "CS", "1.0", "X")
	return Component{ID: id, Concept: concept, Roles: []Ref{concept}, Representation: g.representation(ClassCodelist)}
}

func (g maker) dataStructure() *DataStructure {
	d := &DataStructure{}
	g.common(&d.Artefact)
	var ids []string
	for i := range 2 + g.IntN(4) {
		ids = append(ids, fmt.Sprint("D", i))
		d.Dimensions = append(d.Dimensions, Dimension{Component: g.component(ids[i])})
	}
	if g.chance() {
		d.Dimensions = append(d.Dimensions, Dimension{Component: Component{ID: TimeDimensionID, Concept: RefToItem(ClassConcept, "AG", "CS", "1.0", "T")}, Kind: DimensionTime})
	}
	if g.chance() {
		c := g.component("MD")
		c.Representation = &Representation{Enumeration: RefTo(URN{ClassConceptScheme, "AG", "CS", "1.0"})}
		d.Dimensions = append(d.Dimensions, Dimension{Component: c, Kind: DimensionMeasure})
	}
	d.Groups = []Group{{ID: "G", Dimensions: ids[:1]}, {ID: "H", AttachmentConstraint: RefTo(URN{ClassAttachmentConstraint, "AG", "AC", "1.0"})}}
	d.Measures = []Measure{{Component: g.component("M0")}, {Component: g.component("M1")}}
	for i, r := range []Relationship{{}, {Kind: AttachObservation}, {Kind: AttachGroup, Groups: []string{"G"}}, {Kind: AttachDimensions, Dimensions: ids, Groups: []string{"G"}}} {
		d.Attributes = append(d.Attributes, Attribute{Component: g.component(fmt.Sprint("A", i)), Relationship: r, Measures: []string{"M1"}})
	}
	if g.chance() {
		d.Metadata = RefTo(URN{ClassMetadataStructure, "AG", "MSD", "1.0"})
		d.MetadataUsages = []MetadataAttributeUsage{{ID: "MA", Relationship: Relationship{Kind: AttachDimensions, Dimensions: ids[:1]}}}
	}
	return d
}

func (g maker) any() Maintainable {
	switch g.IntN(7) {
	case 0:
		return g.codelist()
	case 1:
		return g.conceptScheme()
	case 2:
		s := &CategoryScheme{Scheme[Category]{Items: g.categories(0)}}
		g.common(&s.Artefact)
		return s
	case 3:
		x := &Dataflow{Structure: RefTo(URN{ClassDataStructure, "AG", "D", "1.0"})}
		g.common(&x.Artefact)
		return x
	case 4:
		x := &Categorisation{Source: RefTo(URN{ClassDataflow, "AG", "D", "1.0"}), Target: RefToItem(ClassCategory, "AG", "CS", "1.0", "A.B")}
		g.common(&x.Artefact)
		return x
	case 5:
		s := &AgencyScheme{Scheme[Agency]{Items: []Agency{{Nameable: Nameable{ID: "A1"}}, {Nameable: Nameable{ID: "4D0"}}}}}
		g.common(&s.Artefact)
		s.ID, s.Version = AgencySchemeID, VersionDefault
		return s
	}
	return g.dataStructure()
}

// plants put one fault into a structure that has none; path and words are of the fault
// that must then be found.
var plants = []struct {
	path, words string
	plant       func(g maker) Maintainable
}{
	{"ID", "must begin with a letter", func(g maker) Maintainable { l := g.codelist(); l.ID = "1L"; return l }},
	{"ID", "may not stand in an id", func(g maker) Maintainable { d := g.dataStructure(); d.ID = "a b"; return d }},
	{"ID", `holds "@"`, func(g maker) Maintainable { l := g.conceptScheme(); l.ID = "A@"; return l }},
	{"ValidFrom", "is no date", func(g maker) Maintainable { m := g.any(); m.Common().ValidFrom = "2023-02-29"; return m }},
	{"ValidTo", "is no date", func(g maker) Maintainable { m := g.any(); m.Common().ValidTo = "soon"; return m }},
	{"ValidTo", "is no date", func(g maker) Maintainable { m := g.any(); m.Common().ValidTo = "2020-01-01T25:00:00"; return m }},
	{"Items[*].Parent", `names "NOPE" as its parent`, func(g maker) Maintainable {
		l := g.codelist()
		l.Extensions, l.Items[g.IntN(len(l.Items))].Parent = nil, "NOPE"
		return l
	}},
	{"Items[*].Parent", "go in a circle: ", func(g maker) Maintainable {
		l := g.codelist()
		at := map[string]int{}
		for i := range l.Items {
			at[l.Items[i].ID] = i
		}
		child := g.IntN(len(l.Items))
		for top := child; ; top = at[l.Items[top].Parent] {
			if l.Items[top].Parent == "" {
				l.Items[top].Parent = l.Items[child].ID
				return l
			}
		}
	}},
	{"Items[*].Parent", "go in a circle: C_0 → C_0.", func(g maker) Maintainable {
		l := g.conceptScheme()
		l.Partial, l.Items[0].Parent = true, "C_0"
		return l
	}},
	{"Items[*].ID", "is there twice: it is at Items[", func(g maker) Maintainable {
		l := g.codelist()
		l.Items = append(l.Items, Code{Nameable: Nameable{ID: l.Items[g.IntN(len(l.Items))].ID}})
		return l
	}},
	{"Items[1].ID", "must begin with a letter", func(g maker) Maintainable {
		s := g.conceptScheme()
		s.Items = append(s.Items[:1:1], Concept{Nameable: Nameable{ID: "9"}})
		return s
	}},
	{"Items[0].Items[*].ID", `"0" under 0 is there twice`, func(g maker) Maintainable {
		s := &CategoryScheme{Scheme[Category]{Items: g.categories(0)}}
		g.common(&s.Artefact)
		s.Items[0].Items = append(s.Items[0].Items, Category{Nameable: Nameable{ID: "0"}})
		return s
	}},
	{"Extensions[0].Codelist", "extends itself", func(g maker) Maintainable {
		l := g.codelist()
		l.Extensions = []CodelistExtension{{Codelist: RefTo(URNOf(l))}}
		return l
	}},
	{"ID", "always AGENCIES", func(g maker) Maintainable { s := agencies(); s.ID = "MY"; return s }},
	{"Version", "always 1.0", func(g maker) Maintainable { s := agencies(); s.Version = "2.0"; return s }},
	{"Final", "cannot be final", func(g maker) Maintainable { s := agencies(); s.Final = true; return s }},
	{"Structure", "must point to a DataStructure", func(g maker) Maintainable {
		x := &Dataflow{Structure: RefTo(URN{ClassCodelist, "AG", "D", "1.0"})}
		g.common(&x.Artefact)
		return x
	}},
	{"Target", "must point to a Category", func(g maker) Maintainable {
		x := &Categorisation{Source: RefTo(URN{ClassDataflow, "AG", "D", "1.0"}), Target: RefTo(URN{ClassCategoryScheme, "AG", "CS", "1.0"})}
		g.common(&x.Artefact)
		return x
	}},
	{"Target", "Name its target", func(g maker) Maintainable {
		x := &Categorisation{Source: RefTo(URN{ClassDataflow, "AG", "D", "1.0"})}
		g.common(&x.Artefact)
		return x
	}},
	planted("Attributes[0].ID", `"D0" is there twice: it is at Dimensions[0]`, func(d *DataStructure) { d.Attributes[0].ID = "D0" }),
	planted("Groups[1].ID", `"G" is there twice: it is at Groups[0]`, func(d *DataStructure) { d.Groups[1].ID = "G" }),
	planted("Measures[0].ID", "must begin with a letter", func(d *DataStructure) { d.Measures[0].ID = "1M" }),
	planted("Dimensions[0].Concept", "has no concept", func(d *DataStructure) { d.Dimensions[0].Concept = Ref{} }),
	planted("Dimensions[0].Concept", "must point to a Concept.", func(d *DataStructure) {
		d.Dimensions[0].Concept = RefToItem(ClassCode, "AG", "CL", "1.0", "A")
	}),
	planted("Measures[1].Roles[0]", "must point to a Concept.", func(d *DataStructure) { d.Measures[1].Roles[0] = RefTo(URN{ClassConceptScheme, "AG", "CL", "1.0"}) }),
	planted("Attributes[0].Representation.Enumeration", "a Codelist, ValueList", func(d *DataStructure) {
		d.Attributes[0].Representation = &Representation{Enumeration: RefTo(URN{ClassConceptScheme, "AG", "CS", "1.0"})}
	}),
	planted("Dimensions[0].Representation.Enumeration", "must point to a ConceptScheme", func(d *DataStructure) {
		d.Dimensions = d.Dimensions[:2:2]
		d.Attributes = d.Attributes[:1]
		d.Dimensions[0].Kind, d.Dimensions[0].Representation = DimensionMeasure, &Representation{Enumeration: RefTo(URN{ClassCodelist, "AG", "CS", "1.0"})}
	}),
	planted("Attributes[3].Relationship.Dimensions[0]", `names the dimension "NOPE"`, func(d *DataStructure) { d.Attributes[3].Relationship.Dimensions = []string{"NOPE"} }),
	planted("Attributes[3].Relationship.Dimensions", "names none", func(d *DataStructure) { d.Attributes[3].Relationship.Dimensions = nil }),
	planted("Attributes[2].Relationship.Groups[0]", `names the group "D0"`, func(d *DataStructure) { d.Attributes[2].Relationship.Groups = []string{"D0"} }),
	planted("Attributes[2].Relationship.Groups", "must name one", func(d *DataStructure) { d.Attributes[2].Relationship.Groups = nil }),
	planted("Attributes[0].Relationship", "besides", func(d *DataStructure) { d.Attributes[0].Relationship.Dimensions = []string{"D0"} }),
	planted("Attributes[1].Relationship.Kind", "attached to nothing", func(d *DataStructure) { d.Attributes[1].Relationship.Kind = 9 }),
	planted("Attributes[1].Measures[0]", `names the measure "D0"`, func(d *DataStructure) { d.Attributes[1].Measures = []string{"D0"} }),
	planted("Groups[0].Dimensions[1]", `names the dimension "D0" twice`, func(d *DataStructure) { d.Groups[0].Dimensions = []string{"D0", "D0"} }),
	planted("Groups[0].Dimensions", "names no dimension", func(d *DataStructure) { d.Groups[0].Dimensions = nil }),
	planted("Dimensions", "but no dimension", func(d *DataStructure) {
		*d = DataStructure{Artefact: d.Artefact, Measures: d.Measures}
	}),
	planted("Dimensions[2]", "second time dimension", func(d *DataStructure) {
		x := Dimension{Component: Component{ID: TimeDimensionID, Concept: d.Dimensions[0].Concept}, Kind: DimensionTime}
		*d = DataStructure{Artefact: d.Artefact, Dimensions: []Dimension{d.Dimensions[0], x, x}}
		d.Dimensions[1].ID, d.Dimensions[1].Kind = "D1", DimensionTime
	}),
	planted("Dimensions[0].ID", "always TIME_PERIOD", func(d *DataStructure) {
		*d = DataStructure{Artefact: d.Artefact, Dimensions: d.Dimensions[:1]}
		d.Dimensions[0].Kind, d.Dimensions[0].Representation = DimensionTime, nil
	}),
	planted("Dimensions[1].Representation.Format.Type", "none of SDMX", func(d *DataStructure) {
		d.Dimensions[1].Representation = &Representation{Format: &TextFormat{Type: "string"}}
	}),
	planted("Measures[0].Representation.Format.MinLength", "must be a whole number", func(d *DataStructure) {
		d.Measures[0].Representation = &Representation{Format: &TextFormat{MinLength: "-1"}}
	}),
	planted("Measures[0].Representation.Format.EndTime", "is no date", func(d *DataStructure) {
		d.Measures[0].Representation = &Representation{Format: &TextFormat{EndTime: "2020-Q5"}}
	}),
	planted("Measures[0].Representation.Format.TimeInterval", "duration", func(d *DataStructure) {
		d.Measures[0].Representation = &Representation{Format: &TextFormat{TimeInterval: "P1YT"}}
	}),
	planted("Measures[0].Representation.MaxOccurs", "or unbounded", func(d *DataStructure) {
		d.Measures[0].Representation = &Representation{MaxOccurs: "many"}
	}),
}

type plant = struct {
	path, words string
	plant       func(g maker) Maintainable
}

func planted(path, words string, change func(*DataStructure)) plant {
	return plant{path, words, func(g maker) Maintainable {
		d := g.dataStructure()
		change(d)
		return d
	}}
}

func agencies() *AgencyScheme {
	s := &AgencyScheme{}
	s.ID, s.Agency, s.Version = AgencySchemeID, "AG", VersionDefault
	return s
}

// A structure without faults has none; after one was planted, Check finds it, with its path
// and in a sentence. A fault may cause others.
func TestCheckFindsWhatWasPlanted(t *testing.T) {
	g := maker{rand.New(rand.NewPCG(1, 2))}
	for range 3000 {
		if m := g.any(); len(Check(m)) > 0 {
			t.Fatalf("%s: %v", URNOf(m), Check(m))
		}
	}
	for _, p := range plants {
		for range 50 {
			m := p.plant(g)
			ok := slices.ContainsFunc(Check(m), func(f Fault) bool {
				path := f.Path
				if strings.Contains(p.path, "*") {
					path = indexes.ReplaceAllString(path, "[*]")
				}
				want := p.path
				if strings.Contains(want, "*") {
					want = indexes.ReplaceAllString(want, "[*]")
				}
				return path == want && strings.Contains(f.Text, p.words) && strings.HasSuffix(f.Text, ".")
			})
			if !ok {
				t.Errorf("%s, %q is not found: %v", p.path, p.words, Check(m))
				break
			}
		}
	}
}

// All faults are listed; of very many, only the first faultsMax.
func TestCheckListsAll(t *testing.T) {
	l := &Codelist{}
	l.ID, l.Agency, l.Version = "1", "AG", "1.0"
	for i := range 1000 {
		l.Items = append(l.Items, Code{Nameable: Nameable{ID: fmt.Sprint(i)}, Parent: "NOPE"})
	}
	got := Check(l)
	if len(got) != faultsMax+1 || !strings.Contains(got[faultsMax].Text, "901 more") {
		t.Errorf("%d faults, the last %v", len(got), got[len(got)-1])
	}
}

// Stubs and partial schemes may leave out items without a fault.
func TestCheckLeavesStubsAndPartsAlone(t *testing.T) {
	for name, m := range map[string]Maintainable{
		"partial codelist": &Codelist{Scheme: Scheme[Code]{Partial: true, Items: []Code{{Nameable: Nameable{ID: "A"}, Parent: "NOPE"}}}},
		"stub":             &ConceptScheme{Scheme[Concept]{Artefact: Artefact{External: true}}},
		"extends":          &Codelist{Scheme: Scheme[Code]{Items: []Code{{Nameable: Nameable{ID: "A"}, Parent: "NOPE"}}}, Extensions: []CodelistExtension{{Codelist: RefTo(URN{ClassCodelist, "AG", "O", "1.0"})}}},
		"bare structure":   &DataStructure{},
		"bare flow":        &Dataflow{},
	} {
		m.Common().ID, m.Common().Agency, m.Common().Version = "X", "AG", "1.0"
		if got := Check(m); len(got) > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	l := &Codelist{}
	l.ID, l.Agency, l.Version = "CL", "AG", "1.0"
	for i := range 100_000 {
		l.Items = append(l.Items, Code{Nameable: Nameable{ID: fmt.Sprintf("C%d", i)}})
		if i > 0 {
			l.Items[i].Parent = l.Items[i/2].ID
		}
	}
	for b.Loop() {
		if len(Check(l)) > 0 {
			b.Fatal("faults")
		}
	}
}
