package sdmx

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// sendable returns a structure in which every field was filled and some are then left out. Its
// first item has the id that every filled one has.
func sendable(t *testing.T, c Class, g *rand.Rand) Maintainable {
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	n := g.IntN(1000) * 1000
	v := reflect.ValueOf(m).Elem()
	fill(v, &n, 0)
	p := planOf(v.Type())
	for i := range p.fields {
		f := p.fields[i].of(v)
		if g.IntN(4) == 0 {
			f.SetZero()
		}
		if p.fields[i].name == "Items" && f.Len() > 0 {
			f.Index(0).FieldByName("ID").SetString("KNOWN")
		}
	}
	a := m.Common()
	a.ID, a.Agency, a.Version = "X", "AG", "1.0"
	if len(a.Names) > 0 {
		a.Names[0].Lang = "en"
	}
	return m
}

// taken reports whether the submitted value of a field is in the result: each text, each item,
// or the value.
func taken(f *field, result, sent reflect.Value, told func(path string) bool) bool {
	switch {
	case f.isZero(sent) || f.same(result, sent) || told(f.name):
		return true
	case sent.Type() == textsType:
		for _, x := range sent.Interface().(Texts) {
			if !slices.Contains(result.Interface().(Texts), x) {
				return false
			}
		}
		return true
	case f.kind != kindSlice:
		return false
	}
	for i := range sent.Len() {
		found := told(fmt.Sprintf("%s[%d]", f.name, i))
		for j := range result.Len() {
			found = found || f.elem.same(result.Index(j), sent.Index(i))
		}
		if !found {
			return false
		}
	}
	return true
}

// For random structures of every class, each submitted field is in the result or in the
// remarks, and append does not change what existed.
func TestMergeDropsNothingUnsaid(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 4))
	for _, c := range Modelled() {
		for round := range 60 {
			into, from, replace := sendable(t, c, g), sendable(t, c, g), round%2 == 0
			was := AppendCanonical(nil, into)
			sent, err := ParseCanonical(c, AppendCanonical(nil, from))
			if err != nil {
				t.Fatal(err)
			}
			remarks := Merge(into, from, replace)
			told := func(path string) bool {
				return slices.ContainsFunc(remarks, func(r Remark) bool {
					return r.Path == path || r.Path == "" || strings.HasPrefix(r.Path, path+".")
				})
			}
			old, _ := ParseCanonical(c, was)
			a, b, o := reflect.ValueOf(into).Elem(), reflect.ValueOf(sent).Elem(), reflect.ValueOf(old).Elem()
			p := planOf(a.Type())
			for i := range p.fields {
				f := &p.fields[i]
				if !taken(f, f.of(a), f.of(b), told) && f.name != "Partial" {
					t.Fatalf("%s, replace %v: %s was sent, is not in the result, and nothing is said: %+v", c, replace, f.name, remarks)
				}
				if !replace && f.name != "Items" && !taken(f, f.of(a), f.of(o), func(string) bool { return false }) {
					t.Fatalf("%s: append changed %s", c, f.name)
				}
			}
		}
	}
}

func list(partial bool, ids ...string) *Codelist {
	l := &Codelist{}
	l.ID, l.Agency, l.Version, l.Partial = "L", "AG", "1.0", partial
	for _, id := range ids {
		l.Items = append(l.Items, Code{Nameable: Nameable{ID: id}})
	}
	return l
}

func TestMergePutsItemsWhereTheyWereSent(t *testing.T) {
	for _, x := range []struct{ stored, sent, want string }{
		{"a b c", "b x", "a b x c"},
		{"a b c", "x b", "a x b c"},
		{"a b c", "x", "a b c x"},
		{"a b c", "c x a y", "a y b c x"},
		{"a b c", "x y c z", "a b x y c z"},
		{"", "x y", "x y"},
		{"a b", "b a", "a b"},
		{"a b", "b x b", "a b x b"}, // sent twice: Check refuses it
		{"a b", "x x", "a b x x"},
	} {
		for _, replace := range []bool{true, false} {
			into := list(false, strings.Fields(x.stored)...)
			Merge(into, list(true, strings.Fields(x.sent)...), replace)
			if got := strings.Join(ItemIDs(into), " "); got != x.want {
				t.Errorf("%q into %q: %q, want %q", x.sent, x.stored, got, x.want)
			}
		}
	}
}

func tree(paths ...string) *CategoryScheme {
	s := &CategoryScheme{}
	s.ID, s.Agency, s.Version = "T", "AG", "1.0"
	for _, p := range paths {
		to := &s.Items
		for _, id := range strings.Split(p, ".") {
			in, at := find(to, id)
			if in == nil {
				*to = append(*to, Category{Nameable: Nameable{ID: id}})
				in, at = to, len(*to)-1
			}
			to = &(*in)[at].Items
		}
	}
	return s
}

// A merge replaces whole branches, and remarks on the items that are removed with one; an
// append adds items on every level.
func TestMergeOfTrees(t *testing.T) {
	into := tree("A.B", "A.C.D", "E")
	remarks := Merge(into, tree("A.B.N", "F"), true)
	if got := strings.Join(ItemIDs(into), " "); got != "A A.B A.B.N F E" {
		t.Errorf("update: %s", got)
	}
	if len(remarks) != 1 || !strings.Contains(remarks[0].Text, "A.C was not sent: it is gone") {
		t.Errorf("update: %v", remarks)
	}
	into = tree("A.B", "A.C.D", "E")
	remarks = Merge(into, tree("A.B.N", "F"), false)
	if got := strings.Join(ItemIDs(into), " "); got != "A A.B A.B.N A.C A.C.D F E" || len(remarks) > 0 {
		t.Errorf("append: %s, %v", got, remarks)
	}
}

func TestMergeOfStubsAndParts(t *testing.T) {
	stub := list(false)
	stub.External, stub.StructureURL = true, "https://example.org/l.xml"
	whole := list(false, "a")
	if remarks := Merge(whole, stub, true); whole.External || len(whole.Items) != 1 || len(remarks) != 1 || whole.StructureURL == "" {
		t.Errorf("a stub into a whole list: %+v, %v", whole, remarks)
	}
	stub = list(false)
	stub.External = true
	if Merge(stub, list(true, "a"), true); stub.External || !stub.Partial {
		t.Errorf("a part into a stub: %+v", stub)
	}
	part := list(true, "a")
	if Merge(part, list(true, "b"), true); !part.Partial {
		t.Error("two parts make a whole")
	}
	if Merge(part, list(false), true); !part.Partial {
		t.Error("texts alone make a whole")
	}
	if Merge(part, list(false, "a", "b", "c"), true); part.Partial {
		t.Error("a whole list into a part stays a part")
	}
	flow := &Dataflow{Structure: RefTo(URN{ClassDataStructure, "AG", "D", "1.0"})}
	flow.Names = Texts{{"en", "flow"}}
	bare := &Dataflow{}
	bare.Names = Texts{{"fr", "flux"}}
	if Merge(flow, bare, true); flow.Structure.IsZero() || len(flow.Names) != 2 {
		t.Errorf("a bare flow: %+v", flow)
	}
}

// The children of a removed code lose their parent; those of a removed category are removed
// too.
func TestRemoveItem(t *testing.T) {
	l := list(false, "a", "b")
	l.Items[1].Parent = "a"
	if !l.RemoveItem("a") || len(l.Items) != 1 || l.Items[0].Parent != "" {
		t.Errorf("%+v", l.Items)
	}
	s := tree("A.B.C", "A.D")
	if !s.RemoveItem("A.B") || strings.Join(ItemIDs(s), " ") != "A A.D" || s.RemoveItem("A.B.C") {
		t.Errorf("%v", ItemIDs(s))
	}
}

// Extensions by one codelist are known by their prefixes. One whose codelist is in both structures
// once is the same whatever its prefix.
func TestMergeOfExtensions(t *testing.T) {
	for _, x := range []struct{ stored, sent, want, appended string }{
		{"L:a", "L:b", "L:b/1", "L:a/0"},
		{"L:a", "M:a L:a", "L:a/1 M:a/1", "L:a/0 M:a/1"},
		{"L:a L:b", "L:a", "L:a/1 L:b/0", "L:a/0 L:b/0"},
		{"L:a L:b", "L:b L:c", "L:c/1 L:b/1", "L:a/0 L:b/0"},
		{"L:a L:b", "L:c L:d", "L:a/0 L:b/0 L:c/1 L:d/1", "L:a/0 L:b/0 L:c/1 L:d/1"},
		{"L:a L:a", "L:a", "L:a/1 L:a/0", "L:a/0 L:a/0"},
		{"L:a", "L:a L:b", "L:a/1 L:b/1", "L:a/0 L:b/1"},
	} {
		of := func(words, mark string) *Codelist {
			l := list(false, "x")
			for _, w := range strings.Fields(words) {
				id, prefix, _ := strings.Cut(w, ":")
				l.Extensions = append(l.Extensions, CodelistExtension{Codelist: RefTo(URN{ClassCodelist, "A", id, "1.0"}), Prefix: prefix, Selection: []MemberValue{{Value: mark}}})
			}
			return l
		}
		for replace, want := range map[bool]string{true: x.want, false: x.appended} {
			into := of(x.stored, "0")
			Merge(into, of(x.sent, "1"), replace)
			var got []string
			for _, e := range into.Extensions {
				got = append(got, e.Codelist.ID+":"+e.Prefix+"/"+e.Selection[0].Value)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%q into %q, replace %t: %q, want %q", x.sent, x.stored, replace, got, want)
			}
		}
	}
}
