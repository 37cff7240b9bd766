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

// A node is an element, an attribute, or a JSON value. Its children are linked by
// index; its text lies in the document's string.
// It holds no pointer, so that the collector need not look at millions of them.
type node struct {
	name        int32 // in Document.names
	parent      int32
	first, last int32
	next        int32
	from, to    int32 // of the text, in Document.text
	at          int32 // where it begins
	kind        kind
	used        bool
	escaped     bool
}

// A Document is one scanned structure.
type Document struct {
	text   string
	nodes  []node
	names  []string
	own    map[int32][]byte // text put together, where it is not one piece
	json   bool
	prefix string // path of the root
	line   int    // of the first byte
	column int
}

const none int32 = -1

func (d *Document) reset() {
	if cap(d.nodes) > 1<<20 { // one large structure must not be paid for by all that follow
		d.nodes = nil
	}
	d.nodes = d.nodes[:0]
	d.text = ""
	clear(d.own)
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

// value is the text of a node.
func (d *Document) value(i int32) (string, error) {
	n := &d.nodes[i]
	if t, ok := d.own[i]; ok {
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

// Name is the local name of the root.
func (d *Document) Name() string { return d.nameOf(0) }

// nameOf is the local name of a node; names are kept with what stands for their
// namespace before them (see prefixOf).
func (d *Document) nameOf(i int32) string {
	name := d.names[d.nodes[i].name]
	if d.json {
		return name
	}
	return name[strings.LastIndexAny(name, ":}")+1:]
}

// foreign says of which namespace a name is, if of none that descriptions know.
func (d *Document) foreign(i int32) string {
	if name := d.names[d.nodes[i].name]; !d.json && name[0] == '{' {
		return fmt.Sprintf(" of namespace %q", name[1:strings.LastIndexByte(name, '}')])
	}
	return ""
}

// path says where a node is, in the manner of the format.
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

// rank is a node's place among its siblings, or those of its name.
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

// position gives line and column of a place in the document.
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

// Where is the place of the document's first byte, for messages.
func (d *Document) Where() string {
	return fmt.Sprintf("line %d, column %d", d.line, d.column)
}

// ErrorAtRoot makes an error about the document as a whole.
func (d *Document) ErrorAtRoot(text string) error { return d.errorAt(0, "%s", text) }

// Unused lists what no description took: children as errors in XML, properties
// in JSON and attributes in XML as remarks.
func (d *Document) Unused() (remarks []string, err error) {
	for i := range d.nodes {
		n := &d.nodes[i]
		if n.used || n.parent == none || !d.nodes[n.parent].used && n.parent != 0 {
			continue
		}
		if n.kind == kindElement && !d.json {
			return nil, d.errorAt(int32(i), "element %q%s is not expected in %q", d.nameOf(int32(i)), d.foreign(int32(i)), d.nameOf(n.parent))
		}
		if len(remarks) < 20 && d.nodes[n.parent].kind != kindArray {
			line, _ := d.position(n.at)
			remarks = append(remarks, fmt.Sprintf("line %d, %s is not known and was left out", line, d.path(int32(i))))
		}
	}
	return remarks, nil
}

// IsObject says whether the root is an object or an element.
func (d *Document) IsObject() bool { return d.nodes[0].kind == kindElement }

// Identity is what a structure of an unknown type says of itself.
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
