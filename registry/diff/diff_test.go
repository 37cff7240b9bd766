package diff

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"urncast/sdmx"
)

func code(id, name, parent string) sdmx.Code {
	return sdmx.Code{Nameable: sdmx.Nameable{ID: id, Names: sdmx.Texts{{Lang: "en", Value: name}}}, Parent: parent}
}

func codelist(codes ...sdmx.Code) *sdmx.Codelist {
	l := &sdmx.Codelist{}
	l.Agency, l.ID, l.Version, l.Items = "A", "L", "1.0", codes
	return l
}

// describe writes changes as lines, for comparison.
func describe(d Diff) string {
	var b strings.Builder
	for _, c := range d.Changes {
		fmt.Fprintf(&b, "%s", c.Kind)
		for _, p := range [][2]string{{"", c.What}, {"", c.ID}, {"was ", c.Was}, {"in ", c.Parent}, {"from ", c.WasParent}, {"", c.Field}, {"", c.Lang}} {
			if p[1] != "" {
				fmt.Fprintf(&b, " %s%s", p[0], p[1])
			}
		}
		if c.Before != "" || c.After != "" {
			fmt.Fprintf(&b, ": %s -> %s", c.Before, c.After)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func check(t *testing.T, before, after sdmx.Maintainable, want string) Diff {
	t.Helper()
	d := Between(before, after)
	if diff := cmp.Diff(strings.TrimLeft(want, "\n"), describe(d)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	return d
}

// A codelist with every kind of change, as the page of a transaction shows them.
func TestCodelist(t *testing.T) {
	before := codelist(code("PT1", "Continente", ""), code("PT17", "Lisboa", "PT1"), code("NL", "Nederland", ""), code("NL31", "Utrecht", "NL"),
		code("NL310", "Utrecht", "NL31"), code("TR", "Turkey", ""), code("EA", "Euro area", ""))
	after := codelist(code("PT1", "Continente", ""), code("PT1A", "Grande Lisboa", "PT1"), code("NL", "Nederland", ""), code("NL35", "Utrecht", "NL"),
		code("NL310", "Utrecht", "NL35"), code("TR", "Türkiye", ""), code("EA", "Euro area", "NL"))
	after.Items[6].Descriptions = sdmx.Texts{{Lang: "fr", Value: "Zone euro"}}
	after.Names = sdmx.Texts{{Lang: "en", Value: "Areas"}}
	after.Final = true
	d := check(t, before, after, `
text name en:  -> Areas
property final:  -> true
removed code PT17 in PT1
added code PT1A in PT1
renamed code NL35 was NL31 in NL
text code TR name en: Turkey -> Türkiye
moved code EA in NL
text code EA in NL description fr:  -> Zone euro
`)
	if d.Items != 7 || d.Unchanged != 3 || d.Reordered {
		t.Errorf("items %d, unchanged %d, reordered %t", d.Items, d.Unchanged, d.Reordered)
	}
}

// Two removed and two added codes with one name are not taken for renamed, since it is not clear
// which is which.
func TestRenameIsSure(t *testing.T) {
	check(t, codelist(code("A", "Same", ""), code("B", "Same", "")), codelist(code("C", "Same", ""), code("D", "Same", "")), `
removed code A
removed code B
added code C
added code D
`)
	check(t, codelist(code("A", "One", "")), codelist(code("B", "Other", "")), "removed code A\nadded code B\n")
}

func TestOrderAlone(t *testing.T) {
	d := check(t, codelist(code("A", "a", ""), code("B", "b", "")), codelist(code("B", "b", ""), code("A", "a", "")), "")
	if !d.Reordered || d.Unchanged != 2 || d.Empty() {
		t.Errorf("%+v", d)
	}
}

// The children of a renamed category have not moved; only their own changes are reported.
func TestNested(t *testing.T) {
	category := func(id, name string, items ...sdmx.Category) sdmx.Category {
		return sdmx.Category{Nameable: sdmx.Nameable{ID: id, Names: sdmx.Texts{{Lang: "en", Value: name}}}, Items: items}
	}
	scheme := func(items ...sdmx.Category) *sdmx.CategoryScheme {
		s := &sdmx.CategoryScheme{}
		s.Agency, s.ID, s.Version, s.Items = "A", "S", "1.0", items
		return s
	}
	check(t,
		scheme(category("ECO", "Economy", category("NA", "Accounts", category("GDP", "GDP")), category("OLD", "Old"))),
		scheme(category("ECON", "Economy", category("NAC", "Accounts", category("GDP", "GDP (new)")))), `
renamed category ECON was ECO
renamed category ECON.NAC was ECO.NA in ECON
text category ECON.NAC.GDP in ECON.NAC name en: GDP -> GDP (new)
removed category ECO.OLD in ECO
`)
}

func TestDataStructure(t *testing.T) {
	ref := func(id string) sdmx.Ref {
		return sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: id, Version: "1.0"})
	}
	dimension := func(id, list string) sdmx.Dimension {
		return sdmx.Dimension{Component: sdmx.Component{ID: id, Representation: &sdmx.Representation{Enumeration: ref(list)}}}
	}
	before, after := &sdmx.DataStructure{}, &sdmx.DataStructure{}
	before.Dimensions = []sdmx.Dimension{dimension("FREQ", "CL_FREQ"), dimension("AREA", "CL_AREA"), dimension("ITEM", "CL_ITEM")}
	after.Dimensions = []sdmx.Dimension{dimension("AREA", "CL_AREA"), dimension("FREQ", "CL_FREQ2"), dimension("ITEM", "CL_ITEM"), {Component: sdmx.Component{ID: "TIME"}, Kind: sdmx.DimensionTime}}
	before.Attributes = []sdmx.Attribute{{Component: sdmx.Component{ID: "STATUS", Representation: &sdmx.Representation{Format: &sdmx.TextFormat{MaxLength: "3"}}}}}
	after.Attributes = []sdmx.Attribute{{Component: sdmx.Component{ID: "STATUS", Representation: &sdmx.Representation{Format: &sdmx.TextFormat{MaxLength: "5"}}}, Mandatory: true,
		Relationship: sdmx.Relationship{Kind: sdmx.AttachDimensions, Dimensions: []string{"FREQ", "AREA"}}}}
	check(t, before, after, `
moved dimension AREA position: 2 -> 1
reference dimension FREQ enumeration: `+ref("CL_FREQ").String()+` -> `+ref("CL_FREQ2").String()+`
added dimension TIME
property attribute STATUS max length: 3 -> 5
property attribute STATUS mandatory:  -> true
property attribute STATUS relationship, kind:  -> dimensions
property attribute STATUS relationship, dimension:  -> FREQ, AREA
`)
}

func TestAnnotations(t *testing.T) {
	before, after := codelist(code("A", "a", "")), codelist(code("A", "a", ""))
	before.Annotations = []sdmx.Annotation{{Type: "NOTE", Text: sdmx.Texts{{Lang: "en", Value: "old"}}}, {Type: "NOTE", Text: sdmx.Texts{{Lang: "en", Value: "twice"}}}}
	after.Annotations = []sdmx.Annotation{{Type: "NOTE", Text: sdmx.Texts{{Lang: "en", Value: "new"}}}, {Type: "NOTE", Text: sdmx.Texts{{Lang: "en", Value: "twice"}}}}
	check(t, before, after, "text annotation, NOTE, text en: old -> new\n")
}

// Annotations of one type are matched by their content, however many there are.
func TestRowsOfOneName(t *testing.T) {
	note := func(n int, text string) sdmx.Annotation {
		return sdmx.Annotation{Type: "NOTE", Text: sdmx.Texts{{Lang: "en", Value: fmt.Sprint(text, n)}}}
	}
	before, after := codelist(code("A", "a", "")), codelist(code("A", "a", ""))
	const many = 20_000
	for i := range many {
		before.Annotations = append(before.Annotations, note(i, "old "))
		if i != 7 {
			after.Annotations = append(after.Annotations, note(i, "old "))
		}
	}
	after.Annotations[many/2] = note(0, "new ")
	began := time.Now()
	check(t, before, after, `
text annotation, NOTE, text en: old 7 -> new 0
property annotation, NOTE, type: NOTE -> 
text annotation, NOTE, text en: old 10001 -> 
property annotation, order:  -> changed
`)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("comparing %d annotations of one type took %s", many, took)
	}
	before.Annotations, after.Annotations = []sdmx.Annotation{note(1, ""), note(2, ""), note(3, "")}, []sdmx.Annotation{note(1, ""), note(3, ""), note(2, "")}
	check(t, before, after, "property annotation, order:  -> changed\n")
	before.Annotations, after.Annotations = []sdmx.Annotation{{Value: "a"}, {}}, []sdmx.Annotation{{Value: "a"}, {}, {}}
	check(t, before, after, "property annotation:  -> stated\n")
}

// A change of a mapping says which one it is: that of what is mapped.
func TestMappings(t *testing.T) {
	mapped := func(target string) *sdmx.RepresentationMap {
		m := &sdmx.RepresentationMap{}
		m.Agency, m.ID, m.Version = "A", "M", "1.0"
		for _, city := range []string{"75", "69"} {
			m.Mappings = append(m.Mappings, sdmx.ValueMapping{Sources: []sdmx.MappedValue{{Value: "FR"}, {Value: city}}, Targets: []string{target + city}})
		}
		m.Mappings[1].Targets = []string{"LYON"}
		return m
	}
	check(t, mapped("P"), mapped("Q"), "property mapping, FR, 75, target: P75 -> Q75\n")
	fixed := func(value string) *sdmx.StructureMap {
		m := &sdmx.StructureMap{FixedTargets: []sdmx.FixedValue{{Component: "UNIT", Values: []string{"EUR"}}, {Component: "STATUS", Values: []string{value}}}}
		m.Agency, m.ID, m.Version = "A", "M", "1.0"
		return m
	}
	check(t, fixed("A"), fixed("B"), "property fixed target, STATUS, value: A -> B\n")
}

func TestFirstVersion(t *testing.T) {
	d := Between(nil, codelist(code("A", "a", ""), code("B", "b", "A")))
	if d.Items != 2 || d.Count(Added) != 2 || d.Unchanged != 0 {
		t.Errorf("%+v", d)
	}
}

// A Diff is empty if, and only if, the canonical forms are equal.
func TestNothingIsMissed(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	make := func() *sdmx.Codelist {
		l := codelist()
		l.Names = sdmx.Texts{{Lang: "en", Value: pick("x", "y")}}
		l.ValidFrom = pick("", "", "2020")
		l.Final = random.IntN(4) == 0
		for _, id := range []string{"A", "B", "C", "D"} {
			if random.IntN(3) == 0 {
				continue
			}
			c := code(id, pick("n", "m", "o"), pick("", "", "A"))
			c.URI = pick("", "", "", "u")
			if random.IntN(4) == 0 {
				c.Annotations = []sdmx.Annotation{{ID: pick("", "n"), Value: pick("", "v", "w")}}
			}
			if random.IntN(6) == 0 {
				c.Links = []sdmx.Link{{Rel: "self", URL: pick("a", "b")}}
			}
			l.Items = append(l.Items, c)
		}
		random.Shuffle(len(l.Items), func(i, j int) { l.Items[i], l.Items[j] = l.Items[j], l.Items[i] })
		return l
	}
	differ := 0
	for range 4000 {
		a, b := make(), make()
		same := sdmx.DigestOf(sdmx.AppendCanonical(nil, a)) == sdmx.DigestOf(sdmx.AppendCanonical(nil, b))
		if d := Between(a, b); d.Empty() != same {
			t.Fatalf("same %t, and told:\n%s\nreordered %t\n%+v\n%+v", same, describe(d), d.Reordered, a, b)
		}
		if d := Between(a, a); !d.Empty() || d.Unchanged != len(a.Items) {
			t.Fatalf("a structure differs from itself:\n%s", describe(d))
		}
		if !same {
			differ++
		}
	}
	if differ < 1000 {
		t.Errorf("only %d of 4000 pairs differ", differ)
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ before, after, want string }{
		{"Turkey", "Türkiye", "-Turkey +Türkiye"},
		{"Euro area (EA20-2023)", "Euro area (EA21-2026)", "=Euro area ( -EA20 +EA21 =- -2023 +2026 =)"},
		{"a b c", "a c", "=a  -b  =c"},
		{"one two", "three four", "-one two +three four"},
		{"", "new", "+new"},
		{"same", "same", "=same"},
	} {
		var got []string
		for _, p := range Words(c.before, c.after) {
			got = append(got, map[Kind]string{0: "=", Removed: "-", Added: "+"}[p.Kind]+p.Text)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q to %q: %q, want %q", c.before, c.after, s, c.want)
		}
	}
}

// The pieces of a comparison add up to the two texts.
func FuzzWords(f *testing.F) {
	f.Add("Euro area", "Euro zone")
	f.Fuzz(func(t *testing.T, before, after string) {
		var was, is string
		for _, p := range Words(before, after) {
			if p.Kind != Added {
				was += p.Text
			}
			if p.Kind != Removed {
				is += p.Text
			}
		}
		if was != before || is != after {
			t.Errorf("%q and %q became %q and %q", before, after, was, is)
		}
	})
}

// Comparing a million codes is fast enough for a page.
func BenchmarkMillion(b *testing.B) {
	before, after := codelist(), codelist()
	for i := range 1_000_000 {
		c := code(fmt.Sprintf("C%07d", i), fmt.Sprintf("Code %d", i), "")
		before.Items = append(before.Items, c)
		if i%1000 != 0 {
			after.Items = append(after.Items, c)
		}
	}
	for b.Loop() {
		if d := Between(before, after); d.Count(Removed) != 1000 {
			b.Fatal(len(d.Changes))
		}
	}
}
