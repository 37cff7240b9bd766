package sdmx

import (
	"bytes"
	"fmt"
	"reflect"
)

// A Remark is something that was sent and not taken, or was lost to what was sent.
type Remark struct {
	Path string // in what was sent, as EachRef writes it
	Text string // a sentence
}

// Merge brings what was sent (from) into what is stored (into) and says, in remarks,
// what of it was not taken. Both are of one class, or it panics. It keeps parts of
// from, which must not be changed afterwards.
//
// With replace it is an update (SDMX REST 2.x, maintenance; FMR's Merge):
//   - names and descriptions are put per language, beside those that are there;
//   - annotations, links, uri, validity, isFinal and the addresses of a stub take the
//     place of what is there, as far as they were sent: nothing is taken away;
//   - each item takes the place of the one with the same id, or is added: behind the
//     item that was sent before it, before the one that was sent after it, or at the
//     end. Of a tree, an item of the first level takes the place of its whole branch;
//   - codelist extensions take the place of those of the same codelist, or are added;
//   - what is no list of items, such as the components of a data structure, is taken
//     whole, unless none of it was sent;
//   - a scheme that was sent whole makes a partial one or a stub whole, and a stub that
//     was sent takes nothing away from what is there.
//
// Without replace (Append) only items are added, on every level of a tree, and
// nothing that is there changes.
//
// What comes of it must be held against the rules again: Check.
func Merge(into, from Maintainable, replace bool) []Remark {
	if into.Class() != from.Class() {
		panic(fmt.Sprintf("sdmx: a %s cannot be merged into a %s", from.Class(), into.Class()))
	}
	l := &leftover{stub: into.Common().External}
	if replace {
		mergeCommon(into.Common(), from.Common(), l)
	} else {
		keptCommon(into.Common(), from.Common(), l)
	}
	scheme, ok := into.(ItemScheme)
	if !ok {
		mergeContent(into, from, replace, l)
		return l.list()
	}
	if to, ok := into.(*Codelist); ok {
		mergeExtensions(to, from.(*Codelist), replace, l)
	}
	scheme.mergeItems(from, replace, l)
	return l.list()
}

// A leftover gathers remarks, the first hundred in full.
type leftover struct {
	remarks []Remark
	more    int
	stub    bool // what is stored was one
}

func (l *leftover) add(path, format string, args ...any) {
	if len(l.remarks) == faultsMax {
		l.more++
		return
	}
	l.remarks = append(l.remarks, Remark{path, fmt.Sprintf(format, args...)})
}

func (l *leftover) list() []Remark {
	if l.more > 0 {
		return append(l.remarks, Remark{"", fmt.Sprintf("%d more remarks of this kind are left out.", l.more)})
	}
	return l.remarks
}

func mergeCommon(into, from *Artefact, l *leftover) {
	for _, t := range from.Names {
		into.Names.Set(t.Lang, t.Value)
	}
	for _, t := range from.Descriptions {
		into.Descriptions.Set(t.Lang, t.Value)
	}
	into.Names.sort()
	into.Descriptions.sort()
	if len(from.Annotations) > 0 {
		into.Annotations = from.Annotations
	}
	if len(from.Links) > 0 {
		into.Links = from.Links
	}
	for _, f := range []struct{ into, from *string }{
		{&into.URI, &from.URI}, {&into.ValidFrom, &from.ValidFrom}, {&into.ValidTo, &from.ValidTo},
		{&into.ServiceURL, &from.ServiceURL}, {&into.StructureURL, &from.StructureURL},
	} {
		if *f.from != "" {
			*f.into = *f.from
		}
	}
	into.Final = into.Final || from.Final
	if from.External && !into.External {
		l.add("External", "It was sent as a stub (isExternalReference), and is held here with its content, which stays.")
	}
	into.External = into.External && from.External
}

// keptCommon says which common parts were sent with something else than what is there.
func keptCommon(into, from *Artefact, l *leftover) {
	a, b := reflect.ValueOf(into).Elem(), reflect.ValueOf(from).Elem()
	for _, f := range planOf(b.Type()).fields {
		x, y := f.of(a), f.of(b)
		if f.unsaid(y) || f.same(x, y) {
			continue
		}
		l.add(f.name, "%s differs from what is in the registry, and append changes nothing that is there. To change it, use merge or replace.", f.name)
	}
}

// unsaid reports whether a field is as if it were not there.
func (f *field) unsaid(v reflect.Value) bool {
	return v.IsZero() || f.kind == kindSlice && v.Len() == 0
}

// same reports whether two values of a field have one canonical form.
func (f *field) same(x, y reflect.Value) bool {
	if f.unsaid(x) || f.unsaid(y) {
		return f.unsaid(x) && f.unsaid(y)
	}
	return bytes.Equal(f.append(nil, x, false), f.append(nil, y, false))
}

// commonPlan is the part of every class that is not its own.
var commonPlan = planOf(reflect.TypeFor[Artefact]())

// mergeContent is for what has no items: what makes its class is taken as a whole.
func mergeContent(into, from Maintainable, replace bool, l *leftover) {
	a, b := reflect.ValueOf(into).Elem(), reflect.ValueOf(from).Elem()
	var own []*field
	sent, differs := false, false
	p := planOf(a.Type())
	for i := range p.fields {
		f := &p.fields[i]
		if int(f.number) < len(commonPlan.byNum) && commonPlan.byNum[f.number] != 0 {
			continue
		}
		own = append(own, f)
		x, y := f.of(a), f.of(b)
		sent = sent || !f.unsaid(y)
		differs = differs || !f.same(x, y)
	}
	switch {
	case !sent || !differs:
	case replace:
		for _, f := range own {
			f.of(a).Set(f.of(b))
		}
	default:
		l.add("", "It differs from what is in the registry, and append changes nothing that is there. To change it, use merge or replace.")
	}
}

func mergeExtensions(into, from *Codelist, replace bool, l *leftover) {
	at := map[Ref]int{}
	for i := range into.Extensions {
		at[into.Extensions[i].Codelist] = i
	}
	for i := range from.Extensions {
		x := from.Extensions[i]
		switch j, known := at[x.Codelist]; {
		case !known:
			into.Extensions = append(into.Extensions, x)
		case replace:
			into.Extensions[j] = x
		case !reflect.DeepEqual(into.Extensions[j], x):
			l.add(fmt.Sprintf("Extensions[%d]", i), "The extension by %s differs from the one in the registry, and append changes nothing that is there. To change it, use merge or replace.", x.Codelist)
		}
	}
}

// mergeItems implements ItemScheme.
func (s *Scheme[T]) mergeItems(from Maintainable, replace bool, l *leftover) {
	sent := from.(interface{ scheme() *Scheme[T] }).scheme()
	switch missing := sent.Partial || sent.External || len(sent.Items) == 0; {
	case !replace:
	case l.stub:
		s.Partial = sent.Partial
	default:
		s.Partial = s.Partial && missing
	}
	s.Items = mergeLists(s.Items, sent.Items, "Items", replace, l)
}

func (s *Scheme[T]) scheme() *Scheme[T] { return s }

// mergeLists merges one level. What was sent twice is added, so that Check finds it.
func mergeLists[T any](into, from []T, path string, replace bool, l *leftover) []T {
	const fresh = -1
	at := make(map[string]int, len(into))
	for i := range into {
		at[idOf(&into[i])] = i
	}
	var front, back []T // new items before the first known one, or without any
	behind := map[int][]T{}
	before, anchor := fresh, fresh
	for k := range from {
		x := &from[k]
		i, known := at[idOf(x)]
		if known && i != fresh {
			replaceItem(&into[i], x, fmt.Sprintf("%s[%d]", path, k), replace, l)
			if anchor == fresh {
				front, back, before = back, nil, i
			}
			anchor, at[idOf(x)] = i, fresh
			continue
		}
		if anchor == fresh {
			back = append(back, *x)
		} else {
			behind[anchor] = append(behind[anchor], *x)
		}
	}
	if len(front) == 0 && len(behind) == 0 {
		return append(into, back...)
	}
	out := make([]T, 0, len(into)+len(from))
	for i := range into {
		if i == before {
			out = append(out, front...)
		}
		out = append(append(out, into[i]), behind[i]...)
	}
	return append(out, back...)
}

// replaceItem puts an item in place of the one with its id, or says what of it stays.
func replaceItem[T any](into, from *T, path string, replace bool, l *leftover) {
	old, tree := any(into).(nesting[T])
	if replace {
		if tree {
			lostBranch(*old.children(), *any(from).(nesting[T]).children(), idOf(from), path, l)
		}
		*into = *from
		return
	}
	kept := *from
	if tree {
		list := old.children()
		*list = mergeLists(*list, *any(from).(nesting[T]).children(), path+".Items", replace, l)
		*any(&kept).(nesting[T]).children() = *list
	}
	p := planOf(reflect.TypeFor[T]())
	if !bytes.Equal(p.append(nil, reflect.ValueOf(into).Elem(), false), p.append(nil, reflect.ValueOf(&kept).Elem(), false)) {
		l.add(path, "Item %s differs from the one in the registry, and append changes nothing that is there. To change it, use merge or replace.", clip(idOf(from)))
	}
}

// lostBranch says which items below one are gone with the branch that was there.
func lostBranch[T any](old, sent []T, id, path string, l *leftover) {
	there := make(map[string]*T, len(sent))
	for i := range sent {
		there[idOf(&sent[i])] = &sent[i]
	}
	for i := range old {
		below := id + "." + idOf(&old[i])
		now := there[idOf(&old[i])]
		if now == nil {
			l.add(path, "Item %s takes the place of the whole branch that was there, and %s was not sent: it is gone, with what was below it.", clip(id), clip(below))
			continue
		}
		lostBranch(*any(&old[i]).(nesting[T]).children(), *any(now).(nesting[T]).children(), below, path, l)
	}
}
