package diff

import (
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"urncast/sdmx"
)

// A leaf is one value inside a structure or an item.
type leaf struct {
	kind  Kind   // Text, Reference or Property
	field string // for people
	lang  string
	value string
}

// leaves keep the order in which they were found.
type leaves struct {
	keys  []string
	at    map[string]leaf
	count map[string]int // how often a key was there
}

func newLeaves() *leaves { return &leaves{at: map[string]leaf{}, count: map[string]int{}} }

// add adds a value. Values with the same key are numbered.
func (l *leaves) add(key string, v leaf) {
	if v.value == "" {
		return
	}
	l.count[key]++
	if n := l.count[key]; n > 1 {
		key += "#" + strconv.Itoa(n)
	}
	l.keys = append(l.keys, key)
	l.at[key] = v
}

// compareLeaves appends a change for each leaf that differs. like has the fields that these
// changes have in common.
func compareLeaves(out []Change, like Change, before, after *leaves) []Change {
	change := func(v leaf, was, is string) {
		c := like
		c.Kind, c.Field, c.Lang, c.Before, c.After = v.kind, v.field, v.lang, was, is
		out = append(out, c)
	}
	for _, key := range before.keys {
		was, is := before.at[key], after.at[key]
		if was.value != is.value {
			change(was, was.value, is.value)
		}
	}
	for _, key := range after.keys {
		if _, there := before.at[key]; !there {
			change(after.at[key], "", after.at[key].value)
		}
	}
	return out
}

// ownLeaves returns the leaves of a structure without those of its items.
func ownLeaves(m sdmx.Maintainable) *leaves {
	l := newLeaves()
	l.addFields(reflect.ValueOf(m).Elem(), "", nil, map[string]bool{"ID": true, "Agency": true, "Version": true})
	return l
}

// leavesOf returns the leaves of an item without its id and parent, which are compared as a
// rename and a move, and without nested items.
func leavesOf(item any) *leaves {
	l := newLeaves()
	l.addFields(reflect.ValueOf(item).Elem(), "", nil, map[string]bool{"ID": true})
	return l
}

var (
	textsType = reflect.TypeFor[sdmx.Texts]()
	refType   = reflect.TypeFor[sdmx.Ref]()
	enumWords = map[reflect.Type][]string{
		reflect.TypeFor[sdmx.DimensionKind]():  {"", "measure", "time"},
		reflect.TypeFor[sdmx.AttachmentKind](): {"", "dimensions", "group", "observation"},
		reflect.TypeFor[sdmx.OptBool]():        {"", "false", "true"},
	}
	// unnamed are structs whose names are left out of the names of their fields.
	unnamed = map[string]bool{"Representation": true, "Format": true}
)

// addFields adds the leaves of a struct. skip names fields of its first level to be left out.
// What EachItem yields is left out too: it is compared as items.
func (l *leaves) addFields(v reflect.Value, key string, names []string, skip map[string]bool) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch {
		case f.Anonymous:
			l.addFields(v.Field(i), key, names, skip)
		case skip[f.Name], sdmx.IsItemField(f):
		default:
			in := names
			if !unnamed[f.Name] {
				in = append(names[:len(names):len(names)], fieldWords(f.Name))
			}
			l.addValue(v.Field(i), key+"."+f.Name, in)
		}
	}
}

// addValue adds the leaves of a value: key identifies it among the leaves, and names are the
// words of its field for people.
func (l *leaves) addValue(v reflect.Value, key string, names []string) {
	field := strings.Join(names, ", ")
	switch {
	case v.Type() == textsType:
		for _, t := range v.Interface().(sdmx.Texts) {
			l.add(key+":"+t.Lang, leaf{Text, field, t.Lang, t.Value})
		}
	case v.Type() == refType:
		r := v.Interface().(sdmx.Ref)
		l.add(key, leaf{Reference, field, "", r.String()})
	case enumWords[v.Type()] != nil:
		if w := enumWords[v.Type()]; int(v.Uint()) < len(w) {
			l.add(key, leaf{Property, field, "", w[v.Uint()]})
		} else {
			l.add(key, leaf{Property, field, "", strconv.FormatUint(v.Uint(), 10)})
		}
	case v.Kind() == reflect.String:
		l.add(key, leaf{Property, field, "", v.String()})
	case v.Kind() == reflect.Bool && v.Bool():
		l.add(key, leaf{Property, field, "", "true"})
	case v.Kind() == reflect.Struct:
		l.addFields(v, key, names, nil)
	case v.Kind() == reflect.Pointer && !v.IsNil():
		l.add(key+"^", leaf{Property, field, "", emptyMarker(v.Elem())})
		l.addFields(v.Elem(), key, names, nil)
	case v.Kind() == reflect.Slice:
		l.addSlice(v, key, names)
	}
}

// emptyMarker returns a value for a struct that exists but has only zero fields, and so no
// leaves; empty for others.
func emptyMarker(v reflect.Value) string {
	if v.IsZero() {
		return "stated"
	}
	return ""
}

// addSlice adds the leaves of the elements of a slice.
func (l *leaves) addSlice(v reflect.Value, key string, names []string) {
	field := strings.Join(names, ", ")
	switch elem := v.Type().Elem(); {
	case elem.Kind() == reflect.String:
		l.add(key, leaf{Property, field, "", strings.Join(v.Interface().([]string), ", ")})
	case elem == refType:
		for i := range v.Len() {
			r := v.Index(i).Interface().(sdmx.Ref).String()
			l.add(key+":"+r, leaf{Reference, field, "", r})
		}
	case elem.Kind() == reflect.Struct:
		for i := range v.Len() {
			name := elementName(v.Index(i))
			in := append(names[:len(names):len(names)], name)
			if name == "" {
				name, in = strconv.Itoa(i), names
			}
			l.add(key+"["+name+"]^", leaf{Property, strings.Join(in, ", "), "", emptyMarker(v.Index(i))})
			l.addFields(v.Index(i), key+"["+name+"]", in, nil)
		}
	}
}

// elementName returns the name of an element of a slice: its id, type, title or similar.
func elementName(v reflect.Value) string {
	for _, name := range []string{"ID", "Type", "Title", "List", "Rel", "Value"} {
		if f := v.FieldByName(name); f.IsValid() && f.Kind() == reflect.String && f.String() != "" {
			return f.String()
		}
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
