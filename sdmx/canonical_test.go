package sdmx

import (
	"fmt"
	"reflect"
	"testing"
)

// fill puts a distinct value into every field of v, recursively, so that a lost field is
// noticed.
func fill(v reflect.Value, n *int, depth int) {
	*n++
	switch {
	case v.Type() == refType:
		v.Set(reflect.ValueOf(RefToItem(ClassConcept, "AG", fmt.Sprintf("CS%d", *n), "1.0", "C")))
	case v.Kind() == reflect.String:
		v.SetString(fmt.Sprintf("s%d", *n))
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.Kind() == reflect.Uint8:
		v.SetUint(1)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n, depth)
	case v.Kind() == reflect.Slice:
		if depth > 12 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n, depth+3)
		fill(v.Index(1), n, depth+3)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n, depth+1)
		}
	}
}

func filled(t testing.TB, c Class) Maintainable {
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	fill(reflect.ValueOf(m).Elem(), &n, 0)
	return m
}

// Every field of every type survives the canonical form.
func TestCanonicalKeepsEverything(t *testing.T) {
	for _, c := range Modelled() {
		m := filled(t, c)
		b := AppendCanonical(nil, m)
		back, err := ParseCanonical(c, b)
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		if !reflect.DeepEqual(m, back) {
			t.Errorf("%s: read back differs", c)
		}
		for i := range b { // cut off anywhere, it is refused and nothing panics
			if _, err := ParseCanonical(c, b[:i]); err == nil {
				t.Fatalf("%s: cut off at %d of %d bytes, it was accepted", c, i, len(b))
			}
			if i > 3000 {
				break
			}
		}
	}
}

// EachRef finds every reference that fill has put in.
func TestEachRefFindsEveryReference(t *testing.T) {
	for _, c := range Modelled() {
		m := filled(t, c)
		var found int
		EachRef(m, func(path string, r *Ref) { found++ })
		if want := countRefs(reflect.ValueOf(m).Elem()); found != want {
			t.Errorf("%s: found %d references of %d", c, found, want)
		}
	}
}

func countRefs(v reflect.Value) int {
	n := 0
	switch {
	case v.Type() == refType:
		return 1
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return countRefs(v.Elem())
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			n += countRefs(v.Index(i))
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			n += countRefs(v.Field(i))
		}
	}
	return n
}

func FuzzParseCanonical(f *testing.F) {
	for _, c := range Modelled() {
		f.Add(byte(c), AppendCanonical(nil, filled(f, c)))
	}
	f.Fuzz(func(t *testing.T, c byte, b []byte) {
		m, err := ParseCanonical(Class(c), b)
		if err != nil {
			return
		}
		again, err := ParseCanonical(Class(c), AppendCanonical(nil, m))
		if err != nil || !reflect.DeepEqual(m, again) {
			t.Fatalf("not stable: %v", err)
		}
	})
}

func TestStructuralDigestLeavesTextsOut(t *testing.T) {
	a := &Codelist{}
	a.ID, a.Agency = "CL", "AG"
	a.Items = []Code{{Nameable: Nameable{ID: "A", Names: Texts{{"en", "a"}}}}}
	if err := Complete(a); err != nil {
		t.Fatal(err)
	}
	before := StructuralDigest(a)
	a.Items[0].Names.Set("fr", "â")
	a.Annotations = []Annotation{{Title: "x"}}
	a.Final = true
	if StructuralDigest(a) != before {
		t.Error("a new translation changed the structural digest")
	}
	a.Items = append(a.Items, Code{Nameable: Nameable{ID: "B"}})
	if StructuralDigest(a) == before {
		t.Error("a new code did not change the structural digest")
	}
}

func BenchmarkCanonical(b *testing.B) {
	l := &Codelist{}
	l.ID, l.Agency, l.Version = "CL", "AG", "1.0"
	for i := range 100_000 {
		l.Items = append(l.Items, Code{Nameable: Nameable{ID: fmt.Sprintf("C%d", i), Names: Texts{{"en", fmt.Sprintf("Name of code %d", i)}, {"fr", fmt.Sprintf("Nom du code %d", i)}}}})
	}
	doc := AppendCanonical(nil, l)
	b.Run("append", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		for range b.N {
			doc = AppendCanonical(doc[:0], l)
		}
	})
	b.Run("parse", func(b *testing.B) {
		b.SetBytes(int64(len(doc)))
		for range b.N {
			if _, err := ParseCanonical(ClassCodelist, doc); err != nil {
				b.Fatal(err)
			}
		}
	})
}
