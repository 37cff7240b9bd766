package codec

import "urncast/formats/scan"

// nextValue goes on to the next child of the innermost object or array, or to its end. Members
// with a single value become attributes of the object.
func (d *cursor) nextValue() error {
	d.isAhead = false
	isMember := d.top().Kind == scan.Element
	for {
		if !isMember {
			d.scan.Texts = d.scan.Texts[:d.top().Texts]
		}
		more, err := d.separator()
		if err != nil || !more {
			return err
		}
		if len(d.frames) >= d.values.Limits.Depth {
			return d.placed(d.values.Fail("values are nested more than %d deep, the limit", d.values.Limits.Depth))
		}
		number := d.top().Name
		if isMember {
			if number, err = d.values.Key(); err != nil {
				return d.placed(err)
			}
			if d.counted(number) > 1 {
				return d.placed(d.values.Fail("the key %q is there twice", d.scan.Names[number]))
			}
		}
		isAlone, err := d.value(number)
		switch {
		case err != nil:
			return err
		case !isMember && d.child.Kind != scan.Null:
			d.isAhead = true
			return nil
		case !isAlone:
			d.isAhead = true
			return nil
		case isMember && d.child.Kind == scan.Null:
			d.counts[len(d.counts)-1].isNull = true
		}
	}
}

// separator goes on to the next member or element; more is false if the end of the object or
// array was read instead.
func (d *cursor) separator() (more bool, err error) {
	f := d.top()
	f.members++
	if more, err = d.values.More(f.Kind, int(f.members)); err == nil && f.Kind == scan.Element && f.members > scan.MembersMax {
		err = d.values.Fail("an object has more than %d members, the limit", scan.MembersMax)
	}
	return more, d.placed(err)
}

// value reads a value into the document's child: whole, if it stands alone; only the bracket with
// which it begins otherwise. A single value of an object becomes an attribute.
func (d *cursor) value(name int32) (isAlone bool, err error) {
	s := d.values
	s.Peek()
	c := scan.Start{Name: name, Rank: 1, Attrs: len(s.Attrs), Texts: len(s.Texts)}
	c.Line, c.Column = s.Here()
	if len(d.frames) > 0 && d.top().Kind == scan.Array {
		c.Rank = int(d.top().members)
	}
	c.Kind, err = s.Value()
	d.child = c
	switch whole, ok := err.(*scan.ValueError); {
	case ok && whole.IsNone:
		return false, failure(c.Line, c.Column, d.path(), "%s", err)
	case ok:
		return false, failure(c.Line, c.Column, d.childPath(), "%s", err)
	case err != nil:
		return false, d.placed(err)
	case c.Kind <= scan.Array:
		return false, nil
	}
	d.words.add(d.scan.Texts[c.Texts:])
	switch {
	case len(d.frames) == 0, d.top().Kind == scan.Array, c.Kind == scan.Null:
	case d.top().looked:
		d.scan.Texts = d.scan.Texts[:c.Texts]
	default:
		d.scan.Attrs = append(d.scan.Attrs, scan.Attr{Name: name, Kind: c.Kind, Line: c.Line, Column: c.Column, From: c.Texts, To: len(s.Texts)})
	}
	return true, nil
}

// lookAhead reads the members with a single value that come after the child ahead, and goes back
// to it. Faults in between are left to be found when they are read.
func (d *cursor) lookAhead() {
	f, s := d.top(), d.values
	if f.looked || !d.isAhead || d.err != nil || f.Kind != scan.Element {
		return
	}
	members, next, here := f.members, d.child, s.Bookmark()
	for s.SkipBrackets() {
		more, err := d.separator()
		if err != nil || !more {
			break
		}
		number, err := s.Key()
		if err != nil {
			break
		}
		for isAlone := true; isAlone; {
			if isAlone, err = d.value(number); err != nil || !isAlone {
				break
			}
			if more, err = d.separator(); err != nil || !more {
				break
			}
			if number, err = s.Key(); err != nil {
				break
			}
		}
		if err != nil || !more {
			break
		}
	}
	f = d.top()
	f.members, f.looked = members, true
	d.child = next
	d.child.Attrs, d.child.Texts = len(d.scan.Attrs), len(d.scan.Texts)
	s.Return(here)
}

// placed adds the path of the innermost object or array to an error.
func (d *cursor) placed(err error) error {
	if e, ok := err.(*scan.SyntaxError); ok && e.Path == "" {
		e.Path = d.path()
	}
	return err
}
