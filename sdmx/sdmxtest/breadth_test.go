package sdmxtest_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/formats"
	"urncast/formats/structures"
	"urncast/registry/diff"
	"urncast/sdmx"
	"urncast/sdmx/rules"
	"urncast/sdmx/sdmxtest"
)

func empty(t *testing.T, c sdmx.Class) sdmx.Maintainable {
	t.Helper()
	m, err := sdmx.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A class that this program has a type for is known everywhere: each of these checks names what
// was forgotten when the type was added (CONTRIBUTING.md, "Adding a type").
func TestEveryClassIsKnownEverywhere(t *testing.T) {
	for _, c := range sdmx.Modelled() {
		t.Run(c.String(), func(t *testing.T) {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("%s: %v", c, p)
				}
			}()
			for seed := range 4 {
				m := sdmxtest.Fill(empty(t, c), seed)
				stored(t, m)
				references(t, m)
				items(t, m)
				compared(t, m, sdmxtest.Fill(empty(t, c), seed+1))
				merged(t, m)
				for _, f := range rules.Check(m) {
					t.Errorf("seed %d: the filled %s breaks a rule (values.go, or a rule): %s", seed, c, f)
				}
				written(t, c, seed)
			}
			named(t, c)
			flags(t, reflect.TypeOf(empty(t, c)).Elem(), map[reflect.Type]bool{})
		})
	}
}

// A class that formats describe has a type.
func TestNoClassIsHalfKnown(t *testing.T) {
	for _, c := range structures.Classes() {
		if !c.Modelled() {
			t.Errorf("formats/structures/classes.go describes a %s, and its row in sdmx/classtable.go has no construct", c)
		}
	}
}

// stored: every field is filled, and comes back from the canonical form.
func stored(t *testing.T, m sdmx.Maintainable) {
	t.Helper()
	back, err := sdmx.ParseCanonical(m.Class(), sdmx.AppendCanonical(nil, m))
	if err != nil {
		t.Errorf("the stored form of a %s cannot be read: %v", m.Class(), err)
	} else if !reflect.DeepEqual(m, back) {
		t.Errorf("the stored form of a %s loses something", m.Class())
	}
}

// references: each parses, in the spelling of both versions, to what it was.
func references(t *testing.T, m sdmx.Maintainable) {
	t.Helper()
	sdmx.EachRef(m, func(path string, r *sdmx.Ref) {
		spellings := []string{r.String()}
		for _, v := range []sdmx.Generation{sdmx.V2, sdmx.V3} {
			if r.Target().In(v) {
				spellings = append(spellings, r.Spell(v))
			}
		}
		for _, s := range spellings {
			back, err := sdmx.ParseRef(s)
			if err != nil || back.Class.Family() != r.Class.Family() || s == r.String() && back != *r {
				t.Errorf("%s of a %s, %s, is read as %s: %v", path, m.Class(), s, back, err)
			}
		}
	})
}

// items: EachItem yields what stands in fields with the flag items, of classes that the table of
// classes has in this owner, and schemes find each by its path.
func items(t *testing.T, m sdmx.Maintainable) {
	t.Helper()
	c := m.Class()
	seen, count := map[sdmx.Class]bool{}, 0
	at := map[[2]any]bool{}
	sdmx.EachItem(m, func(it sdmx.Item) {
		if !slices.Contains(it.Class.Owners(), c) {
			t.Errorf("a %s holds a %s, and the row of that class in sdmx/classtable.go does not have %s among its owners", c, it.Class, c)
		}
		key, inside := [2]any{it.Class.Kind(), it.Path}, false
		if it.Path == "" || at[key] {
			t.Errorf("a %s yields the %s %q, which is no path of its own", c, it.Class, it.Path)
		}
		at[key], seen[it.Class.Kind()] = true, true
		for k := range at { // a level stands in a hierarchy
			inside = inside || k[1] == it.Parent
		}
		if it.Parent != "" && !inside && it.Nests {
			t.Errorf("a %s yields %s before its parent %s", c, it.Path, it.Parent)
		}
		if it.Value != nil {
			count++
		}
		if s, ok := m.(sdmx.ItemScheme); ok && !s.HasItem(it.Path) {
			t.Errorf("a %s yields the item %s, and has it not", c, it.Path)
		}
	})
	if want := inFields(reflect.ValueOf(m).Elem()); count != want {
		t.Errorf("EachItem of a %s yields %d items, and its fields with the flag items hold %d", c, count, want)
	}
	for _, k := range c.Items() {
		if !seen[k.Kind()] && k.In(sdmx.V3) == c.In(sdmx.V3) {
			t.Errorf("by sdmx/classtable.go, a %s can hold a %s, and the filled one yields none: eachItem or values.go", c, k)
		}
	}
	if sdmx.CountItems(m) > 0 != c.MadeOfItems() && c != sdmx.ClassStructureMap { // which is of component maps, and those are no items
		t.Errorf("sdmx/classtable.go says what items of a %s are called (items): %t; the filled one has %d", c, c.MadeOfItems(), count)
	}
}

// inFields counts the elements of fields with the flag items.
func inFields(v reflect.Value) (n int) {
	for i := range v.NumField() {
		sf, f := v.Type().Field(i), v.Field(i)
		if sf.Anonymous {
			n += inFields(f)
		} else if sdmx.IsItemField(sf) && f.Kind() == reflect.Slice {
			n += f.Len()
			for k := range f.Len() {
				n += inFields(f.Index(k))
			}
		}
	}
	return n
}

// textTypes are the types of what may change in a final version wherever it stands. Texts are not:
// those of a contact are its content.
var textTypes = []reflect.Type{reflect.TypeFor[[]sdmx.Annotation](), reflect.TypeFor[[]sdmx.Link]()}

// flags: what has a name and an id, and stands in a list, is an item; annotations, links and URIs
// are marked as what may change.
func flags(t *testing.T, typ reflect.Type, seen map[reflect.Type]bool) {
	t.Helper()
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || seen[typ] {
		return
	}
	seen[typ] = true
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct && !sdmx.IsItemField(f) {
			if n, ok := f.Type.Elem().FieldByName("Nameable"); ok && n.Anonymous {
				t.Errorf("%s.%s holds objects with ids and names, and is not marked as a list of items (tag c:\"n,items\")", typ, f.Name)
			}
		}
		text := strings.HasSuffix(f.Tag.Get("c"), ",text")
		if !text && (f.Name == "URI" || slices.Contains(textTypes, f.Type)) {
			t.Errorf("%s.%s may change in a final version, and is not marked (tag c:\"n,text\")", typ, f.Name)
		}
		if text {
			continue
		}
		flags(t, f.Type, seen)
	}
}

// compared: a structure does not differ from itself, and differs from itself with any field
// changed.
func compared(t *testing.T, m, other sdmx.Maintainable) {
	t.Helper()
	if d := diff.Between(m, m); !d.Empty() {
		t.Errorf("a %s differs from itself: %+v", m.Class(), d.Changes[0])
	}
	if d := diff.Between(m, other); d.Empty() {
		t.Errorf("two versions of a %s with other values are said to be the same", m.Class())
	}
	was := sdmx.AppendCanonical(nil, m)
	eachLeaf(reflect.ValueOf(m).Elem(), m.Class().String(), func(path string, enumeration bool, change func()) {
		before, err := sdmx.ParseCanonical(m.Class(), was)
		if err != nil {
			t.Fatal(err)
		}
		change()
		if bytes.Equal(sdmx.AppendCanonical(nil, m), was) {
			return // the same, such as an empty list
		}
		d := diff.Between(before, m)
		if d.Empty() {
			t.Errorf("a change of %s is not seen by the comparison of versions", path)
		}
		for _, x := range d.Changes {
			if enumeration && x.Before+x.After != "" && strings.Trim(x.Before+x.After, "0123456789") == "" {
				t.Errorf("the values of %s have no words in registry/diff/values.go (enumWords)", path)
			}
		}
	})
}

// eachLeaf calls fn for each value in a struct but identity; change changes it, until fn returns.
func eachLeaf(v reflect.Value, path string, fn func(path string, enumeration bool, change func())) {
	for i := range v.NumField() {
		sf, f := v.Type().Field(i), v.Field(i)
		name := path + "." + sf.Name
		was := reflect.New(f.Type()).Elem()
		was.Set(f)
		switch {
		case sf.Anonymous && sf.Name == "Artefact":
			continue // the same in all classes
		case f.Type() == reflect.TypeFor[sdmx.Ref]():
			fn(name, false, func() { f.SetZero() })
		case f.Kind() == reflect.String && sf.Name != "ID":
			fn(name, false, func() { f.SetString(f.String() + "7") })
		case f.Kind() == reflect.Bool:
			fn(name, false, func() { f.SetBool(!f.Bool()) })
		case f.Kind() == reflect.Uint8:
			fn(name, true, func() { f.SetUint((f.Uint() + 1) % 3) })
		case f.Kind() == reflect.Struct:
			eachLeaf(f, name, fn)
		case f.Kind() == reflect.Pointer && !f.IsNil():
			eachLeaf(f.Elem(), name, fn)
			fn(name, false, func() { f.SetZero() })
		case f.Kind() == reflect.Slice && f.Len() > 0:
			if f.Type().Elem().Kind() == reflect.Struct && f.Type().Elem() != reflect.TypeFor[sdmx.Ref]() {
				eachLeaf(f.Index(0), name+"[0]", fn)
			}
			fn(name, false, func() { f.Set(f.Slice(0, f.Len()-1)) })
		}
		f.Set(was)
	}
}

// merged: what is merged into an empty structure is there afterwards.
func merged(t *testing.T, m sdmx.Maintainable) {
	t.Helper()
	into, from := empty(t, m.Class()), empty(t, m.Class())
	for _, x := range []sdmx.Maintainable{into, from} {
		b, err := sdmx.ParseCanonical(m.Class(), sdmx.AppendCanonical(nil, m))
		if err != nil {
			t.Fatal(err)
		}
		reflect.ValueOf(x).Elem().Set(reflect.ValueOf(b).Elem())
	}
	a := *into.Common()
	reflect.ValueOf(into).Elem().SetZero()
	into.Common().Agency, into.Common().ID, into.Common().Version = a.Agency, a.ID, a.Version
	sdmx.Merge(into, from, true)
	if got := sdmx.AppendCanonical(nil, into); !bytes.Equal(got, sdmx.AppendCanonical(nil, m)) {
		d := diff.Between(m, into)
		t.Errorf("a merge of a whole %s into one without content leaves something out: %+v", m.Class(), d.Changes)
	}
}

// named: people and queries have a name for it.
func named(t *testing.T, c sdmx.Class) {
	t.Helper()
	for _, name := range c.Spellings() { // in any version
		if !slices.Contains(sdmx.ClassesByREST(strings.ToLower(name)), c) {
			t.Errorf("a query of %s does not find structures of class %s: rest in its row of sdmx/classtable.go", strings.ToLower(name), c)
		}
	}
	for _, w := range []string{c.Word(), c.Words(), c.ItemWord(1), c.ItemWord(2)} {
		if w == "" || strings.ToLower(w[:1]) != w[:1] && !strings.HasPrefix(w, "VTL") {
			t.Errorf("people call it %q", w)
		}
	}
}

// withoutURN are the classes whose URNs the schema of SDMX-JSON 2.0 does not take, so that its
// messages have none.
var withoutURN = []sdmx.Class{sdmx.ClassValueList, sdmx.ClassGeographicCodelist, sdmx.ClassGeoGridCodelist}

// written: each format that has the class writes it, and reads what it wrote: the same, but for
// the declared losses. A format that does not have it says so.
func written(t *testing.T, c sdmx.Class, seed int) {
	t.Helper()
	if !slices.Contains(structures.Classes(), c) {
		t.Fatalf("formats/structures/classes.go has no description of a %s (describe in its row)", c)
	}
	for _, f := range formats.All() {
		m := sdmxtest.For(empty(t, c), seed, f.Name)
		for _, x := range rules.Check(m) {
			t.Errorf("the %s for %s breaks a rule: %s", c, f.Name, x)
		}
		b, err := formats.AppendMessage(nil, f, formats.Header{ID: "A", Prepared: time.Unix(0, 0), Sender: "S"}, m)
		has := c.In(f.Generation())
		if !c.In(sdmx.V2) && !c.In(sdmx.V3) { // a type of Fusion Metadata Registry
			has = f == formats.FusionJSON
		}
		if f.Has(c) != has && !c.Apart() { // SDMX-JSON 2.0 has no messages of registrations
			t.Errorf("%s has a %s: %t, and by sdmx/classtable.go (v2, v3) its version of SDMX has it: %t; formats/structures/classes.go", f.Name, c, f.Has(c), !f.Has(c))
		}
		if !f.Has(c) {
			if err == nil {
				t.Errorf("%s does not have a %s, and writes it", f.Name, c)
			}
			continue
		}
		if err != nil {
			t.Errorf("formats/structures: %v; or sdmx/sdmxtest/values.go fills what it cannot express", err)
			continue
		}
		if want := f.URN(sdmx.URNOf(m)); !c.Apart() && !bytes.Contains(b, []byte(want)) && !(f == formats.SDMXJSON20 && slices.Contains(withoutURN, c)) {
			t.Errorf("%s: the URN in a message with a %s is not the key of the message, %s", f.Name, c, want)
		}
		for _, it := range withURN(sdmx.As(m, f.Generation()), f) {
			if !bytes.Contains(b, []byte(it)) {
				t.Errorf("%s: a message with a %s does not have the URN of an item, %s", f.Name, c, it)
			}
		}
		var back []sdmx.Maintainable
		sum, err := formats.Read(bytes.NewReader(b), formats.ReadOptions{Requests: true}, func(m sdmx.Maintainable, _ string) error {
			back = append(back, m)
			return nil
		})
		m = sdmx.As(m, f.Generation()) // what is written, and comes back
		if err != nil || len(back) != 1 || sdmx.URNOf(back[0]) != sdmx.URNOf(m) {
			t.Errorf("%s: the message with a %s is read as %v: %v\n%s", f.Name, c, back, err, b)
			continue
		}
		if sum.Warnings.Count > 0 {
			t.Errorf("%s: what was written of a %s is read with remarks: %s", f.Name, c, sum.Warnings.First[0])
		}
		if got, want := sdmx.ItemIDs(back[0]), sdmx.ItemIDs(m); !slices.Equal(got, want) {
			t.Errorf("%s: of the items %v of a %s came back %v", f.Name, want, c, got)
		}
		if l := formats.Losses(f, back[0]); len(l) > 0 {
			t.Errorf("%s: %+v of a %s is said to be lost, and came back", f.Name, l, c)
		}
		lostUntold(t, f, c.String(), reflect.ValueOf(m).Elem(), reflect.ValueOf(back[0]).Elem(), back[0])
	}
}

// withURN returns the URNs of items as a format writes them; none of components, some of which
// change their class from one version of SDMX to the other.
func withURN(m sdmx.Maintainable, f *formats.Format) (urns []string) {
	if m.Class() == sdmx.ClassDataStructure || m.Class() == sdmx.ClassMetadataStructure || f == formats.SDMXJSON20 && slices.Contains(withoutURN, m.Class()) {
		return nil
	}
	sdmx.EachItem(m, func(it sdmx.Item) {
		if it.Class != sdmx.ClassValueItem {
			r := sdmx.Ref{URN: sdmx.URNOf(m), ItemClass: it.Class, Item: it.Path}
			urns = append(urns, r.Spell(f.Generation()))
		}
	})
	return urns
}

// lostUntold: where what came back (is, a part of whole, which has no losses) differs from what was
// written, a loss is declared: when the difference is put into it, it has one.
func lostUntold(t *testing.T, f *formats.Format, path string, was, is reflect.Value, whole sdmx.Maintainable) {
	t.Helper()
	if reflect.DeepEqual(was.Interface(), is.Interface()) {
		return
	}
	switch {
	case was.Kind() == reflect.Struct && was.Type() != reflect.TypeFor[sdmx.Ref]():
		for i := range was.NumField() {
			lostUntold(t, f, path+"."+was.Type().Field(i).Name, was.Field(i), is.Field(i), whole)
		}
		return
	case was.Kind() == reflect.Pointer && !was.IsNil() && !is.IsNil():
		lostUntold(t, f, path, was.Elem(), is.Elem(), whole)
		return
	case was.Kind() == reflect.Slice && was.Len() == is.Len():
		for i := range was.Len() {
			lostUntold(t, f, fmt.Sprintf("%s[%d]", path, i), was.Index(i), is.Index(i), whole)
		}
		return
	}
	now := reflect.New(is.Type()).Elem()
	now.Set(is)
	is.Set(was)
	if len(formats.Losses(f, whole)) == 0 {
		t.Errorf("%s: %s was %+v, came back as %+v, and no loss is declared", f.Name, path, was, now)
	}
	is.Set(now)
}
