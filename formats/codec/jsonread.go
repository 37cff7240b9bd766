package codec

// nextValue goes on to the next child of the innermost object or array, or to its end. Members
// with a single value become attributes of the object.
func (d *Document) nextValue() error {
	d.isAhead = false
	isMember := d.top().kind == kindElement
	for {
		if !isMember {
			d.texts = d.texts[:d.top().texts]
		}
		more, err := d.separator()
		if err != nil || !more {
			return err
		}
		if len(d.frames) >= d.values.limits.Depth {
			return d.placed(d.values.fail("values are nested more than %d deep, the limit", d.values.limits.Depth))
		}
		number := d.top().name
		if isMember {
			if number, err = d.values.key(); err != nil {
				return d.placed(err)
			}
			if d.counted(number) > 1 {
				return d.placed(d.values.fail("the key %q is there twice", d.names[number]))
			}
		}
		isAlone, err := d.value(number)
		switch {
		case err != nil:
			return err
		case !isMember && d.child.kind != kindNull:
			d.isAhead = true
			return nil
		case !isAlone:
			d.isAhead = true
			return nil
		}
	}
}

// separator goes on to the next member or element; more is false if the end of the object or
// array was read instead.
func (d *Document) separator() (more bool, err error) {
	f, s := d.top(), d.values
	end := byte('}')
	if f.kind == kindArray {
		end = ']'
	}
	s.blank()
	if s.peek() == end {
		s.pos++
		return false, nil
	}
	if f.members++; f.members > 1 {
		if s.peek() != ',' {
			return false, d.placed(s.fail("%q or %q is expected", ',', end))
		}
		s.pos++
		s.blank()
		if s.peek() == end {
			return false, d.placed(s.fail("a value is expected after the comma"))
		}
	}
	if f.kind == kindElement && f.members > membersMax {
		return false, d.placed(s.fail("an object has more than %d members, the limit", membersMax))
	}
	return true, nil
}

// value reads a value into the document's child: whole, if it stands alone; only the bracket with
// which it begins otherwise. A single value of an object becomes an attribute.
func (d *Document) value(name int32) (isAlone bool, err error) {
	s := d.values
	s.blank()
	c := child{name: name, rank: 1, attrs: len(d.attrs), texts: len(d.texts)}
	c.line, c.column = s.place(s.pos)
	if len(d.frames) > 0 && d.top().kind == kindArray {
		c.rank = d.top().members
	}
	c.kind, err = s.value(&d.texts)
	d.child = c
	switch whole, ok := err.(*valueError); {
	case ok && whole.isNone:
		return false, failure(c.line, c.column, d.path(), "%s", err)
	case ok:
		return false, failure(c.line, c.column, d.childPath(), "%s", err)
	case err != nil:
		return false, d.placed(err)
	case c.kind <= kindArray:
		return false, nil
	}
	d.words.add(d.texts[c.texts:])
	switch {
	case len(d.frames) == 0, d.top().kind == kindArray, c.kind == kindNull:
	case d.top().looked:
		d.texts = d.texts[:c.texts]
	default:
		d.attrs = append(d.attrs, attr{name: name, kind: c.kind, line: c.line, column: c.column, from: c.texts, to: len(d.texts)})
	}
	return true, nil
}

// lookAhead reads the members with a single value that come after the child ahead, and goes back
// to it. Faults in between are left to be found when they are read.
func (d *Document) lookAhead() {
	f, s := d.top(), d.values
	if f.looked || !d.isAhead || d.err != nil || f.kind != kindElement {
		return
	}
	s.place(s.pos)
	members, next := f.members, d.child
	at, line, lineFrom := s.base+int64(s.last), s.line, s.lineFrom
	s.mark = s.pos
	for s.skipBrackets() {
		more, err := d.separator()
		if err != nil || !more {
			break
		}
		number, err := s.key()
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
			if number, err = s.key(); err != nil {
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
	d.child.attrs, d.child.texts = len(d.attrs), len(d.texts)
	s.pos, s.mark, s.ended = s.mark, -1, false
	s.last, s.line, s.lineFrom = int(at-s.base), line, lineFrom
}

// placed adds the path of the innermost object or array to an error.
func (d *Document) placed(err error) error {
	if e, ok := err.(*SyntaxError); ok && e.Path == "" {
		e.Path = d.path()
	}
	return err
}

// Value begins to read the next JSON value as a document.
func (s *JSONScanner) Value(name, prefix string) (*Document, error) {
	s.blank()
	s.begin(prefix)
	d := &s.doc
	number, err := s.intern([]byte(name))
	if err != nil {
		return nil, err
	}
	isAlone, err := d.value(number)
	d.isAhead = err == nil && !isAlone
	return d, err
}
