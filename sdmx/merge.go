package sdmx

import (
	"bytes"
	"fmt"
	"reflect"
)

// A Remark is about a part that was sent and not taken, or that a merge has removed.
type Remark struct {
	Path string // in the submitted structure, as in EachRef
	Text string // a sentence
}

// Merge merges a submitted structure (from) into a stored one (into), and returns remarks about
// the parts that were not taken. It panics if they are of different classes. into shares parts
// with from afterwards, which must not be changed any more.
//
// With replace it is an update (SDMX REST 2.x, maintenance; Merge of Fusion Metadata Registry):
//   - names and descriptions are set per language; other languages stay;
//   - annotations, links, uri, validity, isFinal and the addresses of a stub replace the
//     stored ones if they were sent; none is removed;
//   - each item replaces the one with the same id, or is added: after the item that was sent
//     before it, before the one that was sent after it, or at the end. In a tree, an item of
//     the first level replaces its whole branch;
//   - codelist extensions replace those of the same codelist and prefix, or are added; if there
//     is one of a codelist in both, it is the same whatever its prefix. Other properties of a
//     scheme beside its items replace the stored ones if they were sent;
//   - contents that are not items, such as the components of a data structure, replace the
//     stored ones as a whole, unless none were sent;
//   - a whole scheme makes a stored partial scheme or stub whole; a submitted stub removes
//     nothing.
//
// Without replace (append) only items are added, on every level of a tree, and existing ones do
// not change.
//
// The result may break rules that both structures keep, and has to be checked again (Check).
func Merge(into, from Maintainable, replace bool) []Remark {
	if into.Class() != from.Class() {
		panic(fmt.Sprintf("sdmx: a %s cannot be merged into a %s", from.Class(), into.Class()))
	}
	l := &mergeRemarks{stub: into.Common().External}
	if replace {
		mergeCommon(into.Common(), from.Common(), l)
	} else {
		remarkCommon(into.Common(), from.Common(), l)
	}
	scheme, ok := into.(ItemScheme)
	if !ok {
		mergeContent(into, from, replace, l)
		return l.list()
	}
	mergeBesideItems(into, from, replace, l)
	scheme.mergeItems(from, replace, l)
	return l.list()
}

// remarksMax bounds the remarks of a merge.
const remarksMax = 100

// A mergeRemarks collects remarks, and counts those beyond remarksMax.
type mergeRemarks struct {
	remarks []Remark
	more    int
	stub    bool // the stored structure was a stub before the merge
}

func (l *mergeRemarks) add(path, format string, args ...any) {
	if len(l.remarks) == remarksMax {
		l.more++
		return
	}
	l.remarks = append(l.remarks, Remark{path, fmt.Sprintf(format, args...)})
}

func (l *mergeRemarks) list() []Remark {
	if l.more > 0 {
		return append(l.remarks, Remark{"", fmt.Sprintf("%d more remarks of this kind are left out.", l.more)})
	}
	return l.remarks
}

func mergeCommon(into, from *Artefact, l *mergeRemarks) {
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

// remarkCommon remarks on the common properties that were sent with other values than the
// stored ones.
func remarkCommon(into, from *Artefact, l *mergeRemarks) {
	a, b := reflect.ValueOf(into).Elem(), reflect.ValueOf(from).Elem()
	for _, f := range planOf(b.Type()).fields {
		x, y := f.of(a), f.of(b)
		if f.isZero(y) || f.same(x, y) {
			continue
		}
		l.add(f.name, "%s differs from what is in the registry, and append changes nothing that is there. To change it, use merge or replace.", f.name)
	}
}

// isZero reports whether a field has the zero value or an empty slice, which the canonical form
// leaves out.
func (f *field) isZero(v reflect.Value) bool {
	return v.IsZero() || f.kind == kindSlice && v.Len() == 0
}

// same reports whether two values of a field have the same canonical form.
func (f *field) same(x, y reflect.Value) bool {
	if f.isZero(x) || f.isZero(y) {
		return f.isZero(x) && f.isZero(y)
	}
	return bytes.Equal(f.append(nil, x, false), f.append(nil, y, false))
}

// commonPlan has the fields that all classes have.
var commonPlan = planOf(reflect.TypeFor[Artefact]())

// ownFields returns the fields of a class that not all classes have.
func ownFields(p *plan) (own []*field) {
	for i := range p.fields {
		f := &p.fields[i]
		if int(f.number) >= len(commonPlan.byNum) || commonPlan.byNum[f.number] == 0 {
			own = append(own, f)
		}
	}
	return own
}

// mergeBesideItems merges the properties of a scheme beside its items: each that was sent
// replaces the stored one, and codelist extensions are merged one by one.
func mergeBesideItems(into, from Maintainable, replace bool, l *mergeRemarks) {
	a, b := reflect.ValueOf(into).Elem(), reflect.ValueOf(from).Elem()
	for _, f := range ownFields(planOf(a.Type())) {
		x, y := f.of(a), f.of(b)
		if extensions, ok := x.Addr().Interface().(*[]CodelistExtension); ok {
			*extensions = mergeExtensions(*extensions, y.Interface().([]CodelistExtension), replace, l)
			continue
		}
		switch {
		case f.items || f.name == "Partial" || f.isZero(y) || f.same(x, y):
		case replace:
			x.Set(y)
		default:
			l.add(f.name, "%s differs from what is in the registry, and append changes nothing that is there. To change it, use merge or replace.", f.name)
		}
	}
}

// mergeContent merges structures without items: the fields of their class are taken together.
func mergeContent(into, from Maintainable, replace bool, l *mergeRemarks) {
	a, b := reflect.ValueOf(into).Elem(), reflect.ValueOf(from).Elem()
	sent, differs := false, false
	own := ownFields(planOf(a.Type()))
	for _, f := range own {
		x, y := f.of(a), f.of(b)
		sent = sent || !f.isZero(y)
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

// mergeExtensions merges the extensions of codelists.
func mergeExtensions(into, from []CodelistExtension, replace bool, l *mergeRemarks) []CodelistExtension {
	for i, at := range sameExtensions(into, from) {
		x := from[i]
		switch {
		case at < 0:
			into = append(into, x)
		case replace:
			into[at] = x
		case !reflect.DeepEqual(into[at], x):
			l.add(fmt.Sprintf("Extensions[%d]", i), "The extension by %s differs from the one in the registry, and append changes nothing that is there. To change it, use merge or replace.", x.Codelist)
		}
	}
	return into
}

// sameExtensions returns, for each extension that was sent, the index of the stored one that it is;
// -1 if it is new. Those with the same codelist and prefix are the same, in their order. Of what is
// left, one of a codelist is the stored one of that codelist if both are alone: its prefix changes.
func sameExtensions(stored, sent []CodelistExtension) []int {
	type key struct {
		codelist Ref
		prefix   string
	}
	waiting, alone := map[key][]int{}, map[Ref][]int{}
	for i := range stored {
		k := key{stored[i].Codelist, stored[i].Prefix}
		waiting[k] = append(waiting[k], i)
	}
	out, unknown := make([]int, len(sent)), map[Ref]int{}
	for i := range sent {
		k := key{sent[i].Codelist, sent[i].Prefix}
		if out[i] = -1; len(waiting[k]) > 0 {
			out[i], waiting[k] = waiting[k][0], waiting[k][1:]
		} else {
			unknown[k.codelist]++
		}
	}
	for k, left := range waiting {
		alone[k.codelist] = append(alone[k.codelist], left...)
	}
	for i := range sent {
		if left := alone[sent[i].Codelist]; out[i] < 0 && len(left) == 1 && unknown[sent[i].Codelist] == 1 {
			out[i] = left[0]
		}
	}
	return out
}

// mergeItems implements ItemScheme.
func (s *Scheme[T]) mergeItems(from Maintainable, replace bool, l *mergeRemarks) {
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

// mergeLists merges one level of items. An item that was sent twice is added twice, so that
// Check finds it.
func mergeLists[T any](into, from []T, path string, replace bool, l *mergeRemarks) []T {
	const none = -1
	at := make(map[string]int, len(into))
	for i := range into {
		at[idOf(&into[i])] = i
	}
	var front, back []T     // new items before the first known one, and without a known one
	behind := map[int][]T{} // new items by the index of the known one before them
	before, anchor := none, none
	for k := range from {
		x := &from[k]
		i, known := at[idOf(x)]
		if known && i != none {
			replaceItem(&into[i], x, fmt.Sprintf("%s[%d]", path, k), replace, l)
			if anchor == none {
				front, back, before = back, nil, i
			}
			anchor, at[idOf(x)] = i, none
			continue
		}
		if anchor == none {
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

// replaceItem replaces an item by the one with its id or, without replace, adds its nested
// items and remarks on other differences.
func replaceItem[T any](into, from *T, path string, replace bool, l *mergeRemarks) {
	old, tree := any(into).(nesting[T])
	if replace {
		if tree {
			remarkLostBranch(*old.children(), *any(from).(nesting[T]).children(), idOf(from), path, l)
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
		l.add(path, "Item %s differs from the one in the registry, and append changes nothing that is there. To change it, use merge or replace.", Clip(idOf(from)))
	}
}

// remarkLostBranch remarks on the items below one that are removed with its old branch.
func remarkLostBranch[T any](old, sent []T, id, path string, l *mergeRemarks) {
	there := make(map[string]*T, len(sent))
	for i := range sent {
		there[idOf(&sent[i])] = &sent[i]
	}
	for i := range old {
		below := id + "." + idOf(&old[i])
		now := there[idOf(&old[i])]
		if now == nil {
			l.add(path, "Item %s takes the place of the whole branch that was there, and %s was not sent: it is gone, with what was below it.", Clip(id), Clip(below))
			continue
		}
		remarkLostBranch(*any(&old[i]).(nesting[T]).children(), *any(now).(nesting[T]).children(), below, path, l)
	}
}
