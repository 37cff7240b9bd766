package codec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

type kind uint8

const (
	kindElement kind = iota // XML element or JSON object
	kindAttribute
	kindArray
	kindString
	kindNumber
	kindBool
)

// A node is an element, an attribute, or a JSON value. Its children are linked by index, and
// its text is a part of the document's. It has no pointers, so that the garbage collector does
// not scan millions of nodes.
type node struct {
	name        int32 // in Document.names
	parent      int32
	first, last int32
	next        int32
	from, to    int32 // of the text, in Document.text
	at          int32 // offset of its beginning
	kind        kind
	used        bool // a description has read it
	textUsed    bool // a description has read its text
	escaped     bool
}

// A Document is one scanned structure.
type Document struct {
	text    string
	nodes   []node
	names   []string
	ownText map[int32][]byte // texts that are not one piece of text, by node
	json    bool
	prefix  string // path of the root
	line    int    // of the first byte
	column  int

	remarks  []SyntaxError
	remarked int
}

// RemarksMax is the number of remarks on a document that are kept; all are counted.
const RemarksMax = 100

const none int32 = -1

func (d *Document) reset() {
	if cap(d.nodes) > 1<<20 { // do not keep the memory of a large structure for the next ones
		d.nodes = nil
	}
	d.nodes = d.nodes[:0]
	d.text = ""
	clear(d.ownText)
	d.remarks, d.remarked = nil, 0
}

func (d *Document) add(parent, name int32, k kind, at int) int32 {
	if len(d.nodes) == cap(d.nodes) {
		d.nodes = slices.Grow(d.nodes, max(64, 2*len(d.nodes)))
	}
	i := int32(len(d.nodes))
	d.nodes = append(d.nodes, node{name: name, parent: parent, first: none, last: none, next: none, kind: k, at: int32(at)})
	if parent != none {
		p := &d.nodes[parent]
		if p.last == none {
			d.nodes[parent].first = i
		} else {
			d.nodes[p.last].next = i
		}
		d.nodes[parent].last = i
	}
	return i
}

// value returns the text of a node, unescaped.
func (d *Document) value(i int32) (string, error) {
	n := &d.nodes[i]
	if t, ok := d.ownText[i]; ok {
		return string(t), nil
	}
	t := d.text[n.from:n.to]
	if !n.escaped {
		return t, nil
	}
	if d.json {
		return unquoteJSON(t)
	}
	return unescapeXML(t, n.kind == kindAttribute)
}

// nameOf returns the local name of a node. Names are stored with a prefix for their namespace
// (prefixOf).
func (d *Document) nameOf(i int32) string {
	name := d.names[d.nodes[i].name]
	if d.json {
		return name
	}
	return name[strings.LastIndexAny(name, ":}")+1:]
}

// ofNamespace returns the phrase " of namespace …" for a name in a namespace that descriptions
// do not use; empty for others.
func (d *Document) ofNamespace(i int32) string {
	if name := d.names[d.nodes[i].name]; !d.json && name[0] == '{' {
		return fmt.Sprintf(" of namespace %q", name[1:strings.LastIndexByte(name, '}')])
	}
	return ""
}

// path returns the path of a node, as an XML path or a JSON path.
func (d *Document) path(i int32) string {
	if i == 0 || i == none {
		return d.prefix
	}
	n := &d.nodes[i]
	up := d.path(n.parent)
	if d.json {
		if d.nodes[n.parent].kind == kindArray {
			return up + "[" + strconv.Itoa(d.rank(i, false)-1) + "]"
		}
		return up + "." + d.nameOf(i)
	}
	if n.kind == kindAttribute {
		return up + "/@" + d.nameOf(i)
	}
	return up + "/" + d.nameOf(i) + "[" + strconv.Itoa(d.rank(i, true)) + "]"
}

// rank returns a node's place, from 1, among its siblings or those with the same name.
func (d *Document) rank(i int32, named bool) int {
	rank := 0
	for j := d.nodes[d.nodes[i].parent].first; j != none; j = d.nodes[j].next {
		if !named || d.nodes[j].name == d.nodes[i].name {
			rank++
		}
		if j == i {
			break
		}
	}
	return rank
}

// position returns line and column of an offset in the document.
func (d *Document) position(at int32) (line, column int) {
	before := d.text[:min(int(at), len(d.text))]
	if n := strings.Count(before, "\n"); n > 0 {
		return d.line + n, len(before) - strings.LastIndexByte(before, '\n')
	}
	return d.line, d.column + len(before)
}

func (d *Document) errorAt(i int32, format string, args ...any) error {
	line, column := d.position(d.nodes[i].at)
	return &SyntaxError{Line: line, Column: column, Path: d.path(i), Text: fmt.Sprintf(format, args...)}
}

// Where returns the place of the document's first byte, for messages.
func (d *Document) Where() string {
	return fmt.Sprintf("line %d, column %d", d.line, d.column)
}

// ErrorAtRoot returns a *SyntaxError about the document as a whole.
func (d *Document) ErrorAtRoot(text string) error { return d.errorAt(0, "%s", text) }

// remark adds a sentence about a node. Beyond RemarksMax it only counts.
func (d *Document) remark(i int32, format string, args ...any) {
	if d.remarked++; len(d.remarks) >= RemarksMax {
		return
	}
	e := d.errorAt(i, format, args...).(*SyntaxError)
	e.Path = Clip(e.Path, 300) // names may be of any length
	d.remarks = append(d.remarks, *e)
}

// RemarkAtRoot adds a remark about the document as a whole.
func (d *Document) RemarkAtRoot(text string) { d.remark(0, "%s", text) }

// Remarks returns the first RemarksMax remarks, and the number of all. They are about parts
// that were read and are not kept.
func (d *Document) Remarks() ([]SyntaxError, int) { return d.remarks, d.remarked }

// Unused looks for nodes that no description has read. An XML element is an error, since no
// schema of SDMX allows others. XML attributes and text, and JSON members, are remarked on.
func (d *Document) Unused() error {
	for at := range d.nodes {
		i := int32(at)
		n := &d.nodes[i]
		switch {
		case n.used:
			if !d.json && n.kind == kindElement && !n.textUsed && d.hasText(i) {
				d.remark(i, "the text %q in %q is not expected, and was left out", Clip(strings.TrimSpace(d.raw(i)), 40), d.nameOf(i))
			}
		case n.parent == none || !d.nodes[n.parent].used: // the parent was reported
		case n.kind == kindElement && !d.json && d.rank(i, true) > 1 && d.firstOf(i).used:
			return d.errorAt(i, "element %q is there more than once in %q, which takes one", d.nameOf(i), d.nameOf(n.parent))
		case n.kind == kindElement && !d.json:
			return d.errorAt(i, "element %q%s is not expected in %q", Clip(d.nameOf(i), 60), Clip(d.ofNamespace(i), 120), d.nameOf(n.parent))
		case n.kind == kindAttribute:
			d.remark(i, "attribute %q%s of %q is not known, and was left out", Clip(d.nameOf(i), 60), Clip(d.ofNamespace(i), 120), d.nameOf(n.parent))
		case d.nodes[n.parent].kind != kindArray:
			d.remark(i, "%q is not known here, and was left out", Clip(d.nameOf(i), 60))
		}
	}
	return nil
}

// take finds the first child or attribute of a node with a name and marks it as used; none if
// there is none.
func (d *Document) take(parent int32, name string, attribute bool) int32 {
	if name == "" {
		return none
	}
	for i := d.nodes[parent].first; i != none; i = d.nodes[i].next {
		if n := &d.nodes[i]; d.names[n.name] == name && (d.json || (n.kind == kindAttribute) == attribute) {
			n.used = true
			return i
		}
	}
	return none
}

// raw returns the text of a node as it was sent.
func (d *Document) raw(i int32) string {
	if t, ok := d.ownText[i]; ok {
		return string(t)
	}
	return d.text[d.nodes[i].from:d.nodes[i].to]
}

func (d *Document) hasText(i int32) bool {
	return strings.Trim(d.raw(i), " \n\t\r") != ""
}

// wordsMax bounds the result of Words, in bytes.
const wordsMax = 1000

// Words returns the texts of a document, joined, for a message about a part that is not kept.
func (d *Document) Words() string { return d.wordsOf(0) }

func (d *Document) wordsOf(i int32) string {
	var words []string
	length := 0
	var walk func(i int32)
	walk = func(i int32) {
		if length > wordsMax {
			return
		}
		n := &d.nodes[i]
		if w, err := d.value(i); err == nil && n.kind != kindArray && (n.kind != kindElement || !d.json) && strings.TrimSpace(w) != "" {
			words = append(words, strings.TrimSpace(Clip(w, wordsMax)))
			length += len(w)
		}
		for j := n.first; j != none; j = d.nodes[j].next {
			walk(j)
		}
	}
	walk(i)
	return strings.Join(words, ": ")
}

// firstOf returns the first element with the name of a node among its siblings.
func (d *Document) firstOf(i int32) *node {
	j := d.nodes[d.nodes[i].parent].first
	for d.nodes[j].kind != kindElement || d.nodes[j].name != d.nodes[i].name {
		j = d.nodes[j].next
	}
	return &d.nodes[j]
}

// Clip cuts text from a message to n bytes, for a sentence about it.
func Clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}

// IsObject reports whether the root is an object or an element.
func (d *Document) IsObject() bool { return d.nodes[0].kind == kindElement }

// Identity returns the identifying attributes of a structure of an unknown class.
func (d *Document) Identity() (agency, id, version string) {
	for i := d.nodes[0].first; i != none; i = d.nodes[i].next {
		v := ""
		if k := d.nodes[i].kind; k == kindAttribute || k == kindString {
			v, _ = d.value(i)
		}
		switch d.nameOf(i) {
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
