package rules

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"urncast/sdmx"
)

// places returns the paths, without indexes, of the references in a type.
func places(t reflect.Type, prefix string, deep int) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		of := f.Type
		for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		switch {
		case of == reflect.TypeFor[sdmx.Ref]():
			out = append(out, prefix+f.Name)
		case of.Kind() != reflect.Struct || deep == 6:
		case f.Anonymous:
			out = append(out, places(of, prefix, deep)...)
		default:
			out = append(out, places(of, prefix+f.Name+".", deep+1)...)
		}
	}
	return out
}

// targets has a line for every path at which a class can have a reference, and no others; a
// new type needs its lines.
func TestTargetsAreComplete(t *testing.T) {
	for _, c := range sdmx.Modelled() {
		m, err := sdmx.New(c)
		if err != nil {
			t.Fatal(err)
		}
		r, ok := rows[c]
		if !ok {
			t.Errorf("%s has no line", c)
		}
		table := r.refs
		want := places(reflect.TypeOf(m).Elem(), "", 0)
		for i := range want {
			want[i] = placeOf(want[i])
		}
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

func (g maker) text() sdmx.Texts {
	if g.chance() {
		return nil
	}
	return sdmx.Texts{{Lang: "en", Value: fmt.Sprint("name ", g.IntN(99))}}
}

func (g maker) common(a *sdmx.Artefact) {
	a.Agency, a.ID, a.Version, a.Names = "AG.SUB", fmt.Sprintf("ID_%d", g.IntN(99)), sdmx.Version([]string{"1.0", "2.0.1", "1.0.0-draft"}[g.IntN(3)]), g.text()
	a.ValidFrom = []string{"", "2024", "2024-02-29", "2024-02-29T24:00:00", "2020-01-31T10:00:00.5+02:00", "2024-W53", "2024-D366Z", "2024-12", "2004-Q4"}[g.IntN(9)]
}

func (g maker) representation(class sdmx.Class) *sdmx.Representation {
	switch g.IntN(3) {
	case 0:
		return nil
	case 1:
		return &sdmx.Representation{Enumeration: sdmx.RefTo(sdmx.URN{Class: class, Agency: "AG", ID: "L", Version: "1.0"}), Format: &sdmx.TextFormat{Type: "String", MaxLength: "3"}}
	}
	return &sdmx.Representation{Format: &sdmx.TextFormat{Type: "Double", Decimals: "2", MinValue: "-1.5", TimeInterval: "P1Y2M", StartTime: "2020", EndTime: "2020-Q2Z"}}
}

func (g maker) codelist() *sdmx.Codelist {
	l := &sdmx.Codelist{}
	g.common(&l.Artefact)
	for i := range 2 + g.IntN(8) {
		x := sdmx.Code{Nameable: sdmx.Nameable{ID: fmt.Sprintf("%dC@", i), Names: g.text()}}
		if i > 0 && g.chance() {
			x.Parent = l.Items[g.IntN(i)].ID
		}
		l.Items = append(l.Items, x)
	}
	g.Shuffle(len(l.Items), reflect.Swapper(l.Items))
	if g.IntN(3) == 0 {
		l.Extensions = []sdmx.CodelistExtension{{Codelist: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "AG", ID: "OTHER", Version: "1.0"}), Prefix: "P_", Selection: []sdmx.MemberValue{{Value: "A%", Cascade: "excluderoot"}}}}
	}
	return l
}

func (g maker) conceptScheme() *sdmx.ConceptScheme {
	s := &sdmx.ConceptScheme{}
	g.common(&s.Artefact)
	for i := range 2 + g.IntN(8) {
		x := sdmx.Concept{Nameable: sdmx.Nameable{ID: fmt.Sprintf("C_%d", i)}, Representation: g.representation(sdmx.ClassCodelist)}
		if i > 0 && g.chance() {
			x.Parent = s.Items[g.IntN(i)].ID
		}
		s.Items = append(s.Items, x)
	}
	return s
}

func (g maker) categories(deep int) []sdmx.Category {
	var out []sdmx.Category
	for i := range 1 + g.IntN(3) {
		x := sdmx.Category{Nameable: sdmx.Nameable{ID: fmt.Sprint(i)}}
		if deep < 3 {
			x.Items = g.categories(deep + 1)
		}
		out = append(out, x)
	}
	return out
}

func (g maker) component(id string) sdmx.Component {
	concept := sdmx.RefToItem(sdmx.ClassConcept, "AG", "CS", "1.0", "X")
	return sdmx.Component{ID: id, Concept: concept, Roles: []sdmx.Ref{concept}, Representation: g.representation(sdmx.ClassCodelist)}
}

func (g maker) dataStructure() *sdmx.DataStructure {
	d := &sdmx.DataStructure{}
	g.common(&d.Artefact)
	var ids []string
	for i := range 2 + g.IntN(4) {
		ids = append(ids, fmt.Sprint("D", i))
		d.Dimensions = append(d.Dimensions, sdmx.Dimension{Component: g.component(ids[i])})
	}
	if g.chance() {
		d.Dimensions = append(d.Dimensions, sdmx.Dimension{Component: sdmx.Component{ID: sdmx.TimeDimensionID, Concept: sdmx.RefToItem(sdmx.ClassConcept, "AG", "CS", "1.0", "T")}, Kind: sdmx.DimensionTime})
	}
	if g.chance() {
		c := g.component("MD")
		c.Representation = &sdmx.Representation{Enumeration: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassConceptScheme, Agency: "AG", ID: "CS", Version: "1.0"})}
		d.Dimensions = append(d.Dimensions, sdmx.Dimension{Component: c, Kind: sdmx.DimensionMeasure})
	}
	d.Groups = []sdmx.Group{{ID: "G", Dimensions: ids[:1]}, {ID: "H", AttachmentConstraint: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassAttachmentConstraint, Agency: "AG", ID: "AC", Version: "1.0"})}}
	d.Measures = []sdmx.Measure{{Component: g.component("M0")}, {Component: g.component("M1")}}
	for i, r := range []sdmx.Relationship{{}, {Kind: sdmx.AttachObservation}, {Kind: sdmx.AttachGroup, Groups: []string{"G"}}, {Kind: sdmx.AttachDimensions, Dimensions: ids, Groups: []string{"G"}}} {
		d.Attributes = append(d.Attributes, sdmx.Attribute{Component: g.component(fmt.Sprint("A", i)), Relationship: r, Measures: []string{"M1"}})
	}
	if g.chance() {
		d.Metadata = sdmx.RefTo(sdmx.URN{Class: sdmx.ClassMetadataStructure, Agency: "AG", ID: "MSD", Version: "1.0"})
		d.MetadataUsages = []sdmx.MetadataAttributeUsage{{ID: "MA", Relationship: sdmx.Relationship{Kind: sdmx.AttachDimensions, Dimensions: ids[:1]}}}
	}
	return d
}

func (g maker) any() sdmx.Maintainable {
	switch g.IntN(7) {
	case 0:
		return g.codelist()
	case 1:
		return g.conceptScheme()
	case 2:
		s := &sdmx.CategoryScheme{Scheme: sdmx.Scheme[sdmx.Category]{Items: g.categories(0)}}
		g.common(&s.Artefact)
		return s
	case 3:
		x := &sdmx.Dataflow{Structure: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassDataStructure, Agency: "AG", ID: "D", Version: "1.0"})}
		g.common(&x.Artefact)
		return x
	case 4:
		x := &sdmx.Categorisation{Source: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassDataflow, Agency: "AG", ID: "D", Version: "1.0"}), Target: sdmx.RefToItem(sdmx.ClassCategory, "AG", "CS", "1.0", "A.B")}
		g.common(&x.Artefact)
		return x
	case 5:
		s := &sdmx.AgencyScheme{Scheme: sdmx.Scheme[sdmx.Agency]{Items: []sdmx.Agency{{Nameable: sdmx.Nameable{ID: "A1"}}, {Nameable: sdmx.Nameable{ID: "4D0"}}}}}
		g.common(&s.Artefact)
		s.ID, s.Version = sdmx.AgencySchemeID, sdmx.VersionDefault
		return s
	}
	return g.dataStructure()
}

// plants put one fault into a structure that has none; path and words are of the fault
// that must then be found.
var plants = []struct {
	path, words string
	plant       func(g maker) sdmx.Maintainable
}{
	{"ID", "must begin with a letter", func(g maker) sdmx.Maintainable { l := g.codelist(); l.ID = "1L"; return l }},
	{"ID", "may not stand in an id", func(g maker) sdmx.Maintainable { d := g.dataStructure(); d.ID = "a b"; return d }},
	{"ID", `holds "@"`, func(g maker) sdmx.Maintainable { l := g.conceptScheme(); l.ID = "A@"; return l }},
	{"ValidFrom", "is no date", func(g maker) sdmx.Maintainable { m := g.any(); m.Common().ValidFrom = "2023-02-29"; return m }},
	{"ValidTo", "is no date", func(g maker) sdmx.Maintainable { m := g.any(); m.Common().ValidTo = "soon"; return m }},
	{"ValidTo", "is no date", func(g maker) sdmx.Maintainable { m := g.any(); m.Common().ValidTo = "2020-01-01T25:00:00"; return m }},
	{"Items[*].Parent", `names "NOPE" as its parent`, func(g maker) sdmx.Maintainable {
		l := g.codelist()
		l.Extensions, l.Items[g.IntN(len(l.Items))].Parent = nil, "NOPE"
		return l
	}},
	{"Items[*].Parent", "go in a circle: ", func(g maker) sdmx.Maintainable {
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
	{"Items[*].Parent", "go in a circle: C_0 → C_0.", func(g maker) sdmx.Maintainable {
		l := g.conceptScheme()
		l.Partial, l.Items[0].Parent = true, "C_0"
		return l
	}},
	{"Items[*].ID", "is there twice: it is at Items[", func(g maker) sdmx.Maintainable {
		l := g.codelist()
		l.Items = append(l.Items, sdmx.Code{Nameable: sdmx.Nameable{ID: l.Items[g.IntN(len(l.Items))].ID}})
		return l
	}},
	{"Items[1].ID", "must begin with a letter", func(g maker) sdmx.Maintainable {
		s := g.conceptScheme()
		s.Items = append(s.Items[:1:1], sdmx.Concept{Nameable: sdmx.Nameable{ID: "9"}})
		return s
	}},
	{"Items[0].Items[*].ID", `"0" under 0 is there twice`, func(g maker) sdmx.Maintainable {
		s := &sdmx.CategoryScheme{Scheme: sdmx.Scheme[sdmx.Category]{Items: g.categories(0)}}
		g.common(&s.Artefact)
		s.Items[0].Items = append(s.Items[0].Items, sdmx.Category{Nameable: sdmx.Nameable{ID: "0"}})
		return s
	}},
	{"Extensions[0].Codelist", "extends itself", func(g maker) sdmx.Maintainable {
		l := g.codelist()
		l.Extensions = []sdmx.CodelistExtension{{Codelist: sdmx.RefTo(sdmx.URNOf(l))}}
		return l
	}},
	{"ID", "always AGENCIES", func(g maker) sdmx.Maintainable { s := agencies(); s.ID = "MY"; return s }},
	{"Version", "always 1.0", func(g maker) sdmx.Maintainable { s := agencies(); s.Version = "2.0"; return s }},
	{"Final", "cannot be final", func(g maker) sdmx.Maintainable { s := agencies(); s.Final = true; return s }},
	{"Structure", "must point to a DataStructure", func(g maker) sdmx.Maintainable {
		x := &sdmx.Dataflow{Structure: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "AG", ID: "D", Version: "1.0"})}
		g.common(&x.Artefact)
		return x
	}},
	{"Target", "must point to a Category", func(g maker) sdmx.Maintainable {
		x := &sdmx.Categorisation{Source: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassDataflow, Agency: "AG", ID: "D", Version: "1.0"}), Target: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCategoryScheme, Agency: "AG", ID: "CS", Version: "1.0"})}
		g.common(&x.Artefact)
		return x
	}},
	{"Target", "Name its target", func(g maker) sdmx.Maintainable {
		x := &sdmx.Categorisation{Source: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassDataflow, Agency: "AG", ID: "D", Version: "1.0"})}
		g.common(&x.Artefact)
		return x
	}},
	planted("Attributes[0].ID", `"D0" is there twice: it is at Dimensions[0]`, func(d *sdmx.DataStructure) { d.Attributes[0].ID = "D0" }),
	planted("Groups[1].ID", `"G" is there twice: it is at Groups[0]`, func(d *sdmx.DataStructure) { d.Groups[1].ID = "G" }),
	planted("Measures[0].ID", "must begin with a letter", func(d *sdmx.DataStructure) { d.Measures[0].ID = "1M" }),
	planted("Dimensions[0].Concept", "has no concept", func(d *sdmx.DataStructure) { d.Dimensions[0].Concept = sdmx.Ref{} }),
	planted("Dimensions[0].Concept", "must point to a Concept.", func(d *sdmx.DataStructure) {
		d.Dimensions[0].Concept = sdmx.RefToItem(sdmx.ClassCode, "AG", "CL", "1.0", "A")
	}),
	planted("Measures[1].Roles[0]", "must point to a Concept.", func(d *sdmx.DataStructure) {
		d.Measures[1].Roles[0] = sdmx.RefTo(sdmx.URN{Class: sdmx.ClassConceptScheme, Agency: "AG", ID: "CL", Version: "1.0"})
	}),
	planted("Attributes[0].Representation.Enumeration", "a Codelist, ValueList", func(d *sdmx.DataStructure) {
		d.Attributes[0].Representation = &sdmx.Representation{Enumeration: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassConceptScheme, Agency: "AG", ID: "CS", Version: "1.0"})}
	}),
	planted("Dimensions[0].Representation.Enumeration", "must point to a ConceptScheme", func(d *sdmx.DataStructure) {
		d.Dimensions = d.Dimensions[:2:2]
		d.Attributes = d.Attributes[:1]
		d.Dimensions[0].Kind, d.Dimensions[0].Representation = sdmx.DimensionMeasure, &sdmx.Representation{Enumeration: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "AG", ID: "CS", Version: "1.0"})}
	}),
	planted("Attributes[3].Relationship.Dimensions[0]", `names the dimension "NOPE"`, func(d *sdmx.DataStructure) { d.Attributes[3].Relationship.Dimensions = []string{"NOPE"} }),
	planted("Attributes[3].Relationship.Dimensions", "names none", func(d *sdmx.DataStructure) { d.Attributes[3].Relationship.Dimensions = nil }),
	planted("Attributes[2].Relationship.Groups[0]", `names the group "D0"`, func(d *sdmx.DataStructure) { d.Attributes[2].Relationship.Groups = []string{"D0"} }),
	planted("Attributes[2].Relationship.Groups", "must name one", func(d *sdmx.DataStructure) { d.Attributes[2].Relationship.Groups = nil }),
	planted("Attributes[0].Relationship", "besides", func(d *sdmx.DataStructure) { d.Attributes[0].Relationship.Dimensions = []string{"D0"} }),
	planted("Attributes[1].Relationship.Kind", "attached to nothing", func(d *sdmx.DataStructure) { d.Attributes[1].Relationship.Kind = 9 }),
	planted("Attributes[1].Measures[0]", `names the measure "D0"`, func(d *sdmx.DataStructure) { d.Attributes[1].Measures = []string{"D0"} }),
	planted("Groups[0].Dimensions[1]", `names the dimension "D0" twice`, func(d *sdmx.DataStructure) { d.Groups[0].Dimensions = []string{"D0", "D0"} }),
	planted("Groups[0].Dimensions", "names no dimension", func(d *sdmx.DataStructure) { d.Groups[0].Dimensions = nil }),
	planted("Dimensions", "but no dimension", func(d *sdmx.DataStructure) {
		*d = sdmx.DataStructure{Artefact: d.Artefact, Measures: d.Measures}
	}),
	planted("Dimensions[2]", "second time dimension", func(d *sdmx.DataStructure) {
		x := sdmx.Dimension{Component: sdmx.Component{ID: sdmx.TimeDimensionID, Concept: d.Dimensions[0].Concept}, Kind: sdmx.DimensionTime}
		*d = sdmx.DataStructure{Artefact: d.Artefact, Dimensions: []sdmx.Dimension{d.Dimensions[0], x, x}}
		d.Dimensions[1].ID, d.Dimensions[1].Kind = "D1", sdmx.DimensionTime
	}),
	planted("Dimensions[0].ID", "always TIME_PERIOD", func(d *sdmx.DataStructure) {
		*d = sdmx.DataStructure{Artefact: d.Artefact, Dimensions: d.Dimensions[:1]}
		d.Dimensions[0].Kind, d.Dimensions[0].Representation = sdmx.DimensionTime, nil
	}),
	planted("Dimensions[1].Representation.Format.Type", "none of SDMX", func(d *sdmx.DataStructure) {
		d.Dimensions[1].Representation = &sdmx.Representation{Format: &sdmx.TextFormat{Type: "string"}}
	}),
	planted("Measures[0].Representation.Format.MinLength", "must be a whole number", func(d *sdmx.DataStructure) {
		d.Measures[0].Representation = &sdmx.Representation{Format: &sdmx.TextFormat{MinLength: "-1"}}
	}),
	planted("Measures[0].Representation.Format.EndTime", "is no date", func(d *sdmx.DataStructure) {
		d.Measures[0].Representation = &sdmx.Representation{Format: &sdmx.TextFormat{EndTime: "2020-Q5"}}
	}),
	planted("Measures[0].Representation.Format.TimeInterval", "duration", func(d *sdmx.DataStructure) {
		d.Measures[0].Representation = &sdmx.Representation{Format: &sdmx.TextFormat{TimeInterval: "P1YT"}}
	}),
	planted("Measures[0].Representation.MaxOccurs", "at least 3 times", func(d *sdmx.DataStructure) {
		d.Measures[0].Representation = &sdmx.Representation{MinOccurs: "3", MaxOccurs: "2"}
	}),
	planted("Measures[0].Representation.MaxOccurs", "or unbounded", func(d *sdmx.DataStructure) {
		d.Measures[0].Representation = &sdmx.Representation{MaxOccurs: "many"}
	}),
}

type plant = struct {
	path, words string
	plant       func(g maker) sdmx.Maintainable
}

func planted(path, words string, change func(*sdmx.DataStructure)) plant {
	return plant{path, words, func(g maker) sdmx.Maintainable {
		d := g.dataStructure()
		change(d)
		return d
	}}
}

func agencies() *sdmx.AgencyScheme {
	s := &sdmx.AgencyScheme{}
	s.ID, s.Agency, s.Version = sdmx.AgencySchemeID, "AG", sdmx.VersionDefault
	return s
}

// indexes are those in a path.
var indexes = regexp.MustCompile(`\[\d+\]`)

// A structure without faults has none; after one was planted, Check finds it, with its path
// and in a sentence. A fault may cause others.
func TestCheckFindsWhatWasPlanted(t *testing.T) {
	g := maker{rand.New(rand.NewPCG(1, 2))}
	for range 3000 {
		if m := g.any(); len(Check(m)) > 0 {
			t.Fatalf("%s: %v", sdmx.URNOf(m), Check(m))
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
	l := &sdmx.Codelist{}
	l.ID, l.Agency, l.Version = "1", "AG", "1.0"
	for i := range 1000 {
		l.Items = append(l.Items, sdmx.Code{Nameable: sdmx.Nameable{ID: fmt.Sprint(i)}, Parent: "NOPE"})
	}
	got := Check(l)
	if len(got) != faultsMax+1 || !strings.Contains(got[faultsMax].Text, "901 more") {
		t.Errorf("%d faults, the last %v", len(got), got[len(got)-1])
	}
}

// Stubs and partial schemes may leave out items without a fault.
func TestCheckLeavesStubsAndPartsAlone(t *testing.T) {
	for name, m := range map[string]sdmx.Maintainable{
		"partial codelist": &sdmx.Codelist{Scheme: sdmx.Scheme[sdmx.Code]{Partial: true, Items: []sdmx.Code{{Nameable: sdmx.Nameable{ID: "A"}, Parent: "NOPE"}}}},
		"stub":             &sdmx.ConceptScheme{Scheme: sdmx.Scheme[sdmx.Concept]{Artefact: sdmx.Artefact{External: true}}},
		"extends":          &sdmx.Codelist{Scheme: sdmx.Scheme[sdmx.Code]{Items: []sdmx.Code{{Nameable: sdmx.Nameable{ID: "A"}, Parent: "NOPE"}}}, Extensions: []sdmx.CodelistExtension{{Codelist: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "AG", ID: "O", Version: "1.0"})}}},
		"bare structure":   &sdmx.DataStructure{},
		"bare flow":        &sdmx.Dataflow{},
	} {
		m.Common().ID, m.Common().Agency, m.Common().Version = "X", "AG", "1.0"
		if got := Check(m); len(got) > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	l := &sdmx.Codelist{}
	l.ID, l.Agency, l.Version = "CL", "AG", "1.0"
	for i := range 100_000 {
		l.Items = append(l.Items, sdmx.Code{Nameable: sdmx.Nameable{ID: fmt.Sprintf("C%d", i)}})
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

// A code whose parent is removed is left without a parent, and so breaks no rule.
func TestRemovedParentBreaksNoRule(t *testing.T) {
	l := &sdmx.Codelist{}
	l.Agency, l.ID, l.Version = "AG", "L", "1.0"
	l.Items = []sdmx.Code{{Nameable: sdmx.Nameable{ID: "a"}}, {Nameable: sdmx.Nameable{ID: "b"}, Parent: "a"}}
	if !l.RemoveItem("a") || len(Check(l)) > 0 {
		t.Errorf("%v", Check(l))
	}
}

// A fault is told once, and is of a size fit for a page, however long the id that has it.
func TestFaultsAreOnceAndShort(t *testing.T) {
	long := strings.Repeat("X", 1<<20)
	concept := sdmx.RefToItem(sdmx.ClassConcept, "AG", "CS", "1.0", "C")
	metadata := &sdmx.MetadataStructure{
		Lists:   []sdmx.MetadataAttributeList{{ID: "R", Targets: []string{"T"}, Attributes: []sdmx.MetadataAttribute{{ID: "a b", Concept: concept}}}},
		Targets: []sdmx.MetadataTarget{{ID: "T", Objects: []sdmx.TargetObject{{ID: "c d", ObjectType: "Any"}}}},
	}
	usage := &sdmx.DataStructure{MetadataUsages: []sdmx.MetadataAttributeUsage{{ID: long, Relationship: sdmx.Relationship{Kind: sdmx.AttachGroup}}}}
	scheme := &sdmx.ConceptScheme{}
	scheme.Items = []sdmx.Concept{{Nameable: sdmx.Nameable{ID: long}, ISO: &sdmx.ISOConcept{Agency: "A"}}}
	for _, m := range []sdmx.Maintainable{metadata, usage, scheme} {
		a := m.Common()
		a.ID, a.Agency, a.Version = "X", "AG", "1.0"
		seen := map[string]bool{}
		for _, f := range Check(m) {
			if seen[f.String()] {
				t.Errorf("twice: %s", f)
			}
			if seen[f.String()] = true; len(f.String()) > 1000 {
				t.Errorf("%s is said in %d bytes", f.Path, len(f.String()))
			}
		}
		if len(seen) == 0 {
			t.Errorf("a %s has no fault", m.Class())
		}
	}
}
