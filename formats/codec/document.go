package codec

import (
	"fmt"
	"strings"

	"urncast/formats/scan"
)

// A Document is a part of a message that is read by itself, such as a structure or the
// header.
type Document struct {
	cursor
	line, column int // of the root

	keeper   keeper
	passing  keeper // for what is not kept
	remarks  []scan.SyntaxError
	remarked int
}

func (d *Document) reset(prefix string) {
	d.scan.Reset()
	d.frames, d.counts = d.frames[:0], d.counts[:0]
	d.isAhead, d.prefix, d.err, d.isBroken, d.isSkipping, d.words = false, prefix, nil, false, false, nil
	d.remarks, d.remarked = nil, 0
}

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
