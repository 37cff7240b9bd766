// Package sdmxtest fills structures of every class with values, for tests that must not forget
// a class or a field.
package sdmxtest

import (
	"fmt"
	"reflect"
	"strings"

	"urncast/sdmx"
	"urncast/sdmx/rules"
)

// Fill fills every field of a structure with a value that breaks no rule (rules.Check), and
// returns the structure. Lists get two elements. Another seed gives other values, but the same
// agency, id and version. What cannot be guessed from a field's type is in values.go. It panics
// for a field for which nothing valid is known.
func Fill[T sdmx.Maintainable](m T, seed int) T {
	f := filler{seed: seed, inside: map[reflect.Type]int{}}
	f.fields(reflect.ValueOf(m).Elem())
	a := m.Common()
	a.Agency, a.ID, a.Version, a.External = "AG", "X1", "1.0", false
	if id := m.Class().FixedID(); id != "" {
		a.ID, a.Final = id, false
	}
	if s, ok := any(m).(sdmx.ItemScheme); ok {
		s.SetPartial(false)
	}
	if adjust := adjusted[m.Class()]; adjust != nil {
		adjust(m, seed)
	}
	sdmx.EachRef(m, func(path string, r *sdmx.Ref) { f.point(m, path, r) })
	if err := sdmx.Complete(m); err != nil {
		panic(fmt.Sprintf("sdmxtest: the filled %s: %s", m.Class(), err))
	}
	return m
}

// For fills a structure like Fill, without what a format cannot express at all. The format is
// one of package formats by its name, such as sdmx-ml-2.1.
func For[T sdmx.Maintainable](m T, seed int, format string) T {
	Fill(m, seed)
	if adjust := suited[m.Class()]; adjust != nil {
		adjust(m, format)
	}
	return m
}

type filler struct {
	seed, n int
	inside  map[reflect.Type]int // how often a type stands in itself here
}

var (
	refType     = reflect.TypeFor[sdmx.Ref]()
	textsType   = reflect.TypeFor[sdmx.Texts]()
	versionType = reflect.TypeFor[sdmx.Version]()
)

// placeholder is a reference that point replaces.
var placeholder = sdmx.RefTo(sdmx.URN{Class: sdmx.ClassDataflow, Agency: "AG", ID: "PLACEHOLDER", Version: "1.0"})

func (f *filler) fields(v reflect.Value) {
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		f.n++
		if sf.Anonymous {
			f.fields(v.Field(i))
			continue
		}
		if parent := strings.HasSuffix(sf.Tag.Get("c"), ",parent"); parent {
			continue // set by siblings
		}
		f.value(v.Field(i), v.Type().Name()+"."+sf.Name)
	}
}

// value fills a value; name is that of its type and field, such as Code.Parent.
func (f *filler) value(v reflect.Value, name string) {
	t := v.Type()
	switch {
	case t == refType:
		v.Set(reflect.ValueOf(placeholder))
	case t == textsType:
		v.Set(reflect.ValueOf(sdmx.Texts{{Lang: "en", Value: f.text()}, {Lang: "fr", Value: f.text()}}))
	case t == versionType:
		v.SetString("1.0")
	case t.Kind() == reflect.String:
		v.SetString(f.word(name))
	case t.Kind() == reflect.Bool:
		v.SetBool(true)
	case t.Kind() == reflect.Uint8:
		count, known := kinds[t]
		if !known {
			panic(fmt.Sprintf("sdmxtest: %s (%s): kinds in values.go does not say how many values there are", name, t))
		}
		v.SetUint(uint64((f.n + f.seed) % count))
	case t.Kind() == reflect.Pointer:
		p := reflect.New(t.Elem())
		f.fields(p.Elem())
		v.Set(p)
	case t.Kind() == reflect.Slice:
		f.slice(v, name)
	case t.Kind() == reflect.Struct:
		f.fields(v)
	default:
		panic(fmt.Sprintf("sdmxtest: %s is of type %s, which nothing fills", name, t))
	}
}

// slice makes a list of two elements. A type stands at most twice in itself.
func (f *filler) slice(v reflect.Value, name string) {
	elem := v.Type().Elem()
	if f.inside[elem] == 2 {
		return
	}
	f.inside[elem]++
	v.Set(reflect.MakeSlice(v.Type(), 2, 2))
	for i := range 2 {
		f.n++
		if elem.Kind() == reflect.Struct && elem != refType {
			f.fields(v.Index(i))
		} else {
			f.value(v.Index(i), name)
		}
	}
	f.inside[elem]--
	f.parents(v)
}

// parents makes the second item of a list a child of the first, if items name their parents.
func (f *filler) parents(v reflect.Value) {
	elem := v.Type().Elem()
	if elem.Kind() != reflect.Struct {
		return
	}
	for i := range elem.NumField() {
		if strings.HasSuffix(elem.Field(i).Tag.Get("c"), ",parent") {
			v.Index(1).Field(i).SetString(v.Index(0).FieldByName("ID").String())
		}
	}
}

func (f *filler) text() string {
	f.n++
	return fmt.Sprintf("text %d", f.number())
}

// number is another one for each place and seed.
func (f *filler) number() int { return 1000*(f.seed+1) + f.n }

// word returns a text for a field. One that values.go does not know gets a number, which is
// valid as a number, as an id of a code, and as text.
func (f *filler) word(name string) string {
	field := name[strings.IndexByte(name, '.')+1:]
	for _, known := range []string{name, field} {
		if some := words[known]; len(some) > 0 {
			return some[(f.n+f.seed)%len(some)]
		}
	}
	switch {
	case field == "ID":
		return fmt.Sprintf("I%d", f.n) // the same for each seed, so that versions of an item meet
	case strings.Contains(field, "UR"), strings.HasSuffix(field, "Location"):
		return fmt.Sprintf("https://example.org/%d", f.number())
	}
	return fmt.Sprint(f.number())
}

// point makes a reference point to one of the classes that its place permits.
func (f *filler) point(m sdmx.Maintainable, path string, r *sdmx.Ref) {
	if *r != placeholder {
		return // values.go has set it
	}
	may, known := rules.TargetsOf(m, path)
	if !known {
		panic(fmt.Sprintf("sdmxtest: %s of a %s is no path of a reference in sdmx/rules/rows.go", path, m.Class()))
	}
	f.n++
	class := sdmx.ClassDataflow
	if len(may) > 0 {
		class = may[(f.n+f.seed)%len(may)]
	}
	id := fmt.Sprintf("S%d", f.number())
	if len(class.Owners()) > 0 && !class.Maintainable() {
		*r = sdmx.RefToItem(class, "AG", id, "1.0", fmt.Sprintf("I%d", f.number()))
		return
	}
	*r = sdmx.RefTo(sdmx.URN{Class: class, Agency: "AG", ID: id, Version: "1.0"})
}
