package codec

import (
	"fmt"
	"strings"

	"urncast/formats/scan"
)

// RemarksMax is the number of remarks on a document that are kept; all are counted.
const RemarksMax = 100

func failure(line, column int, path, format string, args ...any) *scan.SyntaxError {
	return &scan.SyntaxError{Line: line, Column: column, Path: path, Text: fmt.Sprintf(format, args...)}
}

// fail records an error about the innermost frame, if there is none yet.
func (d *cursor) fail(format string, args ...any) {
	if d.err == nil {
		f := d.top()
		d.err = failure(f.Line, f.Column, d.path(), format, args...)
	}
}

// failChild records an error about the child that comes next.
func (d *cursor) failChild(format string, args ...any) {
	if d.err == nil {
		d.err = failure(d.child.Line, d.child.Column, d.childPath(), format, args...)
	}
}

// failAttr records an error about an attribute; about the innermost frame, if there is none.
func (d *cursor) failAttr(i int32, format string, args ...any) {
	if i == none {
		d.fail(format, args...)
	} else if d.err == nil {
		d.err = failure(d.scan.Attrs[i].Line, d.scan.Attrs[i].Column, d.attrPath(i), format, args...)
	}
}

// ErrorAtRoot returns a *scan.SyntaxError about the document as a whole.
func (d *Document) ErrorAtRoot(text string) error {
	return failure(d.line, d.column, d.prefix, "%s", text)
}

// FailLater returns what ErrorAtRoot is now, for when the document is gone.
func (d *Document) FailLater() func(text string) error {
	line, column, path := d.line, d.column, d.prefix
	return func(text string) error { return failure(line, column, path, "%s", text) }
}

// remark adds a sentence about a place. Beyond RemarksMax it only counts.
func (d *Document) remark(line, column int, path func() string, format string, args ...any) {
	if d.remarked++; len(d.remarks) < RemarksMax {
		d.remarks = append(d.remarks, *failure(line, column, Clip(path(), 300), format, args...)) // names may be of any length
	}
}

func (d *Document) remarkChild(format string, args ...any) {
	d.remark(d.child.Line, d.child.Column, d.childPath, format, args...)
}

// remarkHere adds a remark about the innermost frame, once if it is repeated at once.
func (d *Document) remarkHere(format string, args ...any) {
	f := d.top()
	if said := fmt.Sprintf(format, args...); said != f.strange().said {
		f.said = said
		d.remark(f.Line, f.Column, d.path, "%s", said)
	}
}

func (d *Document) remarkAttr(i int32, format string, args ...any) {
	if a := &d.scan.Attrs[i]; !a.Remarked {
		a.Remarked = true
		d.remark(a.Line, a.Column, func() string { return d.attrPath(i) }, format, args...)
	}
}

// RemarkAtRoot adds a remark about the document as a whole.
func (d *Document) RemarkAtRoot(text string) {
	d.remark(d.line, d.column, func() string { return d.prefix }, "%s", text)
}

// Remarks returns the first RemarksMax remarks, and the number of all. They are about parts
// that were read and are not kept.
func (d *Document) Remarks() ([]scan.SyntaxError, int) { return d.remarks, d.remarked }

// RootAttr returns the value of an attribute of the root, which is not read itself; empty if it
// has none of the name.
func (d *Document) RootAttr(name string) string {
	for i := range d.scan.Attrs {
		if a := &d.scan.Attrs[i]; d.scan.Names[a.Name] == name {
			a.Used = true
			return d.valueOf(int32(i))
		}
	}
	return ""
}

// RemarkOnAttributes remarks on the attributes of the root, which is not read itself, but for those
// that RootAttr has returned.
func (d *Document) RemarkOnAttributes() {
	for i := range d.scan.Attrs {
		a := &d.scan.Attrs[i]
		if a.Used {
			continue
		}
		d.remark(a.Line, a.Column, func() string { return d.prefix + "/@" + d.nameOf(a.Name) }, unknownAttribute,
			Clip(d.nameOf(a.Name), 60), d.ofNamespace(a.Name), d.nameOf(d.child.Name))
	}
}

const (
	unknownAttribute = "attribute %q%s of %q is not known, and was left out"
	unknownMember    = "%q is not known here, and was left out"
)

// remarkUnused remarks on attributes and text of the innermost frame that no description has
// read.
func (d *Document) remarkUnused() {
	f := d.top()
	if f.odd != nil && len(f.loose) > 0 {
		d.remarkHere("the text %q in %q is not expected, and was left out", Clip(string(f.loose), 40), d.nameOf(f.Name))
	}
	own, from := d.own()
	for i := range own {
		switch a := &own[i]; {
		case a.Used:
		case d.isJSON():
			d.remarkAttr(int32(from+i), unknownMember, Clip(d.nameOf(a.Name), 60))
		default:
			d.remarkAttr(int32(from+i), unknownAttribute, Clip(d.nameOf(a.Name), 60), d.ofNamespace(a.Name), d.nameOf(f.Name))
		}
	}
}

// unknownMax bounds the children of one element or object that are not known, because each makes
// the description run again.
const unknownMax = 30

// unknown skips the child ahead, which no description takes. An XML element is an error, since
// no schema of SDMX allows others; JSON members are remarked on.
func (d *Document) unknown() {
	f, c := d.top(), &d.child
	name := Clip(d.nameOf(c.Name), 60)
	f.unknown++
	switch {
	case f.unknown > unknownMax:
		d.failChild("more than %d parts of one object are not known, the limit; leave them out of the message", unknownMax)
	case f.lenient:
		at := *c
		path := d.childPath()
		text := d.skipChild(true)
		d.remark(at.Line, at.Column, func() string { return path }, "element %q is not expected here, and was left out: %q", name, Clip(text, 60))
	case d.isJSON():
		d.remarkChild(unknownMember, name)
		d.skipChild(false)
	case c.Rank > 1:
		d.failChild("element %q is there more than once in %q, which takes one", name, d.nameOf(f.Name))
	default:
		d.failChild("element %q%s is not expected in %q", name, d.ofNamespace(c.Name), d.nameOf(f.Name))
	}
}

// Read runs a description on the document until all of it is read. fault is what the description
// found wrong, after which the rest is skipped; err is an error of the message, after which
// nothing can be read.
func (d *Document) Read(dialect Dialect, fn func(*C)) (fault, err error) {
	c := &C{appender: appender{Dialect: dialect}, Reading: true, doc: d}
	if d.isAhead {
		d.scan.Begin()
		d.enter()
		for d.again() {
			fn(c)
		}
		if d.err == nil {
			d.remarkUnused()
		}
	}
	if !d.isBroken {
		fault, d.err = d.err, nil
	}
	return fault, d.Skip()
}

// Skip reads the rest of the document. All of it is checked for its syntax.
func (d *Document) Skip() error {
	if len(d.frames) == 0 && d.isAhead {
		d.scan.Begin()
		d.isSkipping = true
		d.enter()
	}
	d.skip(1)
	d.scan.End()
	return d.err
}

// skip reads until the frame at a depth is read to its end.
func (d *cursor) skip(depth int) {
	if len(d.frames) < depth {
		return // a single value
	}
	was := d.isSkipping
	d.isSkipping = true
	for !d.isBroken {
		switch {
		case d.isAhead && d.child.Kind > scan.Array:
			d.next()
		case d.isAhead:
			d.enter()
		case len(d.frames) == depth:
			d.isSkipping = was
			return
		default:
			d.pop()
			d.next()
		}
	}
}

// skipChild skips the child ahead, and returns the texts in it if they are wanted.
func (d *Document) skipChild(wanted bool) string {
	d.entered++
	if d.child.Kind <= scan.Array {
		if wanted {
			d.words = &words{}
			d.words.addAttributes(d.scan, d.child.Attrs)
		}
		was := d.isSkipping
		d.isSkipping = true
		d.enter()
		d.skip(len(d.frames))
		d.isSkipping = was
		if !d.isBroken {
			d.pop()
		}
	}
	text := d.words.String()
	d.words = nil
	d.next()
	return text
}

// Words reads the document to its end and returns the texts in it, joined, for a message about a
// part that is not kept.
func (d *Document) Words() (string, error) {
	w := &words{}
	if d.words = w; d.isAhead {
		w.addAttributes(d.scan, 0)
	} else {
		w.add(d.scan.Texts)
	}
	err := d.Skip()
	d.words = nil
	return w.String(), err
}

// words are the first texts of a part that is skipped.
type words struct {
	list   []string
	length int
}

// wordsMax bounds words, in bytes.
const wordsMax = 1000

func (w *words) add(text []byte) {
	if w == nil || w.length > wordsMax {
		return
	}
	if t := strings.TrimSpace(Clip(string(text[:min(len(text), wordsMax+1)]), wordsMax)); t != "" {
		w.list = append(w.list, t)
		w.length += len(t)
	}
}

// addAttributes adds the attributes from an index on.
func (w *words) addAttributes(s *scan.Scanner, from int) {
	for _, a := range s.Attrs[from:] {
		w.add(s.Texts[a.From:a.To])
	}
}

func (w *words) String() string {
	if w == nil {
		return ""
	}
	return strings.Join(w.list, ": ")
}
