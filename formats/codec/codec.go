package codec

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"urncast/sdmx"
)

// A C reads a structure from a scanned document, or appends it to a message: a description
// calls a method of C for each property. XML names have the prefix with which they are
// written; for reading, it stands for its namespace, whatever prefix a message uses. An empty
// name means that the dialect does not have the property.
type C struct {
	appender
	Reading bool
	// OtherURN means that the structure states a URN that does not agree with its ids. The
	// URNs of its items will not either, so that only the first is remarked on.
	OtherURN bool
	// Language is that of texts which state none; "" stands for the default.
	Language string
	// Owner is the URN of the structure that is being read, after its ids were read.
	Owner sdmx.URN

	doc *Document
	at  int32

	err error
}

// Reader returns a C that reads a document.
func Reader(d Dialect, doc *Document) *C {
	doc.nodes[0].used = true
	return &C{appender: appender{Dialect: d}, Reading: true, doc: doc}
}

// Appender returns a C that appends to b.
func Appender(d Dialect, b []byte) *C { return &C{appender: appender{Dialect: d, out: b}} }

// Bytes returns the bytes with what was appended, and the first error.
func (c *C) Bytes() ([]byte, error) { return c.out, c.err }

// Err returns the first error.
func (c *C) Err() error { return c.err }

// Fail records an error at the place being read.
func (c *C) Fail(format string, args ...any) { c.failAt(c.at, format, args...) }

func (c *C) failAt(i int32, format string, args ...any) {
	if c.err == nil {
		c.err = c.doc.errorAt(i, format, args...)
	}
}

func (c *C) value(i int32) string {
	c.doc.nodes[i].textUsed = true
	if k := c.doc.nodes[i].kind; k == kindArray || k == kindElement && !c.XML() {
		c.failAt(i, "a single value is expected here")
		return ""
	}
	s, err := c.doc.value(i)
	if err != nil {
		c.failAt(i, "%s", err)
	}
	return s
}

// Attr describes an XML attribute, or a JSON property with text.
func (c *C) Attr(xml, json string, p *string) {
	if c.Reading {
		if i := c.doc.take(c.at, c.name(xml, json), true); i != none {
			*p = c.value(i)
		}
		return
	}
	if *p != "" {
		c.write(xml, json, *p, false)
	}
}

// ID describes an attribute that identifies something. In JSON it must be a string: as a
// number, 1.10 is the same as 1.1 for some readers.
func (c *C) ID(xml, json string, p *string) {
	c.Attr(xml, json, p)
	if !c.Reading || c.XML() {
		return
	}
	if i := c.doc.take(c.at, json, true); i != none && (c.doc.nodes[i].kind == kindNumber || c.doc.nodes[i].kind == kindBool) {
		c.failAt(i, "%s must be a string, and %s is none: put it in quotes", json, Clip(c.doc.raw(i), 60))
	}
}

// Written writes a property that is computed from others. A description reads it with Stated.
func (c *C) Written(xml, json, value string) {
	if value != "" {
		c.write(xml, json, value, false)
	}
}

// Bool describes a truth value that is false if absent, and written only if true.
func (c *C) Bool(xml, json string, p *bool) {
	o := sdmx.Unstated
	if *p {
		o = sdmx.True
	}
	c.OptBool(xml, json, &o)
	*p = o == sdmx.True
}

// OptBool describes a truth value that may be unstated.
func (c *C) OptBool(xml, json string, p *sdmx.OptBool) {
	if !c.Reading {
		if *p != sdmx.Unstated {
			c.write(xml, json, strconv.FormatBool(*p == sdmx.True), true)
		}
		return
	}
	i := c.doc.take(c.at, c.name(xml, json), true)
	if i == none {
		return
	}
	switch v := c.value(i); strings.TrimSpace(v) {
	case "true", "1":
		*p = sdmx.True
	case "false", "0":
		*p = sdmx.False
	default:
		c.failAt(i, "%s must be true or false, not %q", c.name(xml, json), v)
	}
}

// Number describes a number that is stored as written: an XML attribute, or a JSON number or
// text.
func (c *C) Number(xml, json string, p *string) {
	if c.Reading {
		c.Attr(xml, json, p)
	} else if *p != "" {
		c.write(xml, json, *p, canonicalInt(*p) || c.Dialect == JSON20 && isNumber([]byte(*p)))
	}
}

// canonicalInt reports whether a text can be written as a JSON number without changing it.
func canonicalInt(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && strconv.FormatInt(n, 10) == s
}

// Millis describes a point in time: as written in XML and SDMX-JSON, in milliseconds since 1970
// in Fusion-JSON.
func (c *C) Millis(xml, json string, p *string) {
	if c.Dialect != Fusion {
		c.Attr(xml, json, p)
		return
	}
	if !c.Reading {
		if t, ok := instant(*p); ok {
			c.write(xml, json, strconv.FormatInt(t.UnixMilli(), 10), true)
		} else if *p != "" {
			c.write(xml, json, *p, false) // a period, which has no single instant
		}
		return
	}
	i := c.doc.take(c.at, json, true)
	if i == none {
		return
	}
	*p = c.value(i)
	// A number is milliseconds; a text of four digits is a year.
	if ms, err := strconv.ParseInt(*p, 10, 64); err == nil && (len(*p) > 4 || c.doc.nodes[i].kind == kindNumber) {
		*p = time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.999Z")
	}
}

func instant(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02Z07:00", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Elem describes an XML element with text, or a JSON property with text.
func (c *C) Elem(xml, json string, p *string) {
	switch {
	case c.Reading:
		if i := c.doc.take(c.at, c.name(xml, json), false); i != none {
			*p = c.value(i)
		}
	case *p == "" || c.name(xml, json) == "":
	case c.XML():
		c.text(xml, "", *p)
	default:
		c.write(xml, json, *p, false)
	}
}

// In describes a nested element or object, whose properties fn describes. When reading, fn
// runs if the document has it; when writing, if present is true.
func (c *C) In(xml, json string, present bool, fn func()) {
	if c.name(xml, json) == "" {
		return
	}
	if !c.Reading {
		if present {
			c.Begin(xml, json)
			fn()
			c.End()
		}
		return
	}
	if i := c.doc.take(c.at, c.name(xml, json), false); i != none {
		c.inside(i, fn)
	}
}

// inside runs fn with a node as the place being read.
func (c *C) inside(i int32, fn func()) {
	if !c.XML() && c.doc.nodes[i].kind != kindElement {
		c.failAt(i, "an object is expected here")
		return
	}
	was := c.at
	c.at = i
	fn()
	c.at = was
}

// List describes a repeated element, or an array of objects, each described by fn.
func List[T any](c *C, xml, json string, p *[]T, fn func(*C, *T)) {
	name := c.name(xml, json)
	if name == "" {
		return
	}
	if !c.Reading {
		c.writeList(json, len(*p), func(i int) {
			c.Begin(xml, "")
			fn(c, &(*p)[i])
			c.End()
		})
		return
	}
	c.each(name, func(n int) {
		if *p == nil {
			*p = make([]T, 0, n)
		}
	}, func(i int32) {
		c.inside(i, func() {
			*p = append(*p, *new(T))
			fn(c, &(*p)[len(*p)-1])
		})
	})
}

// Choices describes a list whose elements have one of several XML names: which returns the index
// of an element's name, and start a new element with that name.
func Choices[T any](c *C, xml []string, p *[]T, which func(*T) int, start func(name int) T, fn func(*C, *T)) {
	if !c.Reading {
		for i := range *p {
			c.Begin(xml[which(&(*p)[i])], "")
			fn(c, &(*p)[i])
			c.End()
		}
		return
	}
	for i := c.doc.nodes[c.at].first; i != none && c.err == nil; i = c.doc.nodes[i].next {
		name := slices.Index(xml, c.doc.names[c.doc.nodes[i].name])
		if c.doc.nodes[i].kind != kindElement || name < 0 {
			continue
		}
		c.doc.nodes[i].used = true
		c.inside(i, func() {
			*p = append(*p, start(name))
			fn(c, &(*p)[len(*p)-1])
		})
	}
}

// each calls fn with each repeated element, or each element of the array; before that, size
// with their number.
func (c *C) each(name string, size func(int), fn func(i int32)) {
	list := c.at
	if !c.XML() {
		if list = c.doc.take(c.at, name, false); list == none {
			return
		}
		if c.doc.nodes[list].kind != kindArray {
			c.failAt(list, "a list is expected here")
			return
		}
	}
	n := 0
	matches := func(x *node) bool { return !c.XML() || x.kind == kindElement && c.doc.names[x.name] == name }
	for i := c.doc.nodes[list].first; i != none; i = c.doc.nodes[i].next {
		if matches(&c.doc.nodes[i]) {
			n++
		}
	}
	if n > 0 {
		size(n)
	}
	for i := c.doc.nodes[list].first; i != none && c.err == nil; i = c.doc.nodes[i].next {
		if x := &c.doc.nodes[i]; matches(x) {
			x.used = true
			fn(i)
		}
	}
}

// Strings describes a repeated element with text, or an array of strings.
func (c *C) Strings(xml, json string, p *[]string) {
	name := c.name(xml, json)
	switch {
	case name == "":
	case c.Reading:
		c.each(name, func(int) {}, func(i int32) { *p = append(*p, c.value(i)) })
	default:
		c.writeList(json, len(*p), func(i int) {
			if c.XML() {
				c.text(xml, "", (*p)[i])
				return
			}
			c.writeElement((*p)[i])
		})
	}
}

// Ended reports whether everything in the place being read has been read, so that what follows
// from several properties can be decided. It is false when writing.
func Ended(c *C) bool { return c.Reading }

// Has reports whether the document has a child with a name, among those that were read or come
// next; for reading only. That there is none is certain when Ended.
func (c *C) Has(xml, json string) bool {
	if name := c.name(xml, json); name != "" {
		for i := c.doc.nodes[c.at].first; i != none; i = c.doc.nodes[i].next {
			if n := &c.doc.nodes[i]; c.doc.names[n.name] == name {
				return true
			}
		}
	}
	return false
}
