package codec

import "bytes"

// nextElement goes on to the next child element of the innermost frame, or to the end of its end
// tag. The text before it is kept for a remark.
func (d *Document) nextElement() error {
	f := d.top()
	d.isAhead = false
	if f.isEmpty {
		return nil
	}
	s := d.tags
	for {
		if err := s.text(); err != nil {
			return err
		}
		d.words.add(s.piece)
		if piece := bytes.Trim(s.piece, " \n\t\r"); len(f.loose) < looseMax && len(piece) > 0 {
			if len(f.loose) == 0 {
				piece = bytes.TrimLeft(s.piece, " \n\t\r")
			} else {
				piece = s.piece
			}
			f.loose = append(f.loose, piece[:min(len(piece), looseMax)]...)
		}
		switch what, err := s.tag(); {
		case err != nil || what == endOfElement:
			return err
		case what == startOfElement:
			d.found()
			return nil
		}
	}
}

// looseMax bounds the text between child elements that is kept for a remark, in bytes.
const looseMax = 100

// found completes the child ahead, whose start tag was just read.
func (d *Document) found() {
	d.isAhead = true
	switch {
	case d.isSkipping:
		d.words.addAttributes(d, d.child.attrs)
	case len(d.frames) > 0:
		d.child.rank = d.counted(d.child.name)
	}
}

// leaf takes the child ahead and returns its text.
func (d *Document) leaf() string {
	d.push()
	text := d.text()
	d.leave()
	return text
}

// text returns the text of the innermost frame, which has just been pushed. Pieces that are
// separated by comments or CDATA sections are one text. The frame has no child elements.
func (d *Document) text() string {
	if d.top().isEmpty {
		return ""
	}
	s := d.tags
	var first string
	var all []byte // if there are several pieces
	for n := 0; ; n++ {
		err := s.text()
		switch {
		case err != nil:
		case n == 0:
			first = d.keeper.keep(s.piece)
		case n == 1:
			all = append(append(all, first...), s.piece...)
		default:
			all = append(all, s.piece...)
		}
		what := nothing
		if err == nil {
			what, err = s.tag()
		}
		switch {
		case err != nil:
			d.err, d.isBroken = err, true
			return ""
		case what == endOfElement && n == 0:
			return first
		case what == endOfElement:
			return string(all)
		case what == startOfElement:
			d.found()
			d.unknown()
			return ""
		}
	}
}

// text reads the text up to the next tag, comment, instruction or CDATA section into piece.
func (s *XMLScanner) text() error {
	if s.inPiece { // of a CDATA section that tag has read
		s.inPiece = false
		return nil
	}
	s.mark = s.pos
	if !s.seek('<') {
		return s.fail("the end tag of %q is missing", s.openNames[s.open[len(s.open)-1].name:])
	}
	s.piece = s.buf[s.mark:s.pos]
	special := specialIn(s.piece)
	if special&isEnd != 0 {
		if j := bytes.Index(s.piece, []byte("]]>")); j >= 0 {
			return s.failAt(j, "\"]]>\" may not stand in text; write ]]&gt;")
		}
	}
	if special&isReference != 0 {
		var bad int
		var err error
		if s.unescaped, bad, err = unescapeXML(s.unescaped[:0], s.piece, false); err != nil {
			return s.failAt(bad, "%s", err)
		}
		s.piece = s.unescaped
	}
	s.mark = -1
	return nil
}

// What tag has read.
const (
	nothing        = iota // that descriptions read: a comment, an instruction, or more text
	startOfElement        // Document.child
	endOfElement
)

// tag reads the markup inside a document at the current place. After a CDATA section there may be
// none.
func (s *XMLScanner) tag() (what int, err error) {
	if s.peek() != '<' {
		return nothing, nil
	}
	if !s.has(2) {
		return nothing, s.fail("a tag is expected")
	}
	switch c := s.buf[s.pos+1]; {
	case c == '/':
		return endOfElement, s.endTag()
	case c == '!' && s.has(9) && string(s.buf[s.pos:s.pos+9]) == "<![CDATA[":
		s.pos += 9
		s.mark = s.pos
		if err := s.skipPast("]]>"); err != nil {
			return nothing, err
		}
		s.piece, s.inPiece = s.buf[s.mark:s.pos-3], true
		s.mark = -1
		return nothing, nil
	case c == '!' || c == '?':
		_, err := s.markup()
		return nothing, err
	}
	if len(s.open)-s.doc.outside > s.limits.Depth {
		return nothing, s.fail("elements are nested more than %d deep, the limit", s.limits.Depth)
	}
	return startOfElement, s.startTag()
}
