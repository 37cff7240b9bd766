package sdmx

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"strings"
)

// digestVersion is the first byte of every digest. Versions of the program that compute digests
// differently use different values, so that they do not take different digests for changes:
// digests with different versions are not comparable, and the documents are compared instead.
const digestVersion = 1

// A Digest identifies the content of an artefact: one byte with the version of the algorithm,
// then SHA-256 of the canonical form.
type Digest [1 + sha256.Size]byte

// DigestOf returns the digest of a canonical form.
func DigestOf(canonical []byte) Digest {
	var d Digest
	sum := sha256.Sum256(canonical)
	d[0] = digestVersion
	copy(d[1:], sum[:])
	return d
}

// Comparable reports whether two digests were computed by the same algorithm.
func (d Digest) Comparable(e Digest) bool { return d[0] == e[0] }

// StructuralDigest returns the digest of an artefact without names, descriptions, annotations,
// links, validity, the final flag and the addresses of stubs: without the properties that may
// change while the artefact is immutable (SDMX 2.1 section 5).
func StructuralDigest(m Maintainable) Digest {
	v := reflect.ValueOf(m).Elem()
	return DigestOf(planOf(v.Type()).append(nil, v, true))
}

// EachRef calls fn with every reference in the artefact and its path, such as
// "Attributes[2].Concept". fn may change the reference. Zero references are left out.
func EachRef(m Maintainable, fn func(path string, r *Ref)) {
	v := reflect.ValueOf(m).Elem()
	w := refWalk{fn: fn}
	w.fields(planOf(v.Type()), v)
}

// Refs returns the references in an artefact, each once, in the order of their first
// appearance. They do not share memory with the text that they were parsed from.
func Refs(m Maintainable) []Ref {
	var out []Ref
	seen := map[Ref]bool{}
	EachRef(m, func(_ string, r *Ref) {
		if !seen[*r] {
			seen[*r] = true
			out = append(out, Ref{r.URN.Clone(), r.ItemClass, strings.Clone(r.Item)})
		}
	})
	return out
}

type refWalk struct {
	fn   func(string, *Ref)
	path []string
	flat bool // leaves out nested items
}

func (w *refWalk) fields(p *plan, v reflect.Value) {
	if !p.refs {
		return
	}
	for i := range p.fields {
		f := &p.fields[i]
		if !f.holdsRefs() || w.flat && f.items {
			continue
		}
		w.path = append(w.path, "."+f.name)
		w.value(f, f.of(v))
		w.path = w.path[:len(w.path)-1]
	}
}

func (f *field) holdsRefs() bool {
	switch f.kind {
	case kindRef:
		return true
	case kindStruct, kindPointer:
		return f.sub.refs
	case kindSlice:
		return f.elem.holdsRefs()
	}
	return false
}

func (w *refWalk) value(f *field, v reflect.Value) {
	switch f.kind {
	case kindRef:
		if r := v.Addr().Interface().(*Ref); !r.IsZero() {
			w.fn(strings.Join(w.path, "")[1:], r)
		}
	case kindStruct:
		w.fields(f.sub, v)
	case kindPointer:
		if !v.IsNil() {
			w.fields(f.sub, v.Elem())
		}
	case kindSlice:
		for i := range v.Len() {
			w.path = append(w.path, fmt.Sprintf("[%d]", i))
			w.value(f.elem, v.Index(i))
			w.path = w.path[:len(w.path)-1]
		}
	}
}

// completeTexts sorts every text by language.
func completeTexts(m Maintainable) {
	v := reflect.ValueOf(m).Elem()
	sortTexts(planOf(v.Type()), v)
}

func sortTexts(p *plan, v reflect.Value) {
	if !p.texts {
		return
	}
	for i := range p.fields {
		f := &p.fields[i]
		fv := f.of(v)
		switch {
		case fv.Type() == textsType:
			fv.Addr().Interface().(*Texts).sort()
		case f.kind == kindStruct:
			sortTexts(f.sub, fv)
		case f.kind == kindPointer && !fv.IsNil():
			sortTexts(f.sub, fv.Elem())
		case f.kind == kindSlice && f.elem.kind == kindStruct && f.elem.sub.texts:
			for j := range fv.Len() {
				sortTexts(f.elem.sub, fv.Index(j))
			}
		}
	}
}
