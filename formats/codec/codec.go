package codec

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"urncast/formats/scan"
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
	// URNs means that references are URNs as text, as in SDMX-ML 3.0.
	URNs bool
	// Language is that of texts which state none; "" stands for the default.
	Language string
	// Owner is the URN of the structure that is being read, after its ids were read.
	Owner sdmx.URN

	doc *Document // that is being read
}

// Appender returns a C that appends to b.
func Appender(d Dialect, b []byte) *C { return &C{appender: appender{Dialect: d, out: b}} }

// Bytes returns the bytes with what was appended.
func (c *C) Bytes() []byte { return c.out }

// Fail records an error at the place being read.
func (c *C) Fail(format string, args ...any) { c.doc.fail(format, args...) }

// Attr describes an XML attribute, or a JSON property with text.
func (c *C) Attr(xml, json string, p *string) {
	if c.Reading {
		if i := c.doc.attr(c.name(xml, json)); i != none {
			*p = c.doc.valueOf(i)
		}
		return
	}
	if *p != "" {
		c.write(xml, json, *p, false)
	}
}

// Required describes a text that is written even if it is empty.
func (c *C) Required(xml, json string, p *string) {
	if !c.Reading && *p == "" {
		c.write(xml, json, "", false)
		return
	}
	c.Attr(xml, json, p)
}

// ID describes an attribute that identifies something, and that other properties may depend on:
// it is read before them, wherever it is. In JSON it must be a string: as a number, 1.10 is the
// same as 1.1 for some readers.
func (c *C) ID(xml, json string, p *string) {
	if !c.Reading || c.XML() {
		c.Attr(xml, json, p)
		return
	}
	i := c.doc.attr(json)
	if i == none && json != "" {
		c.doc.lookAhead()
		i = c.doc.attr(json)
	}
	if i == none {
		return
	}
	if *p = c.doc.valueOf(i); c.doc.scan.Attrs[i].Kind != scan.String {
		c.doc.failAttr(i, "%s must be a string, and %s is none: put it in quotes", json, Clip(*p, 60))
	}
}

// Written writes a property that is computed from others. A description reads it with Stated.
func (c *C) Written(xml, json, value string) {
	if value != "" {
		c.write(xml, json, value, false)
	}
}

// WrittenJoined is Written for a value in two parts, which need not be joined before.
func (c *C) WrittenJoined(xml, json, before, last string) { c.writeJoined(xml, json, before, last) }

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
	i := c.doc.attr(c.name(xml, json))
	if i == none {
		return
	}
	switch v := c.doc.valueOf(i); strings.TrimSpace(v) {
	case "true", "1":
		*p = sdmx.True
	case "false", "0":
		*p = sdmx.False
	default:
		c.doc.failAttr(i, "%s must be true or false, not %q", c.name(xml, json), v)
	}
}

// Number describes a number that is stored as written: an XML attribute, or a JSON number or
// text.
func (c *C) Number(xml, json string, p *string) {
	if c.Reading {
		c.Attr(xml, json, p)
	} else if *p != "" {
		c.write(xml, json, *p, canonicalInt(*p) || c.Dialect == JSON20 && scan.IsNumber([]byte(*p)))
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
	i := c.doc.attr(json)
	if i == none {
		return
	}
	*p = c.doc.valueOf(i)
	// A number is milliseconds; a text of four digits is a year.
	if ms, err := strconv.ParseInt(*p, 10, 64); err == nil && (len(*p) > 4 || c.doc.scan.Attrs[i].Kind == scan.Number) {
		*p = ofMillis(ms)
	}
}

func ofMillis(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.999Z") }

// IsKeptAsMillis reports whether a point in time comes back from Fusion-JSON as it was.
func IsKeptAsMillis(s string) bool {
	if s == "" {
		return true
	}
	t, ok := instant(s)
	return !ok || ofMillis(t.UnixMilli()) == s
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
	case c.Reading && c.XML():
		if c.doc.isOnly(xml, scan.Element) {
			*p = c.doc.leaf()
		}
	case c.Reading:
		c.Attr(xml, json, p)
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
	if d := c.doc; d.isOnly(c.name(xml, json), scan.Element) {
		d.enter()
		for d.again() {
			fn()
		}
		d.leave()
	}
}

// whole describes the element or object ahead by fn, which runs until all of it is read.
func whole[T any](c *C, x *T, fn func(*C, *T)) {
	c.doc.enter()
	for c.doc.again() {
		fn(c, x)
	}
	c.doc.leave()
}

// List describes a repeated element, or an array of objects, each described by fn, which must not
// look at the list.
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
	var more chunks[T]
	for c.doc.inList(name) {
		if !c.doc.isObject() {
			return
		}
		x := more.add(p)
		whole(c, x, fn)
	}
	more.join(p)
}

// chunks are the elements of a list from an index on, when many come in one run: appending to the
// list would copy it again and again.
type chunks[T any] struct {
	all  [][]T
	from int // the index, set by the first element
}

const chunkItems = 1024

// add adds an element to the list, or to the last chunk.
func (s *chunks[T]) add(p *[]T) *T {
	if s.from == 0 {
		s.from = len(*p) + max(chunkItems, len(*p)) // so that joining does not copy a long list for a few elements
	}
	last := p
	if len(*p) == s.from {
		if n := len(s.all); n == 0 || len(s.all[n-1]) == chunkItems {
			s.all = append(s.all, make([]T, 0, chunkItems))
		}
		last = &s.all[len(s.all)-1]
	}
	*last = append(*last, *new(T))
	return &(*last)[len(*last)-1]
}

// join adds all chunks to the list.
func (s chunks[T]) join(p *[]T) {
	if len(s.all) > 0 {
		*p = slices.Concat(append([][]T{*p}, s.all...)...)
	}
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
	for c.doc.isAhead {
		name := slices.Index(xml, c.doc.scan.Names[c.doc.child.Name])
		if name < 0 {
			return
		}
		*p = append(*p, start(name))
		x := &(*p)[len(*p)-1]
		whole(c, x, fn)
	}
}

// Strings describes a repeated element with text, or an array of strings.
func (c *C) Strings(xml, json string, p *[]string) {
	name := c.name(xml, json)
	switch {
	case name == "":
	case c.Reading:
		for c.doc.inList(name) {
			*p = append(*p, c.doc.item())
		}
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
func Ended(c *C) bool {
	if !c.Reading {
		return false
	}
	f := c.doc.top()
	f.unsure = f.unsure || c.doc.isAhead
	return !c.doc.isAhead && c.doc.err == nil
}

// Has reports whether the document has a child with a name, among those that were read or come
// next; for reading only. That there is none is certain when Ended.
func (c *C) Has(xml, json string) bool {
	name := c.name(xml, json)
	return name != "" && c.doc.err == nil && c.doc.has(name)
}
