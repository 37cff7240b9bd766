package codec

import (
	"fmt"
	"strconv"
	"strings"

	"urncast/sdmx"
)

type kind uint8

const (
	kindElement kind = iota // XML element or JSON object
	kindArray
	kindString
	kindNumber
	kindBool
	kindNull
)

// A Document is a part of a message that is read by itself, such as a structure or the header. It
// is a cursor: only the open elements are in memory, each with its attributes, and the start tag
// of the child that comes next. In JSON, members with a single value are taken as attributes;
// children are the other members, and the elements of an array.
type Document struct {
	tags   *XMLScanner  // of the message, if it is XML
	values *JSONScanner // of the message, if it is JSON
	names  []string     // of elements, attributes and members, by number

	child   child // the one that comes next
	isAhead bool  // there is one
	frames  []frame
	attrs   []attr  // of the frames, and of the child that comes next
	texts   []byte  // of attrs and of an element of an array, unescaped
	counts  []count // of the children of the frames
	entered int     // number of children that were entered so far

	prefix       string // path of the root
	line, column int    // of the root
	outside      int    // number of XML elements that are open outside of the root
	err          error  // the first one
	isBroken     bool   // err is one of syntax, after which nothing can be read
	isSkipping   bool
	words        *words // collects what is skipped, unless nil

	keeper   keeper
	passing  keeper // for what is not kept
	remarks  []SyntaxError
	remarked int
}

// A child is an element, an object, an array, or an element of an array.
type child struct {
	name         int32
	kind         kind
	isEmpty      bool // an XML element without content
	line, column int
	rank         int // from 1, among the elements with its name, or in the array
	attrs, texts int // where those of the child begin, in the document's
}

// A frame is an element, an object or an array that has been entered and not been left.
type frame struct {
	child
	counts   int    // where its own begin
	members  int    // of the object or array so far
	loose    []byte // the text between its child elements, up to a limit
	passes   int    // see Document.again
	entered  int    // Document.entered before the pass
	hadEnded bool   // no child was ahead before the pass
	unsure   bool   // Ended was asked for during the pass, and was not true
	looked   bool   // see Document.lookAhead
	lenient  bool   // see C.LeaveOutOthers
	said     string // the last remark about it
}

// An attr is an XML attribute, or a member of a JSON object with a single value.
type attr struct {
	name         int32
	kind         kind
	used         bool // a description has read it
	remarked     bool
	line, column int
	from, to     int    // in Document.texts
	value        string // once it was read
}

// A count is the number of children with a name.
type count struct {
	name int32
	n    int
}

const none int32 = -1

func (d *Document) reset(prefix string) {
	if cap(d.texts) > 1<<20 { // do not keep the memory of a large structure for the next ones
		d.texts = nil
	}
	d.frames, d.attrs, d.texts, d.counts = d.frames[:0], d.attrs[:0], d.texts[:0], d.counts[:0]
	d.isAhead, d.prefix, d.err, d.isBroken, d.isSkipping, d.words = false, prefix, nil, false, false, nil
	d.remarks, d.remarked = nil, 0
}

func (d *Document) scanner() *Scanner {
	if d.tags != nil {
		return d.tags.Scanner
	}
	return d.values.Scanner
}

func (d *Document) isJSON() bool { return d.values != nil }

func (d *Document) top() *frame { return &d.frames[len(d.frames)-1] }

// push makes the child ahead the innermost frame.
func (d *Document) push() {
	d.entered++
	d.isAhead = false
	d.frames = append(d.frames, frame{child: d.child, counts: len(d.counts)})
}

// next goes on to the next child of the innermost frame, or to its end.
func (d *Document) next() {
	if d.isBroken {
		return
	}
	var err error
	if d.isJSON() {
		err = d.nextValue()
	} else {
		err = d.nextElement()
	}
	if err != nil {
		d.isAhead = false
		d.err, d.isBroken = err, true
	}
}

func (d *Document) enter() { d.push(); d.next() }

// leave ends the innermost frame, of which nothing is left to read, and goes on to its next
// sibling.
func (d *Document) leave() {
	if d.err != nil {
		return
	}
	d.remarkUnused()
	d.pop()
	d.next()
}

func (d *Document) pop() {
	f := d.top()
	d.attrs, d.texts, d.counts = d.attrs[:f.attrs], d.texts[:f.texts], d.counts[:f.counts]
	d.frames = d.frames[:len(d.frames)-1]
}

// again reports whether the description of the innermost frame has to run, for the first time or
// again: until nothing is left to read, and once more if it might have waited for that. A child
// that a whole pass did not take is unknown.
func (d *Document) again() bool {
	if d.err != nil {
		return false
	}
	f := d.top()
	switch {
	case f.passes == 0:
	case d.isAhead && d.entered == f.entered:
		if d.unknown(); d.err != nil {
			return false
		}
		f = d.top()
	case d.isAhead:
	case f.hadEnded || !f.unsure && !d.hasUnused():
		return false
	}
	f.passes++
	f.entered, f.hadEnded, f.unsure = d.entered, !d.isAhead, false
	return true
}

// own returns the attributes of the innermost frame, and the index of the first.
func (d *Document) own() ([]attr, int) {
	from, to := d.top().attrs, len(d.attrs)
	if d.isAhead {
		to = d.child.attrs
	}
	return d.attrs[from:to], from
}

func (d *Document) hasUnused() bool {
	own, _ := d.own()
	for i := range own {
		if !own[i].used {
			return true
		}
	}
	return false
}

// attr returns the index of the attribute with a name, and marks it as read; none if there is
// none.
func (d *Document) attr(name string) int32 {
	if name == "" || d.err != nil {
		return none
	}
	own, from := d.own()
	for i := range own {
		if d.names[own[i].name] == name {
			own[i].used = true
			return int32(from + i)
		}
	}
	if d.isJSON() && d.is(name) {
		d.failChild("a single value is expected here")
	}
	return none
}

// inList reports whether an element of a list comes next: one with the name in XML, one of the
// array with the name in JSON, which it enters and leaves.
func (d *Document) inList(name string) bool {
	if !d.isJSON() {
		return d.is(name)
	}
	if len(d.frames) > 0 && d.top().kind != kindArray {
		if !d.isOnly(name, kindArray) {
			return false
		}
		d.enter()
	}
	if d.isAhead || d.err != nil {
		return d.err == nil
	}
	d.leave()
	return false
}

// isObject reports whether the child ahead is an object, as it must be.
func (d *Document) isObject() bool {
	if d.child.kind != kindElement {
		d.failChild("%s", expected[kindElement])
	}
	return d.err == nil
}

// item takes the child ahead, which is an element with text, or a single value of an array.
func (d *Document) item() (text string) {
	switch {
	case !d.isJSON():
		return d.leaf()
	case d.child.kind <= kindArray:
		d.failChild("a single value is expected here")
	default:
		text = d.keeper.keep(d.texts[d.child.texts:])
		d.entered++
		d.next()
	}
	return text
}

// passingValueOf returns the value of an attribute that is not kept.
func (d *Document) passingValueOf(i int32) string {
	a := &d.attrs[i]
	if a.value == "" {
		a.value = d.passing.keep(d.texts[a.from:a.to])
	}
	return a.value
}

func (d *Document) valueOf(i int32) string {
	a := &d.attrs[i]
	if a.value == "" {
		a.value = d.keeper.keep(d.texts[a.from:a.to])
	}
	return a.value
}

// is reports whether a child with a name comes next.
func (d *Document) is(name string) bool {
	return d.isAhead && d.err == nil && d.names[d.child.name] == name
}

// isOnly is is for a child that may be there once. In JSON, it must be of a kind.
func (d *Document) isOnly(name string, k kind) bool {
	if d.is(name) && d.child.rank == 1 {
		if d.child.kind == k {
			return true
		}
		d.failChild("%s", expected[k])
	} else if d.isJSON() && name != "" && d.err == nil {
		own, from := d.own()
		for i := range own {
			if d.names[own[i].name] == name {
				d.failAttr(int32(from+i), "%s", expected[k])
			}
		}
	}
	return false
}

// expected are the errors for a value of another kind.
var expected = map[kind]string{kindElement: "an object is expected here", kindArray: "a list is expected here"}

// counted adds a child to those of the innermost frame, and returns the number with its name.
func (d *Document) counted(name int32) int {
	own := d.counts[d.top().counts:]
	for i := len(own) - 1; i >= 0; i-- {
		if own[i].name == name {
			own[i].n++
			return own[i].n
		}
	}
	d.counts = append(d.counts, count{name, 1})
	return 1
}

// has reports whether an attribute or a child with a name was seen in the innermost frame.
func (d *Document) has(name string) bool {
	own, _ := d.own()
	for i := range own {
		if d.names[own[i].name] == name {
			return true
		}
	}
	for _, n := range d.counts[d.top().counts:] {
		if d.names[n.name] == name {
			return true
		}
	}
	return false
}

// nameOf returns the local name of a number. Names are stored with a prefix for their namespace
// (prefixOf).
func (d *Document) nameOf(n int32) string {
	name := d.names[n]
	if d.isJSON() {
		return name
	}
	return name[strings.LastIndexAny(name, ":}")+1:]
}

// ofNamespace returns the phrase " of namespace …" for a name in a namespace that descriptions
// do not use; empty for others.
func (d *Document) ofNamespace(n int32) string {
	if name := d.names[n]; !d.isJSON() && name[0] == '{' {
		return fmt.Sprintf(" of namespace %q", Clip(name[1:strings.LastIndexByte(name, '}')], 100))
	}
	return ""
}

// path returns the path of the innermost frame, as an XML path or a JSON path.
func (d *Document) path() string {
	b := []byte(d.prefix)
	for i := 1; i < len(d.frames); i++ {
		b = d.appendStep(b, d.frames[i-1].kind, &d.frames[i].child)
	}
	return string(b)
}

func (d *Document) childPath() string {
	if len(d.frames) == 0 {
		return d.prefix
	}
	return string(d.appendStep([]byte(d.path()), d.top().kind, &d.child))
}

func (d *Document) appendStep(b []byte, parent kind, c *child) []byte {
	switch {
	case !d.isJSON():
		b = append(append(append(b, '/'), d.nameOf(c.name)...), '[')
		return append(strconv.AppendInt(b, int64(c.rank), 10), ']')
	case parent == kindArray:
		return append(strconv.AppendInt(append(b, '['), int64(c.rank-1), 10), ']')
	}
	return append(append(b, '.'), d.nameOf(c.name)...)
}

func (d *Document) attrPath(i int32) string {
	if d.isJSON() {
		return d.path() + "." + d.nameOf(d.attrs[i].name)
	}
	return d.path() + "/@" + d.nameOf(d.attrs[i].name)
}

// Where returns the place of the document's first byte, for messages.
func (d *Document) Where() string {
	return fmt.Sprintf("line %d, column %d", d.line, d.column)
}

// IsObject reports whether the root is an object or an element.
func (d *Document) IsObject() bool {
	if len(d.frames) > 0 {
		return d.frames[0].kind == kindElement
	}
	return d.child.kind == kindElement
}

// Identity returns the identifying attributes of a structure whose class is not supported, after
// Read or Skip.
func (d *Document) Identity() (agency, id, version string) {
	for i := range d.attrs {
		if len(d.frames) == 0 || d.attrs[i].kind != kindString {
			continue
		}
		v := d.valueOf(int32(i))
		switch d.nameOf(d.attrs[i].name) {
		case "agencyID", "agencyId":
			agency = v
		case "id":
			id = v
		case "version":
			version = v
		}
	}
	return agency, id, version
}

// A keeper makes strings and texts that are kept, many in one allocation.
type keeper struct {
	chunk strings.Builder
	size  int // of the next chunk
	texts []sdmx.Text
}

// chunkBytesMax is small, since a string that is kept longer than its structure keeps its chunk.
const chunkBytesMax = 32 << 10

func (k *keeper) keep(b []byte) string {
	switch n := len(b); {
	case n == 0:
		return ""
	case n > chunkBytesMax/4:
		return string(b)
	case k.chunk.Len()+n > k.chunk.Cap():
		k.size = min(max(2*k.size, 1<<10, n), chunkBytesMax)
		k.chunk = strings.Builder{}
		k.chunk.Grow(k.size)
	}
	from := k.chunk.Len()
	k.chunk.Write(b)
	return k.chunk.String()[from:]
}

// add appends a text to those of a property. Those of different properties follow each other in
// one array, and are capped so that none can grow into the next.
func (k *keeper) add(p *sdmx.Texts, t sdmx.Text) {
	n := len(k.texts)
	from := n - len(*p)
	grows := len(*p) == 0 || from >= 0 && &(*p)[0] == &k.texts[from : n][0]
	if !grows {
		*p = append(*p, t)
		return
	}
	if n == cap(k.texts) {
		k.texts = append(make([]sdmx.Text, 0, min(max(2*n, 8, 2*len(*p)), 512+len(*p))), *p...)
		n = len(k.texts)
		from = 0
	}
	k.texts = append(k.texts, t)
	*p = k.texts[from : n+1 : n+1]
}

// Clip cuts text from a message to n bytes, for a sentence about it.
func Clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}
