package codec

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"urncast/formats/scan"
	"urncast/sdmx"
)

// Others describes the members of a JSON object that nothing else in its description reads: they
// are kept as they are. With references, a text that is the URN of a known class is one of these,
// and sdmx.ReferenceMark stands in its place.
func Others(c *C, p *[]sdmx.Member, references *[]sdmx.Ref) {
	switch {
	case c.XML():
	case c.Reading:
		o := c.doc.top().strange()
		o.others, o.references = p, references
	default:
		var refs []sdmx.Ref
		if references != nil {
			refs = *references
		}
		for i := range *p {
			m := &(*p)[i]
			c.key(m.Key)
			refs = c.appendMember(m.Value, refs)
			c.comma = true
		}
	}
}

// appendMember appends the value of a member, with references in the places of marks. It returns
// the references that are left.
func (a *appender) appendMember(value string, refs []sdmx.Ref) []sdmx.Ref {
	inText := false
	for i := 0; i < len(value); i++ {
		switch x := value[i]; {
		case inText && x == '\\' && i+1 < len(value):
			a.out = append(a.out, x)
			i++
		case x == '"':
			inText = !inText
		case x == sdmx.ReferenceMark && !inText && len(refs) > 0:
			a.out = appendJSON(a.out, refs[0].Spell(a.Generation()))
			refs = refs[1:]
			continue
		}
		a.out = append(a.out, value[i])
	}
	return refs
}

// A kept is a value that is kept as it is, and the references in it.
type kept struct {
	sdmx.Member
	refs []sdmx.Ref
}

func byKey(list []kept) {
	slices.SortFunc(list, func(x, y kept) int { return cmp.Compare(x.Key, y.Key) })
}

// keepChild keeps the object or list ahead.
func (d *Document) keepChild() {
	o := d.top().odd
	k, err := d.rest(o, d.child.Kind, len(d.frames)+1)
	k.Key = d.scan.Names[d.child.Name]
	d.entered++
	d.isAhead = false
	if err != nil {
		d.err, d.isBroken = d.placed(err), true
		return
	}
	o.kept = append(o.kept, k)
	d.next()
}

// keepUnused keeps the single values that no description has read, and hands over all that was
// kept, in the order of the keys.
func (d *Document) keepUnused() {
	o := d.top().odd
	own, from := d.own()
	for i := range own {
		if a := &own[i]; !a.Used {
			a.Used = true
			k := o.single(a.Kind, d.valueOf(int32(from+i)))
			k.Key = d.nameOf(a.Name)
			o.kept = append(o.kept, k)
		}
	}
	byKey(o.kept)
	for _, k := range o.kept {
		*o.others = append(*o.others, k.Member)
		if o.references != nil {
			*o.references = append(*o.references, k.refs...)
		}
	}
}

// rest reads an object or a list whose first bracket was read.
func (d *Document) rest(o *odd, kind scan.Kind, depth int) (whole kept, err error) {
	s := d.values
	if depth > s.Limits.Depth {
		return whole, s.Fail("values are nested more than %d deep, the limit", s.Limits.Depth)
	}
	var list []kept
	for {
		more, err := s.More(kind, len(list)+1)
		if err != nil {
			return whole, err
		}
		if !more {
			return join(s, kind, list)
		}
		var key int32
		if kind == scan.Element {
			if key, err = s.Key(); err != nil {
				return whole, err
			}
		}
		k, err := d.anyValue(o, depth)
		if err != nil {
			return whole, err
		}
		k.Key = s.Names[key]
		list = append(list, k)
	}
}

func (d *Document) anyValue(o *odd, depth int) (kept, error) {
	s := d.values
	s.Peek()
	from := len(s.Texts)
	kind, err := s.Value()
	text := string(s.Texts[from:])
	s.Texts = s.Texts[:from]
	var whole *scan.ValueError
	switch {
	case errors.As(err, &whole):
		return kept{}, s.Fail("%s", err)
	case err != nil:
		return kept{}, err
	case kind == scan.Null:
		return kept{Member: sdmx.Member{Value: "null"}}, nil
	case kind <= scan.Array:
		return d.rest(o, kind, depth+1)
	}
	return o.single(kind, text), nil
}

// single returns a single value as JSON.
func (o *odd) single(kind scan.Kind, text string) (k kept) {
	k.Value = text
	if kind != scan.String {
		return k
	}
	k.Value = string(appendJSON(nil, text))
	if o.references != nil && strings.HasPrefix(text, "urn:sdmx:") {
		if r, err := sdmx.ParseRef(text); err == nil && r.Spell(sdmx.V3) == text {
			k.Value, k.refs = string(sdmx.ReferenceMark), []sdmx.Ref{r}
		}
	}
	return k
}

// join makes an object, with its keys in order, or a list of values.
func join(s *scan.JSON, kind scan.Kind, list []kept) (whole kept, err error) {
	open, end := byte('['), byte(']')
	if kind == scan.Element {
		open, end = '{', '}'
		byKey(list)
	}
	b := []byte{open}
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if kind == scan.Element {
			if i > 0 && list[i].Key == list[i-1].Key {
				return whole, s.Fail("the key %q is there twice", Clip(list[i].Key, 60))
			}
			b = append(appendJSON(b, list[i].Key), ':')
		}
		b = append(b, list[i].Value...)
		whole.refs = append(whole.refs, list[i].refs...)
	}
	whole.Value = string(append(b, end))
	return whole, nil
}
