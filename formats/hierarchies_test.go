package formats

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"urncast/sdmx"
)

func hierarchical() *sdmx.HierarchicalCodelist {
	code := func(id string) sdmx.Ref { return sdmx.RefToItem(sdmx.ClassCode, "A", "L", "1.0", id) }
	l := &sdmx.HierarchicalCodelist{Hierarchies: []sdmx.ListedHierarchy{{FormalLevels: true, Levels: []sdmx.Level{{Nameable: sdmx.Nameable{ID: "L1", Names: sdmx.Texts{{Lang: "en", Value: "Top"}}}}},
		Items: []sdmx.HierarchicalCode{{ID: "N1", Code: code("a"), Level: "L1", Items: []sdmx.HierarchicalCode{{ID: "N2", Code: code("b")}}}}}}}
	l.Agency, l.ID, l.Version, l.Names = "A", "H", "1.0", sdmx.Texts{{Lang: "en", Value: "Tree"}}
	l.Included = []sdmx.IncludedCodelist{{Codelist: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: "L", Version: "1.0"})}}
	l.Hierarchies[0].ID, l.Hierarchies[0].Names = "H", l.Names
	return l
}

// throughFormat returns what a structure is after it was written and read in a format. The message
// holds its key, and the words.
func throughFormat(t *testing.T, f *Format, m sdmx.Maintainable, words ...string) sdmx.Maintainable {
	t.Helper()
	b, err := AppendMessage(nil, f, header, m)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range append(words, f.URN(sdmx.URNOf(m))) {
		if !bytes.Contains(b, []byte(w)) {
			t.Errorf("%s: %s is not in %s", f.Name, w, b)
		}
	}
	ms, _, err := readAll(t, f.Name, b, ReadOptions{})
	if err != nil || len(ms) != 1 || f.URN(sdmx.URNOf(ms[0])) != f.URN(sdmx.URNOf(m)) {
		t.Fatalf("%s: read as %v: %v", f.Name, ms, err)
	}
	return ms[0]
}

// A hierarchical codelist with one hierarchy, and a hierarchy, are the same thing in two versions
// of SDMX: each format writes both as what it has, without a loss if they say the same.
func TestAHierarchyIsAHierarchicalCodelistOfOne(t *testing.T) {
	l := hierarchical()
	h := sdmx.As(l, sdmx.V3).(*sdmx.Hierarchy)
	for _, f := range All() {
		want, words := sdmx.Maintainable(h), []string{"codelist.Hierarchy=A:H(1.0)", "codelist.HierarchicalCode=A:H(1.0).N1.N2", "codelist.Level=A:H(1.0).L1"}
		if f == SDMXML21 {
			want, words = l, []string{"codelist.HierarchicalCodelist=A:H(1.0)", "codelist.Hierarchy=A:H(1.0).H", "codelist.HierarchicalCode=A:H(1.0).H.N1.N2", "codelist.Level=A:H(1.0).H.L1"}
		}
		for _, m := range []sdmx.Maintainable{l, h} {
			if lost := Losses(f, m); len(lost) > 0 {
				t.Errorf("%s: a %s has losses: %v", f.Name, m.Class(), lost)
			}
			if got := throughFormat(t, f, m, words...); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: a %s came back as %+v, want %+v", f.Name, m.Class(), got, want)
			}
		}
	}
	var out bytes.Buffer
	w := NewWriter(&out, FusionJSON, header)
	other := sdmx.As(hierarchical(), sdmx.V3).(*sdmx.Hierarchy)
	other.ID = "I"
	for _, m := range []sdmx.Maintainable{l, other} {
		if err := w.Write(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if ms, _, err := readAll(t, "both", out.Bytes(), ReadOptions{}); err != nil || len(ms) != 2 {
		t.Errorf("a message with both is read as %v: %v", ms, err)
	}
}

// What the other version cannot say is lost and told, or stops the writing.
func TestLossesOfHierarchiesInTheOtherVersion(t *testing.T) {
	for _, x := range []struct {
		what   string
		format *Format
		change func(*sdmx.HierarchicalCodelist) sdmx.Maintainable
		loss   string
		fatal  bool
	}{
		{"two hierarchies", FusionJSON, func(l *sdmx.HierarchicalCodelist) sdmx.Maintainable {
			l.Hierarchies = append(l.Hierarchies, l.Hierarchies[0])
			return l
		}, "hierarchical codelists with other than one hierarchy", true},
		{"none", SDMXJSON20, func(l *sdmx.HierarchicalCodelist) sdmx.Maintainable { l.Hierarchies = nil; return l }, "hierarchical codelists with other than one hierarchy", true},
		{"an id of its own", FusionJSON, func(l *sdmx.HierarchicalCodelist) sdmx.Maintainable { l.Hierarchies[0].ID = "HIER1"; return l }, "what a hierarchical codelist says of the hierarchy in it, such as its id, if that is not said of the list", false},
		{"annotations of its own", SDMXJSON20, func(l *sdmx.HierarchicalCodelist) sdmx.Maintainable {
			l.Hierarchies[0].Annotations = []sdmx.Annotation{{Title: "x"}}
			return l
		}, "what a hierarchical codelist says of the hierarchy in it, such as its id, if that is not said of the list", false},
		{"an alias", FusionJSON, func(l *sdmx.HierarchicalCodelist) sdmx.Maintainable {
			l.Included[0].Alias = "AL"
			x := &l.Hierarchies[0].Items[0].Items[0]
			x.Code, x.CodelistAlias, x.CodeID = sdmx.Ref{}, "AL", "b"
			return l
		}, "codelists that a hierarchical codelist includes and arranges no code of, and aliases", false},
		{"a hierarchy without codes", SDMXML21, func(l *sdmx.HierarchicalCodelist) sdmx.Maintainable {
			h := sdmx.As(l, sdmx.V3).(*sdmx.Hierarchy)
			h.Items = nil
			return h
		}, "hierarchies without codes", true},
	} {
		m := x.change(hierarchical())
		if got := Losses(x.format, m); !slices.Equal(got, []Loss{{What: x.loss, Fatal: x.fatal}}) {
			t.Errorf("%s: %v", x.what, got)
		}
		if err := Expressible(x.format, m); (err != nil) != x.fatal || AlwaysExpressible(x.format, m.Class()) {
			t.Errorf("%s: %v; always: %t", x.what, err, AlwaysExpressible(x.format, m.Class()))
		}
		if want := sdmx.As(hierarchical(), sdmx.V3); !x.fatal {
			if got := throughFormat(t, x.format, m); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: came back as %+v", x.what, got)
			}
		}
	}
}

// A stub is one in both versions.
func TestStubsOfHierarchies(t *testing.T) {
	l := hierarchical()
	l.Hierarchies, l.Included, l.External, l.StructureURL = nil, nil, true, "https://example.org/h"
	for _, f := range All() {
		for _, v := range []sdmx.Generation{sdmx.V2, sdmx.V3} {
			m := sdmx.As(l, v)
			if got, want := throughFormat(t, f, m), sdmx.As(l, f.Generation()); len(Losses(f, m)) > 0 || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v came back as %+v, losses %v", f.Name, m, got, Losses(f, m))
			}
		}
	}
}

// A categorisation of a code in a hierarchy names it, in each format, by the path that the format's
// hierarchies have, whatever it was read from; what is lost of that is said.
func TestReferencesIntoHierarchies(t *testing.T) {
	of := func(path string) string {
		return head21 + `<s:Categorisations><s:Categorisation id="C" agencyID="A" version="1.0"><c:Name>c</c:Name><s:Source><Ref agencyID="A" maintainableParentID="H" maintainableParentVersion="1.0" id="` + path +
			`" class="HierarchicalCode" package="codelist"/></s:Source><s:Target><Ref agencyID="A" maintainableParentID="CS" maintainableParentVersion="1.0" id="X" class="Category" package="categoryscheme"/></s:Target></s:Categorisation></s:Categorisations>` + tail21
	}
	fusion := `{"Categorisation":[{"id":"C","agencyId":"A","version":"1.0","names":[{"locale":"en","value":"c"}],"structureReference":"urn:sdmx:org.sdmx.infomodel.codelist.HierarchicalCode=A:H(1.0).N1.N2","categoryReference":"urn:sdmx:org.sdmx.infomodel.categoryscheme.Category=A:CS(1.0).X"}]}`
	for _, x := range []struct {
		in, in21 string
		lost     bool
	}{{of("H.N1.N2"), `id="H.N1.N2"`, false}, {of("I.N1.N2"), `id="I.N1.N2"`, true}, {fusion, `id="H.N1.N2"`, false}} {
		ms, _, err := readAll(t, "f", []byte(x.in), ReadOptions{})
		if err != nil || len(ms) != 1 {
			t.Fatalf("%v, %v", ms, err)
		}
		for _, f := range All() {
			b, err := AppendMessage(nil, f, header, ms[0])
			if err != nil {
				t.Fatal(err)
			}
			want := "codelist.HierarchicalCode=A:H(1.0).N1.N2"
			if f == SDMXML21 {
				want = x.in21
			}
			if !bytes.Contains(b, []byte(want)) {
				t.Errorf("%s: %s is not in %s", f.Name, want, b)
			}
			told := slices.ContainsFunc(Losses(f, ms[0]), func(l Loss) bool { return strings.Contains(l.What, "hierarchical codelist") })
			if told != (x.lost && f != SDMXML21) {
				t.Errorf("%s: the losses are %v", f.Name, Losses(f, ms[0]))
			}
		}
	}
}
