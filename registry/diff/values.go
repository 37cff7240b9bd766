package diff

import (
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"urncast/sdmx"
)

// A comparison collects the changes of the values inside a structure or an item: texts,
// references and properties. It walks both versions at once; where one of them does not have a
// value, it is the zero reflect.Value.
type comparison struct {
	like Change // the fields that the changes have in common
	out  []Change
}

// compareOwn appends the changes of a structure without those of its items.
func compareOwn(out []Change, before, after sdmx.Maintainable) []Change {
	c := comparison{out: out}
	c.fields(reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem(), nil, map[string]bool{"ID": true, "Agency": true, "Version": true})
	return c.out
}

// compareInside appends the changes of an item, without its id and parent, which are compared as
// a rename and a move, and without nested items.
func compareInside(out []Change, like Change, before, after any) []Change {
	c := comparison{like, out}
	c.fields(reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem(), nil, map[string]bool{"ID": true})
	return c.out
}

var (
	textsType = reflect.TypeFor[sdmx.Texts]()
	refType   = reflect.TypeFor[sdmx.Ref]()
	enumWords = map[reflect.Type][]string{
		reflect.TypeFor[sdmx.DimensionKind]():  {"", "measure", "time"},
		reflect.TypeFor[sdmx.AttachmentKind](): {"", "dimensions", "group", "observation"},
		reflect.TypeFor[sdmx.OptBool]():        {"", "false", "true"},
		reflect.TypeFor[sdmx.TargetKind]():     {"object", "key", "data set", "constraint", "period"},
	}
	// unnamed are structs whose names are left out of the names of their fields.
	unnamed = map[string]bool{"Representation": true, "Format": true}
)

// leaf adds the change of one value, if it has changed. names are the words of its field.
func (c *comparison) leaf(k Kind, names []string, lang, was, is string) {
	if was != is {
		x := c.like
		x.Kind, x.Field, x.Lang, x.Before, x.After = k, strings.Join(names, ", "), lang, was, is
		c.out = append(c.out, x)
	}
}

// fields compares the fields of a struct. skip names fields of its first level to be left out.
// What EachItem yields is left out too: it is compared as items.
func (c *comparison) fields(a, b reflect.Value, names []string, skip map[string]bool) {
	there := a
	if !a.IsValid() {
		there = b
	}
	of := func(v reflect.Value, i int) reflect.Value {
		if v.IsValid() {
			return v.Field(i)
		}
		return v
	}
	for i := range there.NumField() {
		f := there.Type().Field(i)
		switch {
		case f.Anonymous:
			c.fields(of(a, i), of(b, i), names, skip)
		case skip[f.Name], sdmx.IsItemField(f):
		default:
			in := names
			if !unnamed[f.Name] {
				in = with(names, fieldWords(f.Name))
			}
			c.value(f.Type, of(a, i), of(b, i), in)
		}
	}
}

func with(names []string, more string) []string {
	return append(names[:len(names):len(names)], more)
}

// value compares two values of a type.
func (c *comparison) value(t reflect.Type, a, b reflect.Value, names []string) {
	switch {
	case t == textsType:
		c.texts(a, b, names)
	case t == refType:
		c.leaf(Reference, names, "", wordOf(a), wordOf(b))
	case t.Kind() == reflect.Struct:
		c.fields(a, b, names, nil)
	case t.Kind() == reflect.Pointer:
		pointed := func(v reflect.Value) reflect.Value {
			if v.IsValid() {
				v = v.Elem() // the zero Value of a nil pointer
			}
			return v
		}
		c.part(pointed(a), pointed(b), names)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && t.Elem() != refType:
		c.rows(a, b, names)
	case t.Kind() == reflect.Slice && t.Elem() == refType:
		c.refs(a, b, names)
	default:
		was, is := wordOf(a), wordOf(b)
		c.leaf(Property, names, "", was, is)
		if was == is && t.Kind() == reflect.Slice && was != "" && a.Len() != b.Len() { // "a, b" is not "a" and "b"
			c.leaf(Property, with(names, "count"), "", strconv.Itoa(a.Len()), strconv.Itoa(b.Len()))
		}
	}
}

// part compares two structs, of which one may be missing. One that is there but has only zero
// fields is said to be stated.
func (c *comparison) part(a, b reflect.Value, names []string) {
	switch {
	case !a.IsValid() && !b.IsValid():
		return
	case !a.IsValid():
		c.leaf(Property, names, "", "", emptyMarker(b))
	case !b.IsValid():
		c.leaf(Property, names, "", emptyMarker(a), "")
	}
	c.fields(a, b, names, nil)
}

// emptyMarker returns a value for a struct that exists but has only zero fields, and so no
// leaves; empty for others.
func emptyMarker(v reflect.Value) string {
	if v.IsZero() {
		return "stated"
	}
	return ""
}

// wordOf returns a value as a text; "" for a missing one, for false and for nothing.
func wordOf(v reflect.Value) string {
	if !v.IsValid() {
		return ""
	}
	if r, ok := v.Interface().(sdmx.Ref); ok {
		return r.String()
	}
	switch words := enumWords[v.Type()]; v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		if v.Bool() {
			return "true"
		}
		return ""
	case reflect.Uint8:
		if int(v.Uint()) < len(words) {
			return words[v.Uint()]
		}
		return strconv.FormatUint(v.Uint(), 10)
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = v.Index(i).String()
		}
		return strings.Join(parts, ", ")
	}
	panic("diff: nothing compares values of type " + v.Type().String())
}

// texts compares texts by language.
func (c *comparison) texts(a, b reflect.Value, names []string) {
	list := func(v reflect.Value) sdmx.Texts {
		if !v.IsValid() {
			return nil
		}
		return v.Interface().(sdmx.Texts)
	}
	before, after := list(a), list(b)
	in := func(t sdmx.Texts, lang string) (string, bool) {
		for i := range t {
			if t[i].Lang == lang {
				return t[i].Value, true
			}
		}
		return "", false
	}
	for _, t := range before {
		is, _ := in(after, t.Lang)
		c.leaf(Text, names, t.Lang, t.Value, is)
	}
	for _, t := range after {
		if _, there := in(before, t.Lang); !there {
			c.leaf(Text, names, t.Lang, "", t.Value)
		}
	}
}

// elementName returns the name of an element of a slice: its id, type, title or similar. A mapping
// is known by what it maps.
func elementName(v reflect.Value) string {
	for _, name := range []string{"ID", "Type", "Title", "List", "Rel", "Value", "Component", "Source", "Sources"} {
		if f := v.FieldByName(name); f.IsValid() {
			if s := nameIn(f); s != "" {
				return s
			}
		}
	}
	return ""
}

// nameIn returns the name that a field gives the struct that has it.
func nameIn(f reflect.Value) string {
	switch {
	case f.Kind() == reflect.String:
		return f.String()
	case f.Kind() == reflect.Slice:
		var all []string
		for i := range f.Len() {
			all = append(all, nameIn(f.Index(i)))
		}
		return strings.Join(all, ", ")
	case f.Kind() == reflect.Struct && f.Type() != refType:
		return elementName(f)
	}
	return ""
}

// fieldWords returns the name of a field as words in the singular: "max length" for MaxLength.
func fieldWords(name string) string {
	if name == strings.ToUpper(name) {
		return name
	}
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) && !unicode.IsUpper(runes[i-1]) {
			b.WriteByte(' ')
		}
		if i+1 < len(runes) && unicode.IsUpper(r) && unicode.IsUpper(runes[i+1]) {
			b.WriteRune(r)
			continue
		}
		b.WriteRune(unicode.ToLower(r))
	}
	switch s := b.String(); {
	case strings.HasSuffix(s, "ies"):
		return s[:len(s)-3] + "y"
	case strings.HasSuffix(s, "s") && s != "is sequence":
		return s[:len(s)-1]
	default:
		return s
	}
}
