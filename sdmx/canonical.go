package sdmx

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// canonicalFormat is the version of the canonical form, in which structures are stored and
// compared. The form is written and read by walking the fields of a type, so that it has
// everything that the model has.
//
//	document = format byte (canonicalFormat), fields
//	fields   = { uvarint field number, value }, 0
//	value    = string: uvarint length, bytes
//	           bool and small integers: uvarint
//	           Ref: its URN as string, perhaps after a class (Ref.canonical)
//	           struct and pointer to struct: fields
//	           slice: uvarint count, values
//
// Field numbers are the struct tags `c:"n"`; the numbers of an embedded struct belong to the
// struct that embeds it. A word after the number says what the field is besides: `c:"n,text"` may
// change in a final structure, `c:"n,items"` holds what EachItem yields, and `c:"n,parent"` is the
// id of an item's parent. Fields with the zero value are left out, so that a field which is
// added later does not change older documents and digests. A number must never get a new
// meaning. A document with an unknown number was written by a newer version of the program,
// and is refused.
const canonicalFormat = 1

// AppendCanonical appends the canonical form of an artefact.
func AppendCanonical(b []byte, m Maintainable) []byte {
	b = append(b, canonicalFormat)
	v := reflect.ValueOf(m).Elem()
	return planOf(v.Type()).append(b, v, false)
}

// AppendContent appends the canonical form of a part of an artefact: of a struct with numbered
// fields, as in a list. Equal parts have equal forms.
func AppendContent(b []byte, v reflect.Value) []byte { return planOf(v.Type()).append(b, v, false) }

// ParseCanonical reads the canonical form of an artefact of class c. It keeps no
// part of b.
func ParseCanonical(c Class, b []byte) (Maintainable, error) {
	m, err := New(c)
	if err != nil {
		return nil, err
	}
	if len(b) == 0 || b[0] != canonicalFormat {
		return nil, fmt.Errorf("stored %s: not in canonical form %d", c, canonicalFormat)
	}
	d := decoder{s: string(b[1:])}
	v := reflect.ValueOf(m).Elem()
	planOf(v.Type()).read(&d, v)
	if d.err == nil && d.s != "" {
		d.err = fmt.Errorf("%d bytes too many", len(d.s))
	}
	if d.err != nil {
		return nil, fmt.Errorf("stored %s: %w", c, d.err)
	}
	return m, nil
}

type fieldKind uint8

const (
	kindString fieldKind = iota
	kindUint
	kindRef
	kindStruct
	kindPointer
	kindSlice
)

// A field is one numbered field of a struct, or the element of a slice.
type field struct {
	number uint64
	index  []int // path through embedded structs
	at     int   // index if the field is not in an embedded struct, otherwise -1
	name   string
	kind   fieldKind
	text   bool   // left out by StructuralDigest
	items  bool   // holds items
	sub    *plan  // of a struct, or of the struct that a pointer points to
	elem   *field // of a slice
}

// A plan has the numbered fields of a struct type.
type plan struct {
	typ    reflect.Type
	fields []field
	byNum  []int // number -> index in fields, plus one
	texts  bool  // whether values contain Texts, and so have to be walked for them
	refs   bool  // whether values contain Refs
	once   sync.Once
}

var plans sync.Map // reflect.Type -> *plan

var (
	refType   = reflect.TypeFor[Ref]()
	textsType = reflect.TypeFor[Texts]()
)

// planOf returns the plan of a struct type; it is built once.
func planOf(t reflect.Type) *plan {
	p, ok := plans.Load(t)
	if !ok {
		p, _ = plans.LoadOrStore(t, &plan{typ: t})
	}
	pl := p.(*plan)
	pl.once.Do(func() { pl.build(t, nil) })
	return pl
}

// build adds the fields of t. A recursive type finds its own unfinished plan; refs and texts
// are right all the same, because a type that contains Refs or Texts through itself also
// contains them directly.
func (p *plan) build(t reflect.Type, prefix []int) {
	for i := range t.NumField() {
		sf := t.Field(i)
		index := append(append([]int(nil), prefix...), i)
		if sf.Anonymous {
			p.build(sf.Type, index)
			continue
		}
		tag, flag, _ := strings.Cut(sf.Tag.Get("c"), ",")
		n, err := strconv.Atoi(tag)
		if err != nil || n < 1 || n > 250 {
			panic("sdmx: field " + t.Name() + "." + sf.Name + " has no number")
		}
		f := p.fieldOf(sf.Type)
		f.number, f.index, f.at, f.name, f.text = uint64(n), index, -1, sf.Name, flag == "text"
		f.items = flag == "items"
		if len(index) == 1 {
			f.at = i
		}
		for len(p.byNum) <= n {
			p.byNum = append(p.byNum, 0)
		}
		if p.byNum[n] != 0 {
			panic("sdmx: field " + t.Name() + "." + sf.Name + " has a number that is taken")
		}
		p.fields = append(p.fields, f)
		p.byNum[n] = len(p.fields)
	}
}

// IsItemField reports whether a field of a struct holds what EachItem yields: items, or the
// parent of an item.
func IsItemField(f reflect.StructField) bool {
	_, flag, _ := strings.Cut(f.Tag.Get("c"), ",")
	return flag == "items" || flag == "parent"
}

func (p *plan) fieldOf(t reflect.Type) field {
	if t == textsType {
		p.texts = true
	}
	switch {
	case t == refType:
		p.refs = true
		return field{kind: kindRef}
	case t.Kind() == reflect.String:
		return field{kind: kindString}
	case t.Kind() == reflect.Bool || t.Kind() == reflect.Uint8:
		return field{kind: kindUint}
	case t.Kind() == reflect.Struct:
		return field{kind: kindStruct, sub: p.sub(t)}
	case t.Kind() == reflect.Pointer:
		return field{kind: kindPointer, sub: p.sub(t.Elem())}
	case t.Kind() == reflect.Slice:
		e := p.fieldOf(t.Elem())
		return field{kind: kindSlice, elem: &e}
	}
	panic("sdmx: canonical form of " + t.String() + " is not defined")
}

// sub returns the plan of a struct type inside p's.
func (p *plan) sub(t reflect.Type) *plan {
	if t == p.typ {
		return p
	}
	s := planOf(t)
	p.refs = p.refs || s.refs
	p.texts = p.texts || s.texts
	return s
}

// of returns the field's value in a struct.
func (f *field) of(v reflect.Value) reflect.Value {
	if f.at >= 0 {
		return v.Field(f.at)
	}
	return v.FieldByIndex(f.index)
}

func (p *plan) append(b []byte, v reflect.Value, structural bool) []byte {
	for i := range p.fields {
		f := &p.fields[i]
		if structural && f.text {
			continue
		}
		fv := f.of(v)
		if f.isZero(fv) {
			continue
		}
		b = binary.AppendUvarint(b, f.number)
		b = f.append(b, fv, structural)
	}
	return append(b, 0)
}

func (f *field) append(b []byte, v reflect.Value, structural bool) []byte {
	switch f.kind {
	case kindString:
		s := v.String()
		b = binary.AppendUvarint(b, uint64(len(s)))
		return append(b, s...)
	case kindUint:
		if v.Kind() == reflect.Bool {
			return append(b, 1) // false is left out
		}
		return binary.AppendUvarint(b, v.Uint())
	case kindRef:
		s := v.Addr().Interface().(*Ref).canonical()
		b = binary.AppendUvarint(b, uint64(len(s)))
		return append(b, s...)
	case kindStruct:
		return f.sub.append(b, v, structural)
	case kindPointer:
		return f.sub.append(b, v.Elem(), structural)
	}
	b = binary.AppendUvarint(b, uint64(v.Len()))
	for i := range v.Len() {
		b = f.elem.append(b, v.Index(i), structural)
	}
	return b
}

// A decoder reads a document. The strings that it returns are parts of s.
type decoder struct {
	s     string
	err   error
	texts []Text // made at once for many lists, of which each gets a part
	made  int    // how many were made last
}

// textsAtOnce bounds how many Texts are made at once: lists of them are short, and there are many.
const textsAtOnce = 256

// makeTexts returns n Texts that are empty.
func (d *decoder) makeTexts(n int) Texts {
	if n > textsAtOnce/8 {
		return make(Texts, n)
	}
	if n > len(d.texts) {
		d.made = min(max(2*d.made, 8, n), textsAtOnce) // a small document gets by with few
		d.texts = make([]Text, d.made)
	}
	some := d.texts[:n:n]
	d.texts = d.texts[n:]
	return some
}

// readText reads a Text as its plan does, of which most documents consist.
func (d *decoder) readText(t *Text) {
	for d.err == nil {
		switch n := d.uvarint(); n {
		case 0:
			return
		case 1:
			t.Lang = d.string()
		case 2:
			t.Value = d.string()
		default:
			d.unknown(n, "Text")
		}
	}
}

func (d *decoder) unknown(number uint64, of string) {
	d.fail("field %d of %s is unknown: a newer version of this program wrote it", number, of)
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
	d.s = ""
}

func (d *decoder) uvarint() uint64 {
	var n uint64
	for i := 0; i < len(d.s) && i < binary.MaxVarintLen64; i++ {
		c := d.s[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.s = d.s[i+1:]
			return n
		}
	}
	d.fail("the document ends in the middle of a number")
	return 0
}

func (d *decoder) string() string {
	n := d.uvarint()
	if n > uint64(len(d.s)) {
		d.fail("the document ends in the middle of a text")
		return ""
	}
	s := d.s[:n]
	d.s = d.s[n:]
	return s
}

func (p *plan) read(d *decoder, v reflect.Value) {
	for d.err == nil {
		n := d.uvarint()
		if n == 0 {
			return
		}
		if n >= uint64(len(p.byNum)) || p.byNum[n] == 0 {
			d.unknown(n, p.typ.Name())
			return
		}
		f := &p.fields[p.byNum[n]-1]
		f.read(d, f.of(v))
	}
}

func (f *field) read(d *decoder, v reflect.Value) {
	switch f.kind {
	case kindString:
		v.SetString(d.string())
	case kindUint:
		n := d.uvarint()
		if v.Kind() == reflect.Bool {
			v.SetBool(n != 0)
		} else {
			v.SetUint(n)
		}
	case kindRef:
		s := d.string()
		if d.err != nil {
			return
		}
		r, err := parseCanonicalRef(s)
		if err != nil {
			d.fail("%w", err)
			return
		}
		*v.Addr().Interface().(*Ref) = r
	case kindStruct:
		f.sub.read(d, v)
	case kindPointer:
		v.Set(reflect.New(f.sub.typ))
		f.sub.read(d, v.Elem())
	case kindSlice:
		f.readSlice(d, v)
	}
}

func (f *field) readSlice(d *decoder, v reflect.Value) {
	n := d.uvarint()
	if n > uint64(len(d.s)) { // every element has at least one byte
		d.fail("the document ends in the middle of a list")
		return
	}
	if n == 0 { // not canonical, because an empty slice is left out
		v.SetZero()
		return
	}
	if texts, ok := v.Addr().Interface().(*Texts); ok {
		*texts = d.makeTexts(int(n))
		for i := range *texts {
			d.readText(&(*texts)[i])
		}
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), int(n), int(n)))
	for i := range int(n) {
		if d.err != nil {
			return
		}
		f.elem.read(d, v.Index(i))
	}
}
