package codec

import (
	"cmp"
	"strings"

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
	if i := c.doc.take(c.at, json, false); i != none {
		entries(c, i, func(child int32, key string) { c.addText(child, p, sdmx.Text{Lang: key, Value: c.value(child)}) })
	}
	best, at, ok := c.Stated("", single)
	if !ok {
		return
	}
	for i := range *p {
		if (*p)[i].Value == best {
			return
		}
	}
	if len(*p) == 0 {
		c.addText(at, p, sdmx.Text{Lang: cmp.Or(c.Language, sdmx.LanguageDefault), Value: best})
		return
	}
	c.Remark(at, "%s %q was left out: %s has the texts that count, and this is none of them", single, Clip(best, 60), json)
}

// entries calls fn with each member of an object.
func entries(c *C, object int32, fn func(child int32, key string)) {
	if c.doc.nodes[object].kind != kindElement {
		c.failAt(object, "an object is expected here")
		return
	}
	for i := c.doc.nodes[object].first; i != none && c.err == nil; i = c.doc.nodes[i].next {
		c.doc.nodes[i].used = true
		fn(i, c.doc.names[c.doc.nodes[i].name])
	}
}

// Entries describes an object of JSON with keys of any name, whose values are objects that fn
// describes. key returns the field that has the key.
func Entries[T any](c *C, json string, p *[]T, key func(*T) *string, fn func(*C, *T)) {
	if json == "" || c.XML() {
		return
	}
	if c.Reading {
		if i := c.doc.take(c.at, json, false); i != none {
			entries(c, i, func(child int32, name string) {
				*p = append(*p, *new(T))
				x := &(*p)[len(*p)-1]
				*key(x) = name
				c.inside(child, func() { fn(c, x) })
			})
		}
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
		if i := c.doc.take(c.at, json, false); i != none {
			entries(c, i, func(child int32, name string) {
				*p = append(*p, *new(T))
				key, value := pair(&(*p)[len(*p)-1])
				*key, *value = name, c.value(child)
			})
		}
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
		c.each(json, func(int) {}, func(i int32) {
			*p = append(*p, *new(T))
			x := &(*p)[len(*p)-1]
			if c.doc.nodes[i].kind == kindElement {
				c.inside(i, func() { fn(c, x) })
				return
			}
			*text(x) = c.value(i)
		})
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
		c.each(json, func(n int) { *p = make([][]string, 0, n) }, func(row int32) {
			if c.doc.nodes[row].kind != kindArray {
				c.failAt(row, "a list is expected here")
				return
			}
			var cells []string
			for i := c.doc.nodes[row].first; i != none; i = c.doc.nodes[i].next {
				c.doc.nodes[i].used = true
				cells = append(cells, c.value(i))
			}
			*p = append(*p, cells)
		})
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
