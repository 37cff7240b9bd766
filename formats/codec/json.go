package codec

import (
	"cmp"
	"strings"

	"urncast/formats/scan"
	"urncast/sdmx"
)

// textsByKey describes a text of SDMX-JSON: json is the name of an object with a text for each
// language, such as "names". Beside it stands the text that fits the reader's language best,
// under the same name without s.
func textsByKey(c *C, json string, p *sdmx.Texts) {
	single := strings.TrimSuffix(json, "s")
	if !c.Reading {
		if len(*p) > 0 {
			c.write("", single, p.In(sdmx.LanguageDefault), false)
		}
		StringEntries(c, json, p, func(t *sdmx.Text) (*string, *string) { return &t.Lang, &t.Value })
		return
	}
	d := c.doc
	if d.enterEntries(json, false) {
		own, from := d.own()
		for i := range own {
			own[i].Used = true
			c.addText(int32(from+i), p, sdmx.Text{Lang: d.scan.Names[own[i].Name], Value: d.valueOf(int32(from + i))})
		}
		d.leave()
	}
	best, at, ok := c.Stated("", single)
	if !ok || !c.Has("", json) && !Ended(c) {
		return
	}
	for i := range *p {
		if (*p)[i].Value == best {
			return
		}
	}
	if len(*p) == 0 {
		c.addText(at, p, sdmx.Text{Lang: cmp.Or(c.Language, sdmx.LanguageDefault), Value: d.valueOf(at)})
		return
	}
	c.Remark(at, "%s %q was left out: %s has the texts that count, and this is none of them", single, Clip(best, 60), json)
}

// enterEntries goes into an object with keys of any name, whose values are objects or single
// values.
func (d *Document) enterEntries(name string, objects bool) bool {
	if !d.isOnly(name, scan.Element) {
		return false
	}
	d.enter()
	switch own, from := d.own(); {
	case d.err != nil:
	case objects && len(own) > 0:
		d.failAttr(int32(from), "%s", expected[scan.Element])
	case !objects && d.isAhead:
		d.failChild("a single value is expected here")
	}
	return d.err == nil
}

// noKey refuses an object with an empty key where keys are ids.
const noKey = "a key is empty, and must be the id of a component"

// Entries describes an object of JSON with keys of any name, whose values are objects that fn
// describes. key returns the field that has the key.
func Entries[T any](c *C, json string, p *[]T, key func(*T) *string, fn func(*C, *T)) {
	if json == "" || c.XML() {
		return
	}
	if c.Reading {
		d := c.doc
		if !d.enterEntries(json, true) {
			return
		}
		for d.isAhead && d.isObject() {
			name := d.scan.Names[d.child.Name]
			if name == "" {
				d.failChild(noKey)
				break
			}
			*p = append(*p, *new(T))
			x := &(*p)[len(*p)-1]
			*key(x) = name
			whole(c, x, fn)
		}
		if own, from := d.own(); len(own) > 0 {
			d.failAttr(int32(from), "%s", expected[scan.Element])
		}
		d.leave()
		return
	}
	if len(*p) == 0 {
		return
	}
	c.Begin("", json)
	for i := range *p {
		c.Begin("", *key(&(*p)[i]))
		fn(c, &(*p)[i])
		c.End()
	}
	c.End()
}

// StringEntries describes an object of JSON with keys of any name and texts as values. pair
// returns the fields for both.
func StringEntries[S ~[]T, T any](c *C, json string, p *S, pair func(*T) (key, value *string)) {
	if json == "" || c.XML() {
		return
	}
	if c.Reading {
		d := c.doc
		if !d.enterEntries(json, false) {
			return
		}
		own, from := d.own()
		for i := range own {
			own[i].Used = true
			if d.scan.Names[own[i].Name] == "" {
				d.failAttr(int32(from+i), noKey)
				break
			}
			*p = append(*p, *new(T))
			key, value := pair(&(*p)[len(*p)-1])
			*key, *value = d.scan.Names[own[i].Name], d.valueOf(int32(from+i))
		}
		d.leave()
		return
	}
	if len(*p) == 0 {
		return
	}
	c.Begin("", json)
	for i := range *p {
		key, value := pair(&(*p)[i])
		c.write("", *key, *value, false)
	}
	c.End()
}

// Mixed describes an array of JSON whose elements are texts or objects. text returns the field
// of an element that has the text; plain reports whether the element has nothing beside it, so
// that it is written as a text. fn describes the others.
func Mixed[T any](c *C, json string, p *[]T, text func(*T) *string, plain func(*T) bool, fn func(*C, *T)) {
	if json == "" || c.XML() {
		return
	}
	if c.Reading {
		for d := c.doc; d.inList(json); {
			*p = append(*p, *new(T))
			x := &(*p)[len(*p)-1]
			if d.child.Kind != scan.Element {
				*text(x) = d.item()
				continue
			}
			whole(c, x, fn)
		}
		return
	}
	c.writeList(json, len(*p), func(i int) {
		x := &(*p)[i]
		if plain(x) {
			c.writeElement(*text(x))
			return
		}
		c.Begin("", "")
		fn(c, x)
		c.End()
	})
}

// Rows describes an array of JSON whose elements are arrays of texts: a table.
func Rows(c *C, json string, p *[][]string) {
	if json == "" || c.XML() {
		return
	}
	if c.Reading {
		for d := c.doc; d.inList(json); {
			if d.child.Kind != scan.Array {
				d.failChild("%s", expected[scan.Array])
				return
			}
			d.enter()
			var cells []string
			for d.isAhead && d.err == nil {
				cells = append(cells, d.item())
			}
			d.leave()
			*p = append(*p, cells)
		}
		return
	}
	c.writeList(json, len(*p), func(i int) {
		if c.comma {
			c.out = append(c.out, ',')
		}
		c.out = append(c.out, '[')
		c.comma = false
		for _, cell := range (*p)[i] {
			c.writeElement(cell)
		}
		c.out = append(c.out, ']')
		c.comma = true
	})
}
