package codec

import (
	"fmt"
	"strconv"
	"strings"

	"urncast/formats/scan"
	"urncast/sdmx"
)

// A cursor is a place in a document: only the open elements are in memory, each with its
// attributes, and the start tag of the child that comes next. In JSON, members with a single value
// are taken as attributes; children are the other members, and the elements of an array.
type cursor struct {
	scan   *scan.Scanner // its Attrs are those of the frames and of the child that comes next
	tags   *scan.XML     // if the message is XML
	values *scan.JSON    // if it is JSON

	child   scan.Start // the one that comes next
	isAhead bool       // there is one
	frames  []frame
	counts  []count // of the children of the frames
	entered int32   // number of children that were entered so far

	prefix     string // path of the root
	err        error  // the first one
	isBroken   bool   // err is one of syntax, after which nothing can be read
	isSkipping bool
	words      *words // collects what is skipped, unless nil
}

// A frame is an element, an object or an array that has been entered and not been left.
type frame struct {
	scan.Start
	counts   int32 // where its own begin
	members  int32 // of the object or array so far
	entered  int32 // cursor.entered before the pass
	unknown  int32 // number of children that no description took
	hasRun   bool  // its description, see again
	hadEnded bool  // no child was ahead before the pass
	unsure   bool  // Ended was asked for during the pass, and was not true
	looked   bool  // see lookAhead
	lenient  bool  // see C.LeaveOutOthers
	*odd           // nil in most
}

// An odd is what few frames have.
type odd struct {
	loose []byte // the text between child elements, up to a limit
	said  string // the last remark about the frame

	others     *[]sdmx.Member // see Others
	references *[]sdmx.Ref
	kept       []kept // what will be in these
}

func (f *frame) strange() *odd {
	if f.odd == nil {
		f.odd = &odd{}
	}
	return f.odd
}

// A count is the number of children with a name.
type count struct {
	name   int32
	n      int
	isNull bool // a member of JSON that is as if it were not there
}

const none int32 = -1

func (d *cursor) isJSON() bool { return d.values != nil }

func (d *cursor) top() *frame { return &d.frames[len(d.frames)-1] }

// push makes the child ahead the innermost frame.
func (d *cursor) push() {
	d.entered++
	d.isAhead = false
	d.frames = append(d.frames, frame{Start: d.child, counts: int32(len(d.counts))})
}

// next goes on to the next child of the innermost frame, or to its end.
func (d *cursor) next() {
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

func (d *cursor) enter() { d.push(); d.next() }

func (d *cursor) pop() {
	f := d.top()
	d.scan.Attrs, d.scan.Texts, d.counts = d.scan.Attrs[:f.Attrs], d.scan.Texts[:f.Texts], d.counts[:f.counts]
	d.frames = d.frames[:len(d.frames)-1]
}

// own returns the attributes of the innermost frame, and the index of the first.
func (d *cursor) own() ([]scan.Attr, int) {
	from, to := d.top().Attrs, len(d.scan.Attrs)
	if d.isAhead {
		to = d.child.Attrs
	}
	return d.scan.Attrs[from:to], from
}

func (d *cursor) hasUnused() bool {
	own, _ := d.own()
	for i := range own {
		if !own[i].Used {
			return true
		}
	}
	return false
}

// is reports whether a child with a name comes next.
func (d *cursor) is(name string) bool {
	return d.isAhead && d.err == nil && d.scan.Names[d.child.Name] == name
}

// counted adds a child to those of the innermost frame, and returns the number with its name.
func (d *cursor) counted(name int32) int {
	own := d.counts[d.top().counts:]
	for i := len(own) - 1; i >= 0; i-- {
		if own[i].name == name {
			own[i].n++
			return own[i].n
		}
	}
	d.counts = append(d.counts, count{name: name, n: 1})
	return 1
}

// has reports whether an attribute or a child with a name was seen in the innermost frame.
func (d *cursor) has(name string) bool {
	own, _ := d.own()
	for i := range own {
		if d.scan.Names[own[i].Name] == name {
			return true
		}
	}
	for _, n := range d.counts[d.top().counts:] {
		if d.scan.Names[n.name] == name && !n.isNull {
			return true
		}
	}
	return false
}

// nameOf returns the local name of a number. Names are stored with a prefix for their namespace
// (prefixOf).
func (d *cursor) nameOf(n int32) string {
	name := d.scan.Names[n]
	if d.isJSON() {
		return name
	}
	return name[strings.LastIndexAny(name, ":}")+1:]
}

// ofNamespace returns the phrase " of namespace …" for a name in a namespace that descriptions
// do not use; empty for others.
func (d *cursor) ofNamespace(n int32) string {
	if name := d.scan.Names[n]; !d.isJSON() && name[0] == '{' {
		return fmt.Sprintf(" of namespace %q", Clip(name[1:strings.LastIndexByte(name, '}')], 100))
	}
	return ""
}

// path returns the path of the innermost frame, as an XML path or a JSON path.
func (d *cursor) path() string {
	b := []byte(d.prefix)
	for i := 1; i < len(d.frames); i++ {
		b = d.appendStep(b, d.frames[i-1].Kind, &d.frames[i].Start)
	}
	return string(b)
}

func (d *cursor) childPath() string {
	if len(d.frames) == 0 {
		return d.prefix
	}
	return string(d.appendStep([]byte(d.path()), d.top().Kind, &d.child))
}

func (d *cursor) appendStep(b []byte, parent scan.Kind, c *scan.Start) []byte {
	switch {
	case !d.isJSON():
		b = append(append(append(b, '/'), d.nameOf(c.Name)...), '[')
		return append(strconv.AppendInt(b, int64(c.Rank), 10), ']')
	case parent == scan.Array:
		return append(strconv.AppendInt(append(b, '['), int64(c.Rank-1), 10), ']')
	}
	return append(append(b, '.'), d.nameOf(c.Name)...)
}

func (d *cursor) attrPath(i int32) string {
	if d.isJSON() {
		return d.path() + "." + d.nameOf(d.scan.Attrs[i].Name)
	}
	return d.path() + "/@" + d.nameOf(d.scan.Attrs[i].Name)
}
