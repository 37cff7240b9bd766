package codec

import (
	"fmt"
	"strconv"
	"strings"

	"urncast/formats/scan"
)

// A Document is a part of a message that is read by itself, such as a structure or the header. It
// is a cursor: only the open elements are in memory, each with its attributes, and the start tag
// of the child that comes next. In JSON, members with a single value are taken as attributes;
// children are the other members, and the elements of an array.
type Document struct {
	scan   *scan.Scanner // its Attrs are those of the frames and of the child that comes next
	tags   *scan.XML     // if the message is XML
	values *scan.JSON    // if it is JSON

	child   scan.Start // the one that comes next
	isAhead bool       // there is one
	frames  []frame
	counts  []count // of the children of the frames
	entered int32   // number of children that were entered so far

	prefix       string // path of the root
	line, column int    // of the root
	err          error  // the first one
	isBroken     bool   // err is one of syntax, after which nothing can be read
	isSkipping   bool
	words        *words // collects what is skipped, unless nil

	keeper   keeper
	passing  keeper // for what is not kept
	remarks  []scan.SyntaxError
	remarked int
}

// A frame is an element, an object or an array that has been entered and not been left.
type frame struct {
	scan.Start
	counts   int32 // where its own begin
	members  int32 // of the object or array so far
	entered  int32 // Document.entered before the pass
	hasRun   bool  // its description, see Document.again
	hadEnded bool  // no child was ahead before the pass
	unsure   bool  // Ended was asked for during the pass, and was not true
	looked   bool  // see Document.lookAhead
	lenient  bool  // see C.LeaveOutOthers
	*odd           // nil in most
}

// An odd is what few frames have.
type odd struct {
	loose []byte // the text between child elements, up to a limit
	said  string // the last remark about the frame
}

func (f *frame) strange() *odd {
	if f.odd == nil {
		f.odd = &odd{}
	}
	return f.odd
}

// A count is the number of children with a name.
type count struct {
	name int32
	n    int
}

const none int32 = -1

func (d *Document) reset(prefix string) {
	d.scan.Reset()
	d.frames, d.counts = d.frames[:0], d.counts[:0]
	d.isAhead, d.prefix, d.err, d.isBroken, d.isSkipping, d.words = false, prefix, nil, false, false, nil
	d.remarks, d.remarked = nil, 0
}

func (d *Document) isJSON() bool { return d.values != nil }

func (d *Document) top() *frame { return &d.frames[len(d.frames)-1] }

// push makes the child ahead the innermost frame.
func (d *Document) push() {
	d.entered++
	d.isAhead = false
	d.frames = append(d.frames, frame{Start: d.child, counts: int32(len(d.counts))})
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
	d.scan.Attrs, d.scan.Texts, d.counts = d.scan.Attrs[:f.Attrs], d.scan.Texts[:f.Texts], d.counts[:f.counts]
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
	case !f.hasRun:
	case d.isAhead && d.entered == f.entered:
		if d.unknown(); d.err != nil {
			return false
		}
		f = d.top()
	case d.isAhead:
	case f.hadEnded || !f.unsure && !d.hasUnused():
		return false
	}
	f.hasRun, f.entered, f.hadEnded, f.unsure = true, d.entered, !d.isAhead, false
	return true
}

// own returns the attributes of the innermost frame, and the index of the first.
func (d *Document) own() ([]scan.Attr, int) {
	from, to := d.top().Attrs, len(d.scan.Attrs)
	if d.isAhead {
		to = d.child.Attrs
	}
	return d.scan.Attrs[from:to], from
}

func (d *Document) hasUnused() bool {
	own, _ := d.own()
	for i := range own {
		if !own[i].Used {
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
		if d.scan.Names[own[i].Name] == name {
			own[i].Used = true
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
	if len(d.frames) > 0 && d.top().Kind != scan.Array {
		if !d.isOnly(name, scan.Array) {
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
	if d.child.Kind != scan.Element {
		d.failChild("%s", expected[scan.Element])
	}
	return d.err == nil
}

// item takes the child ahead, which is an element with text, or a single value of an array.
func (d *Document) item() (text string) {
	switch {
	case !d.isJSON():
		return d.leaf()
	case d.child.Kind <= scan.Array:
		d.failChild("a single value is expected here")
	default:
		text = d.keeper.keep(d.scan.Texts[d.child.Texts:])
		d.entered++
		d.next()
	}
	return text
}

// passingValueOf returns the value of an attribute that is not kept.
func (d *Document) passingValueOf(i int32) string {
	a := &d.scan.Attrs[i]
	if a.Value == "" {
		a.Value = d.passing.keep(d.scan.Texts[a.From:a.To])
	}
	return a.Value
}

func (d *Document) valueOf(i int32) string {
	a := &d.scan.Attrs[i]
	if a.Value == "" {
		a.Value = d.keeper.keep(d.scan.Texts[a.From:a.To])
	}
	return a.Value
}

// is reports whether a child with a name comes next.
func (d *Document) is(name string) bool {
	return d.isAhead && d.err == nil && d.scan.Names[d.child.Name] == name
}

// isOnly is is for a child that may be there once. In JSON, it must be of a kind.
func (d *Document) isOnly(name string, k scan.Kind) bool {
	if d.is(name) && d.child.Rank == 1 {
		if d.child.Kind == k {
			return true
		}
		d.failChild("%s", expected[k])
	} else if d.isJSON() && name != "" && d.err == nil {
		own, from := d.own()
		for i := range own {
			if d.scan.Names[own[i].Name] == name {
				d.failAttr(int32(from+i), "%s", expected[k])
			}
		}
	}
	return false
}

// expected are the errors for a value of another kind.
var expected = map[scan.Kind]string{scan.Element: "an object is expected here", scan.Array: "a list is expected here"}

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
		if d.scan.Names[own[i].Name] == name {
			return true
		}
	}
	for _, n := range d.counts[d.top().counts:] {
		if d.scan.Names[n.name] == name {
			return true
		}
	}
	return false
}

// nameOf returns the local name of a number. Names are stored with a prefix for their namespace
// (prefixOf).
func (d *Document) nameOf(n int32) string {
	name := d.scan.Names[n]
	if d.isJSON() {
		return name
	}
	return name[strings.LastIndexAny(name, ":}")+1:]
}

// ofNamespace returns the phrase " of namespace …" for a name in a namespace that descriptions
// do not use; empty for others.
func (d *Document) ofNamespace(n int32) string {
	if name := d.scan.Names[n]; !d.isJSON() && name[0] == '{' {
		return fmt.Sprintf(" of namespace %q", Clip(name[1:strings.LastIndexByte(name, '}')], 100))
	}
	return ""
}

// path returns the path of the innermost frame, as an XML path or a JSON path.
func (d *Document) path() string {
	b := []byte(d.prefix)
	for i := 1; i < len(d.frames); i++ {
		b = d.appendStep(b, d.frames[i-1].Kind, &d.frames[i].Start)
	}
	return string(b)
}

func (d *Document) childPath() string {
	if len(d.frames) == 0 {
		return d.prefix
	}
	return string(d.appendStep([]byte(d.path()), d.top().Kind, &d.child))
}

func (d *Document) appendStep(b []byte, parent scan.Kind, c *scan.Start) []byte {
	switch {
	case !d.isJSON():
		b = append(append(append(b, '/'), d.nameOf(c.Name)...), '[')
		return append(strconv.AppendInt(b, int64(c.Rank), 10), ']')
	case parent == scan.Array:
		return append(strconv.AppendInt(append(b, '['), int64(c.Rank-1), 10), ']')
	}
	return append(append(b, '.'), d.nameOf(c.Name)...)
}

func (d *Document) attrPath(i int32) string {
	if d.isJSON() {
		return d.path() + "." + d.nameOf(d.scan.Attrs[i].Name)
	}
	return d.path() + "/@" + d.nameOf(d.scan.Attrs[i].Name)
}

// Where returns the place of the document's first byte, for messages.
func (d *Document) Where() string {
	return fmt.Sprintf("line %d, column %d", d.line, d.column)
}

// IsObject reports whether the root is an object or an element.
func (d *Document) IsObject() bool {
	if len(d.frames) > 0 {
		return d.frames[0].Kind == scan.Element
	}
	return d.child.Kind == scan.Element
}

// Identity returns the identifying attributes of a structure whose class is not supported, after
// Read or Skip.
func (d *Document) Identity() (agency, id, version string) {
	for i := range d.scan.Attrs {
		if len(d.frames) == 0 || d.scan.Attrs[i].Kind != scan.String {
			continue
		}
		v := d.valueOf(int32(i))
		switch d.nameOf(d.scan.Attrs[i].Name) {
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

// Clip cuts text from a message to n bytes, for a sentence about it.
func Clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}
